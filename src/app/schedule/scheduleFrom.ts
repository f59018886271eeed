import { closestTo } from '../../assignments/values/closest.ts';
import { EXIT, UserError } from '../../errors.ts';
import { timeInZone, zoneNamed, zoneOfHost } from '../../runs/schedule/localTime.ts';
import { momentsIn } from '../../runs/schedule/momentIn.ts';
import type { Schedule } from '../../runs/schedule/schedule.ts';
import { windowIn, windowInWords } from '../../runs/schedule/window.ts';

/** When a run may be at work, as somebody wrote it. */
export interface ScheduleTexts {
  readonly startAt?: string;
  readonly window?: readonly string[];
  readonly timeZone?: string;
  readonly deadline?: string;
}

export const UNSCHEDULED: Schedule = { startAt: null, windows: [], timeZone: null, deadlineAt: null };

/**
 * @param before what it was; a word for none (`now`, `off`) takes it back
 * @param now ms since the epoch
 * @throws UserError (exit 2) for what can't be read, or has passed
 */
export function scheduleFrom(texts: ScheduleTexts, before: Schedule, now: number): Schedule {
  const timeZone = zoneFrom(texts.timeZone) ?? before.timeZone ?? zoneOfHost();
  const schedule: Schedule = {
    startAt: texts.startAt === undefined ? before.startAt : startFrom(texts.startAt, timeZone, now),
    windows: texts.window === undefined ? before.windows : windowsFrom(texts.window),
    timeZone,
    deadlineAt:
      texts.deadline === undefined ? before.deadlineAt : deadlineFrom(texts.deadline, timeZone, now),
  };
  const { startAt, windows, deadlineAt } = schedule;
  if (startAt !== null && deadlineAt !== null && deadlineAt <= startAt)
    throw refused(
      '--deadline',
      `${timeInZone(deadlineAt, timeZone)}, and the run begins at ${timeInZone(startAt, timeZone)}`,
      'Give a --deadline that is later than --start-at.',
    );
  const isEmpty = startAt === null && windows.length === 0 && deadlineAt === null;
  return isEmpty ? { ...schedule, timeZone: texts.timeZone === undefined ? null : timeZone } : schedule;
}

function zoneFrom(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const zone = zoneNamed(text.trim());
  if (zone !== undefined) return zone;
  const guess = closestTo(text.trim(), Intl.supportedValuesOf('timeZone'));
  const remedy = 'Write an IANA name, as Europe/Berlin or UTC.';
  throw refused(
    '--time-zone',
    `"${text}"`,
    guess === undefined ? remedy : `Did you mean ${guess}? ${remedy}`,
  );
}

const isWord = (text: string, ...words: string[]): boolean => words.includes(text.trim().toLowerCase());

const HOW = 'Write it as 2026-12-04T22:00, or as 22:00 for the next time that the clock shows it';

function startFrom(text: string, timeZone: string, now: number): number | null {
  if (isWord(text, 'now', 'off')) return null;
  // Of a time that comes twice the second one: nothing leaves before.
  const moment = momentsIn(text, timeZone, now)?.at(-1);
  if (moment === undefined) throw refused('--start-at', `"${text}"`, `${HOW}; --start-at now is at once.`);
  if (moment > now) return moment;
  throw refused(
    '--start-at',
    `${timeInZone(moment, timeZone)}, which has passed`,
    'Leave it out to begin now.',
  );
}

function deadlineFrom(text: string, timeZone: string, now: number): number | null {
  if (isWord(text, 'off')) return null;
  const moment = momentsIn(text, timeZone, now)?.at(0);
  if (moment === undefined) throw refused('--deadline', `"${text}"`, `${HOW}, or off.`);
  if (moment > now) return moment;
  throw refused(
    '--deadline',
    `${timeInZone(moment, timeZone)}, which has passed`,
    'Give a later one, or off.',
  );
}

function windowsFrom(texts: readonly string[]): readonly string[] {
  if (texts.some((text) => isWord(text, 'off'))) return [];
  return texts.map((text) => {
    const window = windowIn(text);
    if (window !== undefined) return windowInWords(window);
    throw refused('--window', `"${text}"`, 'Write it as "22:00-05:00" or "Sat 08:00 - Sun 20:00".');
  });
}

const refused = (flag: string, what: string, remedy: string): UserError =>
  new UserError(`${flag} is ${what}.`, { remedy, exitCode: EXIT.badInput });
