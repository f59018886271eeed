import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { addAbortSignal, type Readable } from 'node:stream';
import { EXIT, UserError } from '../../errors.ts';
import { formatOf, type FileFormat } from '../../formats/format.ts';
import { recognise } from '../../formats/planFile.ts';
import type { Host } from '../host.ts';
import { isInterrupt } from '../interrupt.ts';
import { pathIn } from '../pathIn.ts';

/** A file of rows that is being read, once. */
export interface InputFile {
  /** As problems name it: the path as given, `-` for a stream. */
  readonly name: string;
  readonly format: FileFormat | undefined;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** The same, when it is known whether it is a saved plan. */
export interface RecognisedFile extends InputFile {
  readonly isPlan: boolean;
}

/** @throws UserError (exit 2) when there is no such file; while it is read, when that fails. */
export async function openFile(
  path: string,
  format: FileFormat | undefined,
  host: Pick<Host, 'cwd' | 'env' | 'interrupted'>,
): Promise<InputFile> {
  const resolved = pathIn(host, path);
  const found = await stat(resolved).catch((error: unknown) => {
    throw cannotRead(path, error);
  });
  if (found.isDirectory()) throw cannotRead(path, new Error('it is a directory'));
  const bytes = readable(path, createReadStream(resolved), host.interrupted);
  return { name: path, format: format ?? formatOf(path), bytes };
}

/** Rows that come as a stream, as from stdin. */
export const openStream = (
  stream: Readable,
  format: FileFormat | undefined,
  { interrupted }: Pick<Host, 'interrupted'>,
): InputFile => ({ name: '-', format, bytes: readable('-', stream, interrupted) });

/**
 * Reads as much of a file as tells whether it is a saved plan.
 * @throws UserError (exit 2) for a snapshot, which is no file of rows
 */
export async function recognised(file: InputFile): Promise<RecognisedFile> {
  const { isPlan, isSnapshot, bytes } = await recognise(file.bytes);
  if (isSnapshot)
    throw new UserError(
      `${file.name} is a snapshot of a tenant: it says what was, not what is to be changed.`,
      {
        remedy: `See what it would bring back with \`retarget restore ${file.name} --dry-run\`, or what has changed with \`retarget diff ${file.name} now\`.`,
        exitCode: EXIT.badInput,
      },
    );
  return { ...file, bytes, isPlan };
}

/** The bytes of a stream that may fail while it is read, and that a signal ends: a terminal or a pipe may wait for ever. */
async function* readable(
  path: string,
  stream: Readable,
  interrupted: AbortSignal,
): AsyncGenerator<Uint8Array> {
  addAbortSignal(interrupted, stream);
  try {
    yield* stream as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw isInterrupt(error, interrupted) ? error : cannotRead(path, error);
  }
}

const cannotRead = (path: string, error: unknown): UserError =>
  new UserError(`Cannot read ${path}: ${error instanceof Error ? error.message : String(error)}.`, {
    remedy: 'Give the path of a CSV or JSON file that you can read, or - for stdin.',
    exitCode: EXIT.badInput,
    cause: error,
  });
