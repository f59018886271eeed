import type { Decision } from '../assignments/changes/decision.ts';
import type { WriteRequest } from '../assignments/changes/request.ts';
import type { WrittenList } from '../assignments/changes/writes.ts';
import type { RecordedRow, RowUpdate } from '../runs/batchRow.ts';

/** One request, and the rows that it is for: one by PATCH, all of a list by `assign`. */
export interface NeededWrite {
  readonly request: WriteRequest;
  readonly rows: readonly Decision<RecordedRow>[];
  /** Of one by `assign`: what the read-back is held against, and what a rollback goes back to. */
  readonly list?: WrittenList;
}

/** What a read makes of the rows of a batch; where a list could not be read, its rows are in neither. */
export interface Sorted {
  readonly records: readonly RowUpdate[];
  readonly needed: readonly NeededWrite[];
}
