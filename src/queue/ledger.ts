import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BatchRef, LedgerPolicy, RunStore, Settlement } from '../runs/runStore.ts';
import type { RowState } from '../runs/rowState.ts';
import { LEAVE_MIN, LEAVE_WAIT_SLICE_MS, type Pace } from './limits.ts';

/** Permission to write these rows, once, soon. They are marked `sent` already. */
export interface Leave {
  readonly kind: 'granted';
  readonly places: readonly number[];
  /** Of all rows of the batch, after the marking. */
  readonly states: readonly RowState[];
  readonly token: string;
  readonly chargeEnd: number;
  /** Redis' clock when it was given, ms since the epoch. */
  readonly givenAt: number;
  /** Milliseconds that the leave is still good for, on this process' monotonic clock. */
  validForMs(): number;
}

export type LeaveOutcome =
  | Leave
  /** It would come when the caller's look is out of date. */
  | { readonly kind: 'late' }
  /** Another worker has a write of this batch on its way. */
  | { readonly kind: 'busy'; readonly waitMs: number }
  /** The run is not at work any more. */
  | { readonly kind: 'stopped'; readonly state: string };

/** Redis' clock may step this far against ours before it counts as a jump. */
const CLOCK_STEP_MAX_MS = 1_000;

/**
 * Asks the tenant's ledger for leave and waits until it is given. All state is in Redis, shared by all workers; here is
 * only the waiting, and a watch on Redis' clock with this process' monotonic one.
 */
export class Ledger {
  readonly #store: RunStore;
  readonly #pace: Pace;
  #clock: { redis: number; from: number; to: number } | undefined;
  #jumpMs = 0;

  constructor(store: RunStore, pace: Pace) {
    this.#store = store;
    this.#pace = pace;
  }

  get pace(): Pace {
    return this.#pace;
  }

  policy(): LedgerPolicy {
    return {
      limit: this.#pace.writesPerWindow,
      limitAll: this.#pace.requestsPerWindow,
      windowMs: this.#pace.windowMs,
      timeoutMs: this.#pace.leaveValidMs + this.#pace.requestTimeoutMs,
      leaveMin: LEAVE_MIN,
      jumpMs: this.#jumpMs,
    };
  }

  /** Leave to write some of these rows, at least LEAVE_MIN or all. Rejects with the signal's reason when aborted. */
  async leave(ref: BatchRef, places: readonly number[], signal: AbortSignal): Promise<LeaveOutcome> {
    const token = randomBytes(8).toString('hex');
    const startedAt = performance.now();
    const lateAfterMs = this.#pace.lookAgeMaxMs;
    for (;;) {
      signal.throwIfAborted();
      const askedAt = performance.now();
      const answer = await this.#store.leave(ref, token, places, this.policy());
      const jumped = this.#seeClock(answer.now, askedAt);
      switch (answer.kind) {
        case 'granted': {
          const validForMs = (): number => askedAt + this.#pace.leaveValidMs - performance.now();
          const leave: Leave = { ...answer, token, givenAt: answer.now, validForMs };
          if (!jumped) return leave;
          await this.giveBack(ref, leave);
          continue;
        }
        case 'busy':
          return answer;
        case 'stopped':
          return answer;
        case 'wait':
          if (performance.now() + answer.waitMs - startedAt > lateAfterMs)
            return this.#late(answer.waitMs, lateAfterMs, startedAt, signal);
          await sleep(Math.min(answer.waitMs, LEAVE_WAIT_SLICE_MS), undefined, { signal });
      }
    }
  }

  /** Waits as far as it makes sense, so that the caller's next look is taken when it is of use. */
  async #late(
    waitMs: number,
    lateAfterMs: number,
    startedAt: number,
    signal: AbortSignal,
  ): Promise<LeaveOutcome> {
    const rest = Math.min(waitMs, startedAt + lateAfterMs - performance.now(), LEAVE_WAIT_SLICE_MS);
    if (rest > 0) await sleep(rest, undefined, { signal });
    return { kind: 'late' };
  }

  /** Nothing was sent on this leave: its charges go back, its rows are as before. */
  async giveBack(ref: BatchRef, leave: Leave): Promise<void> {
    const rows = leave.places.map((place) => {
      const attempts = (leave.states[place]?.attempts ?? 1) - 1;
      // A row that was in doubt before is still in doubt.
      return { place, state: attempts > 0 ? ('sent' as const) : ('pending' as const), attempts };
    });
    await this.#store.record(
      ref,
      rows,
      this.policy(),
      this.settlement(leave, { returned: leave.places.length }),
    );
    this.#jumpMs = 0; // told
  }

  settlement({ token, chargeEnd }: Leave, ended: Partial<Settlement>): Settlement {
    return { answered: 0, returned: 0, holdMs: 0, throttled: 0, ...ended, token, chargeEnd };
  }

  /** Sends reads when the tenant has room for them. `holdOf` says what a reply asks to wait, as in Settlement.holdMs. */
  async read<T>(
    reads: number,
    send: () => Promise<T>,
    holdOf: (reply: T) => number,
    signal: AbortSignal,
  ): Promise<T> {
    for (;;) {
      signal.throwIfAborted();
      const askedAt = performance.now();
      const answer = await this.#store.readLeave(reads, this.policy());
      const jumped = this.#seeClock(answer.now, askedAt);
      if (answer.kind === 'wait') {
        await sleep(Math.min(answer.waitMs, LEAVE_WAIT_SLICE_MS), undefined, { signal });
      } else if (jumped || performance.now() - askedAt > this.#pace.leaveValidMs) {
        await this.#store.readReply(reads, answer.chargeEnd, 0, this.policy());
        this.#jumpMs = 0; // told
      } else {
        const reply = await send();
        await this.#store.readReply(reads, answer.chargeEnd, holdOf(reply), this.policy());
        return reply;
      }
    }
  }

  /**
   * Holds two readings of Redis' clock against the time that passed here between them. Each reading lies between asking
   * and answer, so a slow answer is never taken for a jump. After a jump the next call tells the ledger.
   */
  #seeClock(redis: number, askedAt: number): boolean {
    const before = this.#clock;
    const now = performance.now();
    this.#clock = { redis, from: askedAt, to: now };
    this.#jumpMs = 0; // told with the call that brought this reading
    if (before === undefined) return false;
    const passed = redis - before.redis;
    const least = askedAt - before.to - CLOCK_STEP_MAX_MS;
    const most = now - before.from + CLOCK_STEP_MAX_MS;
    if (passed >= least && passed <= most) return false;
    this.#jumpMs = Math.round(passed - (now - before.to)) || 1;
    return true;
  }
}
