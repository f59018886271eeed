import { closest, distance } from 'fastest-levenshtein';

/** Typing errors that still count as "did you mean": more, and the guess would be a different word. */
const TYPING_ERRORS_MAX = 3;

/** The candidate that was probably meant by `written`, or undefined when none is near. Ignores case. */
export function closestTo<T extends string>(written: string, candidates: readonly T[]): T | undefined {
  const byLowerCase = new Map(candidates.map((candidate) => [candidate.toLowerCase(), candidate]));
  const lower = written.trim().toLowerCase();
  const longest = Math.max(0, ...candidates.map(({ length }) => length));
  // Told at once, or the distance to a hostile name of a megabyte would be counted out.
  if (lower === '' || byLowerCase.size === 0 || lower.length > longest + TYPING_ERRORS_MAX) return undefined;
  const nearest = closest(lower, [...byLowerCase.keys()]);
  const allowed = Math.min(TYPING_ERRORS_MAX, Math.floor(nearest.length / 2));
  return distance(lower, nearest) <= allowed ? byLowerCase.get(nearest) : undefined;
}
