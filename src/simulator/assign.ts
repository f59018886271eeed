import { randomUUID } from 'node:crypto';
import { jsonObject, readAssignment, type AssignmentPatch, type RequestBody } from './patch.ts';
import { badForIntune, badModel, noRoute, type Refused } from './refused.ts';
import { assignmentPath } from './route.ts';
import type { ApiVersion } from './apiVersion.ts';
import { kindOfSet, type PolicySet } from './policyKinds.ts';
import {
  FILTER_ID,
  plainTypeName,
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
  /** The names of the properties that its target was sent with. */
  readonly targetNames: readonly string[];
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
  const lacking = Object.entries(kindOfSet(set).own).find(
    ([name, { required }]) => required && (read.patch[name] ?? null) === null,
  );
  if (lacking !== undefined)
    return { refused: badForIntune(`Required property '${lacking[0]}' is missing or empty.`) };
  const targetNames = isObject(given.target) ? Object.keys(given.target) : [];
  return { id: id ?? undefined, wanted: { ...read.patch, target }, targetNames };
}

/** Why Intune refuses a list for this policy; undefined: it takes it. */
export function refusedList(policy: Policy, entries: readonly AssignEntry[]): Refused | undefined {
  const { targets, takesFilter, refuses } = kindOfSet(policy.set);
  for (const { wanted, targetNames } of entries) {
    const { target, ...own } = wanted;
    const type = plainTypeName(target['@odata.type'])?.replace(/AssignmentTarget$/, '') ?? '';
    if (targets !== undefined && !targets.includes(type))
      return badForIntune(`Targets of type '${type}' are not supported for this policy.`);
    if ((target[FILTER_ID] ?? null) !== null && takesFilter?.(policy) === false)
      return badForIntune('Assignment filters are not supported for this policy.');
    const why = refuses?.(policy, { target, own, targetNames });
    if (why !== undefined) return badForIntune(why);
  }
  return undefined;
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
  const identityOf = identityIn(policy, rekey);
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
    const target = identityOf(entry.wanted);
    if (targets.has(target)) continue;
    targets.add(target);
    if (current !== undefined) left.delete(current);
    next.push(written(policy, current, entry, { rekey, usedIds, identityOf }));
  }
  const ofPolicySets = [...left].filter(({ ownedByPolicySet }) => ownedByPolicySet);
  listByIds(list, [...ofPolicySets, ...next]);
}

/** What is equal for two entries that can't stand beside each other. */
type IdentityOf = (entry: { readonly target: GraphTarget; readonly intent?: unknown }) => string;

function identityIn({ set }: Policy, rekey: boolean): IdentityOf {
  if (kindOfSet(set).byIntent)
    return ({ target, intent }) => `${targetIdentity(target)} ${String(intent).toLowerCase()}`;
  return ({ target }) => (rekey ? groupIdentity(target) : targetIdentity(target));
}

const asEntry = ({ target, own }: StoredAssignment): Parameters<IdentityOf>[0] => ({
  target,
  intent: own['intent'],
});

/** Whether an entry is an assignment as it was read. */
const isAsRead = ({ id, wanted }: AssignEntry, stored: StoredAssignment): boolean =>
  id?.toLowerCase() === stored.id.toLowerCase() &&
  targetIdentity(wanted.target) === targetIdentity(stored.target);

/** What policy sets alone assign. */
function onlyIn(
  ofSets: readonly StoredAssignment[],
  direct: readonly StoredAssignment[],
  identityOf: IdentityOf,
): string[] {
  const others = new Set(direct.map((each) => identityOf(asEntry(each))));
  return ofSets.map((each) => identityOf(asEntry(each))).filter((identity) => !others.has(identity));
}

function currentOne(
  { id, wanted }: AssignEntry,
  candidates: readonly StoredAssignment[],
  identityOf: IdentityOf,
): StoredAssignment | undefined {
  const target = identityOf(wanted);
  const sameTarget = candidates.filter((candidate) => identityOf(asEntry(candidate)) === target);
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
  ids: { rekey: boolean; usedIds: Set<string>; identityOf: IdentityOf },
): StoredAssignment {
  const staysAt = current !== undefined && ids.identityOf(asEntry(current)) === ids.identityOf(wanted);
  const id = current !== undefined && (staysAt || !ids.rekey) ? current.id : idFor(policy, wanted, ids);
  const key = current?.key ?? assignmentPath(policy.set, policy.id, '', id);
  const { target, ...own } = wanted;
  const initial = initialOwn(policy.set);
  const stamp = 'lastModifiedDateTime' in initial && { lastModifiedDateTime: new Date().toISOString() };
  return { id, target, own: { ...initial, ...own, ...stamp }, key, ownedByPolicySet: false };
}

/** As Intune makes them: `{groupId}_{intent}_{n}`, the same for two apps. */
function freeAppId(target: GraphTarget, intent: unknown, usedIds: ReadonlySet<string>): string {
  const number = ['available', 'required', 'uninstall', 'availableWithoutEnrollment'].indexOf(String(intent));
  for (let n = 0; ; n += 1) {
    const id = `${idOfTarget(target)}_${number}_${n}`;
    if (!usedIds.has(id.toLowerCase())) return id;
  }
}

function idFor(
  policy: Policy,
  { target, intent }: AssignEntry['wanted'],
  { rekey, usedIds }: { rekey: boolean; usedIds: Set<string> },
): string {
  if (kindOfSet(policy.set).byIntent) {
    const id = freeAppId(target, intent, usedIds);
    usedIds.add(id.toLowerCase());
    return id;
  }
  const composed = `${policy.id}_${idOfTarget(target)}`;
  const id = rekey && !usedIds.has(composed.toLowerCase()) ? composed : randomUUID();
  usedIds.add(id.toLowerCase());
  return id;
}
