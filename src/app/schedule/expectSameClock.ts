import { EXIT, UserError } from '../../errors.ts';
import { isTimeOfDay } from '../../runs/schedule/momentIn.ts';
import type { Services } from '../services.ts';
import { duration } from '../words.ts';
import type { RevertTexts } from './revertFrom.ts';
import type { ScheduleTexts } from './scheduleFrom.ts';

/** Clocks that are set by the network differ by less. */
const CLOCKS_APART_MS_MAX = 60_000;

/**
 * `22:00` is the next time that a clock shows it, and Redis' clock is the one that a run keeps to: on a machine whose own is hours off
 * it would be another night, or at once.
 * @throws UserError (exit 4) when this machine's clock differs and a time without a date is given
 */
export async function expectSameClock(
  { startAt, deadline, revertAt, revertAfter }: ScheduleTexts & RevertTexts,
  { runs }: { readonly runs: Pick<Services['runs'], 'now'> },
  now: () => number = Date.now,
): Promise<void> {
  const isAnyOfDay = [startAt, deadline, revertAt].some((text) => text !== undefined && isTimeOfDay(text));
  if (!isAnyOfDay && revertAfter === undefined) return;
  const aheadMs = now() - (await runs.now());
  if (Math.abs(aheadMs) <= CLOCKS_APART_MS_MAX) return;
  const apart = `${duration(Math.abs(aheadMs) / 1000)} ${aheadMs > 0 ? 'ahead of' : 'behind'}`;
  throw new UserError(`This machine's clock is ${apart} Redis', so the next time of day is not the same.`, {
    remedy:
      'Set the clocks, or write --start-at, --deadline and --revert-at with their date, as 2026-12-04T22:00.',
    exitCode: EXIT.environment,
  });
}
