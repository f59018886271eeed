import type { InputRow, Problem } from '../../assignments/rows/row.ts';
import { EXIT, UserError } from '../../errors.ts';
import { FileReplacement } from '../../formats/fileReplacement.ts';
import { formatOf } from '../../formats/format.ts';
import { writeRows } from '../../formats/writeRows.ts';
import type { Host } from '../host.ts';
import { pathIn } from '../pathIn.ts';

/** A row that can't be taken as it is. */
export interface OpenRow {
  readonly row: InputRow;
  readonly problems: readonly Problem[];
}

/**
 * Writes the rows that can't be taken, each with what is wrong with it in the column `problem`, to be mended and given again.
 * @throws UserError (exit 2) for a path whose extension names no format, (exit 4) when it can't be written
 */
export async function writeProblems(
  path: string,
  rows: readonly OpenRow[],
  host: Pick<Host, 'cwd' | 'env'>,
): Promise<void> {
  const format = formatOf(path);
  if (format === undefined)
    throw new UserError(`The extension of ${path} names no format.`, {
      remedy: 'Let --problems end in .csv, .json or .ndjson.',
      exitCode: EXIT.badInput,
    });
  const columns = [...new Set(rows.flatMap(({ row }) => [...row.cells.keys()])), 'problem'];
  const records = rows.map(({ row, problems }) => ({
    ...Object.fromEntries(row.cells),
    problem: problems.map(({ message, remedy }) => `${message} ${remedy}`).join(' '),
  }));
  try {
    await using file = await FileReplacement.open(pathIn(host, path), 'anything');
    for await (const piece of writeRows(format, columns, records)) await file.append(piece);
    await file.end();
  } catch (error) {
    throw new UserError(
      `The rows with problems can't be written to ${path}: ${error instanceof Error ? error.message : String(error)}.`,
      {
        remedy: 'Give --problems the path of a file in a directory that you can write to, with room for it.',
        exitCode: EXIT.environment,
        cause: error,
      },
    );
  }
}
