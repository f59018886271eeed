import { EXIT, UserError } from '../../errors.ts';
import { zoneOfHost } from '../../runs/schedule/localTime.ts';
import { momentsIn } from '../../runs/schedule/momentIn.ts';

const UNITS = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 } as const;
const DAY_MS = UNITS.d;

/**
 * A moment in the past: `2026-11-28T22:00` by the clock of this host, or with an offset; a day, which is its beginning; `22:00` for the
 * last time that the clock showed it; `90m`, `12h`, `7d`, `2w` for so long ago.
 * @returns ms since the epoch
 * @throws UserError (exit 2) for anything else
 */
export function momentFrom(flag: string, text: string, now: number): number {
  const written = text.trim();
  const [, many, unit] = /^(\d+)\s*([mhdw])$/i.exec(written) ?? [];
  if (many !== undefined && unit !== undefined)
    return now - Number(many) * UNITS[unit.toLowerCase() as keyof typeof UNITS];
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(written);
  // A time of day is the next one: the last one was a day before it, about.
  const from = /^\d{1,2}:\d{2}/.test(written) ? now - DAY_MS : now;
  const [moment] = momentsIn(isDay ? `${written}T00:00` : written, zoneOfHost(), from) ?? [];
  if (moment !== undefined) return moment;
  throw new UserError(`${flag} is "${text}".`, {
    remedy: 'Write a time as 2026-11-28T22:00, 2026-11-28 or 22:00, or how long ago as 12h or 7d.',
    exitCode: EXIT.badInput,
  });
}
