/** A stretch of time, the end not in it; ms since the epoch. */
export type Interval = readonly [from: number, until: number];
