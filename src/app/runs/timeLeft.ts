import { clockTime, duration } from '../words.ts';
import type { RunStatus } from '../../runs/progress.ts';

/** How long a run still takes, and when that is on this host's clock; undefined when nothing is foretold of it. */
export function timeLeft(
  { etaSeconds, doneAbout }: Pick<RunStatus, 'etaSeconds' | 'doneAbout'>,
  now = Date.now(),
): string | undefined {
  if (etaSeconds === null || doneAbout === null) return undefined;
  return `about ${duration(etaSeconds)} left, done about ${clockTime(Date.parse(doneAbout), now)}`;
}
