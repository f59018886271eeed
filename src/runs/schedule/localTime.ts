import { DateTime, IANAZone } from 'luxon';

/** The reading of a clock on a wall: it says nothing of the offset from UTC. */
export interface WallTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** The zone that this machine is set to. */
export const zoneOfHost = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The name of a zone as the platform spells it; undefined for one that it does not know. */
export function zoneNamed(name: string): string | undefined {
  if (!IANAZone.isValidZone(name)) return undefined;
  return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
}

/**
 * The moments at which clocks of a zone show this time: mostly one; two in the hour that comes twice. One that is skipped is shown at
 * no moment: then it is the moment of the skip, the first at which the clock shows a later time.
 * @returns ms since the epoch, the earlier first
 */
export function momentsOf(wall: WallTime, timeZone: string): readonly [number, ...number[]] {
  const zone = IANAZone.create(timeZone);
  const asUtc = Date.UTC(wall.year, wall.month - 1, wall.day, wall.hour, wall.minute, wall.second);
  const offsetAt = (ms: number): number => zone.offset(ms) * MINUTE_MS;
  // Clocks are never put forward or back twice within two days.
  const offsets = new Set([offsetAt(asUtc - 24 * HOUR_MS), offsetAt(asUtc + 24 * HOUR_MS)]);
  const [first, ...others] = [...offsets]
    .map((offset) => asUtc - offset)
    .filter((moment) => asUtc - offsetAt(moment) === moment)
    .sort((a, b) => a - b);
  if (first !== undefined) return [first, ...others];
  return [skipAround(asUtc - Math.max(...offsets), asUtc - Math.min(...offsets), offsetAt)];
}

/** The moment between two at which the offset changes, to the minute, as clocks are put forward at whole ones. */
function skipAround(from: number, until: number, offsetAt: (ms: number) => number): number {
  const before = offsetAt(from);
  let [low, high] = [from, until];
  while (high - low > MINUTE_MS) {
    const middle = low + Math.floor((high - low) / 2 / MINUTE_MS) * MINUTE_MS;
    if (offsetAt(middle) === before) low = middle;
    else high = middle;
  }
  return high;
}

/** What the calendar of a zone shows at a moment. */
export const wallTimeAt = (ms: number, timeZone: string): WallTime =>
  DateTime.fromMillis(ms, { zone: timeZone });

/** `Fri 2026-12-04 22:00 (Europe/Berlin)`; without a zone in UTC. */
export function timeInZone(ms: number, timeZone: string | null): string {
  const zone = timeZone ?? 'UTC';
  return `${DateTime.fromMillis(ms, { zone, locale: 'en-US' }).toFormat('ccc yyyy-MM-dd HH:mm')} (${zone})`;
}
