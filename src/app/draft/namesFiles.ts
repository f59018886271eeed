import { readFile, stat } from 'node:fs/promises';
import { Renames } from '../../assignments/names/rename.ts';
import { columnNames, readColumnPairs } from '../../assignments/rows/columnPairs.ts';
import type { ColumnNames } from '../../assignments/rows/columns.ts';
import { EXIT, UserError } from '../../errors.ts';
import { quoted } from '../../assignments/values/quoted.ts';
import { pairsIn } from '../../formats/columnPairsFile.ts';
import { readRenamings, RENAMINGS_BYTES_MAX } from '../../formats/renamings.ts';
import type { Host } from '../host.ts';
import { pathIn } from '../pathIn.ts';

/**
 * What the columns of a file are called: pairs by comma, as in `OldGroup=fromGroupName,NewGroup=groupName`, or the path of a file
 * with one a line, or of a JSON object.
 * @throws UserError (exit 2) for what is neither
 */
export async function columnNamesFrom(
  given: string | undefined,
  host: Pick<Host, 'cwd' | 'env'>,
): Promise<ColumnNames | undefined> {
  if (given === undefined) return undefined;
  const isFile = !given.includes('=');
  const written = isFile
    ? pairsIn(await textOf(given, host, NO_PAIRS))
    : given.split(',').map((text) => ({ text, line: 0 }));
  const read = readColumnPairs(written.map(({ text }) => text));
  if ('pairs' in read && read.pairs.length > 0) return columnNames(read.pairs);
  const { message, remedy, at } =
    'pairs' in read ? { ...NO_PAIRS, message: 'There are no pairs in it.', at: 0 } : read;
  const where = isFile ? `${given}:${written[at]?.line ?? 1}` : '--columns';
  throw new UserError(`${where}: ${message}`, { remedy, exitCode: EXIT.badInput });
}

const NO_PAIRS = {
  remedy:
    'Give --columns pairs, as in "OldGroup=fromGroupName,NewGroup=groupName", or the path of a file with one a line.',
};

/** What is renamed before anything is looked up. @throws UserError (exit 2) for a file that can't be read */
export async function renamesFrom(
  path: string | undefined,
  host: Pick<Host, 'cwd' | 'env'>,
): Promise<Renames | undefined> {
  if (path === undefined) return undefined;
  const read = readRenamings(await textOf(path, host));
  if ('renamings' in read) return new Renames(read.renamings);
  const { line, column, message, remedy } = read.problem;
  throw new UserError(`${path}:${line}:${column}: ${message}`, { remedy, exitCode: EXIT.badInput });
}

/**
 * Pairs of an old and a new group, from the columns `from,to` or `old,new` of a CSV file.
 * @throws UserError (exit 2) for a file that can't be read, or that renames something else
 */
export async function groupPairsFrom(
  path: string,
  host: Pick<Host, 'cwd' | 'env'>,
): Promise<readonly { readonly from: string; readonly to: string }[]> {
  const read = readRenamings(await textOf(path, host));
  const wrong = (message: string, remedy: string): UserError =>
    new UserError(message, { remedy, exitCode: EXIT.badInput });
  if ('problem' in read) {
    const { line, column, message, remedy } = read.problem;
    const isOfHeader = message.startsWith('The header');
    throw wrong(
      `${path}:${line}:${column}: ${message}`,
      isOfHeader ? 'Write CSV with the columns from,to.' : remedy,
    );
  }
  const other = read.renamings.find(({ of }) => of !== undefined && of !== 'group');
  if (other !== undefined)
    throw wrong(`${path}: ${other.from} is a ${other.of}.`, 'Write pairs of groups only.');
  return read.renamings.map(({ from, to }) => ({ from, to }));
}

/** Text that people made, in whichever encoding their programs write. @throws UserError (exit 2) for what can't be read */
async function textOf(
  path: string,
  host: Pick<Host, 'cwd' | 'env'>,
  { remedy }: { readonly remedy: string } = { remedy: 'Give the path of a file that you can read.' },
): Promise<string> {
  const whole = pathIn(host, path);
  let bytes: Buffer;
  try {
    const { size } = await stat(whole);
    if (size > RENAMINGS_BYTES_MAX) throw new Error(`it has ${size} bytes; ${RENAMINGS_BYTES_MAX} are read`);
    bytes = await readFile(whole);
  } catch (error) {
    throw new UserError(
      `Cannot read ${quoted(path)}: ${error instanceof Error ? error.message : String(error)}.`,
      {
        ...{ remedy, exitCode: EXIT.badInput, cause: error },
      },
    );
  }
  const [first, second] = bytes;
  const encoding =
    first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (error) {
    throw new UserError(`${path} is no text in UTF-8.`, {
      remedy: 'Save it as UTF-8 (Excel: "CSV UTF-8"): names with umlauts would not be found.',
      exitCode: EXIT.badInput,
      cause: error,
    });
  }
}
