import type { Decision } from '../assignments/changes/decision.ts';
import type { Write } from '../assignments/changes/writes.ts';
import type { RecordedRow, RowUpdate } from '../runs/batchRow.ts';

/** A write of recorded rows. Of one by `assign` the list is what the read-back is held against, and what a rollback goes back to. */
export type NeededWrite = Write<Decision<RecordedRow>>;

/** What a read makes of the rows of a batch; where a list could not be read, its rows are in neither. */
export interface Sorted {
  readonly records: readonly RowUpdate[];
  readonly needed: readonly NeededWrite[];
}
