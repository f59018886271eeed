import { DateTime } from 'luxon';

/** A place on an axis, and what stands there. */
export interface Tick {
  readonly at: number;
  readonly label: string;
}

/** `950`, `1.5k`, `120k`, `2M`: as there is room for beside a plot. */
export function compactNumber(n: number): string {
  if (n >= 1e6) return `${Number((n / 1e6).toPrecision(3))}M`;
  return n >= 1000 ? `${Number((n / 1000).toPrecision(3))}k` : String(Number(n.toPrecision(3)));
}

const NUMBER_STEPS = [1, 2, 5, 10] as const;

/** Round numbers from 0 on, whole ones, so many steps at most. The last one is not below `max`. */
export function numberTicks(max: number, stepsMax = 5): readonly Tick[] {
  const rough = Math.max(1, max) / stepsMax;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, power * (NUMBER_STEPS.find((each) => each * power >= rough) ?? 10));
  const steps = Math.max(1, Math.ceil(max / step));
  return Array.from({ length: steps + 1 }, (_, i) => ({ at: i * step, label: compactNumber(i * step) }));
}

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const TIME_STEPS_MS: readonly number[] = [
  ...[1, 2, 5, 10, 30].map((n) => n * SECOND_MS),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE_MS),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR_MS),
  ...[1, 2, 7, 14, 28].map((n) => n * DAY_MS),
];

/**
 * Round times of a zone's clock between two moments, so many at most.
 * @param timeZone an IANA name
 */
export function timeTicks(from: number, until: number, timeZone: string, ticksMax = 5): readonly Tick[] {
  const span = until - from;
  const step = TIME_STEPS_MS.find((each) => span / each <= ticksMax) ?? Math.ceil(span / ticksMax);
  const zoned = (at: number): DateTime => DateTime.fromMillis(at, { zone: timeZone, locale: 'en-US' });
  const label = (at: number): string =>
    zoned(at).toFormat(
      step >= DAY_MS ? 'LLL d' : span > DAY_MS ? 'ccc HH:mm' : step < MINUTE_MS ? 'HH:mm:ss' : 'HH:mm',
    );
  // As the clock shows it: midnight of the zone is a round time, not that of UTC.
  const offset = zoned(from).offset * MINUTE_MS;
  const first = Math.ceil((from + offset) / step) * step - offset;
  const length = Math.max(0, Math.floor((until - first) / step) + 1);
  return Array.from({ length }, (_, i) => ({ at: first + i * step, label: label(first + i * step) }));
}
