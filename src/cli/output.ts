import { createWriteStream } from 'node:fs';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { closestTo } from '../assignments/values/closest.ts';
import { EXIT, UserError } from '../errors.ts';
import { FILE_FORMATS, formatOf, type FileFormat } from '../formats/format.ts';
import type { Context } from './context.ts';

/** The flags of a command whose data is a file of rows. */
export interface OutputFlags {
  readonly format?: string;
  readonly output?: string;
}

/** @throws UserError (exit 2) when neither `--format` nor the extension of `-o` names one. */
export function outputFormat({ format, output }: OutputFlags): FileFormat {
  const ofFile = output === undefined ? undefined : formatOf(output);
  if (format === undefined) {
    if (output === undefined) return 'csv';
    if (ofFile !== undefined) return ofFile;
    throw new UserError(`The extension of ${output} names no format.`, {
      remedy: 'Let it end in .csv, .json, .ndjson or .jsonl, or add --format.',
      exitCode: EXIT.badInput,
    });
  }
  const named = FILE_FORMATS.find((known) => known === format.toLowerCase());
  if (named !== undefined) return named;
  const guess = closestTo(format, FILE_FORMATS);
  throw new UserError(`"${format}" is no output format.`, {
    remedy: `${guess ? `Did you mean ${guess}? ` : ''}Write one of: ${FILE_FORMATS.join(', ')}.`,
    exitCode: EXIT.badInput,
  });
}

/**
 * Writes to the file of `-o`, readable by its owner only as ids and names of a tenant are nobody else's business, or to stdout.
 * @throws UserError (exit 2 or 4) when the file can't be written.
 */
export async function writeOutput(
  text: AsyncIterable<string>,
  output: string | undefined,
  { print, cwd }: Context,
): Promise<void> {
  if (output === undefined) {
    for await (const piece of text) await print.dataText(piece);
    return;
  }
  const path = resolve(cwd, output);
  try {
    await pipeline(text, createWriteStream(path, { mode: 0o600 }));
  } catch (error) {
    const call = error instanceof Error && 'syscall' in error ? error.syscall : undefined;
    // What else can fail here is what makes the text.
    if (!(error instanceof Error) || (call !== 'open' && call !== 'write')) throw error;
    throw new UserError(`Cannot write ${path}: ${error.message}.`, {
      remedy: 'Give -o the path of a file in a directory that you can write to, with room for it.',
      exitCode: call === 'open' ? EXIT.badInput : EXIT.environment,
      cause: error,
    });
  }
}
