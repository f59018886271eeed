import { closestTo } from '../../assignments/values/closest.ts';
import { EXIT, UserError } from '../../errors.ts';
import { RECORD_FORMAT, type Run } from '../../runs/run.ts';
import type { Services } from '../services.ts';

/** A name that is shorter than this may mean any run. */
const ENDING_CHARS_MIN = 3;
/** Runs that are named in a remedy. */
const CANDIDATES_MAX = 10;

/**
 * The run of a name: its id, the last letters of it, or `@last` for the newest. Which run was meant is told (`runNamed`) unless its whole
 * id was given, so that nobody acts on another than he thinks.
 * @throws UserError (exit 2) when there is none, or more than one ends so
 */
export async function findRun(name: string, { runs, identity, events }: Services): Promise<Run> {
  const { tenant } = identity;
  if (name === '@last') {
    const [newest] = await runs.runs();
    if (newest === undefined) throw noRuns(tenant);
    events.emit('runNamed', name, newest.runId, newest.source.name);
    return newest;
  }
  const run = /^[\w-]+$/.test(name) ? await runs.run(name) : undefined;
  if (run !== undefined) return run;
  const all = await runs.runs();
  const ending = all.filter(({ runId }) => endsIn(runId, name));
  const [only] = ending;
  if (only === undefined) throw noSuchRun(name, tenant, all);
  if (ending.length > 1) throw severalEnd(name, tenant, ending);
  events.emit('runNamed', name, only.runId, only.source.name);
  return only;
}

/** Whether these may be the last letters of that id. */
export const endsIn = (runId: string, name: string): boolean =>
  name.length >= ENDING_CHARS_MIN && runId.toLowerCase().endsWith(name.toLowerCase());

function noSuchRun(name: string, tenant: string, all: readonly Run[]): UserError {
  const guess = closestTo(
    name,
    all.map(({ runId }) => runId),
  );
  return new UserError(`Tenant ${tenant} has no run "${name}".`, {
    remedy: guess
      ? `Did you mean ${guess}?`
      : 'List the runs with `retarget status`; another tenant needs --tenant or its sign-in.',
    exitCode: EXIT.badInput,
  });
}

const severalEnd = (name: string, tenant: string, runs: readonly Run[]): UserError =>
  new UserError(`${runs.length} runs of tenant ${tenant} end in "${name}".`, {
    remedy: `Name one of them: ${runs
      .slice(0, CANDIDATES_MAX)
      .map(({ runId, source, state }) => `${runId} (${source.name}, ${state})`)
      .join(', ')}${runs.length > CANDIDATES_MAX ? ', …' : ''}.`,
    exitCode: EXIT.badInput,
  });

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
