import { KINDS, kindOfSet } from './policyKinds.ts';
import type { Policy, StoredAssignment, Tenant } from './tenant.ts';
import type { SeedAssignment, SeedPolicy, TenantSeed } from './tenantFile.ts';

/**
 * All that the tenant holds now, policies and assignments in their order, in the form of a tenant file: to be compared
 * before and after, or to begin again from.
 */
export function snapshotOf(tenant: Tenant): TenantSeed {
  return {
    policies: KINDS.flatMap(({ set }) => tenant.policies(set)).flatMap(listsOf),
    filters: tenant.filters.map((filter) => ({ ...filter })),
  };
}

function listsOf({ set, id, displayName, odataType, properties, lists }: Policy): SeedPolicy[] {
  return [...lists.values()].map(({ via, assignments }) => ({
    id,
    type: kindOfSet(set).type,
    displayName,
    odataType,
    ...(via !== '' && { via }),
    ...(Object.keys(properties).length > 0 && { properties }),
    assignments: [...assignments.values()].map(assignmentOf),
  }));
}

function assignmentOf({ id, target, own }: StoredAssignment): SeedAssignment {
  const { intent, source, sourceId, ...more } = own;
  const named = Object.entries({ intent, source, sourceId }).filter(([, value]) => value !== undefined);
  return {
    id,
    // Every target that is stored has its type.
    target: target as SeedAssignment['target'],
    ...Object.fromEntries(named),
    ...(Object.keys(more).length > 0 && { own: more }),
  };
}
