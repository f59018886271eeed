import { charge, freshLimit, waitMs, type LimitKind, type LimitRule } from '../../src/simulator/limit.ts';

/** How a tenant throttles, in virtual time. */
export interface TenantRule {
  readonly kind: LimitKind;
  /** Writes per window, one after the other, each for as long as the others. */
  readonly limits: readonly number[];
  readonly countsRefused: boolean;
  /** What a 429 says: the true wait, always a twentieth of a window, always a whole one, or nothing. */
  readonly retryAfter: 'exact' | 'short' | 'window' | 'missing';
}

export interface TenantReply {
  readonly accepted: number;
  readonly throttled: number;
  /** As in Settlement. */
  readonly backoffMs: number;
}

export interface TenantModel {
  /** n writes that arrive together. */
  answer(n: number, at: number): TenantReply;
  limitAt(at: number): number;
  readonly accepted: { at: number; n: number }[];
}

export function tenantModel(rule: TenantRule, windowMs: number, start: number, end: number): TenantModel {
  const accepted: { at: number; n: number }[] = [];
  const limitAt = (at: number): number => {
    const place = Math.floor(((at - start) / (end - start)) * rule.limits.length);
    return rule.limits[Math.min(rule.limits.length - 1, Math.max(0, place))] ?? 0;
  };
  const ruleAt = (at: number): LimitRule => {
    const limit = limitAt(at);
    return { kind: rule.kind, limit, windowMs, bucketSize: Math.max(1, Math.ceil(limit * 0.4)) };
  };
  const state = freshLimit(ruleAt(start), start);
  return {
    accepted,
    limitAt,
    answer(n, at) {
      const now = ruleAt(at);
      let throttled = 0;
      let wait = 0;
      for (let i = 0; i < n; i += 1) {
        const each = waitMs(now, state, at);
        if (each > 0) throttled += 1;
        if (each === 0 || rule.countsRefused) charge(now, state, at);
        wait = Math.max(wait, each);
      }
      if (n > throttled) accepted.push({ at, n: n - throttled });
      const named = { exact: Math.ceil(wait), short: windowMs / 20, window: windowMs, missing: -1 };
      return {
        accepted: n - throttled,
        throttled,
        backoffMs: throttled === 0 ? 0 : named[rule.retryAfter],
      };
    },
  };
}

/** The longest time without an accepted write while the tenant took any, in windows. */
export function longestStandstill(
  { accepted, limitAt }: TenantModel,
  windowMs: number,
  start: number,
  end: number,
): number {
  let standing = 0;
  let longest = 0;
  let next = 0;
  for (let at = start; at < end; at += windowMs / 10) {
    let hasAny = limitAt(at) === 0;
    while ((accepted[next]?.at ?? Infinity) <= at) {
      hasAny = true;
      next += 1;
    }
    standing = hasAny ? 0 : standing + 0.1;
    longest = Math.max(longest, standing);
  }
  return longest;
}
