import type { ColumnNames, InputColumn } from '../assignments/rows/columns.ts';
import type { Problem, InputRow } from '../assignments/rows/row.ts';
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
}

/** One thing that reading a file tells, in the order of the file. */
export type Read = RowRead | FileProblem | ReadEnd;

/** A format's reader. It adds the columns it meets to `columns` and throws a `BrokenFile` where the reading must end. */
export type Reader = (
  source: Utf8Source,
  columns: Set<InputColumn>,
  nameOf: ColumnNames,
) => AsyncGenerator<RowRead | FileProblem, void>;
