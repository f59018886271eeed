import { asBefore, attemptsIn, untaken, type Permit, type PermitOutcome } from './permit.ts';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { familyFacts, MAIN_FAMILY, type Family } from '../../assignments/kinds/family.ts';
import type { LimiterChange } from '../../events.ts';
import type { BatchRef, BatchStates, PermitRow, RowUpdate } from '../../runs/batchRow.ts';
import { NOTHING_SENT, type LimiterEvent, type LimiterPolicy, type Settlement } from '../../runs/permit.ts';
import type { RunStore } from '../../runs/runStore.ts';
import { LEAVE_WAIT_SLICE_MS, paceFor, permitToReplyMsOf, type Pace } from './pace.ts';

/** Somebody has stopped the tenant (`pause --all`): work on its runs rests, whatever it was about to do. */
export class TenantStopped extends Error {
  override readonly name = 'TenantStopped';

  constructor() {
    super('the tenant is stopped');
  }
}

/** What of the record the limiter works on. */
export type LimiterStore = Pick<RunStore, 'permit' | 'record' | 'readPermit' | 'readReply'>;

/** Requests that are sent together and are of no batch. */
interface LoneRequests {
  readonly requests: number;
  readonly isForWork: boolean;
  readonly what: 'reads' | 'writes';
}

/** What rows are based upon that was read before they came to the worker. */
interface Basis {
  /** Nothing leaves upon it after this moment of the monotonic clock. */
  readonly endsAt: number;
  /** As in RunStore.permit. */
  readonly permitsBefore: number;
}

/** How a permit ended, as in Settlement. */
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

/** An answer of the limiter. It is not sure when Redis' clock has jumped and the limiter did not know it yet. */
interface Asked<A> {
  readonly answer: A;
  readonly askedAt: number;
  readonly isSure: boolean;
}

export interface LimiterOptions {
  /** As in LimiterPolicy. */
  readonly endedInOrder?: string | undefined;
  /** Told of each change of the limiter, once among all workers. */
  readonly told?: ((change: LimiterChange) => void) | undefined;
  /** Left out: the main one. */
  readonly family?: Family | undefined;
}

/**
 * Asks the tenant's limiter of one family for a permit and waits until it is given. All state is in Redis, shared by all workers; here is
 * only the waiting, and a watch on Redis' clock with this process' monotonic one.
 */
export class Limiter {
  readonly #store: LimiterStore;
  readonly #pace: Pace;
  readonly #endedInOrder: string;
  readonly #told: (change: LimiterChange) => void;
  readonly #family: Family;
  #all = new Map<Family, Limiter>();
  #clock: ClockReading | undefined;
  /** The last reading before a jump that the limiter has not been told of. */
  #untold: ClockReading | undefined;
  /** Reads that were answered, as in LimiterPolicy: the next call tells of them. */
  #answered: (readonly [chargeEnd: number, reads: number])[] = [];

  /** @param pace of the tenant, with the limits of all families */
  constructor(
    store: LimiterStore,
    pace: Pace,
    { endedInOrder = '', told = () => undefined, family = MAIN_FAMILY }: LimiterOptions = {},
  ) {
    this.#store = store;
    this.#pace = family === MAIN_FAMILY ? pace : paceFor(family, pace);
    this.#endedInOrder = endedInOrder;
    this.#told = told;
    this.#family = family;
  }

  /** The limiter of another family, always the same one. */
  of(family: Family): Limiter {
    this.#all.set(this.#family, this);
    const limiter =
      this.#all.get(family) ??
      new Limiter(this.#store, this.#pace, { endedInOrder: this.#endedInOrder, told: this.#told, family });
    this.#all.set(family, limiter);
    limiter.#all = this.#all;
    return limiter;
  }

  get family(): Family {
    return this.#family;
  }

  get pace(): Pace {
    return this.#pace;
  }

  policy(): LimiterPolicy {
    const untold = this.#untold;
    const { alsoCharges } = familyFacts(this.#family);
    return {
      family: this.#family,
      ...(alsoCharges && { also: { family: alsoCharges, ...limitsIn(paceFor(alsoCharges, this.#pace)) } }),
      ...limitsIn(this.#pace),
      windowMs: this.#pace.windowMs,
      permitValidMs: this.#pace.permitValidMs,
      timeoutMs: permitToReplyMsOf(this.#pace),
      endedInOrder: this.#endedInOrder,
      jumpedFrom: untold === undefined ? 0 : Math.round(untold.redis + performance.now() - untold.to),
    };
  }

  /**
   * A permit to write some of these rows, as many as there is room for. Rows that no longer stand as given here are left out:
   * somebody else has had them. Rejects with the signal's reason when aborted.
   * @param families all those of the run, as in RunStore.permit
   * @param basis what they are based upon, where that was not read just now
   */
  async permit(
    ref: BatchRef,
    rows: readonly PermitRow[],
    signal: AbortSignal,
    families?: readonly Family[],
    { endsAt = Infinity, permitsBefore }: Partial<Basis> = {},
  ): Promise<PermitOutcome> {
    const token = randomBytes(8).toString('hex');
    const snapshotEndsAt = Math.min(endsAt, performance.now() + this.#pace.snapshotAgeMaxMs);
    for (;;) {
      signal.throwIfAborted();
      const { answer, askedAt, isSure } = await this.#ask((policy) =>
        this.#store.permit(ref, token, rows, policy, families, permitsBefore),
      );
      switch (answer.kind) {
        case 'granted': {
          const validUntil = Math.min(askedAt + this.#pace.permitValidMs, endsAt);
          const validForMs = (): number => validUntil - performance.now();
          const isLeased = (): boolean => performance.now() < askedAt + permitToReplyMsOf(this.#pace);
          const permit: Permit = { ...answer, token, givenAt: answer.now, validForMs, asked: rows, isLeased };
          if (isSure) return permit;
          await this.giveBack(ref, permit);
          continue;
        }
        case 'busy':
        case 'stopped':
          return answer;
        case 'overtaken':
          return { kind: 'late' };
        case 'wait': {
          // A read that would be too old by then is taken again, so that it is there when the wait is over, and not all through it.
          const isLate = performance.now() + answer.waitMs > snapshotEndsAt;
          const waitMs = Math.max(0, answer.waitMs - (isLate ? this.#pace.readAheadMs : 0));
          await sleep(Math.min(waitMs, LEAVE_WAIT_SLICE_MS), undefined, { signal });
          if (isLate && waitMs <= LEAVE_WAIT_SLICE_MS) return { kind: 'late' };
        }
      }
    }
  }

  /** Nothing was sent on this permit: its charges go back, its rows are as before. */
  async giveBack(ref: BatchRef, permit: Permit): Promise<void> {
    const rows = permit.places.map((place) => asBefore(place, attemptsIn(permit, place)));
    await this.settlePermit(ref, rows, permit, { returned: permit.requests });
  }

  /** Records what became of the rows of a permit, and ends its charges. */
  async settlePermit(
    ref: BatchRef,
    rows: readonly RowUpdate[],
    permit: Permit,
    { answeredAt, ...ended }: Ended,
  ): Promise<BatchStates> {
    const { token, chargeEnd } = permit;
    const answeredAgoMs = answeredAt === undefined ? 0 : Math.floor(performance.now() - answeredAt);
    const settlement = { ...NOTHING_SENT, ...ended, answeredAgoMs, token, chargeEnd };
    // A row that another worker has sent since, as this one stood still, is that one's.
    const seen = rows.map((row) => ({ ...row, seen: permit.states[row.place] ?? row }));
    const after = await this.#tell((policy) => this.#store.record(ref, seen, policy, settlement));
    const again = untaken(permit, rows, after.states);
    return again.length === 0 ? after : this.#tell((policy) => this.#store.record(ref, again, policy));
  }

  /**
   * Sends reads when the tenant has room for them; `send` is told how long they may wait to leave. `backoffOf` says what a reply asks to wait, as in Settlement.backoffMs.
   * @throws TenantStopped when they are for work and the tenant is stopped
   */
  read<T>(
    { reads, isForWork }: { readonly reads: number; readonly isForWork: boolean },
    send: (validForMs: number) => Promise<T>,
    backoffOf: (reply: T) => number,
    signal: AbortSignal,
  ): Promise<T> {
    return this.#sendAlone({ requests: reads, isForWork, what: 'reads' }, send, backoffOf, signal);
  }

  /** The same for one write that is of no run: it is charged like any other. */
  write<T>(
    send: (validForMs: number) => Promise<T>,
    backoffOf: (reply: T) => number,
    signal: AbortSignal,
  ): Promise<T> {
    return this.#sendAlone({ requests: 1, isForWork: true, what: 'writes' }, send, backoffOf, signal);
  }

  /**
   * A whole call was refused for its limits, and nobody says whose: the other families that this process is at work in rest as well.
   * @param backoffMs as in Settlement
   */
  async backOffOthers(backoffMs: number): Promise<void> {
    const others = [...this.#all.values()].filter((other) => other !== this);
    await Promise.all(
      others.map((other) => other.#tell((policy) => this.#store.readReply(0, 0, backoffMs, policy))),
    );
  }

  async #sendAlone<T>(
    { requests, isForWork, what }: LoneRequests,
    send: (validForMs: number) => Promise<T>,
    backoffOf: (reply: T) => number,
    signal: AbortSignal,
  ): Promise<T> {
    for (;;) {
      signal.throwIfAborted();
      const { answer, askedAt, isSure } = await this.#ask((policy) =>
        this.#store.readPermit(requests, isForWork, policy, what),
      );
      if (answer.kind === 'stopped') throw new TenantStopped();
      const validForMs = askedAt + this.#pace.permitValidMs - performance.now();
      if (answer.kind === 'wait') {
        await sleep(Math.min(answer.waitMs, LEAVE_WAIT_SLICE_MS), undefined, { signal });
      } else if (!isSure || validForMs <= 0) {
        await this.#tell((policy) => this.#store.readReply(requests, answer.chargeEnd, 0, policy, what));
      } else {
        const reply = await send(validForMs);
        const backoffMs = backoffOf(reply);
        // Something is recorded or asked next after a read. If not, its charge ends by itself, as of a worker that died.
        if (isForWork && what === 'reads' && backoffMs === 0)
          this.#answered.push([answer.chargeEnd, requests]);
        else
          await this.#tell((policy) =>
            this.#store.readReply(requests, answer.chargeEnd, backoffMs, policy, what),
          );
        return reply;
      }
    }
  }

  async #ask<A extends { readonly now: number; readonly event: LimiterEvent }>(
    call: (policy: LimiterPolicy) => Promise<A>,
  ): Promise<Asked<A>> {
    const askedAt = performance.now();
    const answer = await this.#tell(call);
    this.#seeClock({ redis: answer.now, from: askedAt, to: performance.now() });
    return { answer, askedAt, isSure: this.#untold === undefined };
  }

  /** Every call carries a jump that the limiter does not know of; only one that came through has told it. */
  async #tell<A extends { readonly event: LimiterEvent }>(
    call: (policy: LimiterPolicy) => Promise<A>,
  ): Promise<A> {
    const told = this.#untold;
    // Told once, also when the call is lost: told twice, it would end the charges of others.
    const answer = await call({ ...this.policy(), answered: this.#answered.splice(0) });
    if (this.#untold === told) this.#untold = undefined;
    for (const event of answer.event.split(';')) if (event !== '') this.#told(changeOf(event, this.#family));
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

const limitsIn = ({ writesPerWindow, requestsPerWindow }: Pace) => ({
  limit: writesPerWindow,
  limitAll: requestsPerWindow,
});

/** An event as the scripts tell it, with names. */
function changeOf(event: LimiterEvent, own: Family): LimiterChange {
  const [told = '', other] = event.split(' @');
  const [kind, first, second] = told.split(' ');
  // The scripts are told the names of families from here.
  const family = (other as Family | undefined) ?? own;
  switch (kind) {
    case 'cut':
    case 'halved':
    case 'probe':
      return { kind, family, from: Number(first), to: Number(second) };
    case 'full':
      return { kind, family, waitMs: Number(first) };
    default:
      return { kind: 'backoff', family, waitMs: Number(first) };
  }
}
