import type { Keys } from '../keys.ts';
import type { LedgerNow, LedgerPolicy } from '../permit.ts';
import { limiterKeys, policyArgument } from './limiter.ts';
import type { Scripts } from './scripts.ts';

export async function limiterNow(scripts: Scripts, keys: Keys, policy: LedgerPolicy): Promise<LedgerNow> {
  const [charged, accepted, budget, until, reason] = await scripts.run('limiterNow', limiterKeys(keys), {
    policy: policyArgument(policy),
  });
  return {
    charged: Number(charged),
    accepted: Number(accepted),
    budget: Number(budget),
    holdUntil: Number(until) || null,
    holdReason: (String(reason) || null) as LedgerNow['holdReason'],
  };
}
