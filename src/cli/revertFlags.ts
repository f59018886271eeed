import type { Command } from 'commander';
import { revertFrom, type RevertTexts, type RevertTime } from '../app/schedule/revertFrom.ts';
import type { Schedule } from '../runs/schedule/schedule.ts';
import { durationOption } from './durationFlag.ts';

/** The flags that say when a run is taken back. */
export const revertOptions = (command: Command): Command =>
  command
    .addOption(
      durationOption(
        '--revert-after <time>',
        'take back what it has written so long after it may begin, as 48h or 2d: at that time, whatever its windows',
      ),
    )
    .option(
      '--revert-at <time>',
      'the same at a time, as 2026-12-06T22:00; what somebody has changed since is left',
    );

/** Undefined: nothing is said of it. @throws UserError (exit 2) as `revertFrom` */
export const revertOf = (flags: RevertTexts, schedule: Schedule): RevertTime | undefined =>
  revertFrom(flags, schedule, Date.now());
