import { currentAssignmentOf } from '../assignments/changes/current.ts';
import { narrows } from '../assignments/changes/narrows.ts';
import { policyKey } from '../assignments/kinds/address.ts';
import type { RecordedRow, RowRecord } from '../runs/batchRow.ts';
import { isSettled, type StateName } from '../runs/rowState.ts';
import type { Run } from '../runs/run.ts';
import { withChange, type ReadyRow } from './lookFirst.ts';
import type { NeededWrite, Sorted } from './needed.ts';

/** A row of the batch as it stands after the look. */
interface Standing {
  readonly state: StateName;
  readonly narrows: boolean;
}

/**
 * Within one policy, what narrows its audience (exclusions, filters) is written before what widens it: otherwise devices would
 * get the policy in between that must not have it. Where a narrowing row did not come through, the widening ones are not
 * written at all. All rows of a policy are in one batch.
 */
export function narrowingFirst(all: readonly RecordedRow[], run: Run, sorted: Sorted, at: number): Sorted {
  if (sorted.needed.length === 0) return sorted;
  const after = new Map(sorted.records.map(({ place, state }) => [place, state]));
  const standings = lazily(() => standingsByPolicy(all, run, sorted, after));
  const records: RowRecord[] = [...sorted.records];
  const needed: NeededWrite[] = [];
  for (const write of sorted.needed) {
    const [{ row } = { row: undefined }] = write.rows;
    if (row === undefined) continue;
    const others = narrowsNow(write) ? [] : (standings().get(policyKey(row.change.address)) ?? []);
    const failed = others.find((other) => other.narrows && isSettledBadly(other.state));
    if (failed !== undefined) records.push(heldBack(row, failed.state, at));
    else if (!others.some((other) => other.narrows && !isSettled(other.state))) needed.push(write);
  }
  return { records, needed };
}

function narrowsNow({ rows }: NeededWrite): boolean {
  return rows.every(({ row, before }) => narrows(row.change, currentAssignmentOf(before)));
}

function standingsByPolicy(
  all: readonly RecordedRow[],
  run: Run,
  { needed }: Sorted,
  after: ReadonlyMap<number, StateName>,
): Map<string, Standing[]> {
  const looked = new Map(needed.flatMap(({ rows }) => rows.map((each) => [each.row.place, each])));
  const byPolicy = new Map<string, Standing[]>();
  for (const row of all) {
    const now = looked.get(row.place);
    const { change } = now?.row ?? withChange(row, run);
    const key = policyKey(change.address);
    const before = currentAssignmentOf(now?.before ?? row.before);
    const standing = { state: after.get(row.place) ?? row.state, narrows: narrows(change, before) };
    const others = byPolicy.get(key);
    if (others === undefined) byPolicy.set(key, [standing]);
    else others.push(standing);
  }
  return byPolicy;
}

const isSettledBadly = (state: StateName): boolean =>
  isSettled(state) && state !== 'succeeded' && state !== 'skipped';

const heldBack = ({ place, attempts }: ReadyRow, state: StateName, at: number): RowRecord => ({
  ...{ place, state: state === 'awaitingApproval' ? 'awaitingApproval' : 'failed', attempts },
  detail: {
    at,
    errorCode: 'HeldBack',
    errorMessage:
      state === 'awaitingApproval'
        ? 'Waits for a row of the same policy that narrows its audience and awaits approval.'
        : 'Not written: it widens the audience of its policy, and a row that narrows it did not come through.',
  },
});

function lazily<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
