import { DateTime } from 'luxon';
import type { Interval } from './interval.ts';
import { momentsOf } from './localTime.ts';
import { daysThrough, windowIn, type Window } from './window.ts';

/** A run's header says so far ahead when its windows are open. */
export const INTERVALS_AHEAD_DAYS = 14;
const DAY_MS = 86_400_000;

/**
 * When one of these windows is open, from `from` on for INTERVALS_AHEAD_DAYS, in order; what touches is one. In the hour that comes twice a
 * window that begins in it is open from the second time on, and one that ends in it until the first time: it is never longer than
 * somebody who looks at a clock would say.
 * @param windows as `windowIn` reads them
 */
export function openIntervals(windows: readonly string[], timeZone: string, from: number): Interval[] {
  const until = from + INTERVALS_AHEAD_DAYS * DAY_MS;
  const open = windows
    .flatMap((text) => windowIn(text) ?? [])
    .flatMap((window) => timesOf(window, timeZone, from, until))
    .filter(([begin, end]) => end > from && begin < until && end > begin)
    .sort(([a], [b]) => a - b);
  return joined(open);
}

function timesOf(window: Window, timeZone: string, from: number, until: number): Interval[] {
  const through = daysThrough(window);
  const times: Interval[] = [];
  // One that is open already may have begun as many days before as it is long.
  let day = DateTime.fromMillis(from, { zone: timeZone })
    .startOf('day')
    .minus({ days: through + 1 });
  while (day.toMillis() < until) {
    if (window.fromDay === undefined || window.fromDay === day.weekday)
      times.push(openedOn(day, window, through, timeZone));
    day = day.plus({ days: 1 });
  }
  return times;
}

function openedOn(day: DateTime, { from, to }: Window, through: number, timeZone: string): Interval {
  const opens = Math.max(...momentsAt(day, from, timeZone));
  const closes = momentsAt(day.plus({ days: through }), to, timeZone);
  return [opens, closes.find((moment) => moment > opens) ?? opens];
}

function momentsAt(day: DateTime, seconds: number, timeZone: string): readonly number[] {
  // 24:00 is the midnight of the day after.
  const { year, month, day: date } = day.plus({ days: Math.floor(seconds / 86_400) });
  const hour = Math.floor((seconds % 86_400) / 3_600);
  const minute = Math.floor(seconds / 60) % 60;
  return momentsOf({ year, month, day: date, hour, minute, second: seconds % 60 }, timeZone);
}

function joined(sorted: readonly Interval[]): Interval[] {
  const whole: Interval[] = [];
  for (const [from, until] of sorted) {
    const last = whole.at(-1);
    if (last !== undefined && from <= last[1]) whole[whole.length - 1] = [last[0], Math.max(last[1], until)];
    else whole.push([from, until]);
  }
  return whole;
}
