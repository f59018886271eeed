import type { InputColumn } from '../../src/assignments/rows/columns.ts';
import type { Problem, InputRow } from '../../src/assignments/rows/row.ts';
import type { StatedAction, TakenFor } from '../../src/assignments/rows/takenFor.ts';
import type { FileFormat } from '../../src/formats/format.ts';
import { readRows } from '../../src/formats/readRows.ts';

/** What a whole file says, sorted by kind. */
export interface WholeFile {
  readonly rows: readonly InputRow[];
  /** Of rows and of the file, in order. */
  readonly problems: readonly Problem[];
  readonly fileProblems: readonly Problem[];
  readonly columns: readonly InputColumn[];
  readonly complete: boolean;
  readonly takenFor: TakenFor | undefined;
}

export async function readAll(
  content: string | Uint8Array,
  format?: FileFormat,
  { chunkBytes = 65_536, action }: { chunkBytes?: number; action?: StatedAction } = {},
): Promise<WholeFile> {
  const rows: InputRow[] = [];
  const problems: Problem[] = [];
  const fileProblems: Problem[] = [];
  for await (const read of readRows(inChunks(Buffer.from(content), chunkBytes), { format, action })) {
    if (read.kind === 'end')
      return {
        ...{ rows, problems, fileProblems },
        ...{ columns: read.columns, complete: read.complete, takenFor: read.takenFor },
      };
    if (read.kind === 'row') {
      rows.push(read.row);
      problems.push(...read.problems);
    } else {
      problems.push(read.problem);
      fileProblems.push(read.problem);
    }
  }
  throw new Error('the reading did not say that it ended');
}

/** A file as a stream gives it, cut without regard to what is in it. */
export async function* inChunks(bytes: Uint8Array, chunkBytes: number): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
}

/** The same with the places of rows and cells as values, so that two readings can be compared. */
export const comparable = ({ rows, ...rest }: WholeFile) => ({
  ...rest,
  rows: rows.map((row) => ({ cells: row.cells, at: [row.line, ...placesOf(row, ...row.cells.keys())] })),
});

/** The cells of a row without their places. */
export const valuesOf = (row: InputRow | undefined): Record<string, unknown> =>
  Object.fromEntries(row?.cells ?? []);

/** Where problems of a row are shown: of the whole, and of some of its cells. */
export const placesOf = (row: InputRow | undefined, ...columns: InputColumn[]): (number | undefined)[] => [
  row?.places?.column,
  ...columns.map((column) => row?.places?.placeOf(column)?.column),
];
