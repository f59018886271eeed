import { readsAsBefore } from '../assignments/changes/lastWritten.ts';
import type { RecentWrite } from '../runs/lastWrites.ts';
import { listPath } from '../assignments/kinds/address.ts';
import type { ListSnapshot, Snapshot } from '../assignments/changes/planBatch.ts';
import type { GraphError } from '../assignments/changes/outcome.ts';
import { readCurrentAssignments, type ReadList } from '../graph/reads/currentAssignments.ts';
import type { Unread } from '../graph/reads/reading.ts';
import type { RecordedRow } from '../runs/batchRow.ts';
import type { Run } from '../runs/run.ts';
import type { WorkerDeps } from './deps.ts';
import { readsWithin } from './limiter/permittedReads.ts';
import type { PlanBasis } from './planReads.ts';
import type { Asked } from './workerSignIn.ts';

export type CurrentLists =
  /** `lists` are those that were read, or tried to be. */
  | {
      readonly kind: 'read';
      readonly snapshot: Snapshot;
      readonly lists: ReadonlyMap<string, ReadList>;
      /** Lists that were written in the last minutes. */
      readonly lastWrites: ReadonlyMap<string, RecentWrite>;
      /** Those of them that read as they were before, and how long to wait until they are read again. */
      readonly lagging: ReadonlyMap<string, number>;
      /** Those that were not read, as the plan had done so. */
      readonly basis: PlanBasis | undefined;
    }
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
  deps: WorkerDeps,
  signal: AbortSignal,
): Promise<CurrentLists> {
  const { runs, limiter, graphOf, signIn } = deps;
  const basis = await planBasis(rows, due, run, deps);
  const toRead = (run.blind ? due.filter(({ attempts }) => attempts > 0) : due)
    .map(({ change }) => change.address)
    .filter((address) => basis?.lists.has(listPath(address)) !== true);
  const asked = signIn.asks('reads');
  const read = await readCurrentAssignments(
    toRead,
    readsWithin(
      {
        ...{ limiter, graph: graphOf(run.apiVersion) },
        throttled: (reads, ms) => runs.tellReadsThrottled(run.runId, reads, ms),
      },
      run.runId,
      signal,
    ),
    `${run.graphUrl}/${run.apiVersion}`,
  );
  const refused = [...read.values()].find((list) => list.kind === 'signIn');
  if (refused) return { ...refused, asked };
  const unread = [...read.values()].find((list) => list.kind === 'unread' && list.refusedBy !== undefined);
  if (unread?.kind === 'unread') return { kind: 'refused', unread };
  if ([...read.values()].some(({ kind }) => kind !== 'unread')) signIn.worked(asked);
  const lists = new Map<string, ReadList>([...(basis?.lists ?? []), ...read]);
  const snapshot = new Map<string, ListSnapshot>();
  for (const [path, list] of lists) snapshot.set(path, list.kind === 'signIn' ? { kind: 'unread' } : list);
  if (!run.blind)
    for (const { change } of rows) {
      const path = listPath(change.address);
      if (!snapshot.has(path)) snapshot.set(path, { kind: 'unread' });
    }
  const lastWrites = await runs.lastWrites(run.graphUrl, [...lists.keys()]);
  return {
    kind: 'read',
    snapshot,
    lists,
    ...{ lastWrites, basis },
    lagging: laggingIn(lists, lastWrites, limiter.pace.windowMs),
  };
}

/** What the plan has read of these lists and nobody has written since. */
async function planBasis(
  rows: readonly RecordedRow[],
  due: readonly RecordedRow[],
  run: Run,
  { runs, limiter, planReads }: WorkerDeps,
): Promise<PlanBasis | undefined> {
  const ages = { maxAgeMs: limiter.pace.planReadAgeMaxMs, now: performance.now() };
  const basis = planReads?.take(run, rows, new Set(due), ages);
  if (basis === undefined) return undefined;
  const written = await runs.lastWrites(run.graphUrl, [...basis.lists.keys()]);
  // A list that was written in the last minutes is read: it may have been shown as it was before.
  const lists = new Map([...basis.lists].filter(([path]) => !written.has(path)));
  return lists.size === 0 ? undefined : { ...basis, lists };
}

/** The first wait before a list is read again that reads as before, in windows; then as long as its write is ago. */
const LAGGING_WAIT_WINDOWS_MIN = 0.1;

function laggingIn(
  lists: ReadonlyMap<string, ReadList>,
  lastWrites: ReadonlyMap<string, RecentWrite>,
  windowMs: number,
): ReadonlyMap<string, number> {
  const lagging = new Map<string, number>();
  for (const [path, known] of lastWrites) {
    const list = lists.get(path);
    if (list?.kind !== 'list' || !readsAsBefore(known, list.assignments)) continue;
    const waitMs = Math.max(LAGGING_WAIT_WINDOWS_MIN * windowMs, known.ageMs);
    lagging.set(path, Math.round(Math.min(waitMs, Math.max(1, known.leftMs))));
  }
  return lagging;
}
