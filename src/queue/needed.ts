import type { CurrentAssignment } from '../assignments/changes/current.ts';
import type { JsonObject } from '../assignments/values/json.ts';
import { replyLost, SENDS_MAX } from '../assignments/changes/outcome.ts';
import { decide, type Decision, type Look } from '../assignments/changes/decide.ts';
import { listPath } from '../assignments/kinds/address.ts';
import { patchRequest, type WriteRequest } from '../assignments/changes/request.ts';
import { targetInWords } from '../assignments/changes/changeKind.ts';
import type { LookResult } from '../graph/currentAssignments.ts';
import type { BeforeImage, Detail } from '../runs/batchCodec.ts';
import type { RowRecord } from '../runs/batchRow.ts';
import type { StateName } from '../runs/rowState.ts';
import type { ReadyRow } from './lookFirst.ts';
import { failure, GAVE_UP, isWritten, spoken } from './rowRecord.ts';

/** A row that the look left to be written. */
export interface NeededRow {
  readonly row: ReadyRow;
  /** What the write overwrites; undefined: nobody looked, or nothing is there. */
  readonly before: BeforeImage | undefined;
}

/** One request, and the rows that it is for: one by PATCH, all of a policy by `assign`. */
export interface NeededWrite {
  readonly request: WriteRequest;
  readonly rows: readonly NeededRow[];
}

/** What the look makes of the rows of a batch; where a list could not be read, its rows are in neither. */
export interface Sorted {
  readonly records: readonly RowRecord[];
  readonly needed: readonly NeededWrite[];
}

/** A read-back that shows something else is repeated this soon, as a tenant may answer from a copy that lags behind. */
const VERIFY_AGAIN_WINDOWS = 0.1;

export interface SortingTerms {
  /** A run that was stopped for good writes nothing more, and only owes the truth about writes in doubt. */
  readonly mayWrite: boolean;
  /** What was not written of an aborted run stays `pending`, for `resume` to go on with. */
  readonly isAborted?: boolean;
  /** v1.0 shows no filters, so a list that it shows must not be written back. */
  readonly isBeta: boolean;
  readonly windowMs: number;
  /** Ms since the epoch. */
  readonly at: number;
}

/** Row by row, each with its own PATCH. */
export function sortedForPatch(
  ready: readonly ReadyRow[],
  byList: ReadonlyMap<string, LookResult>,
  terms: SortingTerms,
): Sorted {
  const records: RowRecord[] = [];
  const needed: NeededWrite[] = [];
  for (const row of ready) {
    const seen: LookResult = byList.get(listPath(row.change.address)) ?? { kind: 'blind' };
    if (seen.kind === 'unread' || seen.kind === 'signIn') continue;
    const decision = decide(row.change, seen satisfies Look, row.planned);
    const record = recordOfLook(row, decision, terms);
    if (record !== undefined) records.push(record);
    else if (decision.kind === 'write') needed.push(patchOf(row, decision.body, decision.present));
  }
  return { records, needed };
}

const patchOf = (row: ReadyRow, body: JsonObject, present: CurrentAssignment | undefined): NeededWrite => ({
  request: patchRequest(row.change, body, present),
  rows: [{ row, before: present?.whole }],
});

/** What a look makes of a row, however it is written. */
export type RowDecision =
  | { readonly kind: 'alreadySo'; readonly present: CurrentAssignment | undefined }
  | { readonly kind: 'write'; readonly present: CurrentAssignment | undefined }
  | {
      readonly kind: 'stale';
      readonly present: CurrentAssignment | undefined;
      /** It is the policy's list that is another one, perhaps in another assignment. */
      readonly isList?: boolean;
    }
  | Extract<Decision, { kind: 'refused' }>;

/** What a look makes of one row; undefined: it is to be written. */
export function recordOfLook(
  row: ReadyRow,
  decision: RowDecision,
  terms: SortingTerms,
): RowRecord | undefined {
  const { place, attempts, detail, change } = row;
  const { throttledMs, requestId, clientRequestId } = detail;
  const said = { ...spoken({ throttledMs, requestId, clientRequestId }), at: terms.at };
  const settled = (state: StateName, more: Detail): RowRecord => ({
    ...{ place, state, attempts },
    detail: { ...said, ...more },
  });
  const wasSent = attempts > 0;
  if (decision.kind === 'alreadySo') {
    const id = decision.present?.id;
    const isOther = id?.toLowerCase() !== change.address.assignmentId.toLowerCase();
    const httpStatus = wasSent && isWritten(detail) ? detail.httpStatus : undefined;
    const assignmentIdAfter = wasSent && isOther ? id : undefined;
    return settled(wasSent ? 'succeeded' : 'skipped', spoken({ httpStatus, assignmentIdAfter }));
  }
  if (decision.kind === 'refused') return settled('failed', failure(decision.status, decision.error));
  if (wasSent && isWritten(detail)) return recordOfMismatch(row, decision.present, said, terms);
  if (wasSent) {
    const end = endOfSentRow(row);
    if (end !== undefined) return settled('failed', end);
  }
  if (decision.kind === 'stale')
    return settled(
      'stale',
      changedSince(decision.isList ? 'the list of the policy is another one' : inWords(decision.present)),
    );
  if (terms.mayWrite) return undefined;
  return terms.isAborted ? { place, state: 'pending', attempts: 0 } : settled('cancelled', {});
}

const inWords = (present: CurrentAssignment | undefined): string =>
  present === undefined ? 'it is gone' : `it is ${targetInWords(present.target)}`;

const changedSince = (what: string): Detail => ({
  errorCode: 'Stale',
  errorMessage: `Changed since the plan: now ${what}. Nothing was written; plan again to take it as it is.`,
});

/** Graph said that it wrote, and the tenant shows something else. The first time it may be a copy that lags behind. */
function recordOfMismatch(
  { place, attempts, detail }: ReadyRow,
  present: CurrentAssignment | undefined,
  said: Detail,
  { at, windowMs }: SortingTerms,
): RowRecord {
  const mismatch: Detail = {
    ...said,
    ...spoken({ httpStatus: detail.httpStatus }),
    errorCode: 'VerifyMismatch',
    errorMessage: `Graph answered ${detail.httpStatus}, but read back ${inWords(present)}.`,
  };
  return detail.errorCode === undefined
    ? {
        ...{ place, state: 'sent', attempts },
        detail: { ...mismatch, notBefore: at + Math.round(VERIFY_AGAIN_WINDOWS * windowMs) },
      }
    : { place, state: 'failed', attempts, detail: mismatch };
}

/** A row whose target is not there although it was sent: final when Graph's last word on it was, or when no send is left. */
function endOfSentRow({ attempts, detail }: ReadyRow): Detail | undefined {
  const { httpStatus, errorCode = '', errorMessage = '' } = detail;
  if (httpStatus === 404 || errorCode === GAVE_UP)
    return { ...spoken({ httpStatus }), errorCode, errorMessage };
  if (attempts >= SENDS_MAX) return failure(undefined, replyLost(attempts, errorMessage));
  return undefined;
}
