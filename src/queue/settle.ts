import { targetInWords } from '../assignments/changes/changeKind.ts';
import { entryOf, type Before, type Decision } from '../assignments/changes/decision.ts';
import { replyLost, SENDS_MAX, type GraphError } from '../assignments/changes/outcome.ts';
import type { Detail } from '../runs/batchCodec.ts';
import type { RecordedRow, RowUpdate } from '../runs/batchRow.ts';
import type { StateName } from '../runs/rowState.ts';
import { failure, spoken } from './rowUpdate.ts';

/** A read-back that shows something else is repeated this soon, as a tenant may answer from a copy that lags behind. */
const VERIFY_AGAIN_WINDOWS = 0.1;
/** So many read-backs that show something else, and the row has failed. */
const READ_BACKS_MAX = 2;

export interface SettleTerms {
  /** A run that was stopped for good writes nothing more, and only owes the truth about writes in doubt. */
  readonly mayWrite: boolean;
  /** What was not written of an aborted run stays `pending`, for `resume` to go on with. */
  readonly isAborted: boolean;
  /** It only waits for its next worker: what was not written stays `pending`, with the sends that it has had. */
  readonly isLeft: boolean;
  readonly windowMs: number;
  /** Ms since the epoch. */
  readonly at: number;
}

/** What a decision makes of its row without a write; undefined: it is to be written, now or after others. */
export function settledBy(decision: Decision<RecordedRow>, terms: SettleTerms): RowUpdate | undefined {
  const { row, kind, before } = decision;
  const { place, state, attempts, detail, change } = row;
  const { throttledMs, requestId, clientRequestId } = detail;
  const said = { ...spoken({ throttledMs, requestId, clientRequestId }), at: terms.at };
  const settled = (end: StateName, more: Detail): RowUpdate => ({
    ...{ place, state: end, attempts },
    detail: { ...said, ...more },
  });
  const wasSent = attempts > 0;
  switch (kind) {
    case 'alreadySo': {
      const id = entryOf(before)?.id;
      const isOther = id?.toLowerCase() !== change.address.assignmentId.toLowerCase();
      const httpStatus = state === 'written' ? detail.httpStatus : undefined;
      const assignmentIdAfter = wasSent && isOther ? id : undefined;
      return settled(wasSent ? 'succeeded' : 'skipped', spoken({ httpStatus, assignmentIdAfter }));
    }
    case 'duplicate':
      return settled('skipped', { errorCode: 'DuplicateRow' });
    case 'refused':
    case 'stale':
    case 'write':
      break;
  }
  if (state === 'written') return mismatch(row, before, said, terms);
  const end = wasSent ? endOfSentRow(row) : undefined;
  if (end !== undefined) return settled('failed', end);
  if (kind === 'stale') return settled('stale', failure(undefined, errorOf(decision)));
  if (kind === 'refused') {
    const awaits = decision.waitsFor.some(({ state }) => state === 'awaitingApproval');
    const error = wasSent ? goneSinceSent(errorOf(decision), attempts) : errorOf(decision);
    return settled(awaits ? 'awaitingApproval' : 'failed', failure(decision.httpStatus, error));
  }
  if (terms.mayWrite) return undefined;
  if (terms.isLeft) return state === 'pending' ? undefined : { place, state: 'pending', attempts };
  return terms.isAborted ? { place, state: 'pending', attempts: 0 } : settled('cancelled', {});
}

const errorOf = ({ code = '', message = '' }: Decision): GraphError => ({
  code,
  message,
});

/** Of a row that was sent nobody can say that nothing was written. */
const goneSinceSent = (error: GraphError, sends: number): GraphError =>
  error.code === 'AssignmentGone'
    ? {
        code: error.code,
        message: `Sent ${sends} times without a readable reply; now neither the assignment nor the wished target is in the list of its policy.`,
      }
    : error;

/** Graph said that it wrote, and the tenant shows something else. The first time it may be a copy that lags behind. */
function mismatch(
  { place, attempts, detail }: RecordedRow,
  before: Before,
  said: Detail,
  { at, windowMs }: SettleTerms,
): RowUpdate {
  const entry = entryOf(before);
  const found = entry === undefined ? 'it is gone' : `it is ${targetInWords(entry.target)}`;
  const told: Detail = {
    ...said,
    ...spoken({ httpStatus: detail.httpStatus }),
    errorCode: 'VerifyMismatch',
    errorMessage: `Graph answered ${detail.httpStatus}, but read back ${found}.`,
  };
  const readBacks = (detail.readBacks ?? 0) + 1;
  return readBacks < READ_BACKS_MAX
    ? {
        ...{ place, state: 'written', attempts },
        detail: { ...told, readBacks, notBefore: at + Math.round(VERIFY_AGAIN_WINDOWS * windowMs) },
      }
    : { place, state: 'failed', attempts, detail: told };
}

/** A row whose target is not there although it was sent: final when no send is left. */
function endOfSentRow({ attempts, detail }: RecordedRow): Detail | undefined {
  const { httpStatus, errorCode = '', errorMessage = '', isLast } = detail;
  if (isLast) return { ...spoken({ httpStatus }), errorCode, errorMessage };
  if (attempts >= SENDS_MAX) return failure(undefined, replyLost(attempts, errorMessage));
  return undefined;
}
