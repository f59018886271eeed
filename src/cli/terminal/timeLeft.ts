import { duration } from '../../app/words.ts';
import type { RunStatus } from '../../runs/progress.ts';

const DAY_MS = 86_400_000;
const two = (n: number): string => String(n).padStart(2, '0');

/** How long a run still takes, and when that is on this host's clock; undefined when nothing is foretold of it. */
export function timeLeft(
  { etaSeconds, doneAbout }: Pick<RunStatus, 'etaSeconds' | 'doneAbout'>,
  now = Date.now(),
): string | undefined {
  if (etaSeconds === null || doneAbout === null) return undefined;
  const at = new Date(doneAbout);
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}`;
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const when = at.getTime() - now < DAY_MS ? clock : `${day} ${clock}`;
  return `about ${duration(etaSeconds)} left, done about ${when}`;
}
