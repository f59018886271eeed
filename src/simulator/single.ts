import { randomUUID } from 'node:crypto';
import { readEntry } from './assign.ts';
import { jsonObject, type RequestBody } from './patch.ts';
import type { ApiVersion } from './apiVersion.ts';
import { kindOfSet } from './policyKinds.ts';
import { badForIntune, notFound, type Refused } from './refused.ts';
import { assignmentPath } from './route.ts';
import { idOfTarget, plainTypeName, targetIdentity, type UndocumentedTargets } from './target.ts';
import { initialOwn, type Policy, type StoredAssignment } from './tenant.ts';

/*
 * Kinds whose assignments come by POST and go by DELETE, one at a time: Autopilot profiles, terms and conditions.
 */

export type Added = { readonly added: StoredAssignment } | { readonly refused: Refused };

interface AddTerms {
  readonly tenant: { readonly undocumented: UndocumentedTargets };
  /** Whether a policy can have one target twice. */
  readonly addTwice: boolean;
}

/** What a POST to a policy's assignments would add. Nothing is changed. */
export function assignmentToAdd(
  body: RequestBody,
  policy: Policy,
  version: ApiVersion,
  { tenant: { undocumented }, addTwice }: AddTerms,
): Added {
  const json = jsonObject(body);
  if ('refused' in json) return json;
  const read = readEntry(json.given, policy.set, version, undocumented);
  if ('refused' in read) return read;
  const { target, ...own } = read.wanted;
  const refused = refusedTarget(policy, target);
  if (refused !== undefined) return { refused };
  const list = policy.lists.get('')?.assignments ?? new Map<string, StoredAssignment>();
  const identity = targetIdentity(target);
  const isThere = [...list.values()].some((each) => targetIdentity(each.target) === identity);
  if (isThere && !addTwice) return { refused: TWICE };
  const id = newId(policy, idOfTarget(target), list);
  return {
    added: {
      ...{ id, target, own: { ...initialOwn(policy.set), ...own } },
      key: assignmentPath(policy.set, policy.id, '', id),
      ownedByPolicySet: false,
    },
  };
}

const TWICE: Refused = {
  status: 409,
  code: 'Conflict',
  message: 'The policy is assigned to this target already.',
  born: 'intune',
};

/** Why an assignment can't go; undefined: it can. */
export const whyNotRemoved = (assignment: StoredAssignment | undefined): Refused | undefined =>
  assignment === undefined
    ? notFound('Assignment')
    : assignment.ownedByPolicySet
      ? badForIntune('The assignment belongs to a policy set and can only be changed there.')
      : undefined;

const nameOf = (target: StoredAssignment['target']): string =>
  plainTypeName(target['@odata.type'])?.replace(/AssignmentTarget$/i, '') ?? '';

function refusedTarget(policy: Policy, target: StoredAssignment['target']): Refused | undefined {
  const { targets } = kindOfSet(policy.set);
  const name = nameOf(target);
  if (targets !== undefined && !targets.some((each) => each.toLowerCase() === name.toLowerCase()))
    return badForIntune(`Targets of type '${name}' are not supported for this policy.`);
  // Both together is unsupported, and may need devices to be registered anew: github.com/MicrosoftDocs/memdocs/pull/4144.
  const others = [...(policy.lists.get('')?.assignments.values() ?? [])].map((each) => nameOf(each.target));
  const isBoth = (one: string, other: string): boolean => name === one && others.includes(other);
  return isBoth('allDevices', 'exclusionGroup') || isBoth('exclusionGroup', 'allDevices')
    ? badForIntune('Exclusions beside all devices are not supported for this policy.')
    : undefined;
}

/** As they are seen: policy, group, and a number; of terms and conditions they are GUIDs. */
function newId(policy: Policy, of: string, list: ReadonlyMap<string, unknown>): string {
  if (kindOfSet(policy.set).single !== 'numbered') return randomUUID();
  for (let n = 0; ; n += 1) {
    const id = `${policy.id}_${of}_${n}`;
    if (!list.has(id.toLowerCase())) return id;
  }
}
