import type { Pace } from './pace.ts';

/** Writes that one permit gives at most, and how close permits follow each other as a share of their even spacing: acquire.lua. */
const WRITES_PER_PERMIT_MAX = 20;
const SPACING = 0.97;

/**
 * Seconds that so many writes take at the very least: however well all goes, the limit lets no more through in a window, and permits are
 * spaced. What the tenant was learned to take is no bound, as it may take more by now.
 */
export function leastSeconds(
  writes: number,
  { writesPerWindow, windowMs }: Pick<Pace, 'writesPerWindow' | 'windowMs'>,
): number {
  if (writes === 0) return 0;
  const fullWindows = Math.ceil(writes / writesPerWindow) - 1;
  const spaced = writes - Math.min(WRITES_PER_PERMIT_MAX, writesPerWindow);
  const windows = Math.max(fullWindows, (SPACING * Math.max(0, spaced)) / writesPerWindow);
  return Math.floor((windows * windowMs) / 100) / 10;
}
