import type { InputColumn } from './columns.ts';

/** A cell as written. CSV gives text, JSON any value but null. Blank cells (null, "", spaces, absent) are not there. */
export interface Cell {
  readonly value: unknown;
  /** Where a problem of this cell is shown: the field's number in CSV, the character in its line in JSON; from 1. */
  readonly column: number;
  /** The line where it stands, where that need not be the row's: a JSON record may go over many. */
  readonly line?: number;
}

/** One record of an input file. */
export interface Row {
  /** The line where the record starts, from 1. */
  readonly line: number;
  /** Where a problem of the row as a whole is shown; from 1. */
  readonly column: number;
  /** Text cells are trimmed. Only columns with something in them. */
  readonly cells: ReadonlyMap<InputColumn, Cell>;
}

/** What is wrong and what to write instead, before its place is known. Both are sentences. */
export interface Fault {
  readonly message: string;
  readonly remedy: string;
}

/** Why a row is no change: where, what is wrong, and what to write instead. */
export interface Problem extends Fault {
  readonly line: number;
  readonly column: number;
  /** The column's name as the user knows it; absent when the record as a whole is meant. */
  readonly name?: string;
}
