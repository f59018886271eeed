import type { Keys } from '../keys.ts';
import type { PermitAnswer, LimiterEvent, LimiterPolicy, WaitReason } from '../permit.ts';
import { limiterKeys, policyArgument } from './limiter.ts';
import type { Scripts } from './scripts.ts';

/** Requests that are of no batch. */
export interface LoneRequests {
  readonly requests: number;
  readonly writes: boolean;
  readonly policy: LimiterPolicy;
}

export type LoneAnswer = Extract<PermitAnswer, { kind: 'granted' | 'wait' | 'stopped' }>;

/** acquireReads.lua; those for work on a run wait with the tenant when it is stopped. */
export async function acquireReads(
  scripts: Scripts,
  keys: Keys,
  { requests, writes, policy, isForWork }: LoneRequests & { readonly isForWork: boolean },
): Promise<LoneAnswer> {
  const [kind, now, event, value, reason] = await scripts.run('acquireReads', limiterKeys(keys, policy), {
    policy: policyArgument(policy),
    ...{ requests, writes, isForWork },
  });
  const answered = { now: Number(now), event: String(event) };
  switch (String(kind)) {
    case 'granted':
      return { kind: 'granted', ...answered, chargeEnd: Number(value), requests, places: [], states: [] };
    case 'stopped':
      return { kind: 'stopped', ...answered, state: 'stopped' };
    default:
      return { kind: 'wait', ...answered, waitMs: Number(value), reason: String(reason) as WaitReason };
  }
}

/** settleReads.lua: they were answered. */
export async function settleReads(
  scripts: Scripts,
  keys: Keys,
  {
    requests,
    writes,
    policy,
    ...ended
  }: LoneRequests & { readonly chargeEnd: number; readonly backoffMs: number },
): Promise<{ event: LimiterEvent }> {
  const [event] = await scripts.run('settleReads', limiterKeys(keys, policy), {
    policy: policyArgument(policy),
    ...{ requests, writes, chargeEnd: ended.chargeEnd, backoffMs: Math.round(ended.backoffMs) },
  });
  return { event: String(event) };
}
