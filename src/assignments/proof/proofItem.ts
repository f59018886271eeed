import type { CurrentAssignment } from '../changes/current.ts';
import type { Change } from '../rows/change.ts';

/**
 * What is proven of an assignment. planned: it became what its row wanted, or is as before where that was taken back. others: somebody
 * else has made it what it is. untouched: it is as it was. failed: its row wanted something else, and did not get it. unknown: nobody
 * has seen what it was, so that nothing can be said.
 */
export const PROOFS = ['planned', 'others', 'untouched', 'failed', 'unknown'] as const;
export type ProofKind = (typeof PROOFS)[number];

/** How a row of a run stands, for its proof. */
export type ProofStanding =
  /** The record says that it was written. */
  | 'written'
  /** It had nothing to write: it was as desired, an earlier row says the same, or its plan showed that it can't be done. */
  | 'nothing'
  /** It was left as somebody else had made it. */
  | 'stale'
  /** It was not written, or nobody knows; `sent`: it may have been. */
  | 'notSent'
  | 'sent';

/** Whether a row was taken back since, by a rollback: done, or tried in vain. */
export type PutBack = 'no' | 'done' | 'tried';

/** An assignment, and what is proven of it. */
export interface ProofItem<R> {
  readonly proof: ProofKind;
  /** The row that is about it, if one is. */
  readonly row: R | undefined;
  /** Undefined: nothing was there, or nobody knows. */
  readonly before: CurrentAssignment | undefined;
  /** Undefined: it is not there. */
  readonly now: CurrentAssignment | undefined;
}

/** A row as its proof needs it. */
export interface ProofRow {
  readonly change: Change;
  readonly standing: ProofStanding;
  readonly putBack: PutBack;
}
