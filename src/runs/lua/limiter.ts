import type { Keys } from '../keys.ts';
import type { LedgerPolicy } from '../permit.ts';
import type { ScriptArguments } from './scripts.ts';

/** The first keys of every script that needs limiter.lua. */
export const limiterKeys = (keys: Keys): string[] => [
  keys.ledger,
  keys.ledgerWrites,
  keys.ledgerAll,
  keys.ledgerAccepted,
];

/** The policy as limiter.lua reads it. */
export const policyArgument = ({ answered, ...policy }: LedgerPolicy): ScriptArguments => ({
  ...policy,
  answered: answered ?? null,
});
