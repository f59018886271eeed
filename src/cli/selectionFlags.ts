import type { Command, Option } from 'commander';
import { many } from './flags.ts';

/** The flags of a command that takes part of a run's rows. */
export interface SelectionFlags {
  readonly where?: readonly string[];
  readonly rows?: string;
}

export const whereOption = (): Option =>
  many(
    '--where <column=text>',
    'only rows whose cell is this, or with != is not; * stands for any text; may be repeated, then all must hold',
  );

export function selectionOptions(command: Command): Command {
  return command
    .addOption(whereOption())
    .option('--rows <file>', 'only rows for the assignments that are in this file of rows');
}
