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
  /** Names and ids that were put in the place of others: what is written in the file instead. */
  readonly renamed?: ReadonlyMap<InputColumn, string>;
  /** Of a row that is being read: where its problems are shown. What the record keeps had none. */
  readonly places?: CellPlaces;
}

/** A line, and a column in it, both from 1. Columns are fields in CSV, characters in JSON. */
export interface CellPlace {
  readonly line: number;
  readonly column: number;
}

export interface CellPlaces {
  /** Of the row as a whole, in its line. */
  readonly column: number;
  /** Of a cell, blank or not; undefined where the file has no such column. A JSON record may go over many lines. */
  placeOf(column: InputColumn): CellPlace | undefined;
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
