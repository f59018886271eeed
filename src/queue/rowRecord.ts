import type { GraphError, Outcome } from '../assignments/outcome.ts';
import type { Detail } from '../runs/batchCodec.ts';
import type { RowRecord } from '../runs/batchRow.ts';
import type { Leave } from './ledger.ts';
import type { ReadyRow } from './lookFirst.ts';

/** The end of a row that Graph kept failing. Its last write may have been applied all the same, so a look comes first. */
export const GAVE_UP = 'GaveUp';

/** What is recorded of a row that was sent with this leave and came to this. */
export function recordOf(
  row: ReadyRow,
  outcome: Outcome,
  leave: Leave,
  traces: Spoken<Pick<Detail, 'requestId' | 'clientRequestId'>>,
  at: number,
): RowRecord {
  const { place } = row;
  const attempts = attemptsIn(leave, place);
  const throttledMs = throttledUpTo(row, leave.givenAt);
  const said: Detail = { ...spoken({ ...traces, throttledMs: throttledMs || undefined }), at };
  // Nobody knows what became of the write, or Graph may be wrong about it: the row stays `sent`, and the next look decides.
  const inDoubt = (detail: Detail): RowRecord => ({
    place,
    state: 'sent',
    attempts,
    detail: { ...said, ...detail },
  });
  switch (outcome.kind) {
    case 'succeeded':
      return { place, state: 'succeeded', attempts, detail: { ...said, httpStatus: outcome.httpStatus } };
    case 'failed': {
      const detail = failure(outcome.httpStatus, outcome.error);
      if (outcome.error.code === GAVE_UP) return inDoubt(detail);
      return { place, state: 'failed', attempts, detail: { ...said, ...detail } };
    }
    case 'again':
      return inDoubt({ ...failure(outcome.httpStatus, outcome.error), notBefore: at + outcome.waitMs });
    case 'lost':
      return inDoubt({
        errorCode: 'ReplyLost',
        errorMessage: outcome.why,
        notBefore: at + outcome.waitMs,
      });
    case 'missing':
      return inDoubt(failure(404, outcome.error));
    case 'throttled':
      return { ...asBefore(place, attempts), detail: { ...said, httpStatus: 429 } };
    case 'signIn':
      return { ...asBefore(place, attempts), detail: { ...said, ...failure(401, outcome.error) } };
  }
}

/** A row whose whole envelope was refused, so that nothing of it was run. */
export function recordOfRefused(row: ReadyRow, status: number, leave: Leave, at: number): RowRecord {
  const record = asBefore(row.place, attemptsIn(leave, row.place));
  if (status !== 429) return record;
  const throttledMs = throttledUpTo(row, leave.givenAt);
  return { ...record, detail: { ...spoken({ throttledMs: throttledMs || undefined }), httpStatus: 429, at } };
}

/** Sends of the row that count, this one included. */
export const attemptsIn = (leave: Leave, place: number): number => leave.states[place]?.attempts ?? 1;

/** The send does not count: the row is as it was before its leave, in doubt if it was so then. */
export const asBefore = (place: number, attempts: number): RowRecord =>
  attempts > 1 ? { place, state: 'sent', attempts: attempts - 1 } : { place, state: 'pending', attempts: 0 };

/** A row waited for the tenant from the 429 it was answered with until the leave after it. */
const throttledUpTo = ({ detail }: ReadyRow, givenAt: number): number =>
  (detail.throttledMs ?? 0) + (detail.httpStatus === 429 ? Math.max(0, givenAt - (detail.at ?? givenAt)) : 0);

export const failure = (httpStatus: number | undefined, { code, message }: GraphError): Detail => ({
  ...spoken({ httpStatus }),
  errorCode: code,
  errorMessage: message,
});

type Spoken<T> = { readonly [field in keyof T]: T[field] | undefined };

/** Without the fields that say nothing. */
export const spoken = (detail: Spoken<Detail>): Detail =>
  Object.fromEntries(Object.entries(detail).filter(([, value]) => value !== undefined));

/**
 * What 429s ask for, in the ledger's terms: the longest wait; -1 when none of them says how long, which 0 does not either;
 * 0 when there was no 429.
 */
export function holdOf(waits: readonly (number | undefined)[]): number {
  if (waits.length === 0) return 0;
  return Math.max(...waits.map((wait) => wait ?? 0)) || -1;
}
