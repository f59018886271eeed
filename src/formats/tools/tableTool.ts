import type { InputColumn } from '../../assignments/rows/columns.ts';
import type { Fault } from '../../assignments/rows/row.ts';
import type { PassedOver, StatedAction } from '../../assignments/rows/takenFor.ts';

/** A table of another tool that can be read: its header, and what its rows mean in columns of ours. */
export interface TableTool {
  /** In a sentence: "The file is …". */
  readonly is: string;
  /** Names of its header by which it is known: all are there. Order, letter case and spaces do not count. */
  readonly has: readonly string[];
  /** Further names that it may have. */
  readonly also: readonly string[];
  /** The tool quotes nothing: a quote within a cell is a character like any other. */
  readonly isUnquoted?: true;
  /** Whether each row says by itself what is to be done; otherwise it says what is there. */
  readonly saysActions: boolean;
  /** Reads the rows of one file, in their order. */
  readonly reader: (action: StatedAction) => (row: ToolRow) => ToolReading;
}

/** A row by the names of the tool's columns, as its source spells them; '' for what is blank, or not there. */
export interface ToolRow {
  text(name: string): string;
}

/** A cell of ours, and the tool's column that it is from. */
export type ToolCell = readonly [column: InputColumn, value: unknown, from: string];

/** What can't be said safely, and in which column it stands. */
export interface ToolFault extends Fault {
  readonly from: string;
}

export type ToolReading =
  | { readonly kind: 'rows'; readonly rows: readonly (readonly ToolCell[])[] }
  /** The cells tell at least the policy, so that its other rows can be left out with this one. */
  | { readonly kind: 'faults'; readonly faults: readonly ToolFault[]; readonly cells: readonly ToolCell[] }
  | { readonly kind: 'passedOver'; readonly because: PassedOver };
