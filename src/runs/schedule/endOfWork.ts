import { openFrom, type Schedule } from './schedule.ts';

/**
 * When so much work comes to its end, as it rests outside its windows; undefined: not before its deadline, or within two weeks.
 * @param now ms since the epoch
 */
export function endOfWork(workMs: number, schedule: Schedule, now: number): number | undefined {
  let leftMs = workMs;
  for (const [from, until] of openFrom(schedule, now)) {
    if (leftMs <= until - from) return from + leftMs;
    leftMs -= until - from;
  }
  return undefined;
}
