import type { Allowed } from '../../assignments/guard/allow.ts';
import type { GuardKind } from '../../assignments/guard/finding.ts';
import type { ChangeLimits } from '../../assignments/guard/maxChanges.ts';
import type { Called } from '../../assignments/names/calledIds.ts';
import type { InputColumn } from '../../assignments/rows/columns.ts';
import type { ReadingRules } from '../../assignments/rows/rowReader.ts';
import type { PolicyLists } from '../../graph/reads/policyLists.ts';
import type { Staging } from '../../runs/staging.ts';
import type { Services } from '../services.ts';
import type { AudiencesCounted } from './audiences.ts';
import type { ExpectedDecisions } from './differences.ts';
import type { PlanTally } from './planTally.ts';

/** The file that they come from. */
export interface PlannedFile {
  readonly name: string;
  readonly sha256: string;
  readonly columns: readonly InputColumn[];
}

/** The rows that are planned, and how they are read. */
export interface PlanSubject {
  readonly services: Services;
  readonly staging: Staging;
  readonly intake: PlannedFile;
  readonly rules: ReadingRules;
  /** Rows that were left out before. */
  readonly leftOut: number;
  /** The rows put back what was there: the guard shows what it finds and stops nothing. */
  readonly isRestoring: boolean;
  /** What a plan file says of the rows that was sealed elsewhere: the plan must come to the same. */
  readonly expected?: ExpectedDecisions | undefined;
  /** What was seen of the tenant's policies already. */
  readonly lists?: PolicyLists | undefined;
}

/** What a plan is judged by, and where it goes. */
export interface PlanTerms {
  readonly offline: boolean;
  readonly limits: ChangeLimits;
  readonly allowed: Allowed;
  /** The files that it is written to. */
  readonly saveTo: readonly string[];
  /** All that it has is to be seen, where a screen would do with the most important of it. */
  readonly isWhole?: boolean;
}

/** What a plan came to: how often each kind was found, and the rest in its tally. */
export interface Judged {
  readonly tally: PlanTally;
  /** What people call the groups and filters in it. */
  readonly names: Called;
  readonly found: ReadonlyMap<GuardKind, number>;
  readonly createdAt: string;
  readonly tenantRead: boolean;
  readonly fingerprint: string;
  /** Undefined: a plan file does not say. */
  readonly audiences?: AudiencesCounted | undefined;
  /** What a plan that was not sealed here says otherwise. */
  readonly differences: readonly string[];
}
