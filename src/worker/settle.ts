import { targetInWords } from '../assignments/changes/changeKind.ts';
import {
  beforeJson,
  entriesOf,
  entryOf,
  type Before,
  type Decision,
  type HalfDone,
} from '../assignments/changes/decision.ts';
import { canonicalList } from '../assignments/changes/canonical.ts';
import { LAG_WAITS_WINDOWS } from '../assignments/changes/lastWritten.ts';
import { replyLost, SENDS_MAX, type GraphError } from '../assignments/changes/outcome.ts';
import type { Detail } from '../runs/batchCodec.ts';
import type { RecordedRow, RowUpdate } from '../runs/batchRow.ts';
import type { StateName } from '../runs/rowState.ts';
import { halfDoneError, STOPPED } from './halfDone.ts';
import type { ListReadBack } from './readBack.ts';
import { ALREADY_SO_UNPLANNED } from '../runs/unrecorded.ts';
import { failure, definedFields } from './rowUpdate.ts';

/** The wait before a read-back where something else is there, which is no lag: it is read once more. */
const OTHER_WAIT_WINDOWS = 0.1;
const OTHER_READ_BACKS_MAX = 2;

export interface SettleTerms {
  /** A run that was stopped for good writes nothing more, and only owes the truth about writes in doubt. */
  readonly mayWrite: boolean;
  /** What was not written of an aborted run stays `pending`, for `resume` to go on with. */
  readonly isAborted: boolean;
  /** It only waits for its next worker: what was not written stays `pending`, with the sends that it has had. */
  readonly isLeft: boolean;
  readonly windowMs: number;
  /** How long after a read that did not find it a write in doubt of a stopped run is read a last time: it can hardly land any more. */
  readonly landingMs: number;
  /** Ms since the epoch. */
  readonly at: number;
}

/** What a row's read shows of its list. */
export interface SeenOfList {
  /** Of a list that was written whole. */
  readonly readBack?: ListReadBack | undefined;
  /** It is as it was before a write of the last minutes. */
  readonly isLagging?: boolean;
  /** Another run that has written what the row is about, in the last minutes. */
  readonly otherWriter?: string | undefined;
}

/** What a decision makes of its row without a write; undefined: it is to be written, now or after others. */
export function settledBy(
  decision: Decision<RecordedRow>,
  terms: SettleTerms,
  seen: SeenOfList = {},
): RowUpdate | undefined {
  const { row, kind, before } = decision;
  const { state, attempts, detail, change } = row;
  const said = saidOf(row, terms);
  const settled = ending(row, terms);
  const wasSent = attempts > 0;
  if (seen.readBack?.kind === 'lossy') return lossy(row, seen.readBack, said, terms, seen.isLagging === true);
  switch (kind) {
    case 'alreadySo': {
      const id = entryOf(before)?.id;
      const isOther = id?.toLowerCase() !== change.address.assignmentId.toLowerCase();
      const httpStatus = state === 'written' ? detail.httpStatus : undefined;
      const assignmentIdAfter = wasSent && isOther ? id : undefined;
      const errorMessage =
        seen.readBack === undefined || seen.readBack.extra === ''
          ? undefined
          : `Read back as written; its policy has ${seen.readBack.extra} as well, which was not sent.`;
      if (wasSent)
        return settled('succeeded', definedFields({ httpStatus, errorMessage, assignmentIdAfter }));
      // A before-image tells of an earlier try that has written it.
      const isUnrecorded = decision.isUnplanned === true && row.before === undefined;
      if (isUnrecorded && seen.otherWriter !== undefined)
        return settled('skipped', { errorMessage: writtenSince(seen.otherWriter) });
      const kept = row.before && beforeJson(row.before);
      return {
        ...settled('skipped', isUnrecorded ? UNRECORDED : definedFields({ errorMessage })),
        ...(kept !== undefined && { before: kept }),
      };
    }
    case 'duplicate':
      return settled('skipped', { errorCode: 'DuplicateRow' });
    case 'refused':
    case 'stale':
    case 'write':
      break;
  }
  if (state === 'written') return mismatch(row, decision, said, terms, seen.isLagging === true);
  const end = endOf(decision, terms);
  // Whatever still lands of it is what is desired.
  const halfDone = halfWay(decision);
  if (end !== undefined && halfDone !== undefined) return halfDoneEnd(end, halfDone, said);
  return end && mayHaveLanded(row) ? endInDoubt(row, end, terms) : end;
}

/** What a row has done so far that is not all. */
const halfWay = ({ halfDone, row }: Decision<RecordedRow>): HalfDone | undefined =>
  row.attempts > 0 ? halfDone : undefined;

/** A run that only waits for its next worker goes on with it. */
function halfDoneEnd(end: RowUpdate, halfDone: HalfDone, said: Detail): RowUpdate {
  if (end.state === 'pending' && end.attempts > 0) return end;
  const { errorCode, errorMessage = '' } = end.detail ?? {};
  const why = errorCode === undefined ? STOPPED : { code: errorCode, message: errorMessage };
  return {
    ...end,
    state: 'failed',
    detail: { ...said, ...failure(end.detail?.httpStatus, halfDoneError(halfDone, why)) },
  };
}

const UNRECORDED: Detail = {
  errorCode: ALREADY_SO_UNPLANNED,
  errorMessage:
    'The plan saw something else, and this run has no write on record: Redis may have lost the record of it, or another run or somebody else has changed it. `retarget rollback --include-unrecorded` puts it back from the plan.',
};

const writtenSince = (runId: string): string =>
  `The plan saw something else; run ${runId} has written it since, and \`retarget rollback ${runId}\` takes it back.`;

const saidOf = (
  { detail: { throttledMs, requestId, clientRequestId } }: RecordedRow,
  { at }: SettleTerms,
): Detail => ({ ...definedFields({ throttledMs, requestId, clientRequestId }), at });

/** Makes the record of a row that comes to an end, with what was said of it before. */
const ending =
  (row: RecordedRow, terms: SettleTerms) =>
  (state: StateName, more: Detail): RowUpdate => ({
    ...{ place: row.place, state, attempts: row.attempts },
    detail: { ...saidOf(row, terms), ...more },
  });

/** The end of a row whose desired state is not there, as far as it has come to one. */
function endOf(decision: Decision<RecordedRow>, terms: SettleTerms): RowUpdate | undefined {
  const { row, kind } = decision;
  const { place, attempts } = row;
  const settled = ending(row, terms);
  const wasSent = attempts > 0;
  const end = wasSent ? endOfSentRow(row, kind) : undefined;
  if (end !== undefined) return settled('failed', end);
  if (kind === 'stale') return settled('stale', failure(undefined, errorOf(decision)));
  if (kind === 'refused') {
    const awaits = decision.waitsFor.some(({ state }) => state === 'awaitingApproval');
    const error = wasSent ? goneSinceSent(errorOf(decision), attempts) : errorOf(decision);
    if (awaits) return settled('awaitingApproval', failure(decision.httpStatus, error));
    const isExpected = !wasSent && row.plannedRefusal === error.code;
    return { ...settled('failed', failure(decision.httpStatus, error)), ...(isExpected && { isExpected }) };
  }
  if (terms.mayWrite) return undefined;
  if (terms.isLeft) return row.state === 'pending' ? undefined : { place, state: 'pending', attempts };
  return terms.isAborted
    ? { place, state: 'pending', attempts: 0, detail: saidOf(row, terms) }
    : settled('cancelled', {});
}

/** Whether a write of the row may be applied later than it was answered, or was never answered. */
const mayHaveLanded = ({ state, attempts, detail }: RecordedRow): boolean =>
  attempts > 0 && (state === 'sent' || detail.nothingDone !== true);

/**
 * A write may land after the read that did not find it, so that it is told apart from what failed. Of a run that was stopped it is
 * looked for once more; a run at work does not wait for that, as its failure budget would hear of it too late.
 */
function endInDoubt(
  row: RecordedRow,
  end: RowUpdate,
  { mayWrite, isLeft, at, landingMs }: SettleTerms,
): RowUpdate {
  const { place, attempts, detail } = row;
  if (!mayWrite && !isLeft && !detail.isLastRead)
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
        message: `Sent ${sends} times without a readable reply; now neither the assignment nor the desired target is in the list of its policy.`,
      }
    : error;

/** Graph said that it wrote, and the tenant shows something else, which may be what a copy shows that lags behind. */
function mismatch(
  row: RecordedRow,
  decision: Decision<RecordedRow>,
  said: Detail,
  terms: SettleTerms,
  isLagging: boolean,
): RowUpdate {
  const { httpStatus } = row.detail;
  const { before } = decision;
  const entry = entryOf(before);
  const found = entry === undefined ? 'it is gone' : `it is ${targetInWords(entry.target)}`;
  const error = {
    code: 'VerifyMismatch',
    message: `Graph answered ${httpStatus}, but read back ${found}.`,
  };
  const halfDone = halfWay(decision);
  const told = { ...said, ...failure(httpStatus, halfDone ? halfDoneError(halfDone, error) : error) };
  return again(row, told, terms, isLagging || showsBefore(row, before)) ?? failed(row, told);
}

/** The tenant has lost something of the list that was sent. */
function lossy(
  row: RecordedRow,
  { lost, seen }: Extract<ListReadBack, { kind: 'lossy' }>,
  said: Detail,
  terms: SettleTerms,
  isLagging: boolean,
): RowUpdate {
  const told = {
    ...said,
    ...failure(row.detail.httpStatus, {
      code: 'VerifyMismatch',
      message: `The list of the policy was written whole, and read back it ${lost}.`,
    }),
  };
  const settled = again(row, told, terms, isLagging);
  if (settled !== undefined) return settled;
  // With the list itself, as `retry` takes back what is said of a row.
  const known = row.list && { list: { ...row.list, seen } };
  return { ...failed(row, { ...told, lossyList: seen }), ...known };
}

const failed = ({ place, attempts }: RecordedRow, detail: Detail): RowUpdate => ({
  ...{ place, state: 'failed', attempts },
  detail,
});

/** To be read once more; undefined when it was read often enough. */
function again(
  { place, state, attempts, detail }: RecordedRow,
  told: Detail,
  { at, windowMs }: SettleTerms,
  isLagging: boolean,
): RowUpdate | undefined {
  const done = detail.readBacks ?? 0;
  const otherReadBacks = isLagging ? 0 : (detail.otherReadBacks ?? 0) + 1;
  const windows = isLagging ? LAG_WAITS_WINDOWS[done] : OTHER_WAIT_WINDOWS;
  if (windows === undefined || otherReadBacks >= OTHER_READ_BACKS_MAX) return undefined;
  return {
    ...{ place, state, attempts },
    detail: {
      ...{ ...told, readBacks: done + 1, notBefore: at + Math.round(windows * windowMs) },
      ...(otherReadBacks > 0 && { otherReadBacks }),
    },
  };
}

/** Whether a read shows what the row's write has overwritten. */
function showsBefore({ before: was }: RecordedRow, now: Before): boolean {
  return was !== undefined && was.kind !== 'notRead' && imageText(was) === imageText(now);
}

const imageText = (before: Before): string => canonicalList(entriesOf(before));

/** A row whose target is not there although it was sent: final when no send is left. */
function endOfSentRow({ attempts, detail }: RecordedRow, kind: Decision['kind']): Detail | undefined {
  const { httpStatus, errorCode = '', errorMessage = '', isLast } = detail;
  // What Graph has not found is sent again only where the list shows it.
  if (isLast || (httpStatus === 404 && kind !== 'write'))
    return { ...definedFields({ httpStatus }), errorCode, errorMessage };
  if (attempts >= SENDS_MAX) return failure(undefined, replyLost(attempts, errorMessage));
  return undefined;
}
