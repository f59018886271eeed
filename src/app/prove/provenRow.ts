import type { Before } from '../../assignments/changes/decision.ts';
import { currentAssignmentsIn, type CurrentAssignment } from '../../assignments/changes/current.ts';
import { listKey } from '../../assignments/kinds/address.ts';
import type { ProofStanding } from '../../assignments/proof/proofItem.ts';
import type { SeenProofRow } from '../../assignments/proof/proveList.ts';
import type { RecordedRow } from '../../runs/batchRow.ts';
import { rowStatusOf, type RowStatus } from '../../runs/rowState.ts';
import type { Run } from '../../runs/run.ts';
import { isUnrecorded } from '../../runs/unrecorded.ts';
import type { Services } from '../services.ts';
import type { Rollbacks } from './putBackBy.ts';

/** A row of the run that is proven. */
export interface ProvenRow extends SeenProofRow {
  readonly line: number;
  readonly status: RowStatus;
  readonly code: string | undefined;
  readonly message: string | undefined;
  readonly policy: string | undefined;
}

/** The rows of a run that are about one list, and what the record knows of that list. */
export interface ListRows {
  readonly rows: ProvenRow[];
  plannedList: string | undefined;
  /** The whole list as its last write found it, where it was written whole. */
  before: readonly CurrentAssignment[] | undefined;
}

/**
 * The rows of a run by `listKey`.
 * @param plannedOf what its plan saw of a row, where that was kept
 */
export async function rowsByList(
  run: Run,
  rollbacks: Rollbacks,
  plannedOf: (row: RecordedRow) => Before | undefined,
  { runs }: Pick<Services, 'runs'>,
): Promise<ReadonlyMap<string, ListRows>> {
  const lists = new Map<string, ListRows>();
  for await (const recorded of runs.rowsByBatch(run, 'before'))
    for (const row of recorded) {
      const key = listKey(row.change.address);
      const list = lists.get(key) ?? { rows: [], plannedList: undefined, before: undefined };
      lists.set(key, list);
      list.plannedList ??= row.plannedList;
      if (row.list !== undefined) list.before ??= currentAssignmentsIn(row.list.before);
      list.rows.push(provenRow(row, run, rollbacks, plannedOf));
    }
  return lists;
}

function provenRow(
  row: RecordedRow,
  run: Run,
  rollbacks: Rollbacks,
  plannedOf: (row: RecordedRow) => Before | undefined,
): ProvenRow {
  const { input, change, state, detail, names } = row;
  const before = row.before ?? plannedOf(row);
  return {
    ...{ line: input.line, change, before, idAfter: detail.assignmentIdAfter },
    ...{ standing: standingOf(row, before), putBack: rollbacks.of(row) },
    ...{ status: rowStatusOf(state, run.state === 'cancelled'), policy: names?.policy },
    ...{ code: detail.errorCode, message: detail.errorMessage },
  };
}

function standingOf(row: RecordedRow, before: Before | undefined): ProofStanding {
  const { state, attempts, plannedRefusal } = row;
  if (state === 'succeeded') return 'written';
  if (state === 'stale') return 'stale';
  // One that a retry found done was written by an earlier try; one without a write on record may have been.
  if (state === 'skipped')
    return row.before !== undefined || (isUnrecorded(row) && before !== undefined) ? 'written' : 'nothing';
  if (attempts > 0) return 'sent';
  return state === 'failed' && plannedRefusal !== undefined ? 'nothing' : 'notSent';
}
