import type { Command } from 'commander';
import type { RollbackSource } from '../app/rollback/rollback.ts';
import type { ScheduleTexts } from '../app/schedule/scheduleFrom.ts';
import { EXIT, UserError } from '../errors.ts';
import { workOptions, type WorkFlags } from './controlFlags.ts';
import { JUSTIFICATION, notifyOption } from './planFlags.ts';
import { scheduleOptions } from './scheduleFlags.ts';
import { selectionOptions, type SelectionFlags } from './selectionFlags.ts';

export interface RollbackFlags extends WorkFlags, SelectionFlags, ScheduleTexts {
  readonly from?: string;
  readonly since?: string;
  readonly force?: boolean;
  readonly includeUnrecorded?: boolean;
  readonly dryRun?: boolean;
  readonly details?: boolean;
  readonly yes?: boolean;
  readonly planDir?: string;
  readonly justification?: string;
  readonly notify?: readonly string[];
}

export const rollbackOptions = (command: Command): Command =>
  scheduleOptions(selectionOptions(workOptions(command)))
    .option('--from <plan>', 'take back what a plan file has changed, also when Redis knows nothing of it')
    .option(
      '--since <time>',
      'take back all runs that have begun since then, the newest first; as 2026-11-28T22:00 or 12h',
    )
    .option('--force', 'put back also what somebody has changed since')
    .option(
      '--include-unrecorded',
      "put back, from the run's plan, also what was found so with no write on record",
    )
    .option('--details', 'show every row that the guard found something of, not a screen of causes')
    .option('--dry-run', 'show what would be put back; with --json the plan as JSON')
    .option('--yes', 'do not ask')
    .option(
      '--plan-dir <directory>',
      'where the plan of the rollback is kept; otherwise in the data directory',
    )
    .addOption(notifyOption())
    .option(...JUSTIFICATION);

/**
 * Undefined: all runs since a time are.
 * @throws UserError (exit 2) unless either a run or a plan is named
 */
export function sourceOf(
  name: string | undefined,
  { from, since, includeUnrecorded = false }: RollbackFlags,
): RollbackSource | undefined {
  if (since !== undefined && name === undefined && from === undefined) return undefined;
  if (since !== undefined) throw sinceIsAll();
  if (name !== undefined && from === undefined) return { kind: 'run', name, includeUnrecorded };
  if (name === undefined && from !== undefined) return { kind: 'plan', path: from };
  throw new UserError('What is to be rolled back is not said.', {
    remedy:
      'Give either a run id (or @last), or --from with the plan file of the run, or --since with a time for all runs since.',
    exitCode: EXIT.badInput,
  });
}

const sinceIsAll = (): UserError =>
  new UserError('--since is about all runs since a time, and one is named.', {
    remedy: 'Give either --since, or the run.',
    exitCode: EXIT.badInput,
  });
