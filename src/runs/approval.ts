/**
 * Approval by a second person. All of it lies in Redis: whoever may write there can forge it. A worker's own settings may demand it
 * as well (`ApprovalDemand`), which nobody lowers who can't write them.
 */

/** What a worker's, or a command's, own settings demand besides what the tenant's record says. */
export const APPROVAL_DEMANDS = ['tenant', 'required-but-rollback', 'required'] as const;
export type ApprovalDemand = (typeof APPROVAL_DEMANDS)[number];

/** What the tenant's record demands. */
export interface ApprovalRule {
  readonly isRequired: boolean;
  /** What takes back a recorded run, as it was written, may go without. */
  readonly isRollbackFree: boolean;
}

export const NO_APPROVAL: ApprovalRule = { isRequired: false, isRollbackFree: false };

/** A person whose sign-in Graph, or an ID token, has vouched for. */
export interface KnownPerson {
  /** In Entra, in lower case. */
  readonly oid: string;
  readonly name: string;
}

/** The rule as it was set last, and what somebody asked for that a second one has to ask for as well. Times are ms since the epoch. */
export interface KeptApprovalRule extends ApprovalRule {
  readonly by: KnownPerson;
  readonly at: number;
  readonly reason: string;
  readonly lowering: LoweringAsked | null;
}

export interface LoweringAsked extends ApprovalRule {
  readonly by: KnownPerson;
  readonly at: number;
  readonly until: number;
  readonly reason: string;
}

/** Who made a run. */
export interface Submitter {
  /** An `app` is nobody; of an `unknown` one a second person can't be told from the first. */
  readonly kind: 'person' | 'app' | 'unknown';
  /** Blank unless it is a person. */
  readonly oid: string;
  readonly name: string;
}

export const UNKNOWN_SUBMITTER: Submitter = { kind: 'unknown', oid: '', name: '' };

/** Somebody's yes to one plan of one run, on the terms that it had then. */
export interface Approval {
  readonly run: string;
  readonly fingerprint: string;
  readonly oid: string;
  readonly name: string;
  /** Ms since the epoch, by Redis' clock. */
  readonly at: number;
  readonly reason: string;
}
