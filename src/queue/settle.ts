import { targetInWords } from '../assignments/changes/changeKind.ts';
import { entryOf, type Before, type Decision } from '../assignments/changes/decision.ts';
import { replyLost, SENDS_MAX, type GraphError } from '../assignments/changes/outcome.ts';
import type { Detail } from '../runs/batchCodec.ts';
import type { RecordedRow, RowUpdate } from '../runs/batchRow.ts';
import type { StateName } from '../runs/rowState.ts';
import { ALREADY_SO_UNPLANNED } from '../runs/unrecorded.ts';
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
  readonly windowMs: number;
  /** How long after a read that did not find it a write in doubt of a stopped run is read a last time: it can hardly land any more. */
  readonly landingMs: number;
  /** Ms since the epoch. */
  readonly at: number;
}

/** What a decision makes of its row without a write; undefined: it is to be written, now or after others. */
export function settledBy(decision: Decision<RecordedRow>, terms: SettleTerms): RowUpdate | undefined {
  const { row, kind, before } = decision;
  const { place, state, attempts, detail, change } = row;
  const said = saidOf(row, terms);
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
      if (wasSent) return settled('succeeded', spoken({ httpStatus, assignmentIdAfter }));
      // A before-image tells of an earlier try that has written it.
      const isUnrecorded = decision.isUnplanned === true && row.before === undefined;
      return settled('skipped', isUnrecorded ? UNRECORDED : {});
    }
    case 'duplicate':
      return settled('skipped', { errorCode: 'DuplicateRow' });
    case 'refused':
    case 'stale':
    case 'write':
      break;
  }
  if (state === 'written') return mismatch(row, before, said, terms);
  const end = endOf(decision, terms);
  return end && mayHaveLanded(row) ? endInDoubt(row, end, terms) : end;
}

const UNRECORDED: Detail = {
  errorCode: ALREADY_SO_UNPLANNED,
  errorMessage:
    'The plan saw something else, and no write is on record: Redis may have lost the record of it, or somebody else has changed it. `retarget rollback --include-unrecorded` puts it back from the plan.',
};

const saidOf = (
  { detail: { throttledMs, requestId, clientRequestId } }: RecordedRow,
  { at }: SettleTerms,
): Detail => ({ ...spoken({ throttledMs, requestId, clientRequestId }), at });

/** The end of a row whose desired state is not there, as far as it has come to one. */
function endOf(decision: Decision<RecordedRow>, terms: SettleTerms): RowUpdate | undefined {
  const { row, kind } = decision;
  const { place, attempts } = row;
  const said = saidOf(row, terms);
  const settled = (end: StateName, more: Detail): RowUpdate => ({
    ...{ place, state: end, attempts },
    detail: { ...said, ...more },
  });
  const wasSent = attempts > 0;
  const end = wasSent ? endOfSentRow(row) : undefined;
  if (end !== undefined) return settled('failed', end);
  if (kind === 'stale') return settled('stale', failure(undefined, errorOf(decision)));
  if (kind === 'refused') {
    const awaits = decision.waitsFor.some(({ state }) => state === 'awaitingApproval');
    const error = wasSent ? goneSinceSent(errorOf(decision), attempts) : errorOf(decision);
    return settled(awaits ? 'awaitingApproval' : 'failed', failure(decision.httpStatus, error));
  }
  if (terms.mayWrite) return undefined;
  return terms.isAborted ? { place, state: 'pending', attempts: 0, detail: said } : settled('cancelled', {});
}

/** Of these Graph has said that it did nothing. */
const NOTHING_DONE: ReadonlySet<number | undefined> = new Set([404, 409]);

/** Whether a write of the row may be applied later than it was answered, or was never answered. */
const mayHaveLanded = ({ state, attempts, detail }: RecordedRow): boolean =>
  attempts > 1 || (attempts === 1 && !(state === 'unsure' && NOTHING_DONE.has(detail.httpStatus)));

/**
 * A write may land after the read that did not find it, so that it is told apart from what failed. Of a run that was stopped it is
 * looked for once more; a run at work does not wait for that, as its failure budget would hear of it too late.
 */
function endInDoubt(row: RecordedRow, end: RowUpdate, { mayWrite, at, landingMs }: SettleTerms): RowUpdate {
  const { place, attempts, detail } = row;
  if (!mayWrite && !detail.isLastRead)
    return {
      ...{ place, state: 'unsure', attempts },
      detail: { ...detail, at, notBefore: at + landingMs, isLastRead: true },
    };
  if (end.state === 'pending' || end.state === 'awaitingApproval') return end;
  const { errorCode = 'Cancelled', errorMessage = cancelledAfter(attempts) } = end.detail ?? {};
  return {
    ...end,
    state: 'leftUnsure',
    detail: { ...end.detail, errorCode, errorMessage: `${errorMessage} ${MAY_STILL_LAND}` },
  };
}

const cancelledAfter = (sends: number): string =>
  `Cancelled after ${sends === 1 ? 'a send' : `${sends} sends`} of which nobody knows what became; the last read did not find it.`;

const MAY_STILL_LAND = 'It may still land: `retarget rollback` looks for it, and so does `retarget retry`.';

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
