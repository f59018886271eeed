import { POLICY_SETS, POLICY_TYPE_OF } from './route.ts';
import type { Policy, StoredAssignment, Tenant } from './tenant.ts';
import type { SeedAssignment, SeedPolicy, TenantSeed } from './tenantFile.ts';

/**
 * All that the tenant holds now, policies and assignments in their order, in the form of a tenant file: to be compared
 * before and after, or to begin again from.
 */
export function snapshotOf(tenant: Tenant): TenantSeed {
  return {
    policies: POLICY_SETS.flatMap((set) => tenant.policies(set)).flatMap(listsOf),
    filters: tenant.filters.map((filter) => ({ ...filter })),
  };
}

function listsOf({ set, id, displayName, odataType, lists }: Policy): SeedPolicy[] {
  return [...lists.values()].map(({ via, assignments }) => ({
    id,
    type: POLICY_TYPE_OF[set],
    displayName,
    odataType,
    ...(via !== '' && { via }),
    assignments: [...assignments.values()].map((assignment) => assignmentOf(assignment, set)),
  }));
}

function assignmentOf(
  { id, target, intent, source, sourceId, unknown }: StoredAssignment,
  set: Policy['set'],
): SeedAssignment {
  return {
    id,
    // Every target that is stored has its type.
    target: target as SeedAssignment['target'],
    ...(set === 'deviceConfigurations' && { intent: intent === 'remove' ? 'remove' : 'apply' }),
    source: source === 'policySets' ? 'policySets' : 'direct',
    sourceId,
    ...(Object.keys(unknown).length > 0 && { unknown }),
  };
}
