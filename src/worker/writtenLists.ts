import { lastWritten } from '../assignments/changes/lastWritten.ts';
import type { Snapshot } from '../assignments/changes/planBatch.ts';
import { listAfter } from '../assignments/changes/writes.ts';
import { listPath } from '../assignments/kinds/address.ts';
import { writerOf, type KeptWrite, type RecentWrite } from '../runs/lastWrites.ts';
import type { RecordedRow, RowUpdate } from '../runs/batchRow.ts';
import type { NeededWrite } from './needed.ts';

/** The lists of a batch as they were read, and those that were written in the last minutes. */
export interface ReadLists {
  readonly snapshot: Snapshot;
  readonly lastWrites: ReadonlyMap<string, RecentWrite>;
}

/**
 * What is to be remembered of the lists that these writes have changed, by path.
 * @param accepted in the order in which they were sent
 */
export function writtenLists(
  accepted: readonly NeededWrite[],
  { snapshot, lastWrites }: ReadLists,
  runId: string,
): ReadonlyMap<string, KeptWrite> {
  const found = new Map<string, KeptWrite>();
  for (const [path, writes] of Map.groupBy(accepted, pathOf)) {
    const reading = path === undefined ? undefined : snapshot.get(path);
    // What nobody has read is nothing that a read could be held against.
    if (path === undefined || reading?.kind !== 'list') continue;
    const afters = writes.map((_, i) =>
      listAfter(
        writes.slice(0, i + 1).flatMap(({ decisions }) => decisions),
        reading.assignments,
      ),
    );
    const read = reading.assignments.map(({ whole }) => whole);
    const known = lastWrites.get(path);
    const writers = writes.flatMap(({ decisions }) =>
      decisions.map(({ row }) => writerOf(runId, row.change)),
    );
    found.set(path, {
      ...lastWritten(known, read, afters),
      writers: [...(known?.writers ?? []), ...writers],
    });
  }
  return found;
}

/** The same of lists whose writes were read back: what Graph made of them is what they are. */
export function seenWritten(
  rows: readonly RecordedRow[],
  records: readonly RowUpdate[],
  { snapshot, lastWrites }: ReadLists,
): ReadonlyMap<string, KeptWrite> {
  const found = new Map<string, KeptWrite>();
  for (const { place, state } of records) {
    const row = rows[place];
    if (row?.state !== 'written' || state !== 'succeeded') continue;
    const path = listPath(row.change.address);
    const known = lastWrites.get(path);
    const reading = snapshot.get(path);
    if (known === undefined || reading?.kind !== 'list') continue;
    const read = reading.assignments.map(({ whole }) => whole);
    found.set(path, { ...lastWritten(known, read, []), writers: known.writers });
  }
  return found;
}

const pathOf = ({ decisions: [first] }: NeededWrite): string | undefined =>
  first && listPath(first.row.change.address);
