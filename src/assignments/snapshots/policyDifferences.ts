import type { CurrentAssignment } from '../changes/current.ts';
import { policyKey } from '../kinds/address.ts';
import type { PolicyKind } from '../kinds/registry.ts';
import { foldedName } from '../names/nameTable.ts';
import type { Renames } from '../names/rename.ts';
import { groupOf } from '../targets/currentTarget.ts';
import { FILTER_ID, filterOf } from '../targets/filter.ts';
import { isGuid } from '../values/guid.ts';
import { likeness } from './likeness.ts';
import { listChanges, type Comparable, type ListChange } from './listChanges.ts';
import type { SnapshotName, SnapshotPolicy } from './snapshot.ts';

/** One reading of a tenant. */
export interface TenantReading {
  readonly policies: readonly SnapshotPolicy[];
  /** What it calls a group or a filter. */
  nameOf(of: SnapshotName['of'], id: string): string | undefined;
}

/** How two readings are held against each other. */
export type Matching =
  | { readonly by: 'id' }
  /** Ids say nothing, as two tenants have their own. `renames` is from the first to the second. */
  | { readonly by: 'name'; readonly renames: Renames | undefined };

/** A policy that differs between two readings. */
export type PolicyDifference =
  | { readonly kind: 'onlyBefore'; readonly before: SnapshotPolicy; readonly after: undefined }
  | { readonly kind: 'onlyAfter'; readonly before: undefined; readonly after: SnapshotPolicy }
  | {
      readonly kind: 'changed';
      readonly before: SnapshotPolicy;
      readonly after: SnapshotPolicy;
      readonly changes: readonly ListChange[];
    };

/**
 * What differs between two readings, policy by policy, in the order of the first. Of policies that share kind, name and platform those with
 * the same lists are one, and the others follow in their order.
 * @param isCompared kinds that both readings have whole
 */
export function policyDifferences(
  before: TenantReading,
  after: TenantReading,
  matching: Matching,
  isCompared: (kind: PolicyKind) => boolean,
): PolicyDifference[] {
  const as = comparables(before, after, matching);
  const keys = policyKeys(after, matching);
  const free = Map.groupBy(
    after.policies.filter(({ kind }) => isCompared(kind)),
    keys.after,
  );
  const open = before.policies.filter(({ kind }) => isCompared(kind));
  const pairs = new Map<SnapshotPolicy, SnapshotPolicy>();
  const pair = (policy: SnapshotPolicy, fits: (other: SnapshotPolicy) => boolean): void => {
    const candidates = pairs.has(policy) ? [] : (free.get(keys.before(policy)) ?? []);
    const at = candidates.findIndex(fits);
    const [found] = at < 0 ? [] : candidates.splice(at, 1);
    if (found !== undefined) pairs.set(policy, found);
  };
  for (const policy of open) {
    if ((free.get(keys.before(policy)) ?? []).length < 2) continue;
    const list = listText(policy, as.before);
    pair(policy, (other) => listText(other, as.after) === list);
  }
  for (const policy of open) pair(policy, () => true);
  const differences = open.flatMap((policy): PolicyDifference[] => {
    const other = pairs.get(policy);
    if (other === undefined) return [{ kind: 'onlyBefore', before: policy, after: undefined }];
    const changes = listChanges(policy.kind, policy.assignments, other.assignments, as);
    return changes.length === 0 ? [] : [{ kind: 'changed', before: policy, after: other, changes }];
  });
  const unpaired = [...free.values()].flat();
  return [
    ...differences,
    ...unpaired.map((policy): PolicyDifference => ({ kind: 'onlyAfter', before: undefined, after: policy })),
  ];
}

const listText = ({ kind, assignments }: SnapshotPolicy, as: Comparable): string =>
  assignments
    .map((each) => likeness(kind, as(each)))
    .toSorted()
    .join('\n');

type KeyOf = (policy: SnapshotPolicy) => string;

/** By what the policies of either reading are found in the other. */
function policyKeys(
  after: TenantReading,
  matching: Matching,
): { readonly before: KeyOf; readonly after: KeyOf } {
  const byId: KeyOf = ({ kind, id }) => policyKey({ kind, policyId: id });
  if (matching.by === 'id') return { before: byId, after: byId };
  const { renames } = matching;
  const keyOf = (kind: PolicyKind, name: string, platform: string | undefined): string =>
    [kind.policyType, foldedName(name), platform?.toLowerCase() ?? ''].join('\n');
  // A policy without a name is only itself.
  const byName: KeyOf = ({ kind, id, name = id, platform }) => keyOf(kind, name, platform);
  const known = new Map(after.policies.map((policy) => [byId(policy), policy]));
  return {
    after: byName,
    before(policy) {
      const { kind, id, name, platform } = policy;
      const to = renames?.toOf('policy', id, name);
      if (to === undefined) return byName(policy);
      const other = known.get(policyKey({ kind, policyId: to }));
      return other === undefined ? keyOf(kind, to, platform) : byName(other);
    },
  };
}

function comparables(
  before: TenantReading,
  after: TenantReading,
  matching: Matching,
): { readonly before: Comparable; readonly after: Comparable } {
  if (matching.by === 'id') return { before: (each) => each, after: (each) => each };
  const { renames } = matching;
  return {
    before: named((of, id) => {
      const name = before.nameOf(of, id);
      const to = renames?.toOf(of, id, name);
      if (to === undefined) return name;
      return isGuid(to) ? (after.nameOf(of, to) ?? to) : to;
    }),
    after: named((of, id) => after.nameOf(of, id)),
  };
}

/** With names in the place of ids; what has no name keeps its id, and is like nothing of another tenant. */
const named =
  (nameOf: TenantReading['nameOf']): Comparable =>
  (assignment) => {
    const { target, whole } = assignment;
    const group = groupOf(target);
    const filter = filterOf(target)?.id;
    const inName = (of: SnapshotName['of'], id: string): string => {
      const name = nameOf(of, id);
      return name === undefined ? id.toLowerCase() : `name ${foldedName(name)}`;
    };
    const told: CurrentAssignment['target'] = {
      ...target,
      ...(group !== undefined && { groupId: inName('group', group) }),
      ...(filter !== undefined && { [FILTER_ID]: inName('filter', filter) }),
    };
    return { ...assignment, target: told, whole: { ...whole, target: told } };
  };
