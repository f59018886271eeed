import type { Keys } from '../keys.ts';
import { encodeHeader, type Run } from '../run.ts';
import type { Interval } from '../schedule/interval.ts';
import type { Scripts } from './scripts.ts';

/** Keeps when the windows of a run are open, if they are still those that it was read with; answers whether. */
export async function keepIntervals(
  scripts: Scripts,
  keys: Keys,
  { runId, options: { windows, timeZone } }: Run,
  openIntervals: readonly Interval[],
): Promise<boolean> {
  const {
    windows: asKept = '',
    timeZone: zoneKept = '',
    openIntervals: intervals = '',
  } = encodeHeader({ windows, timeZone, openIntervals });
  const [isKept] = await scripts.run('keepIntervals', [keys.run(runId).header], {
    ...{ windows: asKept, timeZone: zoneKept, intervals },
  });
  return String(isKept) === '1';
}
