import { encodeDetail, encodeInputs, type InputRow } from './batchCodec.ts';
import type { InputColumn } from '../assignments/columns.ts';
import { byteOfState, type StateName } from './rowState.ts';
import { headerFields, type RunIdentity } from './run.ts';
import type { RunStore } from './runStore.ts';

/** Rows of one `$batch`, and so of one job. Source: learn.microsoft.com/graph/json-batching, at most 20 requests. */
export const BATCH_SIZE_MAX = 20;

/** How long staged rows outlive their producer's last sign. */
const STAGING_LIFE_S = 120;
/** How often a producer that waits (for a person's yes, for the tenant) gives a sign. */
const RENEW_MS = 20_000;
/** Batches written to Redis at a time. */
const BATCHES_PER_WRITE = 25;

/** A row that goes into the record. */
export interface StagedRow {
  readonly input: InputRow;
  /** The line of the row that wishes the same: this one is settled as skipped from the start. */
  readonly duplicateOf?: number;
}

export type Published =
  | { readonly kind: 'published' }
  | { readonly kind: 'sameFile'; readonly runId: string }
  | { readonly kind: 'lost' };

/**
 * A run that is being read in. Nobody works on it until `publish`; when its producer dies, Redis forgets it.
 */
export class Staging {
  readonly runId: string;
  #batches = 0;
  #rows = 0;
  #duplicates = 0;
  #isPublished = false;
  readonly #store: RunStore;
  #pending: StagedRow[] = [];
  readonly #full: StagedRow[][] = [];
  readonly #renewal: NodeJS.Timeout;

  private constructor(store: RunStore, runId: string) {
    this.#store = store;
    this.runId = runId;
    this.#renewal = setInterval(() => void this.#renew(), RENEW_MS);
    this.#renewal.unref();
  }

  static async begin(store: RunStore, identity: RunIdentity, now: number): Promise<Staging> {
    const { header } = store.keys.run(identity.runId);
    await execute(
      store.transaction().hset(header, headerFields(identity, now)).expire(header, STAGING_LIFE_S),
    );
    return new Staging(store, identity.runId);
  }

  get rows(): number {
    return this.#rows;
  }

  get duplicates(): number {
    return this.#duplicates;
  }

  get batches(): number {
    return this.#batches;
  }

  async add(row: StagedRow): Promise<void> {
    this.#rows += 1;
    if (row.duplicateOf !== undefined) this.#duplicates += 1;
    this.#pending.push(row);
    if (this.#pending.length < BATCH_SIZE_MAX) return;
    this.#full.push(this.#pending);
    this.#pending = [];
    if (this.#full.length >= BATCHES_PER_WRITE) await this.#write();
  }

  /** Writes what is still in memory. After this, `rowsByBatch` gives everything. */
  async flush(): Promise<void> {
    if (this.#pending.length > 0) this.#full.push(this.#pending);
    this.#pending = [];
    await this.#write();
  }

  async *rowsByBatch(): AsyncGenerator<InputRow[]> {
    for (let first = 0; first < this.#batches; first += BATCHES_PER_WRITE) {
      const numbers = Array.from(
        { length: Math.min(BATCHES_PER_WRITE, this.#batches - first) },
        (_, i) => first + i,
      );
      yield* await this.#store.inputs(this.runId, numbers);
    }
  }

  async publish(file: {
    readonly sha256: string;
    readonly columns: readonly InputColumn[];
    readonly leftOut: number;
    readonly again: boolean;
  }): Promise<Published> {
    await this.flush();
    const published = await this.#store.publish(this.runId, file.sha256, file.again, {
      columns: JSON.stringify(file.columns),
      leftOut: file.leftOut,
      total: this.#rows,
      batches: this.#batches,
      left: this.#rows - this.#duplicates,
      skipped: this.#duplicates,
    });
    this.#isPublished = published.kind === 'published';
    await this.discard();
    return published;
  }

  /** Forgets what was staged. A published run is no staging any more: then this does nothing. */
  async discard(): Promise<void> {
    clearInterval(this.#renewal);
    if (this.#isPublished) return;
    await execute(this.#store.transaction().unlink(...Object.values(this.#store.keys.run(this.runId))));
  }

  async #write(): Promise<void> {
    if (this.#full.length === 0) return;
    const keys = this.#store.keys.run(this.runId);
    const transaction = this.#store.transaction();
    for (const rows of this.#full.splice(0)) {
      const field = String(this.#batches);
      const states = rows.map((row): StateName => (row.duplicateOf === undefined ? 'pending' : 'skipped'));
      transaction.hset(keys.inputs, field, encodeInputs(rows.map((row) => row.input)));
      transaction.hset(
        keys.states,
        field,
        Buffer.from(states.map((state) => byteOfState({ state, attempts: 0 }))),
      );
      const details = rows.flatMap((row, place) =>
        row.duplicateOf === undefined ? [] : [duplicateDetail(place, row.duplicateOf)],
      );
      if (details.length > 0) transaction.hset(keys.details, field, Buffer.concat(details));
      if (states.every((state) => state === 'skipped')) transaction.setbit(keys.settled, this.#batches, 1);
      this.#batches += 1;
    }
    this.#expiry(transaction);
    await execute(transaction);
  }

  /** A renewal that fails is made good by the next; when none gets through, `publish` says that the staging is lost. */
  async #renew(): Promise<void> {
    const transaction = this.#store.transaction();
    this.#expiry(transaction);
    await execute(transaction).catch(() => undefined);
  }

  #expiry(transaction: ReturnType<RunStore['transaction']>): void {
    for (const key of Object.values(this.#store.keys.run(this.runId)))
      transaction.expire(key, STAGING_LIFE_S);
  }
}

const duplicateDetail = (place: number, line: number): Buffer =>
  encodeDetail(place, {
    errorCode: 'DuplicateRow',
    errorMessage: `Line ${line} wishes the same for this assignment.`,
  });

/** A transaction reports each command's failure beside its result; one failure fails the whole. */
async function execute(transaction: ReturnType<RunStore['transaction']>): Promise<void> {
  for (const [error] of (await transaction.exec()) ?? []) if (error) throw error;
}
