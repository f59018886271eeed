import { canonicalList } from '../assignments/changes/canonical.ts';
import { currentAssignmentsIn } from '../assignments/changes/current.ts';
import type { Decision } from '../assignments/changes/decision.ts';
import { fingerprintOfList } from '../assignments/changes/fingerprint.ts';
import {
  differencesInWords,
  extraInWords,
  isLossy,
  listDifferences,
} from '../assignments/changes/listDifferences.ts';
import type { Snapshot } from '../assignments/changes/planBatch.ts';
import { listPath } from '../assignments/kinds/address.ts';
import type { RecordedRow } from '../runs/batchRow.ts';
import { isInDoubt } from '../runs/rowState.ts';

/** What a list that was written whole has become, given what was sent for it. */
export type ListReadBack =
  | { readonly kind: 'whole'; /** What it holds besides, in words; empty: nothing. */ readonly extra: string }
  | {
      readonly kind: 'lossy';
      readonly lost: string;
      /** Of the list as it was read. */ readonly seen: string;
    };

/**
 * Holds the lists that rows in doubt were written with against what was sent, by the row. A list that is as it was before the write
 * has lost nothing, and is not among them: it was not written, or the read comes from a copy that lags behind.
 */
export function listReadBacks(
  decisions: readonly Decision<RecordedRow>[],
  snapshot: Snapshot,
): ReadonlyMap<RecordedRow, ListReadBack> {
  const found = new Map<RecordedRow, ListReadBack>();
  const inDoubt = decisions.filter(({ row }) => isInDoubt(row.state) && row.attempts > 0);
  for (const [path, ofList] of Map.groupBy(inDoubt, ({ row }) => listPath(row.change.address))) {
    const reading = snapshot.get(path);
    const rows = ofList.map(({ row }) => row).toSorted((a, b) => a.place - b.place);
    const [first] = rows;
    const list = rows.find((row) => row.list !== undefined)?.list;
    if (reading?.kind !== 'list' || first === undefined || list === undefined) continue;
    // Of a write whose reply was lost only what came true tells that this list is what became of it.
    const wasWritten = ofList.some(({ row, kind }) => row.state === 'written' || kind === 'alreadySo');
    if (!wasWritten) continue;
    const differences = listDifferences(list.sent, reading.assignments, first.change.address);
    if (!isLossy(differences)) {
      const readBack: ListReadBack = { kind: 'whole', extra: extraInWords(differences) };
      for (const row of rows) found.set(row, readBack);
      continue;
    }
    const before = currentAssignmentsIn(list.before);
    if (before !== undefined && canonicalList(before) === canonicalList(reading.assignments)) continue;
    const lost = differencesInWords(differences);
    const readBack: ListReadBack = { kind: 'lossy', lost, seen: fingerprintOfList(reading.assignments) };
    for (const row of rows) found.set(row, readBack);
  }
  return found;
}
