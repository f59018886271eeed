import { randomUUID } from 'node:crypto';
import { jsonObject, readAssignment, type AssignmentPatch, type RequestBody } from './patch.ts';
import { badForIntune, badModel, noRoute, type Refused } from './refused.ts';
import { assignmentPath } from './route.ts';
import type { ApiVersion } from './apiVersion.ts';
import { kindOfSet, type PolicySet } from './policyKinds.ts';
import {
  groupIdentity,
  idOfTarget,
  isObject,
  targetIdentity,
  type GraphTarget,
  type UndocumentedTargets,
} from './target.ts';
import { initialOwn, listByIds, type Policy, type StoredAssignment } from './tenant.ts';

/** One assignment of the list that an `assign` asks for. */
export interface AssignEntry {
  readonly id: string | undefined;
  readonly wanted: AssignmentPatch & { readonly target: GraphTarget };
}

/**
 * Reads the body of `POST …/{policyId}/assign`: `{"assignments": [{"target": …}, …]}`, under the name that the kind has for it, each
 * entry as a PATCH is read.
 * An empty list is documented nowhere as an error, and unassigns the policy.
 */
export function readAssign(
  body: RequestBody,
  set: PolicySet,
  version: ApiVersion,
  undocumented: UndocumentedTargets,
): { entries: AssignEntry[] } | { refused: Refused } {
  const read = jsonObject(body);
  if ('refused' in read) return read;
  const { assign } = kindOfSet(set);
  if (assign === null) return { refused: noRoute('POST', '~/singleton/navigation/key/action') };
  const { parameter } = assign;
  const { [parameter]: assignments, ...others } = read.given;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    return {
      refused: badModel(
        `The parameter '${unknown}' in the request payload is not a valid parameter for the operation 'assign'.`,
      ),
    };
  }
  if (!Array.isArray(assignments))
    return {
      refused: badModel(`The parameter '${parameter}' of the operation 'assign' has to be a collection.`),
    };

  const entries: AssignEntry[] = [];
  for (const given of assignments) {
    const entry = readEntry(given, set, version, undocumented);
    if ('refused' in entry) return entry;
    entries.push(entry);
  }
  return { entries };
}

export function readEntry(
  given: unknown,
  set: PolicySet,
  version: ApiVersion,
  undocumented: UndocumentedTargets,
): AssignEntry | { refused: Refused } {
  if (!isObject(given))
    return { refused: badModel('An entry of a collection of entities has to be an object.') };
  const { id } = given;
  if (id !== undefined && id !== null && typeof id !== 'string') {
    return {
      refused: badModel(`Cannot convert the literal '${String(id)}' to the expected type 'Edm.String'.`),
    };
  }
  const read = readAssignment(given, set, version, undocumented);
  if ('refused' in read) return read;
  const { target } = read.patch;
  if (target === undefined)
    return { refused: badForIntune("Required property 'target' is missing or empty.") };
  return { id: id ?? undefined, wanted: { ...read.patch, target } };
}

/**
 * Makes the entries the policy's whole list: what they leave out is unassigned, and a second entry for a target is ignored.
 *
 * An entry whose target was assigned is that assignment, else the one whose id it carries, else a new one; `rekey` makes an
 * id of every target that is new, and as such an id names a group, a second entry for a group is ignored even when one
 * includes and the other excludes it. What an entry does not say has its default: nothing of the old list is merged in.
 *
 * Assumed, as no source settles it: assignments of a policy set stay as they are, whether the entries name them, change
 * them or leave them out, as the set made them and `source` is read-only (on configurations by documentation). So an entry
 * for a target that only the set assigns makes no second assignment, unless the set's own stands beside it in the list and ids do
 * not follow groups. Users report that a tool which sends such a target
 * without looking gets an error or a direct assignment (github.com/Microsoft365DSC/Microsoft365DSC/issues/3058).
 */
export function replaceList(policy: Policy, entries: readonly AssignEntry[], rekey: boolean): void {
  const list = policy.lists.get('')?.assignments ?? new Map<string, StoredAssignment>();
  const usedIds = new Set(list.keys());
  const identityOf = rekey ? groupIdentity : targetIdentity;
  const [ofSets, direct] = [true, false].map((owned) =>
    [...list.values()].filter(({ ownedByPolicySet }) => ownedByPolicySet === owned),
  ) as [StoredAssignment[], StoredAssignment[]];
  const named = new Map(entries.map((entry) => [entry, ofSets.find((each) => isAsRead(entry, each))]));
  const left = new Set([...list.values()].filter((each) => ![...named.values()].includes(each)));
  const targets = new Set(rekey ? onlyIn(ofSets, direct, identityOf) : []);
  const next: StoredAssignment[] = [];
  for (const entry of entries) {
    const current = named.get(entry) ?? currentOne(entry, [...left], identityOf);
    if (current?.ownedByPolicySet) {
      left.delete(current);
      next.push(current);
      continue;
    }
    const target = identityOf(entry.wanted.target);
    if (targets.has(target)) continue;
    targets.add(target);
    if (current !== undefined) left.delete(current);
    next.push(written(policy, current, entry, { rekey, usedIds, identityOf }));
  }
  const ofPolicySets = [...left].filter(({ ownedByPolicySet }) => ownedByPolicySet);
  listByIds(list, [...ofPolicySets, ...next]);
}

/** Whether an entry is an assignment as it was read. */
const isAsRead = ({ id, wanted }: AssignEntry, stored: StoredAssignment): boolean =>
  id?.toLowerCase() === stored.id.toLowerCase() &&
  targetIdentity(wanted.target) === targetIdentity(stored.target);

/** What policy sets alone assign. */
function onlyIn(
  ofSets: readonly StoredAssignment[],
  direct: readonly StoredAssignment[],
  identityOf: (target: GraphTarget) => string,
): string[] {
  const others = new Set(direct.map(({ target }) => identityOf(target)));
  return ofSets.map(({ target }) => identityOf(target)).filter((identity) => !others.has(identity));
}

function currentOne(
  { id, wanted }: AssignEntry,
  candidates: readonly StoredAssignment[],
  identityOf: (target: GraphTarget) => string,
): StoredAssignment | undefined {
  const target = identityOf(wanted.target);
  const sameTarget = candidates.filter((candidate) => identityOf(candidate.target) === target);
  const sameId = (candidate: StoredAssignment): boolean => candidate.id.toLowerCase() === id?.toLowerCase();
  // A policy set and an administrator can assign the same target: the direct one is meant unless the id says otherwise.
  return (
    sameTarget.find(sameId) ??
    sameTarget.find(({ ownedByPolicySet }) => !ownedByPolicySet) ??
    sameTarget[0] ??
    candidates.find(sameId)
  );
}

function written(
  policy: Policy,
  current: StoredAssignment | undefined,
  { wanted }: AssignEntry,
  ids: { rekey: boolean; usedIds: Set<string>; identityOf: (target: GraphTarget) => string },
): StoredAssignment {
  const staysAt = current !== undefined && ids.identityOf(current.target) === ids.identityOf(wanted.target);
  const id =
    current !== undefined && (staysAt || !ids.rekey) ? current.id : idFor(policy, wanted.target, ids);
  const key = current?.key ?? assignmentPath(policy.set, policy.id, '', id);
  const { target, ...own } = wanted;
  return { id, target, own: { ...initialOwn(policy.set), ...own }, key, ownedByPolicySet: false };
}

function idFor(
  policy: Policy,
  target: GraphTarget,
  { rekey, usedIds }: { rekey: boolean; usedIds: Set<string> },
): string {
  const composed = `${policy.id}_${idOfTarget(target)}`;
  const id = rekey && !usedIds.has(composed.toLowerCase()) ? composed : randomUUID();
  usedIds.add(id.toLowerCase());
  return id;
}
