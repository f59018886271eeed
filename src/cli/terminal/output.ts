import type { Command } from 'commander';
import { cannotWrite, type NotWritten } from '../../app/cannotWrite.ts';
import { pathIn } from '../../app/pathIn.ts';
import { EXIT, UserError } from '../../errors.ts';
import { FileReplacement } from '../../formats/fileReplacement.ts';
import { FILE_FORMATS, formatOf, type FileFormat } from '../../formats/format.ts';
import type { CsvSpelling } from '../../formats/writeRows.ts';
import type { Context } from '../context.ts';
import { oneOf } from '../flags.ts';

/** The flags of a command whose data is a file of rows. */
export interface OutputFlags {
  readonly format?: FileFormat;
  readonly output?: string;
}

export const outputOptions = (command: Command): Command =>
  command
    .addOption(oneOf('--format <format>', 'otherwise by the extension of -o, else csv', FILE_FORMATS))
    .option('-o, --output <file>', 'write to a file');

/** A file of rows that people work on in a spreadsheet. */
export interface SheetFlags extends OutputFlags {
  readonly excel?: boolean;
}

export const sheetOptions = (command: Command): Command =>
  outputOptions(command).option('--excel', 'CSV with semicolons and a byte order mark');

/** @throws UserError (exit 2) when the rows are not to be CSV. */
export function csvSpelling({ excel }: SheetFlags, format: FileFormat): CsvSpelling {
  if (excel === true && format !== 'csv')
    throw new UserError(`--excel is for CSV, and this is ${format}.`, {
      remedy: 'Leave --excel out, or write CSV.',
      exitCode: EXIT.badInput,
    });
  return excel === true ? 'excel' : 'plain';
}

/** @throws UserError (exit 2) when neither `--format` nor the extension of `-o` names one. */
export function outputFormat({ format, output }: OutputFlags): FileFormat {
  const found = format ?? (output === undefined ? 'csv' : formatOf(output));
  if (found !== undefined) return found;
  throw new UserError(`The extension of ${output} names no format.`, {
    remedy: 'Let it end in .csv, .json, .ndjson or .jsonl, or add --format.',
    exitCode: EXIT.badInput,
  });
}

/**
 * Writes to the file of `-o`, whole or not at all, or to stdout.
 * @throws UserError (exit 2 or 4) when the file can't be written.
 */
export async function writeOutput(
  text: AsyncIterable<string>,
  output: string | undefined,
  context: Context,
): Promise<void> {
  if (output === undefined) {
    for await (const piece of text) await context.print.dataText(piece);
    return;
  }
  const path = pathIn(context, output);
  const told = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw cannotWrite(error, notWritten(path, error));
    }
  };
  await using file = await told(() => FileReplacement.open(path, 'anything'));
  for await (const piece of text) await told(() => file.append(piece));
  await told(() => file.end());
}

const notWritten = (path: string, error: unknown): NotWritten => ({
  what: `Cannot write ${path}`,
  begun: ' What was there before is as it was.',
  remedy:
    error instanceof Error && 'code' in error && error.code === 'ELOOP'
      ? 'Give -o the path of the file that the link leads to.'
      : 'Give -o the path of a file in a directory that you can write to, with room for it.',
});
