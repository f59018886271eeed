import type { Blocked } from '../../assignments/guard/allow.ts';
import type { Cause } from '../../assignments/guard/causes.ts';
import type { GuardKind } from '../../assignments/guard/finding.ts';
import type { Called } from '../../assignments/names/calledIds.ts';
import type { Strategy } from '../../assignments/kinds/kind.ts';
import type { PolicyType } from '../../assignments/kinds/registry.ts';
import type { AudienceChange } from './audiences.ts';
import type { ChangeCount, PlanCounts, RefusedRow, ShownRow } from './planTally.ts';

/** What the writes of a plan take. */
export interface WriteCost {
  /** Writes that Graph counts. */
  readonly requests: number;
  /** Seconds that they take at least, by the limit; and about, at the budget as it is learned. */
  readonly secondsAtLeast: number;
  readonly secondsAbout: number;
}

/** What a file would do to the tenant. */
export interface Plan extends PlanCounts, WriteCost {
  readonly tenant: string;
  readonly graphUrl: string;
  readonly apiVersion: string;
  readonly source: { readonly name: string; readonly sha256: string };
  /** When the tenant was looked at: ISO 8601, UTC. */
  readonly createdAt: string;
  readonly rows: number;
  /** Writes that Graph counts: one a row by PATCH, one a policy by `assign`. */
  readonly requests: number;
  /** How this one writes, and what the writes would take by each strategy that it could be made with. */
  readonly strategy: Strategy;
  readonly strategies: Readonly<Partial<Record<Strategy, WriteCost>>>;
  /** Rows that can't be done, as things are: `gone`, `policySet`, `conflict` and `unreadable` together. */
  readonly refused: number;
  readonly leftOut: number;
  readonly writesByType: Readonly<Partial<Record<PolicyType, number>>>;
  /** Types among them whose changes a second administrator has to approve, as far as that can be read. */
  readonly approvalFor: readonly PolicyType[];
  readonly changes: readonly ChangeCount[];
  /** Groups that gain or lose policies, as far as they may be counted, the largest first. */
  readonly audiences: readonly AudienceChange[];
  /** Groups besides that were not asked for, as a screen does not show them. */
  readonly groupsUncounted: number;
  readonly firstRows: readonly ShownRow[];
  /** Rows that can't be done as things are, the first of them. */
  readonly refusedRows: readonly RefusedRow[];
  /** How often the guard found what must be allowed, by kind. */
  readonly guard: Readonly<Partial<Record<GuardKind, number>>>;
  /** What it found, by cause, the most dangerous first. */
  readonly findings: readonly Cause[];
  /** What people call the groups and filters in it, as far as the tenant showed that: by ids in lower case. */
  readonly names: Called;
  /** SHA-256 of the plan: two plans of one fingerprint are one. */
  readonly fingerprint: string;
  /** What a plan that was not sealed here says otherwise: while there is any, nothing is written. */
  readonly differences: readonly string[];
  /** A question that the whole of the plan raises: not one of its rows finds anything, so it may be for another tenant. */
  readonly doubt: string | null;
  /** What was not allowed: while there is any, nothing is written. */
  readonly blocked: readonly Blocked[];
  /** False with `--blind` and `--offline`: what the tenant has was not read. */
  readonly tenantRead: boolean;
  readonly offline: boolean;
}

/** The guard has found what nobody allowed, or the plan that was given is not what the tenant makes of it. */
export const isStopped = ({ blocked, differences }: Pick<Plan, 'blocked' | 'differences'>): boolean =>
  blocked.length > 0 || differences.length > 0;
