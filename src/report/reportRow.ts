import type { Before } from '../assignments/changes/decision.ts';
import type { JsonObject } from '../assignments/values/json.ts';
import type { PolicyKind } from '../assignments/kinds/registry.ts';
import type { Finding } from '../assignments/guard/finding.ts';
import type { RowStatus } from '../runs/rowState.ts';

/** What becomes of a row: of one that is in no run yet what its plan says, of one in a run its status. */
export type RowResult = RowStatus | 'toWrite' | 'alreadySo' | 'repeated' | 'refused';

/** One row as a report tells it. */
export interface ReportRow {
  readonly line: number;
  readonly kind: PolicyKind;
  readonly policyId: string;
  /** Its name, where anybody has read it. */
  readonly policy: string | undefined;
  readonly platform: string | undefined;
  readonly before: Before;
  /** What is or would be written; undefined: it is removed. */
  readonly after: JsonObject | undefined;
  readonly result: RowResult;
  /** Why it was not written as wanted; '' where there is nothing to say. */
  readonly code: string;
  readonly message: string;
  /** When it came to its end, ms since the epoch. */
  readonly at: number | undefined;
  readonly findings: readonly Finding[];
}

/** Whether the tenant is another one with it, or will be: what failed, or was so before, changes nothing. */
export const changes = ({ result }: Pick<ReportRow, 'result'>): boolean =>
  result === 'succeeded' || result === 'unsure' || result === 'pending' || result === 'toWrite';

/** What somebody has to know of: it was to be written, and is not, or nobody knows. */
export const isUnmet = ({ result }: Pick<ReportRow, 'result'>): boolean =>
  result === 'failed' ||
  result === 'stale' ||
  result === 'awaitingApproval' ||
  result === 'unsure' ||
  result === 'refused';

/** Results in the order in which they are shown, and what each is called. */
export const RESULT_WORDS: Readonly<Record<RowResult, string>> = {
  toWrite: 'to write',
  succeeded: 'succeeded',
  pending: 'pending',
  skipped: 'skipped, already so',
  alreadySo: 'already so',
  repeated: 'repeated',
  unsure: 'unsure',
  failed: 'failed',
  stale: 'stale',
  awaitingApproval: 'awaiting approval',
  refused: 'can’t be done',
  cancelled: 'cancelled',
};
export const RESULTS = Object.keys(RESULT_WORDS) as readonly RowResult[];
