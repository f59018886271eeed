import { readFile, stat } from 'node:fs/promises';
import { Renames } from '../../assignments/names/rename.ts';
import { columnNames, readColumnPairs } from '../../assignments/rows/columnPairs.ts';
import type { ColumnNames } from '../../assignments/rows/columns.ts';
import { EXIT, UserError } from '../../errors.ts';
import { readRenamings, RENAMINGS_BYTES_MAX } from '../../formats/renamings.ts';
import type { Host } from '../host.ts';
import { pathIn } from '../pathIn.ts';

/**
 * What the columns of a file are called: pairs by comma, as in `OldGroup=fromGroupName,NewGroup=groupName`, or the path of a file
 * with one a line.
 * @throws UserError (exit 2) for what is neither
 */
export async function columnNamesFrom(
  given: string | undefined,
  host: Pick<Host, 'cwd' | 'env'>,
): Promise<ColumnNames | undefined> {
  if (given === undefined) return undefined;
  const written = given.includes('=')
    ? given.split(',')
    : (await textOf(given, host)).split(/\r?\n/).filter((line) => !/^\s*(#|$)/.test(line));
  const read = readColumnPairs(written);
  if ('pairs' in read) return columnNames(read.pairs);
  throw new UserError(`--columns: ${read.message}`, { remedy: read.remedy, exitCode: EXIT.badInput });
}

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
    const { line, column, message } = read.problem;
    throw wrong(`${path}:${line}:${column}: ${message}`, 'Write CSV with the columns from,to.');
  }
  const other = read.renamings.find(({ of }) => of !== undefined && of !== 'group');
  if (other !== undefined)
    throw wrong(`${path}: ${other.from} is a ${other.of}.`, 'Write pairs of groups only.');
  return read.renamings.map(({ from, to }) => ({ from, to }));
}

async function textOf(path: string, host: Pick<Host, 'cwd' | 'env'>): Promise<string> {
  const whole = pathIn(host, path);
  try {
    const { size } = await stat(whole);
    if (size > RENAMINGS_BYTES_MAX) throw new Error(`it has ${size} bytes`);
    return (await readFile(whole, 'utf8')).replace(/^\ufeff/, '');
  } catch (error) {
    throw new UserError(`Cannot read ${path}: ${error instanceof Error ? error.message : String(error)}.`, {
      remedy: 'Give the path of a file that you can read.',
      exitCode: EXIT.badInput,
      cause: error,
    });
  }
}
