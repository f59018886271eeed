import type { InputColumn } from './columns.ts';

/** One record of an input file, as it is read and as the run's record keeps it. */
export interface InputRow {
  /** The line where the record starts, from 1. */
  readonly line: number;
  /**
   * What is written: CSV gives text, JSON any value but null; texts are trimmed. Blank cells (null, "", spaces, absent) are not
   * there.
   */
  readonly cells: ReadonlyMap<InputColumn, unknown>;
  /** Of a row that is being read: where its problems are shown. What the record keeps had none. */
  readonly places?: CellPlaces;
}

/** Columns from 1: the field's number in CSV, the character in its line in JSON. */
export interface CellPlaces {
  /** Of the row as a whole. */
  readonly column: number;
  /** Of a cell, blank or not; undefined where the file has no such column. */
  columnOf(column: InputColumn): number | undefined;
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
