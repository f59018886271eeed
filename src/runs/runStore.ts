import { randomBytes } from 'node:crypto';
import type { ChainableCommander } from 'ioredis';
import type { Family } from '../assignments/kinds/family.ts';
import type { RedisClient } from '../redis/connection.ts';
import { execute } from '../redis/transaction.ts';
import type { BatchRef, BatchStates, PermitRow, RowUpdate } from './batchRow.ts';
import {
  NOTHING_SENT,
  type PermitAnswer,
  type LimiterEvent,
  type LimiterNow,
  type LimiterPolicy,
} from './permit.ts';
import { keepLateWaits, landingsOf, lateWaitsOf, type LateWaits } from './landings.ts';
import { keepLastWrites, lastWritesOf, type KeptWrite, type RecentWrite } from './lastWrites.ts';
import type { ApprovalDemand, ApprovalRule, KnownPerson } from './approval.ts';
import { acquire, packWanted } from './lua/acquire.ts';
import { keepApprovalRule, keepYes, type RuleAnswer, type Yes, type YesAnswer } from './lua/approve.ts';
import { batchView, type BatchView } from './lua/batchView.ts';
import { keepIntervals } from './lua/keepIntervals.ts';
import { queueLeftRuns, sayFarewell } from './lua/heartbeat.ts';
import { limiterNow } from './lua/limiterNow.ts';
import { nextRun } from './lua/nextRun.ts';
import { publish, type PublishArgs, type Published } from './lua/publish.ts';
import { acquireReads, settleReads, type LoneAnswer } from './lua/reads.ts';
import { record } from './lua/record.ts';
import { markReverted, setRevert } from './lua/reverts.ts';
import { setTerms, type NewTerms } from './lua/setTerms.ts';
import { reopenRows, type Retried, type Retry } from './lua/retry.ts';
import { Scripts } from './lua/scripts.ts';
import { permitMarkOf, type PermitMark } from './permitMark.ts';
import { transition, type Move, type Moved } from './lua/transition.ts';
import { encodeHeader, type Run } from './run.ts';
import type { Interval } from './schedule/interval.ts';
import { RunReader, type LogEntry, type Stop } from './runReader.ts';
import type { ChannelRecord, RunEvent } from './runEvent.ts';
import {
  channelFailed,
  channelRecords,
  channelTold,
  keepEvent,
  takeOut,
  untoldEvents,
  type KeptEvent,
} from './tellings.ts';
import type { WorkerSelf } from './workers.ts';

/** Bytes of the key that plans are sealed with. */
const SEAL_KEY_BYTES = 32;
/** How long a run's log is kept after its last entry: longer than any run. */
const LOG_DAYS = 4_000;
/** As in state.lua. */
const TENANT_LOG_ENTRIES_MAX = 10_000;

/** The record of one tenant in Redis: read as RunReader has it, and changed by scripts. */
export class RunStore extends RunReader {
  readonly #scripts: Scripts;
  readonly #approval: ApprovalDemand;
  readonly #asked = new WeakMap<readonly PermitRow[], Buffer>();

  /** @param approval what the settings of this process demand, whatever the tenant's record says */
  constructor(redis: RedisClient, tenant: string, approval: ApprovalDemand = 'tenant') {
    super(redis, tenant);
    this.#approval = approval;
    this.#scripts = new Scripts(redis);
  }

  /** The run at work for this root, else the next in line, which a worker sets to work; and ended runs with writes in doubt. */
  runsToWorkOn(
    graphUrl: string,
    isWorker = true,
    only?: ReadonlySet<string>,
    worker?: WorkerSelf,
  ): Promise<string[]> {
    return nextRun(this.#scripts, this.keys, {
      ...{ graphUrl, isWorker, only, worker },
      // Whoever only looks demands nothing of runs that others work on.
      approval: isWorker ? this.#approval : 'tenant',
    });
  }

  /** Queues the runs at work again that nobody works on any more, or whose window has closed, when no worker is there that would do so. */
  queueLeft(): Promise<void> {
    return queueLeftRuns(this.#scripts, this.keys);
  }

  /** A worker ends: no run has it any more. */
  farewell(workerId: string): Promise<void> {
    return sayFarewell(this.#scripts, this.keys, workerId);
  }

  /** Keeps when the windows of a run are open, if it has still those that it was read with. */
  keepIntervals(run: Run, intervals: readonly Interval[]): Promise<boolean> {
    return keepIntervals(this.#scripts, this.keys, run, intervals);
  }

  /** Whoever plans the run anew says so for so many ms; false when another one does. */
  async claimPlanning(runId: string, by: string, ms: number): Promise<boolean> {
    const [isMine] = await this.#scripts.run('claimPlanning', [this.keys.run(runId).header], { by, ms });
    return String(isMine) === '1';
  }

  /** Has a run taken back at a time; null: not at all. False when the run is gone. */
  setRevert(runId: string, revertAt: number | null): Promise<boolean> {
    return setRevert(this.#scripts, this.keys, runId, revertAt);
  }

  /**
   * Records that a run whose time has come leaves nothing to take back; false when that time is another one by now, or it has moved since.
   * @param moves how often it had moved when its rows were read
   */
  markReverted(runId: string, left: number, moves: number): Promise<boolean> {
    return markReverted(this.#scripts, this.keys, runId, left, moves);
  }

  /** Keeps why a run could not be taken back at its time. */
  async keepRevertTrouble(runId: string, revertTrouble: string): Promise<void> {
    await this.redis.hset(this.keys.run(runId).header, encodeHeader({ revertTrouble }));
  }

  batch(ref: BatchRef): Promise<BatchView | undefined> {
    return batchView(this.#scripts, this.keys, ref);
  }

  /**
   * Asks for a permit to write these rows and, when granted, marks them `sent` and counts the attempt, in one step. A row that
   * does not stand as given here has been in other hands since, and is left out.
   * @param families all those of the run, which its own limit counts together
   * @param permitsBefore of a PermitMark, when what the rows are based upon was not read since: when another run was given a permit after
   *   it, the answer is `overtaken`
   */
  permit(
    ref: BatchRef,
    token: string,
    rows: readonly PermitRow[],
    policy: LimiterPolicy,
    families: readonly Family[] = [],
    permitsBefore?: number,
  ): Promise<PermitAnswer> {
    const wanted = this.#asked.get(rows) ?? packWanted(rows);
    this.#asked.set(rows, wanted);
    return acquire(this.#scripts, this.keys, {
      ...{ ref, token, wanted, policy, families, permitsBefore },
      approval: this.#approval,
    });
  }

  /** Records rows of a batch that are not settled yet, and ends the charges of the permit they were sent with. */
  record(
    ref: BatchRef,
    rows: readonly RowUpdate[],
    policy: LimiterPolicy,
    settlement = NOTHING_SENT,
  ): Promise<BatchStates> {
    return record(this.#scripts, this.keys, { ref, rows, policy, settlement });
  }

  /** A permit for requests that are of no batch. Those for work on a run wait with the tenant when it is stopped. */
  readPermit(
    requests: number,
    isForWork: boolean,
    policy: LimiterPolicy,
    what: 'reads' | 'writes' = 'reads',
  ): Promise<LoneAnswer> {
    const writes = what === 'writes';
    return acquireReads(this.#scripts, this.keys, { requests, isForWork, policy, writes });
  }

  readReply(
    requests: number,
    chargeEnd: number,
    backoffMs: number,
    policy: LimiterPolicy,
    what: 'reads' | 'writes' = 'reads',
  ): Promise<{ event: LimiterEvent }> {
    const writes = what === 'writes';
    return settleReads(this.#scripts, this.keys, { requests, chargeEnd, backoffMs, policy, writes });
  }

  /** Has the log of a run tell that its reads were told to wait for so many ms. */
  async tellReadsThrottled(runId: string, requests: number, ms: number): Promise<void> {
    await this.#scripts.run('throttledReads', [this.keys.run(runId).header], {
      requests,
      ms: Math.round(ms),
    });
  }

  limiterNow(policy: LimiterPolicy): Promise<LimiterNow> {
    return limiterNow(this.#scripts, this.keys, policy);
  }

  /** Moves a run from one of some states to another, if it is in one of them. */
  transition(runId: string, move: Move): Promise<Moved> {
    return transition(this.#scripts, this.keys, runId, move);
  }

  /** Opens an ended run again: what was never written and, as `how` says, rows that failed or that await approval. */
  retry(runId: string, how: Retry): Promise<Retried> {
    return reopenRows(this.#scripts, this.keys, runId, how);
  }

  /** Makes the staged run visible to workers. */
  publish(publication: PublishArgs): Promise<Published> {
    return publish(this.#scripts, this.keys, publication, this.#approval);
  }

  /** Keeps somebody's yes to the plan of a run, if it may be given. */
  approve(runId: string, yes: Yes): Promise<YesAnswer> {
    return keepYes(this.#scripts, this.keys, runId, yes);
  }

  /** What makes the rule stricter holds at once; what makes it less strict, when a second person has asked for it. */
  setApprovalRule(rule: ApprovalRule, by: KnownPerson, reason: string): Promise<RuleAnswer> {
    return keepApprovalRule(this.#scripts, this.keys, rule, by, reason);
  }

  /** Remembers for some minutes what lists were before they were written; see `lastWrites`. */
  keepLastWrites(graphUrl: string, windowMs: number, lists: ReadonlyMap<string, KeptWrite>): Promise<void> {
    return keepLastWrites(this.redis, this.keys, graphUrl, windowMs, lists);
  }

  /** Those of these lists that were written in the last minutes, by path: a read of one that shows it as before is not believed. */
  lastWrites(graphUrl: string, paths: readonly string[]): Promise<ReadonlyMap<string, RecentWrite>> {
    return lastWritesOf(this.redis, this.keys, graphUrl, paths);
  }

  /** How the tenant's writes stand now. */
  permitMark(): Promise<PermitMark> {
    return permitMarkOf(this.redis, this.keys);
  }

  /** Those of these lists that a write may still be applied to which is under way or got no reply, in ms; see `landings`. */
  landings(
    graphUrl: string,
    paths: readonly string[],
    exceptRun?: string,
  ): Promise<ReadonlyMap<string, number>> {
    return landingsOf(this.redis, this.keys, graphUrl, paths, exceptRun);
  }

  /** Tells whoever watches the run that it waits for these lists, each so many ms. */
  keepLateWaits(runId: string, lists: ReadonlyMap<string, number>): Promise<void> {
    return keepLateWaits(this.redis, this.keys, runId, lists);
  }

  lateWaits(runId: string): Promise<LateWaits> {
    return lateWaitsOf(this.redis, this.keys, runId);
  }

  /** Stops the tenant: no permit is given, whatever the run, until `letGoOn`. */
  async stop(stop: Stop): Promise<void> {
    await this.redis.hset(this.keys.limiter, 'stop', JSON.stringify(stop));
  }

  /** False when it was not stopped. What runs did not do meanwhile does not count as their work. */
  async letGoOn(): Promise<boolean> {
    const stop = await this.stopped();
    const wasStopped = (await this.redis.hdel(this.keys.limiter, 'stop')) > 0;
    if (!wasStopped || stop === undefined) return wasStopped;
    const now = await this.now();
    for (const { runId, workingSince } of await this.line()) {
      const stood = workingSince === null ? 0 : now - Math.max(stop.at, workingSince);
      // A difference: whether the run has come to rest since it was read does not matter.
      if (stood <= 0) continue;
      await this.redis.hincrby(this.keys.run(runId).header, 'workedMs', -stood);
      // Nor does it stall: its rows had no chance to come to their end.
      await this.redis.hset(this.keys.run(runId).header, encodeHeader({ lastProgressAt: now }));
    }
    return true;
  }

  /** Changes how a run goes on. New windows come with the moments at which they are open: those of the old ones must not count any more. */
  set(runId: string, terms: NewTerms): Promise<void> {
    return setTerms(this.#scripts, this.keys, runId, terms);
  }

  /** What the tenant's plans are sealed with: made once, and nowhere but here. */
  async sealKey(): Promise<Buffer> {
    await this.redis.set(this.keys.seal, randomBytes(SEAL_KEY_BYTES), 'NX');
    const key = await this.redis.getBuffer(this.keys.seal);
    if (key?.length !== SEAL_KEY_BYTES) throw new Error("the key of the tenant's seals is damaged");
    return key;
  }

  /** Adds to the run's log, which outlives the run, and to the tenant's. */
  async tell(runId: string, entry: LogEntry): Promise<void> {
    await this.#tell([runId], { ...entry, run: runId }, entry);
  }

  /** Adds to the tenant's log, and to those of all these runs. */
  async tellAll(runIds: readonly string[], entry: LogEntry): Promise<void> {
    await this.#tell(runIds, entry, entry);
  }

  /** Has channels told of something that no script has caused. */
  keepEvent(event: RunEvent): Promise<void> {
    return keepEvent(this.redis, this.keys, event);
  }

  /** The oldest events that are not queued yet for the channels that they name. */
  untoldEvents(max: number): Promise<KeptEvent[]> {
    return untoldEvents(this.redis, this.keys, max);
  }

  takeOut(kept: KeptEvent): Promise<void> {
    return takeOut(this.redis, this.keys, kept);
  }

  /** @param at ms since the epoch */
  channelTold(channel: string, at: number): Promise<void> {
    return channelTold(this.redis, this.keys, channel, at);
  }

  /** @param why without secrets */
  channelFailed(channel: string, at: number, why: string): Promise<void> {
    return channelFailed(this.redis, this.keys, channel, at, why);
  }

  channelRecords(): Promise<ReadonlyMap<string, ChannelRecord>> {
    return channelRecords(this.redis, this.keys);
  }

  async #tell(runIds: readonly string[], ofTenant: LogEntry, ofRun: LogEntry): Promise<void> {
    const transaction = this.transaction();
    const seconds = LOG_DAYS * 86_400;
    for (const runId of runIds)
      transaction.rpush(this.keys.log(runId), JSON.stringify(ofRun)).expire(this.keys.log(runId), seconds);
    const log = this.keys.log();
    transaction
      .rpush(log, JSON.stringify(ofTenant))
      .ltrim(log, -TENANT_LOG_ENTRIES_MAX, -1)
      .expire(log, seconds);
    await execute(transaction);
  }

  /** Commands that are carried out together or not at all, even when this process dies while it sends them. */
  transaction(): ChainableCommander {
    return this.redis.multi();
  }
}
