import type { Judged, PlanSubject } from '../plan/planSubject.ts';

/** What is staged of a file, or of rows that were made here. */
export interface DraftRows extends Omit<PlanSubject, 'services'> {
  /** What a plan file that was sealed here says of the rows; undefined: they are planned. */
  readonly saved?: Judged | undefined;
  /** Its `DecisionsDigest`. */
  readonly decisions?: string;
  /** A copy of that plan file, which is kept with the run. */
  readonly keptPlan?: string | undefined;
}

/** Which rows a draft has: a file's, those of a plan that was sealed here, or of one that must be made anew. */
export type DraftSource = 'rows' | 'plan' | 'foreignPlan';
