import type { ChainableCommander } from 'ioredis';
import type { RedisClient } from '../redis/connection.ts';
import { decodeInputs, encodeDetail, type InputRow } from './batchCodec.ts';
import {
  recordedRows,
  type BatchRef,
  type BatchStates,
  type RecordedRow,
  type RowRecord,
} from './batchRow.ts';
import { keysOf, type Keys, type RunKeys } from './keys.ts';
import {
  leaveAnswerOf,
  NOTHING_SENT,
  type LeaveAnswer,
  type LedgerEvent,
  type LedgerNow,
  type LedgerPolicy,
} from './leave.ts';
import { byteOfState, STATE, stateOfByte } from './rowState.ts';
import { RECORD_FORMAT, runFromHeader, type Run, type RunState } from './run.ts';
import { Scripts } from './scripts.ts';

export type Transition =
  { readonly kind: 'done'; readonly from: RunState } | { readonly kind: 'wrong'; readonly state: string };

/** The record of one tenant in Redis. */
export class RunStore {
  readonly keys: Keys;
  readonly #redis: RedisClient;
  readonly #scripts: Scripts;

  constructor(redis: RedisClient, tenant: string) {
    this.#redis = redis;
    this.#scripts = new Scripts(redis);
    this.keys = keysOf(tenant);
  }

  async run(runId: string): Promise<Run | undefined> {
    return runFromHeader(runId, await this.#redis.hgetall(this.keys.run(runId).header));
  }

  /** All runs, newest first. Ids whose run has expired are dropped from the list on the way. */
  async runs(): Promise<Run[]> {
    const ids = await this.#redis.zrevrange(this.keys.runs, 0, -1);
    const found = await Promise.all(ids.map((id) => this.run(id)));
    const gone = ids.filter((_, i) => found[i] === undefined);
    if (gone.length > 0) await this.#redis.zrem(this.keys.runs, ...gone);
    return found.filter((run) => run !== undefined).sort((a, b) => b.createdAt - a.createdAt);
  }

  /** The run at work for this root, else the next in line, which a worker sets to work; and ended runs with writes in doubt. */
  async runsToWorkOn(graphUrl: string, now: number, isWorker = true): Promise<string[]> {
    const header = this.keys.run('').header;
    const answer = await this.#scripts.run(
      'nextRun',
      [this.keys.open],
      [header, graphUrl, RECORD_FORMAT, now, isWorker ? 1 : 0],
    );
    return answer.map(String);
  }

  /** Batches with something to do, from the front, at most `max`. */
  async openBatches(run: Run, max: number): Promise<number[]> {
    const keys = this.keys.run(run.runId);
    const settled = (await this.#redis.getBuffer(keys.settled)) ?? Buffer.alloc(0);
    const isOpen = (batch: number): boolean => (((settled[batch >> 3] ?? 0) >> (7 - (batch & 7))) & 1) === 0;
    const open: number[] = [];
    for (let first = 0; first < run.batches && open.length < max; first += BATCHES_PER_SCAN) {
      const length = Math.min(BATCHES_PER_SCAN, run.batches - first);
      const unsettled = Array.from({ length }, (_, i) => first + i).filter(isOpen);
      open.push(
        ...(run.state === 'running' || run.state === 'queued'
          ? unsettled
          : await this.#inDoubt(keys, unsettled)),
      );
    }
    return open.slice(0, max);
  }

  /** A stopped run has nothing left to do but to look at rows whose write may have left. */
  async #inDoubt(keys: RunKeys, batches: readonly number[]): Promise<number[]> {
    if (batches.length === 0) return [];
    const states = await this.#redis.hmgetBuffer(keys.states, ...batches.map(String));
    return batches.filter((_, i) =>
      [...(states[i] ?? [])].some((byte) => stateOfByte(byte).state === 'sent'),
    );
  }

  /** All rows of a batch; undefined when the record has no such batch. */
  async batch({ runId, batch }: BatchRef): Promise<RecordedRow[] | undefined> {
    const keys = this.keys.run(runId);
    const field = String(batch);
    const [inputs, states, details] = await Promise.all([
      this.#redis.hgetBuffer(keys.inputs, field),
      this.#redis.hgetBuffer(keys.states, field),
      this.#redis.hgetBuffer(keys.details, field),
    ]);
    return inputs && states ? recordedRows(inputs, states, details) : undefined;
  }

  /** All rows of a run in input order, a few hundred batches at a time, whatever the run's size. */
  async *rows(run: Run): AsyncGenerator<RecordedRow> {
    const keys = this.keys.run(run.runId);
    for (let first = 0; first < run.batches; first += BATCHES_PER_READ) {
      const fields = Array.from({ length: Math.min(BATCHES_PER_READ, run.batches - first) }, (_, i) =>
        String(first + i),
      );
      const [inputs, states, details] = await Promise.all([
        this.#redis.hmgetBuffer(keys.inputs, ...fields),
        this.#redis.hmgetBuffer(keys.states, ...fields),
        this.#redis.hmgetBuffer(keys.details, ...fields),
      ]);
      for (const [i, blob] of inputs.entries()) {
        const bytes = states[i];
        if (blob && bytes) yield* recordedRows(blob, bytes, details[i]);
      }
    }
  }

  /**
   * Asks for leave to write these rows and, when granted, marks them `sent` and counts the attempt, in one step. A row that
   * does not stand as given here has been in other hands since, and is left out.
   */
  async leave(
    ref: BatchRef,
    token: string,
    rows: readonly RowRecord[],
    policy: LedgerPolicy,
  ): Promise<LeaveAnswer> {
    const keys = this.keys.run(ref.runId);
    const [kind, now, event, ...rest] = await this.#scripts.run(
      'leave',
      [...this.#ledgerKeys(), keys.header, keys.states, keys.leases],
      [JSON.stringify(policy), ref.batch, token, ...rows.flatMap((row) => [row.place, byteOfState(row)])],
    );
    return leaveAnswerOf(String(kind), Number(now), String(event), rest);
  }

  /** How long the write that another worker may have on its way keeps this batch from being written; 0: none. */
  async leaseMs({ runId, batch }: BatchRef): Promise<number> {
    const [left] = await this.#scripts.run('lease', [this.keys.run(runId).leases], [batch]);
    return Number(left);
  }

  /** Records rows of a batch that are not settled yet, and ends the charges of the leave they were sent with. */
  async record(
    ref: BatchRef,
    rows: readonly RowRecord[],
    policy: LedgerPolicy,
    settlement = NOTHING_SENT,
  ): Promise<BatchStates> {
    const keys = this.keys.run(ref.runId);
    const { token, chargeEnd, answered, accepted, returned, holdMs, throttled } = settlement;
    const [states, runState, event] = await this.#scripts.run(
      'record',
      [
        ...this.#ledgerKeys(),
        keys.header,
        keys.states,
        keys.details,
        keys.settled,
        keys.leases,
        this.keys.open,
        keys.inputs,
      ],
      [
        JSON.stringify(policy),
        ...[ref.runId, ref.batch, token, chargeEnd],
        ...[answered, accepted, returned, Math.round(holdMs), throttled],
        ...rows.flatMap(({ place, state, attempts, detail }) => [
          place,
          STATE[state],
          attempts,
          detail ? encodeDetail(place, detail) : '',
        ]),
      ],
    );
    return {
      states: [...(states ?? [])].map(stateOfByte),
      runState: String(runState) as RunState,
      event: String(event),
    };
  }

  /** Leave for `reads` requests that change nothing. */
  async readLeave(
    reads: number,
    policy: LedgerPolicy,
  ): Promise<Extract<LeaveAnswer, { kind: 'granted' | 'wait' }>> {
    const [kind, now, told, value, reason] = await this.#scripts.run('readLeave', this.#ledgerKeys(), [
      JSON.stringify(policy),
      reads,
    ]);
    const answered = { now: Number(now), event: String(told) };
    return String(kind) === 'granted'
      ? { kind: 'granted', ...answered, chargeEnd: Number(value), places: [], states: [] }
      : { kind: 'wait', ...answered, waitMs: Number(value), reason: String(reason) };
  }

  async readReply(
    reads: number,
    chargeEnd: number,
    holdMs: number,
    policy: LedgerPolicy,
  ): Promise<{ event: LedgerEvent }> {
    const [event] = await this.#scripts.run('readReply', this.#ledgerKeys(), [
      JSON.stringify(policy),
      chargeEnd,
      reads,
      Math.round(holdMs),
    ]);
    return { event: String(event) };
  }

  async ledgerNow(policy: LedgerPolicy): Promise<LedgerNow> {
    const [charged, accepted, budget, until, reason] = await this.#scripts.run(
      'ledgerNow',
      this.#ledgerKeys(),
      [JSON.stringify(policy)],
    );
    return {
      charged: Number(charged),
      accepted: Number(accepted),
      budget: Number(budget),
      holdUntil: Number(until) || null,
      holdReason: String(reason) || null,
    };
  }

  async transition(
    runId: string,
    to: RunState,
    reason: string,
    from: readonly RunState[],
  ): Promise<Transition> {
    const [kind, state] = await this.#scripts.run('transition', this.#allKeys(runId), [
      runId,
      to,
      reason,
      ...from,
    ]);
    return String(kind) === 'done'
      ? { kind: 'done', from: String(state) as RunState }
      : { kind: 'wrong', state: String(state) };
  }

  /** Opens the failed rows of an ended run again, and those a cancel left unwritten. */
  async retry(
    runId: string,
    from: readonly RunState[],
  ): Promise<{ kind: 'done'; rows: number } | { kind: 'wrong'; state: string }> {
    const keys = this.keys.run(runId);
    const [kind, value] = await this.#scripts.run(
      'retry',
      [this.keys.open, keys.header, keys.states, keys.settled, keys.details, keys.inputs, keys.leases],
      [runId, ...from],
    );
    return String(kind) === 'done'
      ? { kind: 'done', rows: Number(value) }
      : { kind: 'wrong', state: String(value) };
  }

  /** Makes the staged run visible to workers. */
  async publish(
    runId: string,
    fileSha256: string,
    again: boolean,
    fields: Readonly<Record<string, string | number>>,
  ): Promise<{ kind: 'published' } | { kind: 'lost' } | { kind: 'sameFile'; runId: string }> {
    const { header, inputs, states, details, settled } = this.keys.run(runId);
    const [kind, other] = await this.#scripts.run(
      'publish',
      [this.keys.open, this.keys.runs, header, inputs, states, details, settled],
      [runId, again ? 1 : 0, this.keys.run('').header, fileSha256, ...Object.entries(fields).flat()],
    );
    switch (String(kind)) {
      case 'published':
        return { kind: 'published' };
      case 'sameFile':
        return { kind: 'sameFile', runId: String(other) };
      default:
        return { kind: 'lost' };
    }
  }

  /** Commands that are carried out together or not at all, even when this process dies while it sends them. */
  transaction(): ChainableCommander {
    return this.#redis.multi();
  }

  /** Rows of the given batches as read, for a plan of what is staged. */
  async inputs(runId: string, batches: readonly number[]): Promise<InputRow[][]> {
    if (batches.length === 0) return [];
    const blobs = await this.#redis.hmgetBuffer(this.keys.run(runId).inputs, ...batches.map(String));
    return blobs.map((blob) => (blob ? decodeInputs(blob) : []));
  }

  #ledgerKeys(): string[] {
    return [this.keys.ledger, this.keys.ledgerWrites, this.keys.ledgerAll, this.keys.ledgerAccepted];
  }

  #allKeys(runId: string): string[] {
    const keys = this.keys.run(runId);
    return [this.keys.open, keys.header, keys.states, keys.details, keys.settled, keys.leases, keys.inputs];
  }
}

/** Batches whose rows are in memory at a time while all rows of a run are read: about 2 MB. */
const BATCHES_PER_READ = 200;
/** Batches whose bit is looked at, and whose states are read, at a time. */
const BATCHES_PER_SCAN = 5_000;
