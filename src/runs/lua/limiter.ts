import type { Keys } from '../keys.ts';
import type { LimiterPolicy } from '../permit.ts';
import type { ScriptArguments } from './scripts.ts';

/** The first keys of every script that needs limiter.lua. */
export const limiterKeys = (keys: Keys): string[] => [
  keys.limiter,
  keys.limiterWrites,
  keys.limiterAll,
  keys.limiterAccepted,
];

/** The policy as limiter.lua reads it. */
export const policyArgument = ({ answered, ...policy }: LimiterPolicy): ScriptArguments => ({
  ...policy,
  answered: answered ?? null,
});
