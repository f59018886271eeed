import { asBefore, attemptsIn, type Permit } from './limiter/permit.ts';
import { isConflict, type GraphError, type Outcome } from '../assignments/changes/outcome.ts';
import type { Detail } from '../runs/batchCodec.ts';
import type { RowUpdate } from '../runs/batchRow.ts';
import type { RecordedRow } from '../runs/batchRow.ts';

/** What a reply leaves behind besides its outcome. */
export type Traces = DefinedFields<Pick<Detail, 'requestId' | 'clientRequestId'>> & {
  /** The assignment's id, where the reply shows another one than was written to. */
  readonly idAfter?: string | undefined;
};

interface RecordTerms {
  readonly at: number;
  /** What Graph has accepted is `written` until a read has seen it. */
  readonly readsBack: boolean;
  /** Another request follows, so that what Graph has accepted is looked for and gone on with. */
  readonly isUnfinished?: boolean;
}

/** What is recorded of a row that was sent with this permit and came to this. */
export function recordOf(
  row: RecordedRow,
  outcome: Outcome,
  permit: Permit,
  { idAfter, ...traces }: Traces,
  { at, readsBack, isUnfinished = false }: RecordTerms,
): RowUpdate {
  const { place } = row;
  const { approvalCode } = row.detail;
  const attempts = attemptsIn(permit, place);
  const throttledMs = throttledUpTo(row, permit.givenAt);
  const said: Detail = {
    ...definedFields({ ...traces, throttledMs: throttledMs || undefined, approvalCode }),
    at,
  };
  const stillNothing = definedFields({ nothingDone: row.detail.nothingDone });
  const nothing = row.attempts === 0 ? { nothingDone: true as const } : stillNothing;
  const unsure = (detail: Detail): RowUpdate => ({
    ...{ place, state: 'unsure', attempts },
    detail: { ...said, ...detail },
  });
  switch (outcome.kind) {
    case 'succeeded': {
      const detail = {
        ...said,
        ...definedFields({ httpStatus: outcome.httpStatus, assignmentIdAfter: idAfter }),
      };
      // The next request has all of its sends before it.
      if (isUnfinished) return { place, state: 'unsure', attempts: 1, detail };
      return { place, state: readsBack ? 'written' : 'succeeded', attempts, detail };
    }
    case 'failed': {
      const detail = failure(outcome.httpStatus, withApproval(outcome.error, approvalCode));
      return { place, state: 'failed', attempts, detail: { ...said, ...detail } };
    }
    // The last write may have been applied all the same, so a read comes first.
    case 'gaveUp':
      return unsure({
        ...failure(outcome.httpStatus, outcome.error),
        ...(isConflict(outcome.httpStatus) && nothing),
        isLast: true,
      });
    case 'again':
      return unsure({
        ...failure(outcome.httpStatus, outcome.error),
        ...(isConflict(outcome.httpStatus) && nothing),
        notBefore: at + outcome.waitMs,
      });
    case 'lost':
      return unsure({
        errorCode: 'ReplyLost',
        errorMessage: outcome.why,
        notBefore: at + outcome.waitMs,
      });
    case 'missing':
      return unsure({
        ...failure(404, withApproval(outcome.error, approvalCode)),
        ...nothing,
        ...(outcome.isLast || approvalCode !== undefined
          ? { isLast: true }
          : { notBefore: at + outcome.waitMs }),
      });
    case 'askedBefore':
      return unsure({ ...failure(409, outcome.error), ...nothing, notBefore: at + outcome.waitMs });
    case 'awaitingApproval': {
      const detail = {
        ...failure(outcome.httpStatus, awaiting(outcome.code, outcome.error.message)),
        approvalCode: outcome.code,
      };
      return { place, state: 'awaitingApproval', attempts, detail: { ...said, ...detail } };
    }
    case 'routeRefused':
      return {
        ...asBefore(place, attempts),
        detail: { ...said, ...stillNothing, ...failure(400, outcome.error) },
      };
    case 'throttled':
      return { ...asBefore(place, attempts), detail: { ...said, ...stillNothing, httpStatus: 429 } };
    case 'signIn':
      return {
        ...asBefore(place, attempts),
        detail: { ...said, ...stillNothing, ...failure(401, outcome.error) },
      };
  }
}

/** Whether what was answered so may be applied all the same, later than its reply. */
export function mayLand(outcome: Outcome): boolean {
  switch (outcome.kind) {
    case 'lost':
      return true;
    case 'again':
    case 'gaveUp':
      return !isConflict(outcome.httpStatus);
    case 'succeeded':
    case 'failed':
    case 'throttled':
    case 'missing':
    case 'awaitingApproval':
    case 'askedBefore':
    case 'routeRefused':
    case 'signIn':
      return false;
  }
}

/** Graph's own code differs from tenant to tenant; what it says stays. */
export const awaiting = (code: string, why: string): GraphError => ({
  code: 'ApprovalRequired',
  message: `Awaits approval ${code}: ${why}`,
});

/** What was sent with a code and refused: it expired, was rejected, was used, or was for another body. A new one has to be asked for. */
const withApproval = ({ code, message }: GraphError, approvalCode: string | undefined): GraphError => ({
  code,
  message:
    approvalCode === undefined
      ? message
      : `Sent with approval ${approvalCode}: ${message} Have that request cancelled in Intune if it is still open; \`retarget retry\` asks for a new one.`,
});

/** A row whose whole envelope was refused, so that nothing of it was run. */
export function recordOfRefused(row: RecordedRow, status: number, permit: Permit, at: number): RowUpdate {
  const record = asBefore(row.place, attemptsIn(permit, row.place));
  if (status !== 429) return record;
  const throttledMs = throttledUpTo(row, permit.givenAt);
  const { approvalCode } = row.detail;
  return {
    ...record,
    detail: {
      ...definedFields({ throttledMs: throttledMs || undefined, approvalCode }),
      httpStatus: 429,
      at,
    },
  };
}

/** A row waited for the tenant from the 429 it was answered with until the permit after it. */
const throttledUpTo = ({ detail }: RecordedRow, givenAt: number): number =>
  (detail.throttledMs ?? 0) + (detail.httpStatus === 429 ? Math.max(0, givenAt - (detail.at ?? givenAt)) : 0);

export const failure = (httpStatus: number | undefined, { code, message }: GraphError): Detail => ({
  ...definedFields({ httpStatus }),
  errorCode: code,
  errorMessage: message,
});

type DefinedFields<T> = { readonly [field in keyof T]: T[field] | undefined };

/** Without the fields that say nothing. */
export function definedFields(detail: DefinedFields<Detail>): Detail {
  const said: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(detail)) if (value !== undefined) said[field] = value;
  return said;
}

/** Worker clocks may differ by this much. One that is further behind was set back, and would wait for ever. */
const CLOCK_SKEW_MAX_MS = 60_000;

/** How long a row is not to be sent yet, in ms. */
export const waitMsOf = (
  { detail: { notBefore = 0, at = 0 } }: Pick<RecordedRow, 'detail'>,
  now: number,
): number => (now < at - CLOCK_SKEW_MAX_MS ? 0 : Math.max(0, notBefore - now));
