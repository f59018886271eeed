import { KINDS } from '../../assignments/kinds/registry.ts';
import type { Plan } from '../../app/plan/plan.ts';

/** What a rollback of this plan's run takes back and what it does not, as a sentence. */
export function whatStays({ writesByType }: Pick<Plan, 'writesByType'>): string {
  const done = KINDS.flatMap(({ policyType, leaves }) =>
    leaves !== undefined && (writesByType[policyType] ?? 0) > 0 ? [leaves] : [],
  );
  const named = done.length === 0 ? '' : `: ${[...new Set(done)].join(', ')}`;
  return `A rollback puts assignments back, not what devices do meanwhile${named}.`;
}
