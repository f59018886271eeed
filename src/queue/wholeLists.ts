import type { CurrentAssignment, RowError } from '../assignments/changes/current.ts';
import type { Change } from '../assignments/rows/change.ts';
import { fingerprintOfList } from '../assignments/changes/fingerprint.ts';
import { fold, type FoldedRow } from '../assignments/changes/fold.ts';
import { decide, type Decision } from '../assignments/changes/decide.ts';
import { listPath } from '../assignments/kinds/address.ts';
import { writesBy } from '../assignments/kinds/kind.ts';
import { findCurrent } from '../assignments/changes/findCurrent.ts';
import { assignRequest } from '../assignments/changes/request.ts';
import type { LookResult } from '../graph/currentAssignments.ts';
import type { RecordedRow, RowRecord } from '../runs/batchRow.ts';
import { isSettled } from '../runs/rowState.ts';
import type { Run } from '../runs/run.ts';
import { withChange, type ReadyRow } from './lookFirst.ts';
import {
  recordOfLook,
  type NeededWrite,
  type RowDecision,
  type Sorted,
  type SortingTerms,
} from './needed.ts';

/** The rows of one list that is written as a whole. */
export interface WholeList {
  readonly path: string;
  /** It stands behind its policy, and there is no `assign` for it. */
  readonly isNested: boolean;
  /** The rows to be taken further; none while one of the list's open rows has to wait. */
  readonly ready: readonly ReadyRow[];
  readonly settled: readonly Change[];
}

/** Rows of a batch by how they are written. */
export interface Parted {
  readonly byPatch: readonly ReadyRow[];
  readonly byAssign: readonly WholeList[];
}

/**
 * Parts the rows of a batch: a list is written as a whole when the run wants that, or when one of its rows adds or removes. All
 * rows of a policy are in one batch.
 */
export function parted(all: readonly RecordedRow[], ready: readonly ReadyRow[], run: Run): Parted {
  const isWhole = ({ change: { action, address } }: ReadyRow): boolean =>
    action !== 'set' || writesBy(address.kind, run.options.strategy) === 'assign';
  if (!run.columns.includes('action') && !ready.some(isWhole)) return { byPatch: ready, byAssign: [] };
  const readyAt = new Map(ready.map((row) => [row.place, row]));
  const rows = all.map((row) => readyAt.get(row.place) ?? withChange(row, run));
  const byPatch: ReadyRow[] = [];
  const byAssign: WholeList[] = [];
  for (const [path, ofList] of Map.groupBy(rows, ({ change }) => listPath(change.address))) {
    const open = ofList.filter(({ state }) => !isSettled(state));
    const due = open.filter(({ place }) => readyAt.has(place));
    if (!ofList.some(isWhole)) byPatch.push(...due);
    // Of a run that is over nothing is written, so that its rows need not be due together.
    else if (due.length > 0 && (due.length === open.length || run.state !== 'running')) {
      const settled = ofList.filter(({ state }) => isSettled(state)).map(({ change }) => change);
      const isNested = due.some(({ change }) => change.address.via.length > 0);
      byAssign.push({ path, isNested, ready: due, settled });
    }
  }
  return { byPatch, byAssign };
}

/** All rows of a list with one write, which says the list as it was read but for what the rows want. */
export function sortedForAssign(
  lists: readonly WholeList[],
  byList: ReadonlyMap<string, LookResult>,
  terms: SortingTerms,
): Sorted {
  const records: RowRecord[] = [];
  const needed: NeededWrite[] = [];
  for (const list of lists) {
    const look = byList.get(list.path);
    if (look?.kind === 'unread' || look?.kind === 'signIn') continue;
    const recorded = (decide: (row: ReadyRow) => RowDecision): RowRecord[] =>
      list.ready.flatMap((row) => recordOfLook(row, decide(row), terms) ?? []);
    if (look?.kind !== 'list' || !terms.isBeta) {
      const refused = look?.kind === 'refused' ? look : refusedAs(NOT_READ);
      records.push(...recorded(() => refused));
      continue;
    }
    if (list.isNested) {
      records.push(...recorded(({ change }) => decisionOfNested(decide(change, look))));
      continue;
    }
    const sorted = sortedInList(list, look.assignments, terms);
    records.push(...sorted.records);
    needed.push(...sorted.needed);
  }
  return { records, needed };
}

const NOT_READ = {
  code: 'LookIncomplete',
  message: "The policy's list was not read, and is written only as it was read; nothing was written.",
};

const NEEDS_PATCH = {
  code: 'NeedsPatch',
  message:
    'A list behind its policy (via) can’t be written by assign; nothing was written. Retry it with --strategy patch.',
};

const refusedAs = (error: RowError): RowDecision => ({ kind: 'refused', status: undefined, error });

/** A run that began with PATCH may have rows of nested lists, and be right about them. */
const decisionOfNested = (decision: Decision): RowDecision =>
  decision.kind === 'alreadySo' || decision.kind === 'refused' ? decision : refusedAs(NEEDS_PATCH);

function sortedInList(
  { ready, settled }: WholeList,
  assignments: readonly CurrentAssignment[],
  terms: SortingTerms,
): Sorted {
  const folded = fold(
    ready.map(({ change }) => change),
    assignments,
    settled,
  );
  const list = fingerprintOfList(assignments);
  const isStale = ready.some(({ plannedList }) => plannedList !== undefined && plannedList !== list);
  const rows = ready.map((row, i) => {
    const what = folded.rows[i];
    const decision = decisionOf(what, row.change, assignments, isStale);
    return { row, what, record: recordOfLook(row, decision, terms) };
  });
  const open = rows.flatMap(({ row, what, record }) =>
    record === undefined && what?.kind === 'write' ? [{ row, before: what.before }] : [],
  );
  const [first] = open;
  const isWhole = rows.every(({ what, record }) => what?.kind !== 'write' || record === undefined);
  // A row that has come to its end in another way would be written along with the others: the next look folds without it.
  const writes =
    first !== undefined && isWhole && folded.list !== undefined
      ? [{ request: assignRequest(first.row.change.address, folded.list), rows: open }]
      : [];
  return { records: rows.flatMap(({ record }) => record ?? []), needed: writes };
}

function decisionOf(
  what: FoldedRow | undefined,
  change: Change,
  assignments: readonly CurrentAssignment[],
  isStale: boolean,
): RowDecision {
  const { present } = findCurrent(change, assignments);
  switch (what?.kind) {
    case 'alreadySo':
      return what;
    case 'write':
      return isStale ? { kind: 'stale', present, isList: true } : { kind: 'write', present };
    case 'refused':
      return isStale
        ? { kind: 'stale', present, isList: true }
        : { kind: 'refused', status: undefined, error: what.error };
    case undefined:
      throw new Error('a row was not folded');
  }
}
