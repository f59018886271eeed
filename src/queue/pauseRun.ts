import type { GraphError } from '../assignments/outcome.ts';
import type { Run } from '../runs/run.ts';
import type { Edges, Step } from './edges.ts';
import { STOPPED_RUN_WAIT_MS } from './limits.ts';
import type { Asked } from './signIn.ts';

/** What the reason of a run begins with that stands still until the sign-in works. */
const SIGN_IN_REASON = 'sign-in: ';

/** True for a run that goes on by itself when the sign-in works; any other paused run waits for `resume`. */
export const awaitsSignIn = ({ state, stateReason }: Pick<Run, 'state' | 'stateReason'>): boolean =>
  state === 'paused' && stateReason?.startsWith(SIGN_IN_REASON) === true;

/** Stops a run at work until the sign-in works again. */
export const pauseForSignIn = (run: Pick<Run, 'runId'>, why: string, edges: Edges): Promise<Step> =>
  pauseRun(run, `${SIGN_IN_REASON}${why}`, edges);

/** Stops a run at work, since going on would fail row after row for a reason that is none of theirs. */
export async function pauseRun(
  { runId }: Pick<Run, 'runId'>,
  why: string,
  { runs, log, redacted }: Edges,
): Promise<Step> {
  const reason = redacted(why);
  const paused = await runs.transition(runId, 'paused', reason, ['running']);
  if (paused.kind === 'done') {
    log.error({ run: runId }, `Run paused. ${reason}`);
    return { kind: 'stopped' };
  }
  // A cancelled run can't pause, and its writes in doubt still need a look: later, or it would be asked for in a circle.
  return paused.state === 'cancelled' || paused.state === 'aborted'
    ? { kind: 'later', waitMs: STOPPED_RUN_WAIT_MS }
    : { kind: 'stopped' };
}

/** Graph refused the token that `asked` went out with: one new token, then the run pauses. No row pays for it. */
export async function refusedSignIn(
  run: Run,
  asked: Asked,
  error: GraphError,
  edges: Edges,
  signal: AbortSignal,
): Promise<Step> {
  if (await edges.signIn.renewed(asked, signal)) return { kind: 'again' };
  return pauseForSignIn(run, `Graph refused the token (${error.code}: ${error.message})`, edges);
}
