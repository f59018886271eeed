import type { Command } from 'commander';
import { scheduleFrom, UNSCHEDULED, type ScheduleTexts } from '../app/schedule/scheduleFrom.ts';
import type { Schedule } from '../runs/schedule/schedule.ts';
import { many } from './flags.ts';

/** The flags that say when a run may be at work. */
export interface ScheduleFlags extends ScheduleTexts {
  readonly urgent?: boolean;
}

export const scheduleOptions = (command: Command): Command =>
  command
    .option('--start-at <time>', 'begin then, as 2026-12-04T22:00 or 22:00')
    .addOption(
      many(
        '--window <from-to>',
        'write only then, as "22:00-05:00" or "Sat 08:00 - Sun 20:00"; may be repeated',
      ),
    )
    .option('--time-zone <name>', "whose clock is meant, as Europe/Berlin; otherwise this machine's")
    .option('--deadline <time>', 'pause the run then if it has not ended; `retarget resume` goes on');

/** @throws UserError (exit 2) for what can't be read, or has passed */
export const scheduleOf = (flags: ScheduleTexts, before: Schedule = UNSCHEDULED): Schedule =>
  scheduleFrom(flags, before, Date.now());
