import type { InputColumn } from '../../src/assignments/rows/columns.ts';
import type { Problem, Row } from '../../src/assignments/rows/row.ts';
import type { FileFormat } from '../../src/formats/format.ts';
import { readRows } from '../../src/formats/readRows.ts';

/** What a whole file says, sorted by kind. */
export interface WholeFile {
  readonly rows: readonly Row[];
  /** Of rows and of the file, in order. */
  readonly problems: readonly Problem[];
  readonly fileProblems: readonly Problem[];
  readonly columns: readonly InputColumn[];
  readonly complete: boolean;
}

export async function readAll(
  content: string | Uint8Array,
  format?: FileFormat,
  { chunkBytes = 65_536 } = {},
): Promise<WholeFile> {
  const rows: Row[] = [];
  const problems: Problem[] = [];
  const fileProblems: Problem[] = [];
  for await (const read of readRows(inChunks(Buffer.from(content), chunkBytes), { format })) {
    if (read.kind === 'end')
      return { rows, problems, fileProblems, columns: read.columns, complete: read.complete };
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

/** The cells of a row without their places. */
export const valuesOf = (row: Row | undefined): Record<string, unknown> =>
  Object.fromEntries([...(row?.cells ?? [])].map(([column, { value }]) => [column, value]));
