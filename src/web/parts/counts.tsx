import type { VNode } from 'preact';
import type { Family } from '../../assignments/kinds/family.ts';
import type { RunStatus } from '../../runs/progress.ts';
import { ROW_STATUSES, type RowStatus } from '../../runs/rowState.ts';
import { ALREADY_SO_UNPLANNED } from '../../runs/unrecorded.ts';
import { runPath } from './runCard.tsx';

/** Where the rows of a run are that stand so. */
export const rowsPath = (runId: string, status: RowStatus, cause?: string): string =>
  `${runPath(runId)}/rows?status=${status}${cause === undefined ? '' : `&cause=${cause}`}`;

/** Where the rows are of the kinds that count in a throttle family. */
export const familyPath = (runId: string, family: Family): string =>
  `${runPath(runId)}/rows?family=${family}`;

/** How many rows there are of each status, each number a way to them. */
export const StatusCounts = ({ run }: { readonly run: RunStatus }): VNode => (
  <section aria-label="Rows">
    <p class="rows-line">
      <a href={`${runPath(run.runId)}/rows`}>
        <strong>{(run.total - run.pending).toLocaleString('en-US')}</strong> of{' '}
        {run.total.toLocaleString('en-US')} rows
      </a>
      {run.throttled > 0 && (
        <span class="quiet"> · told to wait {run.throttled.toLocaleString('en-US')} times (429)</span>
      )}
    </p>
    <ul class="counts">
      {ROW_STATUSES.filter((status) => run[status] > 0 || ALWAYS.has(status)).map((status) => (
        <li key={status} class={status}>
          {run[status] > 0 ? (
            <a href={rowsPath(run.runId, status)}>
              <strong>{run[status].toLocaleString('en-US')}</strong> {status}
            </a>
          ) : (
            <span>
              <strong>0</strong> {status}
            </span>
          )}
          {amongThem(run, status)}
        </li>
      ))}
    </ul>
  </section>
);

const ALWAYS: ReadonlySet<RowStatus> = new Set(['pending', 'succeeded', 'failed']);

function amongThem({ runId, inDoubt, unrecorded }: RunStatus, status: RowStatus): VNode | null {
  if (status === 'pending' && inDoubt > 0)
    return (
      <span class="quiet">
        <a href={`${rowsPath(runId, status)}&sent=1`}>{inDoubt.toLocaleString('en-US')} of them</a> sent: the
        next read settles them
      </span>
    );
  if (status === 'skipped' && unrecorded > 0)
    return (
      <span class="quiet">
        {unrecorded.toLocaleString('en-US')} of them found so with no write on record ({ALREADY_SO_UNPLANNED})
      </span>
    );
  return null;
}
