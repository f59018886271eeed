import type { GraphError } from '../assignments/changes/outcome.ts';
import type { Run } from '../runs/run.ts';
import type { Edges, Step } from './edges.ts';
import { STOPPED_RUN_WAIT_MS } from './limits.ts';
import type { Asked } from './signIn.ts';

/** What the reason of a run begins with that stands still until the sign-in works. */
const SIGN_IN_REASON = 'sign-in: ';
/** The same where the token is taken, and no write is allowed with it. */
const PERMISSION_REASON = `${SIGN_IN_REASON}Graph refuses every write with 403`;

/** True for a run that goes on by itself when the sign-in works; any other paused run waits for `resume`. */
export const awaitsSignIn = ({ state, stateReason }: Pick<Run, 'state' | 'stateReason'>): boolean =>
  state === 'paused' && stateReason?.startsWith(SIGN_IN_REASON) === true;

/** True for those among them that a read which works tells nothing of. */
export const awaitsPermission = (run: Pick<Run, 'state' | 'stateReason'>): boolean =>
  awaitsSignIn(run) && run.stateReason?.startsWith(PERMISSION_REASON) === true;

/** Stops a run at work until the sign-in works again. */
export const pauseForSignIn = (run: Pick<Run, 'runId'>, why: string, edges: Edges): Promise<Step> =>
  pauseRun(run, `${SIGN_IN_REASON}${why}`, edges);

/** Stops a run at work until the sign-in may write again. */
export const pauseForPermission = (
  run: Pick<Run, 'runId'>,
  { code, message }: GraphError,
  edges: Edges,
): Promise<Paused> => paused(run, `${PERMISSION_REASON} (${code}: ${message})`, edges);

/** Stops a run at work, since going on would fail row after row for a reason that is none of theirs. */
export const pauseRun = async (run: Pick<Run, 'runId'>, why: string, edges: Edges): Promise<Step> =>
  (await paused(run, why, edges)).step;

interface Paused {
  readonly step: Step;
  /** False when it was not at work any more: another batch has paused it, or somebody has stopped it. */
  readonly wasAtWork: boolean;
}

async function paused(
  { runId }: Pick<Run, 'runId'>,
  why: string,
  { runs, log, redacted }: Edges,
): Promise<Paused> {
  const reason = redacted(why);
  const moved = await runs.transition(runId, 'paused', reason, ['running']);
  if (moved.kind === 'done') {
    log.error({ run: runId }, `Run paused. ${reason}`);
    return { step: { kind: 'stopped' }, wasAtWork: true };
  }
  // A cancelled run can't pause, and its writes in doubt still need a look: later, or it would be asked for in a circle.
  const isOver = moved.state === 'cancelled' || moved.state === 'aborted';
  return {
    step: isOver ? { kind: 'later', waitMs: STOPPED_RUN_WAIT_MS } : { kind: 'stopped' },
    wasAtWork: false,
  };
}

/** Aborts a run whose writes this tenant does not take; what was not written stays open, for `resume` in another way. */
export async function abortRun(
  { runId }: Pick<Run, 'runId'>,
  why: string,
  { runs, log, redacted }: Edges,
): Promise<Step> {
  const reason = redacted(why);
  const aborted = await runs.transition(runId, 'aborted', reason, ['running']);
  if (aborted.kind === 'done') log.error({ run: runId }, `Run aborted: ${reason}`);
  return { kind: 'stopped' };
}

/** Graph refused the token that `asked` went out with: one more try, then the run pauses. No row pays for it. */
export async function refusedSignIn(
  run: Run,
  asked: Asked,
  error: GraphError,
  edges: Edges,
  signal: AbortSignal,
): Promise<Step> {
  const { signIn, ledger } = edges;
  if (await signIn.mayTryAgain(asked, ledger.pace.unreachedWaitMs, signal)) return { kind: 'again' };
  return pauseForSignIn(run, `Graph refused the token (${error.code}: ${error.message})`, edges);
}
