import { LEARNING } from '../../runs/learning.ts';
import type { Pace } from './pace.ts';

/** As lua/atOnce.lua has it: in a run that somebody waits for, the second half of a window's writes goes in a third of the window. */
const SECOND_HALF_WINDOWS = 1 / 3;

/**
 * Seconds that so many writes take at the very least: however well all goes, the limit lets no more through in a window, and the first
 * window's go at once. What the tenant was learned to take is no bound, as it may take more by now.
 */
export function leastSeconds(
  writes: number,
  { writesPerWindow, windowMs }: Pick<Pace, 'writesPerWindow' | 'windowMs'>,
): number {
  const fullWindows = Math.max(0, Math.ceil(writes / writesPerWindow) - 1);
  return Math.floor((fullWindows * windowMs) / 100) / 10;
}

/** The limiter as it stands: writes per window that it gives now, and whether a 429 of the last day keeps them evenly spaced. */
export interface Flow {
  readonly budget: number;
  readonly isSpaced: boolean;
}

/** Seconds that so many writes take as the limiter stands, whole ones; 0: they go at once. */
export function aboutSeconds(
  writes: number,
  { budget, isSpaced }: Flow,
  { windowMs }: Pick<Pace, 'windowMs'>,
): number {
  return Math.ceil((windowsOf(writes, budget, isSpaced) * windowMs) / 1000);
}

function windowsOf(writes: number, budget: number, isSpaced: boolean): number {
  const windows = writes / budget;
  if (isSpaced || windows > LEARNING.awaitedWindows) return windows;
  const full = Math.max(0, Math.ceil(windows) - 1);
  const isSpread = full > 0 && windows - full > 0.5;
  return full + (isSpread ? (2 * (windows - full) - 1) * SECOND_HALF_WINDOWS : 0);
}
