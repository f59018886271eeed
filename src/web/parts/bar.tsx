import type { VNode } from 'preact';
import type { RunStatus } from '../../runs/progress.ts';
import { ROW_STATUSES, type RowStatus } from '../../runs/rowState.ts';

/** What is left to be done is the ground of the bar. */
const DRAWN = ROW_STATUSES.filter((status) => status !== 'pending');

/** How far a run is: done, and of that what did not go well. Words stand beside it, so that it says nothing of its own. */
export function Bar({ run }: { readonly run: RunStatus }): VNode {
  const total = Math.max(1, run.total);
  let from = 0;
  return (
    <svg class="bar" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
      <rect class="rest" x="0" y="0" width="1000" height="10" />
      {DRAWN.map((status: RowStatus) => {
        const width = (run[status] / total) * 1000;
        const x = from;
        from += width;
        return (
          width > 0 && <rect class={status} x={x.toFixed(2)} y="0" width={width.toFixed(2)} height="10" />
        );
      })}
    </svg>
  );
}
