import { ROW_STATUSES, type RowStatus } from '../../runs/rowState.ts';

/** What is left to be done comes last. */
const SUMMED_UP = [...ROW_STATUSES.filter((status) => status !== 'pending'), 'pending'] as const;

/** `40 succeeded, 2 failed`: what there is of rows, and nothing of what there is not. */
export const sumsInWords = (counts: { readonly [status in RowStatus]?: unknown }): string =>
  SUMMED_UP.flatMap((status) => {
    const rows = counts[status];
    return typeof rows === 'number' && rows > 0 ? [`${rows.toLocaleString('en-US')} ${status}`] : [];
  }).join(', ');
