import { listPath } from '../assignments/kinds/address.ts';
import type { ListSnapshot, Snapshot } from '../assignments/changes/planBatch.ts';
import type { GraphError } from '../assignments/changes/outcome.ts';
import { readCurrentAssignments, type ReadList } from '../graph/currentAssignments.ts';
import type { Unread } from '../graph/reading.ts';
import type { RecordedRow } from '../runs/batchRow.ts';
import type { Run } from '../runs/run.ts';
import type { Edges } from './edges.ts';
import { readsWithin } from './reads.ts';
import type { Asked } from './signIn.ts';

export type CurrentLists =
  /** `lists` are those that were read, or tried to be. */
  | { readonly kind: 'read'; readonly snapshot: Snapshot; readonly lists: ReadonlyMap<string, ReadList> }
  | { readonly kind: 'signIn'; readonly error: GraphError; readonly asked: Asked }
  /** Its reads were refused together, which says nothing of any row. */
  | { readonly kind: 'refused'; readonly unread: Unread };

/**
 * Reads the lists of the rows that are due: in a blind run only of those whose write may have left. The lists of the batch's
 * other rows are `unread` in the snapshot, but for those that a blind run does not read.
 */
export async function readCurrent(
  rows: readonly RecordedRow[],
  due: readonly RecordedRow[],
  run: Run,
  { ledger, graphOf, signIn }: Edges,
  signal: AbortSignal,
): Promise<CurrentLists> {
  const toRead = run.blind ? due.filter(({ attempts }) => attempts > 0) : due;
  const asked = signIn.asks('reads');
  const lists = await readCurrentAssignments(
    toRead.map(({ change }) => change.address),
    readsWithin({ ledger, graph: graphOf(run.apiVersion) }, run.runId, signal),
    `${run.graphUrl}/${run.apiVersion}`,
  );
  const refused = [...lists.values()].find((list) => list.kind === 'signIn');
  if (refused) return { ...refused, asked };
  const unread = [...lists.values()].find((list) => list.kind === 'unread' && list.refusedBy !== undefined);
  if (unread?.kind === 'unread') return { kind: 'refused', unread };
  if ([...lists.values()].some(({ kind }) => kind !== 'unread')) signIn.worked(asked);
  const snapshot = new Map<string, ListSnapshot>();
  for (const [path, list] of lists) snapshot.set(path, list.kind === 'signIn' ? { kind: 'unread' } : list);
  if (!run.blind)
    for (const { change } of rows) {
      const path = listPath(change.address);
      if (!snapshot.has(path)) snapshot.set(path, { kind: 'unread' });
    }
  return { kind: 'read', snapshot, lists };
}
