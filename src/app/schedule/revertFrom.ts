import { EXIT, UserError } from '../../errors.ts';
import { timeInZone, zoneOfHost } from '../../runs/schedule/localTime.ts';
import { momentsIn } from '../../runs/schedule/momentIn.ts';
import { openFrom, type Schedule } from '../../runs/schedule/schedule.ts';

/** When a run is to be taken back, as somebody wrote it. */
export interface RevertTexts {
  readonly revertAt?: string;
  /** Ms. */
  readonly revertAfter?: number;
  /** False: nothing takes it back by itself. */
  readonly revert?: boolean;
}

/** The time at which a run is taken back, and whose clock it is told by. */
export interface RevertTime {
  readonly revertAt: number | null;
  readonly timeZone: string | null;
}

/** Something is said of whether it is taken back. */
export const saysRevert = ({ revertAt, revertAfter, revert }: RevertTexts): boolean =>
  (revertAt ?? revertAfter) !== undefined || revert === false;

/**
 * Undefined: nothing is said of it. So long "after" counts from when the run may begin, or from now when it may already.
 * @param schedule of the run
 * @param now ms since the epoch
 * @throws UserError (exit 2) for what can't be read, contradicts itself, or would be over before the run begins
 */
export function revertFrom(texts: RevertTexts, schedule: Schedule, now: number): RevertTime | undefined {
  const { revertAt, revertAfter, revert } = texts;
  if (!saysRevert(texts)) return undefined;
  if (
    [revertAt, revertAfter, revert === false ? true : undefined].filter((each) => each !== undefined).length >
    1
  )
    throw new UserError('--revert-at, --revert-after and --no-revert exclude each other.', {
      remedy: 'Give one of them.',
      exitCode: EXIT.badInput,
    });
  if (revert === false) return { revertAt: null, timeZone: schedule.timeZone };
  const timeZone = schedule.timeZone ?? zoneOfHost();
  const beginsAt = openFrom(schedule, now)[0]?.[0] ?? Math.max(now, schedule.startAt ?? now);
  if (revertAfter !== undefined) return { revertAt: beginsAt + revertAfter, timeZone };
  // Of a time that comes twice the first: what is to end at two has ended at two.
  const moment = momentsIn(revertAt ?? '', timeZone, now)?.at(0);
  if (moment === undefined)
    throw refused(
      `"${revertAt}"`,
      'Write it as 2026-12-06T22:00, or as 22:00 for the next time that the clock shows it.',
    );
  if (moment <= now) throw refused(`${timeInZone(moment, timeZone)}, which has passed`, 'Give a later one.');
  if (moment <= beginsAt)
    throw refused(
      `${timeInZone(moment, timeZone)}, and the run begins at ${timeInZone(beginsAt, timeZone)}`,
      'Give a later one, with its date, as 2026-12-06T22:00.',
    );
  return { revertAt: moment, timeZone };
}

const refused = (what: string, remedy: string): UserError =>
  new UserError(`--revert-at is ${what}.`, { remedy, exitCode: EXIT.badInput });
