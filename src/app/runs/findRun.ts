import { closestTo } from '../../assignments/values/closest.ts';
import { EXIT, UserError } from '../../errors.ts';
import { RECORD_FORMAT, type Run } from '../../runs/run.ts';
import type { Services } from '../services.ts';

/**
 * The run of a name; `@last` is the newest, of which `lastRun` tells, so that nobody acts on another than he thinks.
 * @throws UserError (exit 2) when there is none
 */
export async function findRun(name: string, { runs, identity, events }: Services): Promise<Run> {
  const { tenant } = identity;
  if (name === '@last') {
    const [newest] = await runs.runs();
    if (newest === undefined) throw noRuns(tenant);
    events.emit('lastRun', newest.runId, newest.source.name);
    return newest;
  }
  const run = /^[\w-]+$/.test(name) ? await runs.run(name) : undefined;
  if (run !== undefined) return run;
  const known = (await runs.runs()).map(({ runId }) => runId);
  const guess = closestTo(name, known);
  throw new UserError(`Tenant ${tenant} has no run "${name}".`, {
    remedy: guess
      ? `Did you mean ${guess}?`
      : 'List the runs with `retarget status`; another tenant needs --tenant or its sign-in.',
    exitCode: EXIT.badInput,
  });
}

/**
 * The same for what reads or changes more of a run than its header tells.
 * @throws UserError (exit 2) for a run that another version has recorded: here its rows would read as something else
 */
export async function findOurRun(name: string, services: Services): Promise<Run> {
  const run = await findRun(name, services);
  if (run.format === RECORD_FORMAT) return run;
  throw new UserError(
    `Run ${run.runId} was recorded by another version of retarget (format ${run.format}, not ${RECORD_FORMAT}).`,
    {
      remedy: `Use the version that made it; \`retarget status ${run.runId}\` shows how far it is.`,
      exitCode: EXIT.badInput,
    },
  );
}

const noRuns = (tenant: string): UserError =>
  new UserError(`Tenant ${tenant} has no runs yet.`, {
    remedy: 'Start one with `retarget apply <file>`; another tenant needs --tenant or its sign-in.',
    exitCode: EXIT.badInput,
  });

/** The action does not fit the run's state. */
export const wrongState = (run: Run, state: string, action: string, remedy: string): UserError =>
  new UserError(`Run ${run.runId} is ${state}: it can't be ${action}.`, { remedy, exitCode: EXIT.badInput });
