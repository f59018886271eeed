import type { RunStatus } from '../../runs/progress.ts';
import type { Stop } from '../../runs/runReader.ts';

/** What the state of a run at work is called while this keeps it: it is not at work. */
const KEPT: { readonly [reason in NonNullable<RunStatus['reason']>]?: string } = {
  noWorker: 'no worker',
  graphAway: 'no Graph',
  noProgress: 'stalled',
  throttled: 'throttled',
  restarted: 'waiting',
  lateWrites: 'waiting',
};

/** A run that is at work, of a tenant that is stopped, does nothing; nor does one that nobody works on. */
export function stateShown({ state, reason }: RunStatus, stop: Stop | undefined): string {
  if (state !== 'running' && state !== 'queued') return state;
  if (stop !== undefined) return 'stopped';
  return (state === 'running' && reason !== null && KEPT[reason]) || state;
}
