import { MAIN_FAMILY, type Family } from '../assignments/kinds/family.ts';
import { DigestTable } from '../assignments/values/digestTable.ts';
import {
  CALLED_FIELD,
  encodeCalled,
  encodeDetail,
  encodeFingerprints,
  encodeInputs,
  encodeListFingerprints,
  encodeNames,
  encodeRefusals,
} from './batchCodec.ts';
import type { Called } from '../assignments/names/calledIds.ts';
import type { RowNames } from '../assignments/rows/names.ts';
import type { InputRow } from '../assignments/rows/row.ts';
import type { InputColumn } from '../assignments/rows/columns.ts';
import { EXIT, UserError } from '../errors.ts';
import { execute } from '../redis/transaction.ts';
import type { Published, Reverts } from './lua/publish.ts';
import { positionOf } from './position.ts';
import { byteOfState, type StateName } from './rowState.ts';
import { familyFields } from './byFamily.ts';
import { UNKNOWN_SUBMITTER, type Submitter } from './approval.ts';
import { headerFields, type Approved, type RunIdentity } from './run.ts';
import type { RunStore } from './runStore.ts';

/** Rows of one batch, and so of one job, unless they are one policy's: as many as a `$batch` takes. Source: learn.microsoft.com/graph/json-batching, at most 20 requests. */
export const BATCH_ROWS_MAX = 20;
/** Rows of a batch that is one policy's: what belongs together is not parted. Places in a batch are kept as one byte. */
export const POLICY_ROWS_MAX = 200;

/** How long staged rows outlive their producer's last sign. */
const STAGING_LIFE_S = 120;
/** How often a producer that waits (for a person's yes, for the tenant) gives a sign. */
const RENEW_MS = 20_000;
/** Batches written to Redis at a time. */
const BATCHES_PER_WRITE = 25;

/** A row that goes into the record. */
export interface StagedRow {
  readonly input: InputRow;
  /** `policyKey` of its policy, whose rows stay together; undefined: it may stand anywhere. */
  readonly policy?: string;
  /** The throttle family of its policy; undefined: the main one. Rows of several families come one family after the other. */
  readonly family?: Family;
  /** Its place in the file, from 0, when rows come in another order. */
  readonly rank?: number;
  /** The fingerprints of what the plan saw: of the assignment, and of its policy's whole list. */
  readonly planned?: string;
  readonly plannedList?: string;
  /** The code with which the plan saw it refused. */
  readonly plannedRefusal?: string;
  /** What the plan calls its policy. */
  readonly names?: RowNames;
  /** The line of the row that wants the same: this one is settled as skipped from the start. */
  readonly duplicateOf?: number;
}

/** They have expired, or Redis came back older than it was. */
export const stagingLost = (): UserError =>
  new UserError('Rows that were read in are gone from Redis; nothing was queued.', {
    remedy:
      'Start again. If it happens again, Redis was flushed, came back older than it was, or was out of reach for minutes.',
    exitCode: EXIT.environment,
  });

/**
 * A run that is being read in. Nobody works on it until `publish`; when its producer dies, Redis forgets it.
 */
export class Staging {
  readonly runId: string;
  #batches = 0;
  #rows = 0;
  #duplicates = 0;
  #isPublished = false;
  /** Writes that were sent to Redis. */
  #writes = 0;
  readonly #store: RunStore;
  /** Of each policy, the batch after the one that it lies in. */
  readonly #policies = new DigestTable(1);
  #isScattered = false;
  /** Where the row of each rank lies: batch and place; undefined: in the order of the file. */
  #positions: Uint32Array | undefined;
  /** The same the other way round: the rank of each row in the order in which they lie, and where each batch begins in that. */
  #ranks: Uint32Array | undefined;
  readonly #firsts: number[] = [];
  #placed = 0;
  /** Rows of each family, in the order in which they come first; and of each batch the place of its family in that order. */
  readonly #families = new Map<Family, { total: number; left: number }>();
  readonly #familyOf: number[] = [];
  #isMixed = false;
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

  /** True when rows of one policy lie in several batches, or of several families in one: they have to be staged again, grouped. */
  get isScattered(): boolean {
    return this.#isScattered || this.#isMixed;
  }

  async add(row: StagedRow): Promise<void> {
    this.#rows += 1;
    if (row.duplicateOf !== undefined) this.#duplicates += 1;
    if (this.#pending.length > 0 && this.#beginsFamily(row)) this.#full.push(this.#pending.splice(0));
    else if (this.#pending.length >= BATCH_ROWS_MAX) this.#cutBefore(row);
    this.#pending.push(row);
    this.#countFamily(row);
    if (this.#full.length >= BATCHES_PER_WRITE) await this.#write();
  }

  /** What waits for one limiter must not keep what waits for another. Where families alternate, batches would be as short as rows. */
  #beginsFamily({ family = MAIN_FAMILY }: StagedRow): boolean {
    if (this.#isMixed || (this.#pending.at(-1)?.family ?? MAIN_FAMILY) === family) return false;
    this.#isMixed = this.#families.has(family);
    return !this.#isMixed;
  }

  #countFamily({ family = MAIN_FAMILY, duplicateOf }: StagedRow): void {
    const counts = this.#families.get(family) ?? { total: 0, left: 0 };
    counts.total += 1;
    if (duplicateOf === undefined) counts.left += 1;
    this.#families.set(family, counts);
  }

  /** The batch is full, but rows of the next one's policy at its end go with that one. */
  #cutBefore({ policy }: StagedRow): void {
    const last = this.#pending.findLastIndex((row) => policy === undefined || row.policy !== policy);
    const end = last + 1;
    if (end > 0) this.#full.push(this.#pending.splice(0, end));
    else if (this.#pending.length >= POLICY_ROWS_MAX)
      throw new Error(`policy ${policy} has more than ${POLICY_ROWS_MAX} rows`); // the intake takes no more
  }

  /** What the plan saw of each row of a batch that was flushed; undefined where it saw nothing. */
  async keepFingerprints(
    batch: number,
    planned: readonly (string | undefined)[],
    lists: readonly (string | undefined)[] = [],
  ): Promise<void> {
    const transaction = this.#store.transaction();
    this.#setPlanned(transaction, batch, planned, lists);
    await this.#send(transaction);
  }

  /** What the plan calls the policy of each row of a batch that was flushed, and with which code it saw the row refused. */
  async keepNames(
    batch: number,
    names: readonly RowNames[],
    refusals: readonly (string | undefined)[] = [],
  ): Promise<void> {
    const transaction = this.#store.transaction();
    this.#setNames(transaction, batch, names);
    this.#setRefusals(transaction, batch, refusals);
    await this.#send(transaction);
  }

  /** What people call the groups and filters of the rows, as a plan has seen it: kept once, not with each row. */
  async call(names: Called): Promise<void> {
    const transaction = this.#store.transaction();
    transaction.hset(this.#store.keys.run(this.runId).planned, CALLED_FIELD, encodeCalled(names));
    await this.#send(transaction);
  }

  /** Writes what is still in memory. After this, `rowsByBatch` gives everything. */
  async flush(): Promise<void> {
    if (this.#pending.length > 0) this.#full.push(this.#pending);
    this.#pending = [];
    await this.#write();
    await this.#writeFamilies();
    if (this.#positions === undefined) return;
    const order = Buffer.alloc(this.#rows * 4);
    for (let rank = 0; rank < this.#rows; rank += 1)
      order.writeUInt32BE(this.#positions[rank] ?? 0, rank * 4);
    const transaction = this.#store.transaction().set(this.#store.keys.run(this.runId).order, order);
    await this.#send(transaction);
  }

  async #writeFamilies(): Promise<void> {
    if (this.#families.size < 2 || this.#isMixed) return;
    const { families } = this.#store.keys.run(this.runId);
    const transaction = this.#store.transaction().set(families, Buffer.from(this.#familyOf));
    await this.#send(transaction);
  }

  async *rowsByBatch(): AsyncGenerator<InputRow[]> {
    for (let first = 0; first < this.#batches; first += BATCHES_PER_WRITE) {
      const numbers = Array.from(
        { length: Math.min(BATCHES_PER_WRITE, this.#batches - first) },
        (_, i) => first + i,
      );
      yield* await this.readBatches(numbers);
    }
  }

  /** The place in the file of a row that lies elsewhere; undefined when all lie in the order of the file. */
  rankAt(batch: number, place: number): number | undefined {
    const first = this.#firsts[batch];
    return first === undefined ? undefined : this.#ranks?.[first + place];
  }

  /** Rows of these batches, in the order asked. @throws UserError (exit 4) when Redis has lost some of them */
  async readBatches(batches: readonly number[]): Promise<InputRow[][]> {
    const read = await this.#store.inputs(this.runId, batches);
    if (read.some((rows) => rows.length === 0)) throw stagingLost();
    return read;
  }

  async publish(file: {
    readonly sha256: string;
    readonly columns: readonly InputColumn[];
    readonly leftOut: number;
    readonly again: boolean;
    readonly planFingerprint?: string | null;
    readonly approved?: Approved | null;
    readonly submitter?: Submitter;
    readonly reverts?: Reverts | undefined;
  }): Promise<Published> {
    await this.flush();
    if (this.isScattered) throw new Error('a batch would hold part of a policy, or rows of two families');
    const families = [...this.#families.keys()];
    // A renewal that came after the script would let the run expire.
    clearInterval(this.#renewal);
    const published = await this.#store.publish({
      runId: this.runId,
      fileSha256: file.sha256,
      writes: this.#writes,
      again: file.again,
      reverts: file.reverts,
      fields: {
        columns: file.columns,
        leftOut: file.leftOut,
        planFingerprint: file.planFingerprint ?? null,
        approved: file.approved ?? null,
        submitter: file.submitter ?? UNKNOWN_SUBMITTER,
        total: this.#rows,
        batches: this.#batches,
        left: this.#rows - this.#duplicates,
        skipped: this.#duplicates,
        isRegrouped: this.#positions !== undefined,
        ...(families.length > 0 && { families }),
      },
      byFamily: familyFields([...this.#families].map(([family, counts]) => ({ family, ...counts, sent: 0 }))),
    });
    this.#isPublished = published.kind === 'published';
    await this.discard();
    return published;
  }

  /**
   * Forgets what was staged. A published run is no staging any more, also one whose publication was not answered: that stays,
   * and the answer is false.
   */
  async discard(): Promise<boolean> {
    clearInterval(this.#renewal);
    if (this.#isPublished) return false;
    const run = await this.#store.run(this.runId);
    if (run !== undefined && run.state !== 'loading') return false;
    await execute(this.#store.transaction().unlink(...this.#keys));
    return true;
  }

  async #write(): Promise<void> {
    if (this.#full.length === 0) return;
    const keys = this.#store.keys.run(this.runId);
    const transaction = this.#store.transaction();
    for (const rows of this.#full.splice(0)) {
      const field = String(this.#batches);
      this.#place(rows);
      this.#familyOf.push([...this.#families.keys()].indexOf(rows[0]?.family ?? MAIN_FAMILY));
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
      this.#setPlanned(
        transaction,
        this.#batches,
        rows.map(({ planned }) => planned),
        rows.map(({ plannedList }) => plannedList),
      );
      this.#setNames(
        transaction,
        this.#batches,
        rows.map(({ names = {} }) => names),
      );
      this.#setRefusals(
        transaction,
        this.#batches,
        rows.map(({ plannedRefusal }) => plannedRefusal),
      );
      if (details.length > 0) transaction.hset(keys.details, field, Buffer.concat(details));
      if (states.every((state) => state === 'skipped')) transaction.setbit(keys.settled, this.#batches, 1);
      this.#batches += 1;
    }
    await this.#send(transaction);
  }

  #setPlanned(
    transaction: ReturnType<RunStore['transaction']>,
    batch: number,
    planned: readonly (string | undefined)[],
    lists: readonly (string | undefined)[],
  ): void {
    const key = this.#store.keys.run(this.runId).planned;
    if (planned.some((each) => each !== undefined))
      transaction.hset(key, String(batch), encodeFingerprints(planned));
    if (lists.some((each) => each !== undefined))
      transaction.hset(key, `${batch}l`, encodeListFingerprints(lists));
  }

  #setNames(
    transaction: ReturnType<RunStore['transaction']>,
    batch: number,
    names: readonly RowNames[],
  ): void {
    const key = this.#store.keys.run(this.runId).planned;
    if (names.some(({ policy, platform }) => policy !== undefined || platform !== undefined))
      transaction.hset(key, `${batch}n`, encodeNames(names));
  }

  #setRefusals(
    transaction: ReturnType<RunStore['transaction']>,
    batch: number,
    codes: readonly (string | undefined)[],
  ): void {
    const key = this.#store.keys.run(this.runId).planned;
    if (codes.some((code) => code !== undefined)) transaction.hset(key, `${batch}r`, encodeRefusals(codes));
  }

  /** Notes where the rows of the batch that is written now lie. */
  #place(rows: readonly StagedRow[]): void {
    const after = this.#batches + 1;
    this.#firsts.push(this.#placed);
    for (const [place, { policy, rank }] of rows.entries()) {
      if (policy !== undefined) {
        const known = this.#policies.of(policy);
        const isHere = known[0] === 0 || known[0] === after;
        if (!isHere) this.#isScattered = true;
        known[0] = after;
      }
      if (rank !== undefined) {
        this.#positions = withRoom(this.#positions, rank);
        this.#positions[rank] = positionOf(this.#batches, place);
        this.#ranks = withRoom(this.#ranks, this.#placed + place);
        this.#ranks[this.#placed + place] = rank;
      }
    }
    this.#placed += rows.length;
  }

  /**
   * A Redis that comes back older than it was has lost some of this, and what follows would hide that: so each write has a bit. A bit may
   * be set twice, as the client sends again what was not answered.
   */
  async #send(transaction: ReturnType<RunStore['transaction']>): Promise<void> {
    transaction.setbit(this.#store.keys.staged(this.runId), this.#writes, 1);
    this.#writes += 1;
    this.#expiry(transaction);
    await execute(transaction);
  }

  get #keys(): readonly string[] {
    const { keys } = this.#store;
    return [...Object.values(keys.run(this.runId)), keys.staged(this.runId)];
  }

  /** A renewal that fails is made good by the next; when none gets through, `publish` says that the staging is lost. */
  async #renew(): Promise<void> {
    const transaction = this.#store.transaction();
    this.#expiry(transaction);
    await execute(transaction).catch(() => undefined);
  }

  #expiry(transaction: ReturnType<RunStore['transaction']>): void {
    for (const key of this.#keys) transaction.expire(key, STAGING_LIFE_S);
  }
}

function withRoom(numbers: Uint32Array | undefined, index: number): Uint32Array {
  if (numbers === undefined) return new Uint32Array(Math.max(1_024, 2 * index));
  if (index < numbers.length) return numbers;
  const larger = new Uint32Array(Math.max(index + 1, numbers.length * 2));
  larger.set(numbers);
  return larger;
}

const duplicateDetail = (place: number, line: number): Buffer =>
  encodeDetail(place, {
    errorCode: 'DuplicateRow',
    errorMessage: `Line ${line} wants the same for this assignment.`,
  });
