/** Problems of a file that are told one by one; all are counted. */
export const PROBLEMS_SHOWN_MAX = 1_000;
