import { asBefore, attemptsIn, type Leave, type LeaveOutcome } from './permit.ts';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BaseLogger } from 'pino';
import type { BatchRef, BatchStates, LeaveRow, RowUpdate } from '../runs/batchRow.ts';
import { NOTHING_SENT, type LedgerEvent, type LedgerPolicy, type Settlement } from '../runs/leave.ts';
import type { RunStore } from '../runs/runStore.ts';
import { LEAVE_WAIT_SLICE_MS, type Pace } from './limits.ts';

/** Somebody has stopped the tenant (`pause --all`): work on its runs rests, whatever it was about to do. */
export class TenantStopped extends Error {
  override readonly name = 'TenantStopped';

  constructor() {
    super('the tenant is stopped');
  }
}

/** What of the record the ledger works on. */
export type LedgerStore = Pick<RunStore, 'leave' | 'record' | 'readLeave' | 'readReply'>;

/** Requests that are sent together and are of no batch. */
interface LoneRequests {
  readonly requests: number;
  readonly isForWork: boolean;
  readonly what: 'reads' | 'writes';
}

/** How a leave ended, as in Settlement. */
type Ended = Partial<Omit<Settlement, 'answeredAgoMs' | 'token' | 'chargeEnd'>> & {
  /** When Graph's answer came, on this process' monotonic clock. */
  readonly answeredAt?: number;
};

/** Redis' clock may step this far against ours before it counts as a jump. */
const CLOCK_STEP_MAX_MS = 1_000;

/** Where Redis' clock stood, some time between `from` and `to` on this process' monotonic clock. */
interface ClockReading {
  readonly redis: number;
  readonly from: number;
  readonly to: number;
}

/** An answer of the ledger. It is not sure when Redis' clock has jumped and the ledger did not know it yet. */
interface Asked<A> {
  readonly answer: A;
  readonly askedAt: number;
  readonly isSure: boolean;
}

export interface LedgerOptions {
  /** As in LedgerPolicy. */
  readonly endedInOrder?: string | undefined;
  /** Told of each event of the ledger, once among all workers. */
  readonly log?: Pick<BaseLogger, 'info'> | undefined;
}

/**
 * Asks the tenant's ledger for leave and waits until it is given. All state is in Redis, shared by all workers; here is
 * only the waiting, and a watch on Redis' clock with this process' monotonic one.
 */
export class Ledger {
  readonly #store: LedgerStore;
  readonly #pace: Pace;
  readonly #endedInOrder: string;
  readonly #log: LedgerOptions['log'];
  #clock: ClockReading | undefined;
  /** The last reading before a jump that the ledger has not been told of. */
  #untold: ClockReading | undefined;
  /** Looks that were answered, as in LedgerPolicy: the next call tells of them. */
  #answered: (readonly [chargeEnd: number, reads: number])[] = [];

  constructor(store: LedgerStore, pace: Pace, { endedInOrder = '', log }: LedgerOptions = {}) {
    this.#store = store;
    this.#pace = pace;
    this.#endedInOrder = endedInOrder;
    this.#log = log;
  }

  get pace(): Pace {
    return this.#pace;
  }

  policy(): LedgerPolicy {
    const untold = this.#untold;
    return {
      limit: this.#pace.writesPerWindow,
      limitAll: this.#pace.requestsPerWindow,
      windowMs: this.#pace.windowMs,
      timeoutMs: this.#pace.leaveValidMs + this.#pace.requestTimeoutMs,
      endedInOrder: this.#endedInOrder,
      jumpedFrom: untold === undefined ? 0 : Math.round(untold.redis + performance.now() - untold.to),
    };
  }

  /**
   * Leave to write some of these rows, as many as there is room for. Rows that no longer stand as given here are left out:
   * somebody else has had them. Rejects with the signal's reason when aborted.
   */
  async leave(ref: BatchRef, rows: readonly LeaveRow[], signal: AbortSignal): Promise<LeaveOutcome> {
    const token = randomBytes(8).toString('hex');
    const lookEndsAt = performance.now() + this.#pace.lookAgeMaxMs;
    for (;;) {
      signal.throwIfAborted();
      const { answer, askedAt, isSure } = await this.#ask((policy) =>
        this.#store.leave(ref, token, rows, policy),
      );
      switch (answer.kind) {
        case 'granted': {
          const validForMs = (): number => askedAt + this.#pace.leaveValidMs - performance.now();
          const leave: Leave = { ...answer, token, givenAt: answer.now, validForMs };
          if (isSure) return leave;
          await this.giveBack(ref, leave);
          continue;
        }
        case 'busy':
        case 'stopped':
          return answer;
        case 'wait': {
          // A look that would be too old by then is taken again, so that it is there when the wait is over, and not all through it.
          const isLate = performance.now() + answer.waitMs > lookEndsAt;
          const waitMs = Math.max(0, answer.waitMs - (isLate ? this.#pace.lookAheadMs : 0));
          await sleep(Math.min(waitMs, LEAVE_WAIT_SLICE_MS), undefined, { signal });
          if (isLate && waitMs <= LEAVE_WAIT_SLICE_MS) return { kind: 'late' };
        }
      }
    }
  }

  /** Nothing was sent on this leave: its charges go back, its rows are as before. */
  async giveBack(ref: BatchRef, leave: Leave): Promise<void> {
    const rows = leave.places.map((place) => asBefore(place, attemptsIn(leave, place)));
    await this.record(ref, rows, leave, { returned: leave.requests });
  }

  /** Records what became of the rows of a leave, and ends its charges. */
  async record(
    ref: BatchRef,
    rows: readonly RowUpdate[],
    leave: Leave,
    { answeredAt, ...ended }: Ended,
  ): Promise<BatchStates> {
    const { token, chargeEnd } = leave;
    const answeredAgoMs = answeredAt === undefined ? 0 : Math.floor(performance.now() - answeredAt);
    const settlement = { ...NOTHING_SENT, ...ended, answeredAgoMs, token, chargeEnd };
    // A row that another worker has sent since, as this one stood still, is that one's.
    const seen = rows.map((row) => ({ ...row, seen: leave.states[row.place] ?? row }));
    return this.#tell((policy) => this.#store.record(ref, seen, policy, settlement));
  }

  /**
   * Sends reads when the tenant has room for them; `send` is told how long they may wait to leave. `holdOf` says what a reply asks to wait, as in Settlement.holdMs.
   * @throws TenantStopped when they are for work and the tenant is stopped
   */
  read<T>(
    { reads, isForWork }: { readonly reads: number; readonly isForWork: boolean },
    send: (validForMs: number) => Promise<T>,
    holdOf: (reply: T) => number,
    signal: AbortSignal,
  ): Promise<T> {
    return this.#sendAlone({ requests: reads, isForWork, what: 'reads' }, send, holdOf, signal);
  }

  /** The same for one write that is of no run: it is charged like any other. */
  write<T>(
    send: (validForMs: number) => Promise<T>,
    holdOf: (reply: T) => number,
    signal: AbortSignal,
  ): Promise<T> {
    return this.#sendAlone({ requests: 1, isForWork: true, what: 'writes' }, send, holdOf, signal);
  }

  async #sendAlone<T>(
    { requests, isForWork, what }: LoneRequests,
    send: (validForMs: number) => Promise<T>,
    holdOf: (reply: T) => number,
    signal: AbortSignal,
  ): Promise<T> {
    for (;;) {
      signal.throwIfAborted();
      const { answer, askedAt, isSure } = await this.#ask((policy) =>
        this.#store.readLeave(requests, isForWork, policy, what),
      );
      if (answer.kind === 'stopped') throw new TenantStopped();
      const validForMs = askedAt + this.#pace.leaveValidMs - performance.now();
      if (answer.kind === 'wait') {
        await sleep(Math.min(answer.waitMs, LEAVE_WAIT_SLICE_MS), undefined, { signal });
      } else if (!isSure || validForMs <= 0) {
        await this.#tell((policy) => this.#store.readReply(requests, answer.chargeEnd, 0, policy, what));
      } else {
        const reply = await send(validForMs);
        const holdMs = holdOf(reply);
        // Something is recorded or asked next after a look. If not, its charge ends by itself, as of a worker that died.
        if (isForWork && what === 'reads' && holdMs === 0) this.#answered.push([answer.chargeEnd, requests]);
        else
          await this.#tell((policy) =>
            this.#store.readReply(requests, answer.chargeEnd, holdMs, policy, what),
          );
        return reply;
      }
    }
  }

  async #ask<A extends { readonly now: number; readonly event: LedgerEvent }>(
    call: (policy: LedgerPolicy) => Promise<A>,
  ): Promise<Asked<A>> {
    const askedAt = performance.now();
    const answer = await this.#tell(call);
    this.#seeClock({ redis: answer.now, from: askedAt, to: performance.now() });
    return { answer, askedAt, isSure: this.#untold === undefined };
  }

  /** Every call carries a jump that the ledger does not know of; only one that came through has told it. */
  async #tell<A extends { readonly event: LedgerEvent }>(
    call: (policy: LedgerPolicy) => Promise<A>,
  ): Promise<A> {
    const told = this.#untold;
    // Told once, also when the call is lost: told twice, it would end the charges of others.
    const answer = await call({ ...this.policy(), answered: this.#answered.splice(0) });
    if (this.#untold === told) this.#untold = undefined;
    for (const event of answer.event.split(';')) if (event !== '') this.#log?.info(inWords(event));
    return answer;
  }

  /**
   * Holds two readings of Redis' clock against the time that passed here between them. Each reading lies between asking
   * and answer, so a slow answer is never taken for a jump.
   */
  #seeClock(reading: ClockReading): void {
    const before = this.#clock;
    this.#clock = reading;
    if (before === undefined) return;
    const passed = reading.redis - before.redis;
    const least = reading.from - before.to - CLOCK_STEP_MAX_MS;
    const most = reading.to - before.from + CLOCK_STEP_MAX_MS;
    if (passed < least || passed > most) this.#untold = before;
  }
}

/** An event of the ledger as the log says it. */
function inWords(event: LedgerEvent): string {
  const [kind, first, second] = event.split(' ');
  const seconds = (Number(first) / 1000).toFixed(1);
  switch (kind) {
    case 'cut':
      return `Budget cut from ${first} to ${second} writes a window: that is what the tenant took.`;
    case 'halved':
      return `Budget cut from ${first} to ${second} writes a window: the tenant refused some, and what it takes is not known yet.`;
    case 'probe':
      return `Budget tried at ${second} writes a window, up from ${first}.`;
    case 'full':
      return `Redis has restarted or its clock has jumped: nothing is sent for ${seconds} s, as nobody knows what still counts.`;
    default:
      return `Throttled: nothing is sent for ${seconds} s.`;
  }
}
