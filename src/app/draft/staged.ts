import type { ReadingRules } from '../../assignments/rows/rowReader.ts';
import type { GuardKind } from '../../assignments/guard/finding.ts';
import type { Strategy } from '../../assignments/kinds/kind.ts';
import type { SharedFlags } from '../../config.ts';
import type { FileFormat } from '../../formats/format.ts';
import type { RunIdentity, RunOptions } from '../../runs/run.ts';
import type { Staging } from '../../runs/staging.ts';
import type { ExpectedDecisions } from '../plan/differences.ts';
import type { Intake } from './intake.ts';
import type { PlanTally } from '../plan/planTally.ts';
import type { Session } from '../services.ts';

export interface FileFlags extends SharedFlags {
  readonly inputFormat?: FileFormat;
  readonly skipInvalid?: boolean;
  readonly again?: boolean;
  readonly blind?: boolean;
  readonly strategy?: Strategy;
  readonly keepDays: number;
}

/** What a plan came to: how often each kind was found, and the rest in its tally. */
export interface Judged {
  readonly tally: PlanTally;
  readonly found: ReadonlyMap<GuardKind, number>;
  readonly createdAt: string;
  readonly looked: boolean;
  readonly fingerprint: string;
  /** What a plan that was not sealed here says otherwise. */
  readonly differences: readonly string[];
}

/** Begins to stage a run. What a plan file decides of it comes from there. */
export type Begin = (more?: {
  readonly options?: Partial<RunOptions>;
  readonly run?: Partial<RunIdentity>;
}) => Promise<Staging>;

/** A file that was read and lies in Redis, where nobody works on it yet. */
export interface Staged {
  readonly session: Session;
  readonly staging: Staging;
  readonly intake: Intake;
  readonly rules: ReadingRules;
  /** Rows that `--skip-invalid` left out. */
  readonly leftOut: number;
  /** Begins to stage the same file anew. */
  readonly begin: Begin;
  /** What a plan file says of the rows that was sealed elsewhere: it is made anew, and must come to the same. */
  readonly expected?: ExpectedDecisions | undefined;
  /** What a plan file says of the rows; undefined: they are planned anew. */
  readonly saved?: Judged | undefined;
  /** The rows put back what was there: the guard shows what it finds and stops nothing. */
  readonly isRestoring?: boolean;
  /** The plan file that is kept with the run; it goes when the run is not published. */
  keptPlan?: string;
  /** Set by `publish`: from then on it is a run. */
  isPublished: boolean;
}
