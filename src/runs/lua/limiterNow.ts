import type { Keys } from '../keys.ts';
import type { LimiterNow, LimiterPolicy } from '../permit.ts';
import { limiterKeys, policyArgument } from './limiter.ts';
import type { Scripts } from './scripts.ts';

export async function limiterNow(scripts: Scripts, keys: Keys, policy: LimiterPolicy): Promise<LimiterNow> {
  const [charged, accepted, budget, until, reason, isSpaced, heldMs] = await scripts.run(
    'limiterNow',
    limiterKeys(keys, policy),
    {
      policy: policyArgument(policy),
    },
  );
  return {
    charged: Number(charged),
    accepted: Number(accepted),
    budget: Number(budget),
    backoffUntil: Number(until) || null,
    isSpaced: String(isSpaced) === '1',
    heldMs: Number(heldMs),
    backoffReason: (String(reason) || null) as LimiterNow['backoffReason'],
  };
}
