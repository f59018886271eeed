import { KINDS } from '../../assignments/kinds/registry.ts';
import type { Plan } from '../../app/plan/plan.ts';

/** What no rollback of this plan's run takes back, as a sentence; undefined: it takes back all. */
export function whatStays({ writesByType }: Pick<Plan, 'writesByType'>): string | undefined {
  const done = KINDS.flatMap(({ policyType, leaves }) =>
    leaves !== undefined && (writesByType[policyType] ?? 0) > 0 ? [leaves] : [],
  );
  return done.length === 0
    ? undefined
    : `A rollback puts assignments back, not what devices do meanwhile: ${[...new Set(done)].join(', ')}.`;
}
