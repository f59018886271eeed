import { redisNow } from '../redis/clock.ts';
import type { Family } from '../assignments/kinds/family.ts';
import type { RedisClient } from '../redis/connection.ts';
import {
  CALLED_FIELD,
  decodeCalled,
  decodeDetails,
  decodeInputs,
  decodeNames,
  detailsOf,
  fingerprintAt,
  type Detail,
} from './batchCodec.ts';
import type { Called } from '../assignments/names/calledIds.ts';
import type { InputRow } from '../assignments/rows/row.ts';
import type { RowNames } from '../assignments/rows/names.ts';
import { recordedRows, type BatchBytes, type BatchRef, type RecordedRow } from './batchRow.ts';
import { keysOf, type Keys, type RunKeys } from './keys.ts';
import { batchAt, placeAt } from './position.ts';
import { isAtRest, rulesOf, runFromHeader, type Run } from './run.ts';
import { isInDoubt, stateOfByte } from './rowState.ts';
import type { KeptApprovalRule, LoweringAsked } from './approval.ts';
import { sampleOf, type Sample } from './samples.ts';

/** Who stopped the whole tenant, and why. */
export interface Stop {
  readonly by: string;
  /** Ms since the epoch. */
  readonly at: number;
  readonly reason: string | null;
}

/** Something that a person, or the run itself, did; see `retarget log`. */
export interface LogEntry {
  /** Ms since the epoch. */
  readonly at: number;
  readonly operator: string;
  readonly action: string;
  readonly reason?: string | null;
  /** What belongs to the action: arguments, allowed findings, new settings. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** In the tenant's log: the run that it is about; left out: all of them. */
  readonly run?: string;
}

/** A batch with something to do, and the family whose limiter it needs. */
export interface OpenBatch {
  readonly batch: number;
  readonly family: Family;
}

/** What the record of one tenant holds, as it can be read without a script. */
export class RunReader {
  readonly keys: Keys;
  protected readonly redis: RedisClient;

  constructor(redis: RedisClient, tenant: string) {
    this.redis = redis;
    this.keys = keysOf(tenant);
  }

  async run(runId: string): Promise<Run | undefined> {
    return runFromHeader(runId, await this.redis.hgetall(this.keys.run(runId).header));
  }

  /** What the tenant demands before a run is written; undefined: nothing was ever set. */
  async approvalRule(): Promise<KeptApprovalRule | undefined> {
    const [kept, lowering] = await this.redis.hmget(this.keys.limiter, 'approvalRule', 'approvalLowering');
    if (kept === null || kept === undefined) return undefined;
    const asked = lowering ? (JSON.parse(lowering) as LoweringAsked) : null;
    return { ...(JSON.parse(kept) as KeptApprovalRule), lowering: asked };
  }

  /** How far a run was in its last windows, oldest first; at most `max` samples. */
  async samples(runId: string, max: number): Promise<readonly Sample[]> {
    return (await this.redis.lrangeBuffer(this.keys.run(runId).samples, -max, -1)).map(sampleOf);
  }

  /** All runs, newest first. Ids whose run has expired are dropped from the list on the way. */
  async runs(): Promise<Run[]> {
    const ids = await this.redis.zrevrange(this.keys.runs, 0, -1);
    const found = await Promise.all(ids.map((id) => this.run(id)));
    const gone = ids.filter((_, i) => found[i] === undefined);
    if (gone.length > 0) await this.redis.zrem(this.keys.runs, ...gone);
    return found.filter((run) => run !== undefined).sort((a, b) => b.createdAt - a.createdAt);
  }

  /** The ids of all runs, the newest first; of some the run may have expired. */
  async runIds(): Promise<string[]> {
    return this.redis.zrevrange(this.keys.runs, 0, -1);
  }

  /** The ids of the runs that were made since a moment, in ms since the epoch, by Redis' clock. */
  async createdSince(at: number): Promise<string[]> {
    return this.redis.zrangebyscore(this.keys.runs, Math.floor(at / 1000), '+inf');
  }

  /** Redis' clock, by which the record keeps its times: ms since the epoch. */
  async now(): Promise<number> {
    return redisNow(this.redis);
  }

  /** The runs whose time to be taken back has come by Redis' clock, and that are not, the longest due first. */
  async dueToRevert(): Promise<Run[]> {
    const ids = await this.redis.zrangebyscore(this.keys.reverts, '-inf', await this.now());
    const found = await Promise.all(ids.map((id) => this.run(id)));
    const gone = ids.filter((_, i) => found[i] === undefined);
    if (gone.length > 0) await this.redis.zrem(this.keys.reverts, ...gone);
    return found.filter((run) => run !== undefined);
  }

  /** The runs that have not ended, as they stand in line. */
  async line(): Promise<Run[]> {
    const ids = await this.redis.zrange(this.keys.open, '0', '-1');
    const found = await Promise.all(ids.map((id) => this.run(id)));
    return found.filter((run) => run !== undefined);
  }

  /** Batches with something to do, from the front, at most `max` of each family, in turns. */
  async openBatches(run: Run, max: number): Promise<OpenBatch[]> {
    const { families } = run;
    const byFamily = families.length < 2 ? undefined : await this.familiesOf(run.runId);
    const lists = await Promise.all(
      families.map(async (family, place) => {
        const isOf = (batch: number): boolean => byFamily === undefined || byFamily[batch] === place;
        const batches = await this.#openBatches(run, max, isOf);
        return batches.map((batch): OpenBatch => ({ batch, family }));
      }),
    );
    const longest = Math.max(...lists.map(({ length }) => length));
    return Array.from({ length: longest }, (_, turn) => lists.flatMap((list) => list[turn] ?? [])).flat();
  }

  /** Of each batch the place of its family among those of the run; empty when there is one family only. */
  async familiesOf(runId: string): Promise<Buffer> {
    return (await this.redis.getBuffer(this.keys.run(runId).families)) ?? Buffer.alloc(0);
  }

  async #openBatches(run: Run, max: number, isMeant: (batch: number) => boolean): Promise<number[]> {
    const keys = this.keys.run(run.runId);
    const settled = (await this.redis.getBuffer(keys.settled)) ?? Buffer.alloc(0);
    const isOpen = (batch: number): boolean =>
      (((settled[batch >> 3] ?? 0) >> (7 - (batch & 7))) & 1) === 0 && isMeant(batch);
    const open: number[] = [];
    for (let first = 0; first < run.batches && open.length < max; first += BATCHES_PER_SCAN) {
      const length = Math.min(BATCHES_PER_SCAN, run.batches - first);
      const unsettled = Array.from({ length }, (_, i) => first + i).filter(isOpen);
      open.push(
        ...(run.state === 'running' || (run.state === 'queued' && !isAtRest(run))
          ? unsettled
          : await this.#inDoubt(keys, unsettled)),
      );
    }
    return open.slice(0, max);
  }

  /** A stopped run, or one at rest, has nothing to do now but to look at rows whose write may have left. */
  async #inDoubt(keys: RunKeys, batches: readonly number[]): Promise<number[]> {
    if (batches.length === 0) return [];
    const states = await this.redis.hmgetBuffer(keys.states, ...batches.map(String));
    return batches.filter((_, i) =>
      [...(states[i] ?? [])].some((byte) => isInDoubt(stateOfByte(byte).state)),
    );
  }

  /** All rows of a run, in the order of the file, with before-images when asked for; in bounded memory whatever the run's size. */
  async *rows(run: Run, images: 'before' | 'none' = 'none'): AsyncGenerator<RecordedRow> {
    if (run.isRegrouped) yield* this.#rowsInOrder(run, images);
    else for await (const rows of this.rowsByBatch(run, images)) yield* rows;
  }

  /** The same, batch by batch as they lie in the record: those of one policy together. */
  async *rowsByBatch(run: Run, images: 'before' | 'none' = 'none'): AsyncGenerator<RecordedRow[]> {
    for (let first = 0; first < run.batches; first += BATCHES_PER_READ) {
      const length = Math.min(BATCHES_PER_READ, run.batches - first);
      const batches = Array.from({ length }, (_, i) => first + i);
      yield* await this.#read(run, batches, images);
    }
  }

  /**
   * The rows of those batches that may mean what is asked for, by what is cheap to read of them, with before-images, batch by batch as
   * they lie in the record.
   */
  async *rowsAsked(run: Run, mayMean: (glance: BatchGlance) => boolean): AsyncGenerator<RecordedRow[]> {
    let next = this.#glances(run, 0);
    for (let first = 0; first < run.batches; first += BATCHES_PER_GLANCE) {
      const glances = await next;
      // Redis answers while these are gone through.
      next = this.#glances(run, first + BATCHES_PER_GLANCE);
      const meant = glances.flatMap((glance, i) => (glance && mayMean(glance) ? [first + i] : []));
      for (let at = 0; at < meant.length; at += BATCHES_PER_READ)
        yield* await this.#read(run, meant.slice(at, at + BATCHES_PER_READ), 'before');
    }
    await next;
  }

  async #glances(run: Run, first: number): Promise<readonly (BatchGlance | undefined)[]> {
    const length = Math.min(BATCHES_PER_GLANCE, run.batches - first);
    if (length <= 0) return [];
    const keys = this.keys.run(run.runId);
    const batches = Array.from({ length }, (_, i) => String(first + i));
    const [inputs, before, names] = await Promise.all([
      this.redis.hmgetBuffer(keys.inputs, ...batches),
      this.redis.hmgetBuffer(keys.before, ...batches),
      this.redis.hmgetBuffer(keys.planned, ...batches.map((batch) => `${batch}n`)),
    ]);
    return inputs.map((blob, i) => (blob ? { inputs: blob, before: before[i], names: names[i] } : undefined));
  }

  /** Where whole policies were put together, the record says where each row of the file went. */
  async *#rowsInOrder(run: Run, images: 'before' | 'none'): AsyncGenerator<RecordedRow> {
    const order = (await this.redis.getBuffer(this.keys.run(run.runId).order)) ?? Buffer.alloc(0);
    const positions = Array.from({ length: order.length / 4 }, (_, i) => order.readUInt32BE(i * 4));
    for (let first = 0; first < positions.length; first += ROWS_PER_READ) {
      const wanted = positions.slice(first, first + ROWS_PER_READ);
      const batches = [...new Set(wanted.map(batchAt))];
      const read = await this.#read(run, batches, images);
      const byBatch = new Map(batches.map((batch, i) => [batch, read[i]]));
      for (const position of wanted) {
        const row = byBatch.get(batchAt(position))?.[placeAt(position)];
        if (row) yield row;
      }
    }
  }

  /** Of each batch its state bytes, from one on, some thousands of batches at a time: a byte a row, by place. */
  async *states(run: Run, from = 0): AsyncGenerator<readonly (readonly [batch: number, states: Buffer])[]> {
    for (let first = from; first < run.batches; first += BATCHES_PER_SCAN) {
      const length = Math.min(BATCHES_PER_SCAN, run.batches - first);
      const batches = Array.from({ length }, (_, i) => first + i);
      const read = await this.redis.hmgetBuffer(this.keys.run(run.runId).states, ...batches.map(String));
      yield batches.map((batch, i) => [batch, read[i] ?? Buffer.alloc(0)] as const);
    }
  }

  /** The rows of these batches, with what was there before and with names. */
  rowsOf(run: Run, batches: readonly number[]): Promise<RecordedRow[][]> {
    return batches.length === 0 ? Promise.resolve([]) : this.#read(run, batches, 'before');
  }

  /** What there is to say of rows of these batches beyond their states, by place. */
  async details(runId: string, batches: readonly number[]): Promise<ReadonlyMap<number, Detail>[]> {
    if (batches.length === 0) return [];
    return (await this.redis.hmgetBuffer(this.keys.run(runId).details, ...batches.map(String))).map(
      decodeDetails,
    );
  }

  /** All that the record still has to say of one row, the oldest first: each reply that was kept, and what it came to. */
  async saidOf({ runId, batch }: BatchRef, place: number): Promise<readonly Detail[]> {
    return detailsOf(await this.redis.hgetBuffer(this.keys.run(runId).details, String(batch)), place);
  }

  async #read(run: Run, batches: readonly number[], images: 'before' | 'none'): Promise<RecordedRow[][]> {
    const keys = this.keys.run(run.runId);
    const fields = batches.map(String);
    const withImages = async (key: string, what: 'l' | 'n' | 'r' | ''): Promise<(Buffer | null)[]> =>
      images === 'before' ? this.redis.hmgetBuffer(key, ...fields.map((field) => field + what)) : [];
    const [inputs, states, details, before, lists, names, plannedLists, refusals] = await Promise.all([
      this.redis.hmgetBuffer(keys.inputs, ...fields),
      this.redis.hmgetBuffer(keys.states, ...fields),
      this.redis.hmgetBuffer(keys.details, ...fields),
      withImages(keys.before, ''),
      withImages(keys.before, 'l'),
      withImages(keys.planned, 'n'),
      withImages(keys.planned, 'l'),
      withImages(keys.planned, 'r'),
    ]);
    return batches.map((batch, i) => {
      const [blob, bytes] = [inputs[i], states[i]];
      if (!blob || !bytes) return [];
      return recordedRows(
        {
          inputs: blob,
          states: bytes,
          details: details[i],
          before: before[i],
          lists: lists[i],
          names: names[i],
          plannedLists: plannedLists[i],
          refusals: refusals[i],
        },
        batch,
        run.runId,
        rulesOf(run),
      );
    });
  }

  /** What people call the groups and filters of a run's rows; undefined: no plan has looked at the tenant for it. */
  async called(runId: string): Promise<Called | undefined> {
    const bytes = await this.redis.hgetBuffer(this.keys.run(runId).planned, CALLED_FIELD);
    return bytes === null ? undefined : decodeCalled(bytes);
  }

  /** What a plan has seen that the policies of a batch's rows are called, by place. */
  async rowNames({ runId, batch }: BatchRef): Promise<readonly RowNames[]> {
    return decodeNames(await this.redis.hgetBuffer(this.keys.run(runId).planned, `${batch}n`));
  }

  /** Rows of the given batches as read, for a plan of what is staged. */
  async inputs(runId: string, batches: readonly number[]): Promise<InputRow[][]> {
    if (batches.length === 0) return [];
    const blobs = await this.redis.hmgetBuffer(this.keys.run(runId).inputs, ...batches.map(String));
    return blobs.map((blob) => (blob ? decodeInputs(blob) : []));
  }

  /** Of each batch, the fingerprint of what the plan saw of the row at a place; undefined where it saw nothing. */
  async plannedFingerprints(
    runId: string,
    batches: readonly number[],
  ): Promise<((place: number) => string | undefined)[]> {
    const blobs = await this.redis.hmgetBuffer(this.keys.run(runId).planned, ...batches.map(String));
    return batches.map((_, i) => (place) => fingerprintAt(blobs[i], place));
  }

  async stopped(): Promise<Stop | undefined> {
    const text = await this.redis.hget(this.keys.limiter, 'stop');
    return text === null ? undefined : (JSON.parse(text) as Stop);
  }

  /** The log of a run, or of the whole tenant, oldest first; with `max` only so many of the newest entries. */
  async told(runId: string | undefined, max?: number): Promise<LogEntry[]> {
    const entries = await this.redis.lrange(this.keys.log(runId), max === undefined ? 0 : -max, -1);
    return entries.map((entry) => JSON.parse(entry) as LogEntry);
  }

  async toldCount(runId?: string): Promise<number> {
    return this.redis.llen(this.keys.log(runId));
  }
}

/** What of a batch tells whether it is worth to be read whole. */
export type BatchGlance = Pick<BatchBytes, 'inputs' | 'before' | 'names'>;

/** Batches that are glanced at together: about 1 MB. */
const BATCHES_PER_GLANCE = 500;

/** Rows read at a time where they lie scattered. */
const ROWS_PER_READ = 4_000;

/** Batches whose rows are in memory at a time while all rows of a run are read: about 2 MB. */
const BATCHES_PER_READ = 200;
/** Batches whose bit is looked at, and whose states are read, at a time. */
const BATCHES_PER_SCAN = 5_000;
