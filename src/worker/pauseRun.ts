import type { GraphError } from '../assignments/changes/outcome.ts';
import { withCalled } from '../assignments/names/calledIds.ts';
import type { Reason } from '../runs/reason.ts';
import type { Run } from '../runs/run.ts';
import type { WorkerDeps, Step } from './deps.ts';
import { STOPPED_RUN_WAIT_MS } from './limiter/pace.ts';
import type { Asked } from './workerSignIn.ts';

/** Stops a run at work until the sign-in works again. */
export const pauseForSignIn = (run: Pick<Run, 'runId'>, why: string, deps: WorkerDeps): Promise<Step> =>
  pauseAtWork(run, 'signIn', `sign-in: ${why}`, deps);

/** Stops a run at work until reads are allowed again. */
export const pauseForReads = (run: Pick<Run, 'runId'>, why: string, deps: WorkerDeps): Promise<Step> =>
  pauseAtWork(run, 'reads', `sign-in: ${why}`, deps);

/** Stops a run at work until the sign-in may write again. */
export const pauseForPermission = (
  run: Pick<Run, 'runId'>,
  { code, message }: GraphError,
  deps: WorkerDeps,
): Promise<Paused> =>
  paused(run, 'permission', `sign-in: Graph refuses every write with 403 (${code}: ${message})`, deps);

/** Stops a run at work, since going on would fail row after row for a reason that is none of theirs. */
export const pauseAtWork = async (
  run: Pick<Run, 'runId'>,
  reason: Reason,
  why: string,
  deps: WorkerDeps,
): Promise<Step> => (await paused(run, reason, why, deps)).step;

/** A sentence of Graph's has ids, and people know groups and filters by their names. */
const namedIn = async (why: string, runId: string, runs: WorkerDeps['runs']): Promise<string> =>
  withCalled(why, (await runs.called(runId)) ?? {});

interface Paused {
  readonly step: Step;
  /** False when it was not at work any more: another batch has paused it, or somebody has stopped it. */
  readonly wasAtWork: boolean;
}

async function paused(
  { runId }: Pick<Run, 'runId'>,
  reason: Reason,
  why: string,
  { runs, events, redacted }: WorkerDeps,
): Promise<Paused> {
  const reasonText = redacted(await namedIn(why, runId, runs));
  const moved = await runs.transition(runId, { to: 'paused', from: ['running'], reason, reasonText });
  if (moved.kind === 'done') {
    events.emit('runState', { runId, state: 'paused', reason, reasonText });
    return { step: { kind: 'stopped' }, wasAtWork: true };
  }
  // A cancelled run can't pause, and its writes in doubt still need a read: later, or it would be asked for in a circle.
  const isOver = moved.state === 'cancelled' || moved.state === 'aborted';
  return {
    step: isOver ? { kind: 'later', waitMs: STOPPED_RUN_WAIT_MS } : { kind: 'stopped' },
    wasAtWork: false,
  };
}

/** Aborts a run whose writes this tenant does not take; what was not written stays open, for `resume` in another way. */
export const abortForRoute = (run: Pick<Run, 'runId'>, why: string, deps: WorkerDeps): Promise<Step> =>
  abortRun(run, 'route', why, deps);

/** Aborts a run at work, as going on would do harm; what was not written stays open, for `resume`. */
export async function abortRun(
  { runId }: Pick<Run, 'runId'>,
  reason: Reason,
  why: string,
  { runs, events, redacted }: WorkerDeps,
): Promise<Step> {
  const reasonText = redacted(await namedIn(why, runId, runs));
  const aborted = await runs.transition(runId, {
    ...{ to: 'aborted', from: ['running'] },
    ...{ reason, reasonText },
  });
  if (aborted.kind === 'done') events.emit('runState', { runId, state: 'aborted', reason, reasonText });
  return { kind: 'stopped' };
}

/** Graph refused the token that `asked` went out with: one more try, then the run pauses. No row pays for it. */
export async function refusedSignIn(
  run: Run,
  asked: Asked,
  error: GraphError,
  deps: WorkerDeps,
  signal: AbortSignal,
): Promise<Step> {
  const { signIn, limiter } = deps;
  if (await signIn.mayTryAgain(asked, limiter.pace.unreachedWaitMs, signal)) return { kind: 'again' };
  return pauseForSignIn(run, `Graph refused the token (${error.code}: ${error.message})`, deps);
}
