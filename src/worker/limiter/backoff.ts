/**
 * What 429s ask for, in the limiter's terms: the longest wait; -1 when none of them says how long, which 0 does not either;
 * 0 when there was no 429.
 */
export function backoffOf(waits: readonly (number | undefined)[]): number {
  if (waits.length === 0) return 0;
  return Math.max(...waits.map((wait) => wait ?? 0)) || -1;
}
