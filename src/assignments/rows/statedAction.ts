import { namesWhatItWants } from './expected.ts';
import type { InputColumn } from './columns.ts';
import type { InputRow } from './row.ts';
import type { ReadingRules } from './rowReader.ts';
import type { StatedAction } from './takenFor.ts';

/** What is done with rows that say only what is there, as those of an export. */
export interface StatedRules {
  /** Undefined: nothing was said of it. */
  readonly action: StatedAction | undefined;
  /** The rows are another tenant's. */
  readonly byName: boolean;
}

/**
 * A row that says no action, with the one that is meant for such rows. One that says what another tenant has is added here: what it would set
 * need not be there. `set` gives what has its target the filter and intent of the row, whatever it has now.
 */
export function withStatedAction(
  row: InputRow,
  { action, byName }: StatedRules,
  rules: ReadingRules,
): InputRow {
  if (row.cells.has('action')) return row;
  switch (action) {
    case 'add':
    case 'remove':
      return withCells(row, new Map([...row.cells, ['action', action]]));
    case 'set':
      return namesWhatItWants(row, rules) ? withoutFilter(row) : row;
    case undefined:
      return byName && namesWhatItWants(row, rules)
        ? withCells(row, new Map([...row.cells, ['action', 'add']]))
        : row;
  }
}

const withCells = (row: InputRow, cells: ReadonlyMap<InputColumn, unknown>): InputRow => ({ ...row, cells });

function withoutFilter(row: InputRow): InputRow {
  const cells = new Map(row.cells);
  cells.delete('fromFilterId');
  cells.delete('fromFilterName');
  return withCells(row, cells);
}
