import { DateTime } from 'luxon';
import type { VNode } from 'preact';
import { zoneOfHost } from '../runs/schedule/localTime.ts';

/** What is further away is shown with its day. */
const SAME_NIGHT_MS = 12 * 3_600_000;

// In this English zones have their short names: CET, not GMT+1.
const at = (ms: number, zone: string): DateTime => DateTime.fromMillis(ms, { zone, locale: 'en-GB' });

/** `03:40 CET`; with its day, `Sat 28 Nov 03:40 CET`, when that is half a day or more away. */
export function momentInWords(ms: number, now: number, isPrecise = false, zone = zoneOfHost()): string {
  const day = Math.abs(ms - now) < SAME_NIGHT_MS ? '' : 'ccc d LLL ';
  return at(ms, zone).toFormat(`${day}${isPrecise ? 'HH:mm:ss' : 'HH:mm'} ZZZZ`);
}

/** The same to the second. */
export const secondInWords = (ms: number, zone = zoneOfHost()): string =>
  at(ms, zone).toFormat('HH:mm:ss ZZZZ');

/** `Europe/Berlin (CET)` */
export const zoneInWords = (now: number, zone = zoneOfHost()): string => {
  const short = at(now, zone).toFormat('ZZZZ');
  return short === zone ? zone : `${zone} (${short})`;
};

export interface MomentProps {
  /** ISO UTC, or ms since the epoch. */
  readonly at: string | number;
  readonly now: number;
  /** To the second, for what is compared with other logs. */
  readonly isPrecise?: boolean;
}

/** A moment on the clock of this server, with its zone; the whole of it for who points at it. */
export function Moment({ at: given, now, isPrecise = false }: MomentProps): VNode {
  const ms = typeof given === 'number' ? given : Date.parse(given);
  return (
    <time
      datetime={new Date(ms).toISOString()}
      title={at(ms, zoneOfHost()).toFormat('ccc yyyy-MM-dd HH:mm:ss ZZZZ')}
    >
      {momentInWords(ms, now, isPrecise)}
    </time>
  );
}
