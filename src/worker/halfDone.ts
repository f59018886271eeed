import type { HalfDone } from '../assignments/changes/decision.ts';
import type { GraphError } from '../assignments/changes/outcome.ts';

/**
 * The codes of rows that are done in part and came to an end with that: what was done is in the tenant. `retry` does the rest, `rollback`
 * takes it back.
 */
export const HALF_DONE_CODES: Readonly<Record<HalfDone, string>> = {
  /** No policy was without either, and both have it now. */
  newIsThere: 'OldNotRemoved',
  someAreGone: 'PartlyCleared',
};

const SAYS: Readonly<Record<HalfDone, (why: string) => string>> = {
  newIsThere: (why) =>
    `The new assignment is there, and the old one still is as well${why}. \`retarget retry\` removes the old one, \`retarget rollback\` the new one.`,
  someAreGone: (why) =>
    `Some assignments are removed, and others still are there${why}. \`retarget retry\` removes those too, \`retarget rollback\` puts back the others.`,
};

/** @param why the rest was not done */
export const halfDoneError = (halfDone: HalfDone, { code, message }: GraphError): GraphError => ({
  code: HALF_DONE_CODES[halfDone],
  message: SAYS[halfDone](` (${code}: ${message})`),
});

/** Whether a row with this code was written in part. */
export const isHalfDoneCode = (code: string | undefined): boolean =>
  Object.values(HALF_DONE_CODES).some((each) => each === code);

export const STOPPED: GraphError = { code: 'Stopped', message: 'the run was stopped in between' };
