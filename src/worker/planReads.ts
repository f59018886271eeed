import { listPath } from '../assignments/kinds/address.ts';
import type { Decision } from '../assignments/changes/decision.ts';
import type { SeenList } from '../graph/reads/policyLists.ts';
import type { RecordedRow } from '../runs/batchRow.ts';
import type { Run } from '../runs/run.ts';

/** Lists that were read for the plan a moment ago, and what a write that is based upon them is bound to. */
export interface PlanBasis {
  /** By `listPath`. */
  readonly lists: ReadonlyMap<string, SeenList['list']>;
  /** Whatever is based upon them leaves before this moment of the monotonic clock. */
  readonly endsAt: number;
  /** As in RunStore.permit. */
  readonly permitsBefore: number;
}

/**
 * What the plan of a run has read in this process, list by list, for the first batches of the run: a worker that comes moments later would read the
 * same once more. Each list is given once, so that whatever is in doubt is read anew.
 */
export class PlanReads {
  readonly #runId: string;
  readonly #permitsBefore: number;
  readonly #seen: (path: string) => SeenList | undefined;
  readonly #given = new Set<string>();

  /**
   * @param permitsBefore permits for writes that all runs had been given before the first of the reads began, when none of those was under way
   * @param seen lists that were read by themselves, never those in pages
   */
  constructor(runId: string, permitsBefore: number, seen: (path: string) => SeenList | undefined) {
    this.#runId = runId;
    this.#permitsBefore = permitsBefore;
    this.#seen = seen;
  }

  /**
   * The lists of these rows that need not be read. Only of rows that nothing was ever done for.
   * @param rows all of the batch; `due` those that can be taken further
   * @param now on the monotonic clock; `maxAgeMs` how long ago a read may have begun
   */
  take(
    { runId, blind, options }: Run,
    rows: readonly RecordedRow[],
    due: ReadonlySet<RecordedRow>,
    { maxAgeMs, now }: { readonly maxAgeMs: number; readonly now: number },
  ): PlanBasis | undefined {
    if (runId !== this.#runId || blind || options.restores || options.strategy !== 'patch') return undefined;
    const lists = new Map<string, SeenList['list']>();
    let beganAt = Infinity;
    for (const [path, ofList] of Map.groupBy(rows, ({ change }) => listPath(change.address))) {
      const seen = this.#given.has(path) ? undefined : this.#seen(path);
      if (seen === undefined) continue;
      this.#given.add(path);
      if (now - seen.beganAt > maxAgeMs || !ofList.every((row) => due.has(row) && isNew(row))) continue;
      lists.set(path, seen.list);
      beganAt = Math.min(beganAt, seen.beganAt);
    }
    return lists.size === 0
      ? undefined
      : { lists, endsAt: beganAt + maxAgeMs, permitsBefore: this.#permitsBefore };
  }
}

const isNew = ({ state, attempts }: RecordedRow): boolean => state === 'pending' && attempts === 0;

/**
 * Whether the plan's reads are enough for what was decided by them: for a PATCH of one assignment. What goes out as a whole list, and what comes to
 * anything else than a write, is decided by a read of the worker's own.
 */
export const isEnough = ({ lists }: PlanBasis, decisions: readonly Decision<RecordedRow>[]): boolean =>
  decisions.every(
    ({ row, kind, via }) => !lists.has(listPath(row.change.address)) || (kind === 'write' && via === 'patch'),
  );
