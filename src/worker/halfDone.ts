import type { GraphError } from '../assignments/changes/outcome.ts';

/**
 * The code of a row whose new assignment was added and whose old one is still there: no policy was without either, and both have it
 * now. `retry` removes the old one, `rollback` the new one.
 */
export const OLD_NOT_REMOVED = 'OldNotRemoved';

/** @param why the old one did not go */
export const oldNotRemoved = ({ code, message }: GraphError): GraphError => ({
  code: OLD_NOT_REMOVED,
  message: `The new assignment is there, and the old one still is as well (${code}: ${message}). \`retarget retry\` removes the old one, \`retarget rollback\` the new one.`,
});

export const STOPPED: GraphError = { code: 'Stopped', message: 'the run was stopped in between' };
