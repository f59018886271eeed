/**
 * One throttling limit as a function of its rule, its state and the time. Nobody knows whether Intune's window is fixed or
 * sliding, so a client has to stand all three.
 */
export type LimitKind = 'fixed' | 'sliding' | 'bucket';

export interface LimitRule {
  readonly kind: LimitKind;
  /** Requests per window; a bucket is refilled at this rate. 0 lets nothing through. */
  readonly limit: number;
  readonly windowMs: number;
  /** Requests a full bucket holds; only for `bucket`. */
  readonly bucketSize: number;
}

export type LimitState =
  | { kind: 'fixed'; window: number; count: number }
  /** Times of the counted requests; those before `head` have left the window. */
  | { kind: 'sliding'; times: number[]; head: number }
  | { kind: 'bucket'; tokens: number; at: number };

export function freshLimit(rule: LimitRule, nowMs: number): LimitState {
  switch (rule.kind) {
    case 'fixed':
      return { kind: 'fixed', window: Math.floor(nowMs / rule.windowMs), count: 0 };
    case 'sliding':
      return { kind: 'sliding', times: [], head: 0 };
    case 'bucket':
      return { kind: 'bucket', tokens: rule.bucketSize, at: nowMs };
  }
}

/** Milliseconds until the next request is let through: 0 means now. Moves `state` on to `nowMs`. */
export function waitMs(rule: LimitRule, state: LimitState, nowMs: number): number {
  advance(rule, state, nowMs);
  if (rule.limit <= 0) return rule.windowMs;
  switch (state.kind) {
    case 'fixed':
      return state.count < rule.limit ? 0 : (state.window + 1) * rule.windowMs - nowMs;
    case 'sliding': {
      const excess = state.times.length - state.head - rule.limit;
      if (excess < 0) return 0;
      const lastToGo = state.times[state.head + Math.floor(excess)] ?? nowMs;
      return Math.max(0, lastToGo + rule.windowMs - nowMs);
    }
    case 'bucket':
      return state.tokens >= 1 ? 0 : ((1 - state.tokens) * rule.windowMs) / rule.limit;
  }
}

/** Counts one request, let through or not: whether refused ones count is for the caller to decide. */
export function charge(rule: LimitRule, state: LimitState, nowMs: number): void {
  advance(rule, state, nowMs);
  switch (state.kind) {
    case 'fixed':
      state.count += 1;
      return;
    case 'sliding':
      state.times.push(nowMs);
      return;
    case 'bucket':
      // A refused request that counts spills what had dripped in, but digs no hole: else one storm would close it for hours.
      state.tokens = Math.max(0, state.tokens - 1);
      return;
  }
}

function advance(rule: LimitRule, state: LimitState, nowMs: number): void {
  switch (state.kind) {
    case 'fixed': {
      const window = Math.floor(nowMs / rule.windowMs);
      if (window !== state.window) Object.assign(state, { window, count: 0 });
      return;
    }
    case 'sliding':
      forgetBefore(state, nowMs - rule.windowMs);
      return;
    case 'bucket': {
      const gained = (Math.max(0, nowMs - state.at) * rule.limit) / rule.windowMs;
      state.tokens = Math.min(rule.bucketSize, state.tokens + gained);
      state.at = nowMs;
      return;
    }
  }
}

/** Left slots that are worth copying the list for. */
const COMPACT_MIN = 1_000;

/** Lets the times up to and including `untilMs` leave; each costs a constant, however many there are. */
export function forgetBefore(queue: { times: number[]; head: number }, untilMs: number): void {
  while (queue.head < queue.times.length && (queue.times[queue.head] ?? 0) <= untilMs) queue.head += 1;
  if (queue.head >= COMPACT_MIN && queue.head * 2 >= queue.times.length) {
    queue.times.splice(0, queue.head);
    queue.head = 0;
  }
}
