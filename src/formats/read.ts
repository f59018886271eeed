import type { InputColumn } from '../assignments/rows/columns.ts';
import type { Problem, InputRow } from '../assignments/rows/row.ts';
import type { FileFacts, ReadingOptions } from './fileFacts.ts';
import type { TakenFor } from '../assignments/rows/takenFor.ts';
import type { Utf8Source } from './utf8Source.ts';

/** One record. With problems it is no row to take; its cells are then what could be read, to tell which policy is meant. */
export interface RowRead {
  readonly kind: 'row';
  readonly row: InputRow;
  readonly problems: readonly Problem[];
}

/** About the file as a whole: with one of these no row of it can be trusted, also when rows with problems are left out. */
export interface FileProblem {
  readonly kind: 'problem';
  readonly problem: Problem;
}

/** Always the last, and once. */
export interface ReadEnd {
  readonly kind: 'end';
  /** The input columns: CSV as in the header, blank ones too; JSON as first seen. */
  readonly columns: readonly InputColumn[];
  /** Whether the file was read to its end; otherwise the problem before this ended it. */
  readonly complete: boolean;
  /** Of a file of another tool: which, and how it was read. */
  readonly takenFor: TakenFor | undefined;
}

/** One thing that reading a file tells, in the order of the file. */
export type Read = RowRead | FileProblem | ReadEnd;

/** A format's reader. It tells `facts` what it meets, and throws a `BrokenFile` where the reading must end. */
export type Reader = (
  source: Utf8Source,
  facts: FileFacts,
  options: ReadingOptions,
) => AsyncGenerator<RowRead | FileProblem, void>;
