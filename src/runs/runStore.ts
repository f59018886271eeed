import type { ChainableCommander } from 'ioredis';
import { unpack } from 'msgpackr';
import type { RedisClient } from '../redis/connection.ts';
import {
  recordedRows,
  type BatchRef,
  type BatchStates,
  type LeaveRow,
  type RecordedRow,
  type RowRecord,
} from './batchRow.ts';
import {
  leaveAnswerOf,
  NOTHING_SENT,
  type LeaveAnswer,
  type LedgerEvent,
  type LedgerNow,
  type LedgerPolicy,
} from './leave.ts';
import { stateOfByte } from './rowState.ts';
import { encodeLeaveRows, encodeRecords } from './rowsCodec.ts';
import { RunReader, type LogEntry, type Stop } from './runReader.ts';
import { RECORD_FORMAT, runFromHeader, type Run, type RunState } from './run.ts';
import type { Strategy } from '../assignments/kinds/kind.ts';
import { Scripts } from './scripts.ts';

export type Transition =
  { readonly kind: 'done'; readonly from: RunState } | { readonly kind: 'wrong'; readonly state: string };

/** A batch as a worker takes it up. */
export interface BatchView {
  readonly run: Run;
  readonly rows: readonly RecordedRow[];
  readonly leaseMs: number;
}

export interface Retry {
  readonly from: readonly RunState[];
  /** What is opened again besides what was never written: failed and cancelled rows, those that await approval, or nothing. */
  readonly open: 'failed' | 'awaiting' | 'rest';
  /** Batch → places of the rows that are meant; undefined: all. */
  readonly rows?: ReadonlyMap<number, readonly number[]>;
  readonly strategy?: Strategy;
}

/** How long a run's log is kept after its last entry: longer than any run. */
const LOG_DAYS = 4_000;

/** The record of one tenant in Redis: read as RunReader has it, and changed by scripts. */
export class RunStore extends RunReader {
  readonly #scripts: Scripts;
  readonly #asked = new WeakMap<readonly LeaveRow[], Buffer>();

  constructor(redis: RedisClient, tenant: string) {
    super(redis, tenant);
    this.#scripts = new Scripts(redis);
  }

  /** The run at work for this root, else the next in line, which a worker sets to work; and ended runs with writes in doubt. */
  async runsToWorkOn(graphUrl: string, now: number, isWorker = true): Promise<string[]> {
    const header = this.keys.run('').header;
    const answer = await this.#scripts.run(
      'nextRun',
      [this.keys.open, this.keys.ledger],
      [header, graphUrl, RECORD_FORMAT, now, isWorker ? 1 : 0],
    );
    return answer.map(String);
  }

  /** A batch, its run, and how long the write that another worker may have on its way keeps it from being written (0: none). */
  async batch({ runId, batch }: BatchRef): Promise<BatchView | undefined> {
    const { header, inputs, states, details, leases, planned, before } = this.keys.run(runId);
    const [leaseMs, inputBytes, stateBytes, said, plannedRows, plannedLists, images, fields] =
      await this.#scripts.run(
        'batchView',
        [header, inputs, states, details, leases, planned, before],
        [batch],
      );
    const run = runFromHeader(runId, headerIn(fields));
    if (run === undefined) return undefined;
    if (!inputBytes?.length || !stateBytes?.length)
      throw new Error(`batch ${batch} of run ${runId} is gone from Redis`);
    const rows = recordedRows(inputBytes, stateBytes, said, {
      planned: plannedRows,
      plannedLists,
      before: images,
    });
    return { run, rows, leaseMs: Number(leaseMs) };
  }

  /**
   * Asks for leave to write these rows and, when granted, marks them `sent` and counts the attempt, in one step. A row that
   * does not stand as given here has been in other hands since, and is left out.
   */
  async leave(
    ref: BatchRef,
    token: string,
    rows: readonly LeaveRow[],
    policy: LedgerPolicy,
  ): Promise<LeaveAnswer> {
    const keys = this.keys.run(ref.runId);
    const [kind, now, event, ...rest] = await this.#scripts.run(
      'leave',
      [...this.#ledgerKeys(), keys.header, keys.states, keys.leases, keys.before],
      [JSON.stringify(policy), ref.batch, token, REQUESTS_PER_LEAVE_MAX, this.#wanted(rows)],
    );
    return leaveAnswerOf(String(kind), Number(now), String(event), rest);
  }

  /** Leave is asked for again and again with the same rows, until it is given. */
  #wanted(rows: readonly LeaveRow[]): Buffer {
    const wanted = this.#asked.get(rows) ?? encodeLeaveRows(rows);
    this.#asked.set(rows, wanted);
    return wanted;
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
        keys.planned,
        keys.before,
        keys.order,
      ],
      [
        JSON.stringify(policy),
        ...[ref.runId, ref.batch, token, chargeEnd],
        ...[answered, accepted, returned, Math.round(holdMs), throttled],
        ...[settlement.allForbidden ? 1 : 0, settlement.isStopping ? 1 : 0, settlement.answeredAgoMs],
        encodeRecords(rows),
      ],
    );
    return {
      states: [...(states ?? [])].map(stateOfByte),
      runState: String(runState) as RunState,
      event: String(event),
    };
  }

  /** Leave for `reads` requests that are of no batch. Those for work on a run wait with the tenant when it is stopped. */
  async readLeave(
    reads: number,
    isForWork: boolean,
    policy: LedgerPolicy,
    what: 'reads' | 'writes' = 'reads',
  ): Promise<Extract<LeaveAnswer, { kind: 'granted' | 'wait' | 'stopped' }>> {
    const [kind, now, told, value, reason] = await this.#scripts.run('readLeave', this.#ledgerKeys(), [
      JSON.stringify(policy),
      reads,
      isForWork ? 1 : 0,
      what === 'writes' ? 1 : 0,
    ]);
    const answered = { now: Number(now), event: String(told) };
    switch (String(kind)) {
      case 'granted':
        return {
          ...{ kind: 'granted', ...answered, chargeEnd: Number(value) },
          ...{ requests: reads, places: [], states: [] },
        };
      case 'stopped':
        return { kind: 'stopped', ...answered, state: 'stopped' };
      default:
        return { kind: 'wait', ...answered, waitMs: Number(value), reason: String(reason) };
    }
  }

  async readReply(
    reads: number,
    chargeEnd: number,
    holdMs: number,
    policy: LedgerPolicy,
    what: 'reads' | 'writes' = 'reads',
  ): Promise<{ event: LedgerEvent }> {
    const [event] = await this.#scripts.run('readReply', this.#ledgerKeys(), [
      JSON.stringify(policy),
      chargeEnd,
      reads,
      Math.round(holdMs),
      what === 'writes' ? 1 : 0,
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

  /** @param expected the reason that the run must have for its state; undefined: any */
  async transition(
    runId: string,
    to: RunState,
    reason: string,
    from: readonly RunState[],
    expected?: string,
  ): Promise<Transition> {
    const [kind, state] = await this.#scripts.run('transition', this.#allKeys(runId), [
      runId,
      to,
      reason,
      expected ?? '*',
      ...from,
    ]);
    return String(kind) === 'done'
      ? { kind: 'done', from: String(state) as RunState }
      : { kind: 'wrong', state: String(state) };
  }

  /** Opens an ended run again: what was never written and, as `how` says, rows that failed or that await approval. */
  async retry(
    runId: string,
    how: Retry,
  ): Promise<{ kind: 'done'; rows: number } | { kind: 'wrong'; state: string }> {
    const keys = this.keys.run(runId);
    const { from, open, rows, strategy } = how;
    const [kind, value] = await this.#scripts.run(
      'retry',
      [
        ...[this.keys.open, keys.header, keys.states, keys.settled, keys.details],
        ...[keys.inputs, keys.leases, keys.planned, keys.before, keys.order],
      ],
      [
        runId,
        JSON.stringify({
          from,
          open,
          strategy: strategy ?? null,
          rows: rows === undefined ? null : Object.fromEntries(rows),
        }),
      ],
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
    const { header, inputs, states, ...others } = this.keys.run(runId);
    const [kind, other] = await this.#scripts.run(
      'publish',
      [this.keys.open, this.keys.runs, header, inputs, states, ...Object.values(others)],
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

  /** Stops the tenant: no leave is given, whatever the run, until `letGoOn`. */
  async stop(stop: Stop): Promise<void> {
    await this.redis.hset(this.keys.ledger, 'stop', JSON.stringify(stop));
  }

  /** False when it was not stopped. */
  async letGoOn(): Promise<boolean> {
    return (await this.redis.hdel(this.keys.ledger, 'stop')) > 0;
  }

  /** Changes how a run goes on. */
  async set(
    runId: string,
    options: {
      readonly maxFailures?: string;
      readonly writesPerWindow?: number | '';
      readonly strategy?: Strategy;
    },
  ): Promise<void> {
    await this.redis.hset(this.keys.run(runId).header, options);
  }

  /** Adds to the run's log, which outlives the run. */
  async tell(runId: string, entry: LogEntry): Promise<void> {
    const key = this.keys.log(runId);
    const transaction = this.transaction()
      .rpush(key, JSON.stringify(entry))
      .expire(key, LOG_DAYS * 86_400);
    for (const [error] of (await transaction.exec()) ?? []) if (error) throw error;
  }

  /** Commands that are carried out together or not at all, even when this process dies while it sends them. */
  transaction(): ChainableCommander {
    return this.redis.multi();
  }

  #ledgerKeys(): string[] {
    return [this.keys.ledger, this.keys.ledgerWrites, this.keys.ledgerAll, this.keys.ledgerAccepted];
  }

  #allKeys(runId: string): string[] {
    const keys = this.keys.run(runId);
    const { header, ...others } = keys;
    return [this.keys.open, header, ...Object.values(others)];
  }
}

/** Fields and values by turns, as MessagePack. */
function headerIn(packed: Buffer | undefined): Record<string, string> {
  const list = packed?.length ? (unpack(packed) as string[]) : [];
  const header: Record<string, string> = {};
  for (let i = 0; i < list.length; i += 2) header[list[i] ?? ''] = list[i + 1] ?? '';
  return header;
}

/** Requests that one `$batch` takes. */
const REQUESTS_PER_LEAVE_MAX = 20;
