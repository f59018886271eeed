import { MAIN_FAMILY } from '../../assignments/kinds/family.ts';
import type { Keys, LimiterKeys } from '../keys.ts';
import type { LimiterPolicy } from '../permit.ts';
import type { ScriptArguments } from './scripts.ts';

const listed = ({ limiter, writes, all, accepted }: LimiterKeys): string[] => [
  limiter,
  writes,
  all,
  accepted,
];

/** The keys of a script that needs limiter.lua: those of its family first, its own, and last where the family is charged as well. */
export const limiterKeys = (
  keys: Keys,
  { family = MAIN_FAMILY, also }: Pick<LimiterPolicy, 'family' | 'also'>,
  own: readonly string[] = [],
): string[] => [
  ...listed(keys.limiterOf(family)),
  keys.limiter,
  ...own,
  ...(also === undefined ? [] : listed(keys.limiterOf(also.family))),
];

/** The policy as limiter.lua reads it. */
export const policyArgument = ({
  answered,
  also,
  family = MAIN_FAMILY,
  ...policy
}: LimiterPolicy): ScriptArguments => ({
  ...policy,
  family,
  also: also === undefined ? null : { ...also },
  answered: answered ?? null,
});
