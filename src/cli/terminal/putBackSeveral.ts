import { hash } from 'node:crypto';
import { expectJustified } from '../../app/plan/justification.ts';
import type { Plan } from '../../app/plan/plan.ts';
import { Independent } from '../../app/rollback/independent.ts';
import {
  draftRollback,
  publishRollback,
  writtenBy,
  type RollbackRun,
  type RollbackTerms,
} from '../../app/rollback/rollback.ts';
import { runsSince, type RunsSince } from '../../app/rollback/runsSince.ts';
import { follow } from '../../app/runs/follow.ts';
import { resumeRun } from '../../app/runs/runControl.ts';
import { statusOfId } from '../../app/runs/status.ts';
import type { Services } from '../../app/services.ts';
import { count } from '../../app/words.ts';
import { visible } from '../../assignments/values/visible.ts';
import { EXIT, type ExitCode } from '../../errors.ts';
import { hasEnded, type Run } from '../../runs/run.ts';
import type { Context } from '../context.ts';
import { justificationFrom } from '../planFlags.ts';
import type { RollbackFlags } from '../rollbackFlags.ts';
import { mayChange } from './askPlan.ts';
import { FollowedRun, workShown } from './followed.ts';
import { planSummary } from './planSummary.ts';
import { SHOWN } from './putBack.ts';
import { worstExitCode } from './runSummary.ts';
import { showInverses } from './showInverses.ts';
import { tellNoWorkers, tellStop } from './tellWaits.ts';
import { takeTurn } from './turn.ts';

interface Several {
  readonly flags: RollbackFlags;
  readonly terms: RollbackTerms;
  readonly made: RollbackRun;
  readonly services: Services;
  readonly context: Context;
}

/**
 * Takes all runs back that have begun since a moment, the newest first: shows what that would do, asks once, then makes one rollback
 * after the other. What was done before the command was cut off it finds done when it is given again.
 */
export async function putBackSince(since: number, several: Several): Promise<ExitCode> {
  const { flags, services, context } = several;
  const { print } = context;
  const found = await runsSince(since, services);
  showRuns(found, since, several);
  if (found.runs.length === 0 && found.underWay.length === 0) return EXIT.done;
  const plans = await plansOf(found.runs, several);
  const writes = plans.reduce((sum, plan) => sum + (plan?.writes ?? 0), 0);
  if (flags.dryRun) {
    if (flags.json) print.json(found.runs.map(({ runId }, i) => ({ run: runId, plan: plans[i] ?? null })));
    return EXIT.done;
  }
  for (const plan of plans)
    if (plan) expectJustified(plan, { justification: justificationFrom(flags.justification) });
  await tellStop(services, print);
  const fingerprint = hash('sha256', plans.map((plan) => plan?.fingerprint ?? '').join(' '));
  const asked = { writes, fingerprint, doubt: null };
  const verb = `One after the other, take back ${count(found.runs.length, 'run')}: put back`;
  if (!flags.yes && !(await mayChange(verb, asked, services, context))) return EXIT.stoppedEarly;
  return carryOut(found, since, several);
}

function showRuns(found: RunsSince, since: number, { services, context }: Several): void {
  const { print } = context;
  const from = new Date(since).toISOString();
  if (found.runs.length === 0) print.say(`No run that has begun since ${from} is to be taken back.`);
  else {
    print.say(`To be taken back, in this order (begun since ${from}):`);
    print.talkTable(
      ['RUN', 'BEGAN', 'WROTE', 'WHO', 'WHY'],
      found.runs.map(({ runId, startedAt, written, operator, options }) => [
        ...[runId, startedAt === null ? '' : new Date(startedAt).toISOString().slice(0, 16)],
        ...[written.toLocaleString('en-US'), operator, options.purpose ?? ''],
      ]),
    );
  }
  for (const { runId, options } of found.underWay)
    print.say(`Run ${runId} takes ${options.revertOf} back and has not ended: it goes on first.`);
  for (const { runId } of found.blind)
    print.say(`Run ${runId} was made without a look at the tenant: there is nothing to go back to.`);
  for (const { runId } of found.earlier)
    print.say(
      visible(
        `Run ${runId} began before and went on after: it stays. Take it back with \`${services.identity.hint(`rollback ${runId}`)}\`.`,
      ),
    );
}

/** What each would do as things are; undefined: nothing. */
async function plansOf(
  runs: readonly Run[],
  { flags, terms, made, services, context }: Several,
): Promise<readonly (Plan | undefined)[]> {
  const { print } = context;
  const independent = new Independent();
  const plans: (Plan | undefined)[] = [];
  for (const { runId } of runs) {
    const { written, waiting } = independent.of(
      await writtenBy(
        { kind: 'run', name: runId, includeUnrecorded: flags.includeUnrecorded === true },
        terms,
        services,
      ),
    );
    const { draft, inverses } = await draftRollback(written, { ...made, isDry: true }, services);
    await using _draft = draft;
    showInverses(inverses, written, print);
    if (waiting() > 0)
      print.say(
        `  ${count(waiting(), 'assignment')} of policies that a newer one of these runs has written as well: decided when that is taken back`,
      );
    const plan = inverses.rows === 0 ? undefined : await draft.plan({ ...SHOWN, isWhole: false });
    if (plan !== undefined)
      for (const line of planSummary(plan, print, { withStrategies: false })) print.say(`  ${line}`);
    plans.push(plan);
  }
  return plans;
}

async function carryOut(found: RunsSince, since: number, several: Several): Promise<ExitCode> {
  const { flags, services, context } = several;
  const { print } = context;
  const done: string[] = [];
  const goesOn = async (runId: string): Promise<boolean> => {
    done.push(runId);
    const also = flags.work ? await takeTurn(runId, flags, services, context) : [];
    if (also === undefined) return false;
    if (flags.work) await workShown(runId, also, services, context, flags.wait);
    else await followed(runId, services, context);
    const run = await services.runs.run(runId);
    return run?.state === 'completed' && hasEnded(run);
  };
  const steps: readonly (() => Promise<boolean>)[] = [
    ...found.underWay.map((run) => async () => {
      if (run.state === 'paused' && flags.work) await resumeRun(run, undefined, flags, services);
      return goesOn(run.runId);
    }),
    ...found.runs.map((run) => async () => {
      const runId = await published(run, several);
      return runId === undefined || goesOn(runId);
    }),
  ];
  let isThrough = true;
  for (const step of steps) {
    isThrough = !context.interrupted.aborted && (await step());
    if (!isThrough) break;
  }
  if (!isThrough)
    print.say(
      `Not all of it is taken back. The same command goes on where this one stopped: \`${services.identity.hint(`rollback --since ${new Date(since).toISOString()}${flags.work ? ' --work' : ''}`)}\`.`,
    );
  if (flags.json) print.json(await Promise.all(done.map((runId) => statusOfId(runId, services))));
  const runs = (await Promise.all(done.map((runId) => services.runs.run(runId)))).filter(
    (run) => run !== undefined,
  );
  if (context.interrupted.aborted) return EXIT.interrupted;
  return isThrough ? worstExitCode(runs) : (Math.max(EXIT.stoppedEarly, worstExitCode(runs)) as ExitCode);
}

/** Makes the run that takes this one back; undefined where nothing of it is left to be put back. */
async function published(
  { runId }: Run,
  { flags, terms, made, services, context }: Several,
): Promise<string | undefined> {
  const written = await writtenBy(
    { kind: 'run', name: runId, includeUnrecorded: flags.includeUnrecorded === true },
    terms,
    services,
  );
  const { draft, inverses } = await draftRollback(written, made, services);
  await using _draft = draft;
  showInverses(inverses, written, context.print);
  if (inverses.rows === 0) return undefined;
  await draft.plan({ ...SHOWN, isWhole: false });
  const how = { force: flags.force === true, said: flags };
  const by = await publishRollback(draft, written, how, services);
  context.print.say(`Run ${by}`);
  if (!flags.work && !flags.json) context.print.data(by);
  return by;
}

/** Workers elsewhere do it. */
async function followed(runId: string, services: Services, context: Context): Promise<void> {
  await tellNoWorkers(services, context.print);
  const shown = new FollowedRun(services, context, { namesWorkers: true });
  try {
    for await (const sighting of follow(runId, services)) shown.show(sighting);
  } finally {
    shown.end();
  }
}
