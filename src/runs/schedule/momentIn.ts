import { DateTime } from 'luxon';
import { momentsOf, wallTimeAt, type WallTime } from './localTime.ts';

const DATE_AND_TIME =
  /^(\d{4})-(\d{2})-(\d{2})[t ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?(z|[+-]\d{2}:?\d{2})?$/i;
const TIME = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/;

/** Whether a text says no date: it means another moment by another clock. */
export const isTimeOfDay = (text: string): boolean => TIME.test(text.trim());

/**
 * The moment that a text says: `2026-12-04T22:00` by the clock of a zone, the same with an offset, or `22:00` for the next time that the
 * clock shows it. Two of them for a time that comes twice; undefined for what is none.
 * @returns ms since the epoch, the earlier first
 */
export function momentsIn(text: string, timeZone: string, now: number): readonly number[] | undefined {
  const written = text.trim();
  const [, year, month, day, hour, minute, second = '0', offset] = DATE_AND_TIME.exec(written) ?? [];
  if (year !== undefined && offset !== undefined) {
    const ms = Date.parse(written.toUpperCase().replace(' ', 'T'));
    return Number.isNaN(ms) ? undefined : [ms];
  }
  if (year !== undefined)
    return momentsAt(
      {
        ...{ year: Number(year), month: Number(month), day: Number(day) },
        ...{ hour: Number(hour), minute: Number(minute), second: Number(second) },
      },
      timeZone,
    );
  const [, nextHour, nextMinute, nextSecond = '0'] = TIME.exec(written) ?? [];
  if (nextHour === undefined) return undefined;
  return [0, 1, 2]
    .flatMap((days) => {
      const date = DateTime.fromMillis(now, { zone: timeZone }).plus({ days });
      const { year: y, month: m, day: d } = wallTimeAt(date.toMillis(), timeZone);
      const wall = {
        ...{ year: y, month: m, day: d },
        ...{ hour: Number(nextHour), minute: Number(nextMinute), second: Number(nextSecond) },
      };
      const moments = momentsAt(wall, timeZone)?.filter((moment) => moment > now) ?? [];
      return moments.length === 0 ? [] : [moments];
    })
    .at(0);
}

function momentsAt(wall: WallTime, timeZone: string): readonly number[] | undefined {
  return DateTime.fromObject(wall, { zone: 'UTC' }).isValid ? momentsOf(wall, timeZone) : undefined;
}
