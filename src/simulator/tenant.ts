import type { AssignmentPatch } from './patch.ts';
import { assignmentPath, routeOf } from './route.ts';
import type { ApiVersion } from './apiVersion.ts';
import { defaultPolicyType, kindOfSet, kindOfType, KINDS, type PolicySet } from './policyKinds.ts';
import {
  idOfTarget,
  isNamed,
  learnProperties,
  learnTarget,
  sameNamed,
  seededTarget,
  targetFor,
  type GraphTarget,
  type UndocumentedTargets,
} from './target.ts';
import { seededFilters, type AssignmentFilter } from './filters.ts';
import type { SeedAssignment, TenantSeed } from './tenantFile.ts';

/** An assignment as beta reads it. */
export interface Assignment {
  readonly '@odata.type': string;
  readonly id: string;
  readonly target: GraphTarget;
  /** Only configurations have one. */
  readonly intent?: string;
  readonly source?: string;
  readonly sourceId?: string | null;
}

/** Where an assignment is, and what it is. */
export interface AssignmentEntry {
  /** `/deviceManagement/…/assignments/{id}` with its present id. */
  readonly path: string;
  readonly set: PolicySet;
  readonly policyId: string;
  readonly via: string;
  readonly assignment: Assignment;
}

/** For assertions. Ids are compared without case, as Graph compares GUIDs. */
export interface TenantView {
  /** The assignments of a policy in the order of its list; undefined when there is no such policy, or none by this `via`. */
  assignmentsOf(set: PolicySet, policyId: string, via?: string): Assignment[] | undefined;
  /** The assignment at a URL without root and version, or undefined. */
  at(path: string): Assignment | undefined;
  every(): Iterable<AssignmentEntry>;
}

export interface Policy {
  readonly set: PolicySet;
  readonly id: string;
  readonly displayName: string;
  readonly odataType: string;
  /** What else it shows. */
  readonly properties: Readonly<Record<string, unknown>>;
  /** By `via`, in lower case: a nested form has its own list, which is that of the certificate profile it leads to. */
  readonly lists: Map<string, { via: string; assignments: Map<string, StoredAssignment> }>;
}

export interface StoredAssignment {
  id: string;
  target: GraphTarget;
  /** What else it has: what its kind has, and what no documentation names. */
  own: Readonly<Record<string, unknown>>;
  /** Where it was at first. Stays when the id changes, so that counts of one assignment stay together. */
  readonly key: string;
  /** A policy set made it, and only the policy set may change it. Writing `source` makes no policy set appear. */
  readonly ownedByPolicySet: boolean;
}

export interface Tenant extends TenantView {
  /** What targets and assignments that came past Graph have, and no documentation names. */
  readonly undocumented: UndocumentedTargets;
  /** To be told of each target that comes past Graph, and of what a new assignment has besides. */
  learn(target: GraphTarget, set?: PolicySet, own?: SeedAssignment['own']): void;
  readonly filters: readonly AssignmentFilter[];
  policies(set: PolicySet): readonly Policy[];
  policy(set: PolicySet, policyId: string): Policy | undefined;
}

export function tenantFrom(seed: TenantSeed): Tenant {
  /** By their ids in lower case, in their order. */
  const bySet = new Map<PolicySet, Map<string, Policy>>(KINDS.map(({ set }) => [set, new Map()]));
  const policiesIn = (set: PolicySet): readonly Policy[] => [...(bySet.get(set)?.values() ?? [])];
  const undocumented = new Map<string, Set<string>>();
  const learn: Tenant['learn'] = (target, set, own) => {
    learnTarget(target, undocumented);
    if (set !== undefined) learnProperties(own, kindOfSet(set), undocumented);
  };
  for (const entry of seed.policies) {
    const { set } = kindOfType(entry.type);
    let policy = bySet.get(set)?.get(entry.id.toLowerCase());
    if (policy === undefined) {
      policy = {
        set,
        id: entry.id,
        displayName: entry.displayName ?? entry.id,
        odataType: entry.odataType ?? defaultPolicyType(entry.type),
        properties: entry.properties ?? {},
        lists: new Map([['', { via: '', assignments: new Map() }]]),
      };
      bySet.get(set)?.set(entry.id.toLowerCase(), policy);
    }
    const via = entry.via ?? '';
    const list = policy.lists.get(via.toLowerCase()) ?? {
      via,
      assignments: new Map<string, StoredAssignment>(),
    };
    policy.lists.set(via.toLowerCase(), list);
    for (const assignment of entry.assignments) {
      learn(assignment.target, set, assignment.own);
      list.assignments.set(assignment.id.toLowerCase(), stored(policy, via, assignment));
    }
  }

  const policy = (set: PolicySet, id: string): Policy | undefined => bySet.get(set)?.get(id.toLowerCase());
  return {
    undocumented,
    learn,
    filters: seededFilters(seed),
    policies: policiesIn,
    policy,
    assignmentsOf(set, policyId, via = '') {
      const list = policy(set, policyId)?.lists.get(via.toLowerCase());
      return list && [...list.assignments.values()].map((assignment) => readAs('beta', set, assignment));
    },
    at(path) {
      const route = routeOf(path, 'beta');
      if (route.kind !== 'assignment') return undefined;
      const found = policy(route.set, route.policyId)
        ?.lists.get(route.via.toLowerCase())
        ?.assignments.get(route.assignmentId.toLowerCase());
      return found && readAs('beta', route.set, found);
    },
    *every() {
      for (const { set, id: policyId, lists } of KINDS.flatMap((kind) => policiesIn(kind.set))) {
        for (const { via, assignments } of lists.values()) {
          for (const assignment of assignments.values()) {
            const path = assignmentPath(set, policyId, via, assignment.id);
            yield { path, set, policyId, via, assignment: readAs('beta', set, assignment) };
          }
        }
      }
    },
  };
}

/** The assignment as a version of Graph shows it. v1.0 has the id and the target without its filter, no more. */
export function readAs(version: ApiVersion, set: PolicySet, assignment: StoredAssignment): Assignment {
  const { id, own } = assignment;
  const shown = {
    '@odata.type': `#microsoft.graph.${kindOfSet(set).assignmentType}`,
    id,
    target: targetFor(version, assignment.target),
  };
  return version === 'v1.0' ? shown : { ...shown, ...own };
}

/** What a kind has besides, where nobody says it. */
export const initialOwn = (set: PolicySet): Record<string, unknown> =>
  Object.fromEntries(Object.entries(kindOfSet(set).own).map(([name, { initial }]) => [name, initial]));

/**
 * Changes one assignment of a list. With `rekey` its id follows the target, and it takes the place of the assignments that it
 * overwrites. Source: Intune's ids are `{policyId}_{groupId}`, so that there is one entry for a group.
 */
export function applyPatch(
  policy: Policy,
  list: Map<string, StoredAssignment>,
  assignment: StoredAssignment,
  patch: AssignmentPatch,
  rekey: boolean,
): void {
  const gone = rekey ? overwrittenBy(policy, list, assignment, patch) : [];
  const { target, ...own } = patch;
  if (target !== undefined) assignment.target = target;
  assignment.own = { ...assignment.own, ...own };
  if (!rekey) return;
  const id = rekeyed(policy, assignment.target);
  const left = [...list.values()].filter((other) => !gone.includes(other));
  if (!left.some((other) => other !== assignment && sameId(other.id, id))) assignment.id = id;
  // It keeps its place in the list: else a reader who pages while others write would miss it.
  listByIds(list, left);
}

/** The other assignments of the list for the group, or of the id, that this one moves to. */
export function overwrittenBy(
  policy: Policy,
  list: ReadonlyMap<string, StoredAssignment>,
  assignment: StoredAssignment,
  { target }: AssignmentPatch,
): StoredAssignment[] {
  if (target === undefined || !isNamed(target) || sameNamed(target, assignment.target)) return [];
  const id = rekeyed(policy, target);
  return [...list.values()].filter(
    (other) => other !== assignment && (sameId(other.id, id) || sameNamed(other.target, target)),
  );
}

const rekeyed = (policy: Policy, target: GraphTarget): string => `${policy.id}_${idOfTarget(target)}`;
const sameId = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** Fills a list anew, in this order. */
export function listByIds(list: Map<string, StoredAssignment>, inOrder: readonly StoredAssignment[]): void {
  list.clear();
  for (const each of inOrder) list.set(each.id.toLowerCase(), each);
}

/** An assignment that the tenant holds without anybody having written it through Graph. */
export function stored(policy: Policy, via: string, seed: SeedAssignment): StoredAssignment {
  const { intent, source, sourceId } = seed;
  const own = { ...initialOwn(policy.set), ...seed.own };
  // What its kind does not have is ignored.
  for (const [name, value] of Object.entries({ intent, source, sourceId })) {
    if (value !== undefined && Object.hasOwn(own, name)) own[name] = value;
  }
  return {
    id: seed.id,
    target: seededTarget(seed.target),
    own,
    key: assignmentPath(policy.set, policy.id, via, seed.id),
    ownedByPolicySet: source === 'policySets',
  };
}
