import type { GraphError } from '../assignments/outcome.ts';
import type { Run } from '../runs/run.ts';
import type { Edges, Step } from './edges.ts';
import { STOPPED_RUN_WAIT_MS } from './limits.ts';
import type { Asked } from './signIn.ts';

/** Stops a run at work, since going on would fail row after row for a reason that is none of theirs. */
export async function pauseRun(
  { runId }: Pick<Run, 'runId'>,
  reason: string,
  { runs, log }: Edges,
): Promise<Step> {
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
  return pauseRun(run, `sign-in: Graph refused the token (${error.code}: ${error.message})`, edges);
}
