import { columnMeaning, type ColumnNames } from '../assignments/rows/columns.ts';
import type { Problem, InputRow } from '../assignments/rows/row.ts';
import { BrokenFile } from './brokenFile.ts';
import { readCsv } from './csv.ts';
import { FileFacts } from './fileFacts.ts';
import { formatOfFirstLine, type FileFormat } from './format.ts';
import { readJson } from './json.ts';
import { ROWS_MAX } from './limits.ts';
import { readNdjson } from './ndjson.ts';
import { START } from './place.ts';
import type { Read, Reader } from './read.ts';
import type { StatedAction } from '../assignments/rows/takenFor.ts';
import { asUtf8 } from './utf16.ts';
import { Utf8Source } from './utf8Source.ts';

const READERS: Record<FileFormat, Reader> = { csv: readCsv, json: readJson, ndjson: readNdjson };

/**
 * Reads a file of rows in one pass, in flat memory, whatever is in it: what is wrong with the file comes as problems, each
 * with line, column and remedy. Only what `bytes` itself throws (a file that can't be read) is thrown.
 */
export async function* readRows(
  bytes: AsyncIterable<Uint8Array>,
  options: {
    /** undefined: decided by the first line of the file. */
    readonly format: FileFormat | undefined;
    /** What its columns are called; left out: as documented. */
    readonly columnNames?: ColumnNames | undefined;
    /** What is done with what a file of another tool lists. */
    readonly action?: StatedAction | undefined;
    /** For tests. */
    readonly rowsMax?: number;
  },
): AsyncGenerator<Read, void> {
  const { rowsMax = ROWS_MAX, columnNames: nameOf = columnMeaning, action } = options;
  const source = new Utf8Source(asUtf8(bytes));
  const facts = new FileFacts();
  let rows = 0;
  let complete = true;
  try {
    const format = options.format ?? formatOfFirstLine(await source.firstLine());
    for await (const read of READERS[format](source, facts, { nameOf, action })) {
      if (read.kind === 'row') {
        rows += 1;
        if (rows > rowsMax) throw new BrokenFile(tooManyRows(read.row, rowsMax));
      }
      yield read;
    }
    if (rows === 0 && (facts.takenFor?.passedOver.size ?? 0) === 0)
      yield { kind: 'problem', problem: NO_ROWS };
  } catch (error) {
    if (!(error instanceof BrokenFile)) throw error;
    complete = false;
    yield { kind: 'problem', problem: error.problem };
  } finally {
    await source.close();
  }
  yield { kind: 'end', columns: [...facts.columns], complete, takenFor: facts.takenFor };
}

const tooManyRows = ({ line, places }: InputRow, rowsMax: number): Problem => ({
  line,
  column: places?.column ?? 1,
  message: `The file has more than ${rowsMax.toLocaleString('en-US')} rows.`,
  remedy: 'Split it into several files.',
});

const NO_ROWS: Problem = {
  ...START,
  message: 'The file has no rows.',
  remedy: 'Put one record per assignment into it; samples/ has a file of every format.',
};
