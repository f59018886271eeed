import { isOfPolicySet, type CurrentAssignment, type RowError } from './current.ts';
import type { Action } from '../rows/action.ts';
import type { Change, WishedChange } from '../rows/change.ts';
import { FILTER_ID, FILTER_TYPE, filterOf, sameFilter } from '../targets/filter.ts';
import { fingerprintOf } from './fingerprint.ts';
import { sameId } from '../values/ids.ts';
import { isJsonObject, type JsonObject } from '../values/json.ts';
import { findCurrent } from './findCurrent.ts';
import { patchBody, type Wished } from './request.ts';
import { isReadOnly } from '../kinds/kind.ts';
import { plainTypeName } from '../targets/odataTypes.ts';

/** What the look at the list of a change's assignment brought. */
export type Look =
  | { readonly kind: 'list'; readonly assignments: readonly CurrentAssignment[] }
  /** Graph answered that this list can't be read: missing policy, no permission, no such route. */
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly error: { readonly code: string; readonly message: string };
    }
  /** No look was taken: the run is blind. */
  | { readonly kind: 'blind' };

/** What the look makes of a change. */
export type Decision =
  /** The wished target is there, perhaps under another id than the row's: nothing to send. */
  | { readonly kind: 'alreadySo'; readonly present: CurrentAssignment }
  | { readonly kind: 'write'; readonly body: JsonObject; readonly present: CurrentAssignment | undefined }
  /** What is there is neither the wish nor what the plan saw: somebody has changed it since. */
  | { readonly kind: 'stale'; readonly present: CurrentAssignment | undefined }
  | { readonly kind: 'refused'; readonly status: number | undefined; readonly error: RowError };

/**
 * Decides what a change needs that goes by PATCH, given the list its assignment is in.
 * @param planned the fingerprint of what the plan saw; undefined: there is no plan to hold on to
 */
export function decide(change: Change, look: Look, planned?: string): Decision {
  if (change.action !== 'set') return refused(needsAssign(change.action));
  switch (look.kind) {
    case 'refused':
      return { kind: 'refused', status: look.status, error: look.error };
    case 'blind':
      return { kind: 'write', body: patchBody(change, undefined), present: undefined };
    case 'list':
      return decideIn(look.assignments, change, planned);
  }
}

function decideIn(
  list: readonly CurrentAssignment[],
  change: WishedChange,
  planned: string | undefined,
): Decision {
  const { present, mismatch } = findCurrent(change, list);
  const itself = present !== undefined && mismatch === undefined ? present : undefined;
  if (itself && holds(change, itself)) return { kind: 'alreadySo', present: itself };
  // Tenants may give an assignment a new id when its target changes, so the wish may stand under another one.
  const elsewhere = itself ? undefined : list.find((assignment) => holds(change, assignment));
  if (elsewhere !== undefined) return { kind: 'alreadySo', present: elsewhere };
  if (!isAsPlanned(present, planned)) return { kind: 'stale', present };
  if (mismatch !== undefined) return refused(mismatch);
  if (present === undefined && change.address.assignmentId === '') return refused(GONE);
  if (present !== undefined && isOfPolicySet(present)) return refused(OWNED_BY_POLICY_SET);
  return { kind: 'write', body: patchBody(change, present), present };
}

const refused = (error: RowError): Decision => ({ kind: 'refused', status: undefined, error });

const needsAssign = (action: Action): RowError => ({
  code: 'NeedsAssign',
  message: `The action ${action} can't be written by PATCH; nothing was written.`,
});

export const GONE: RowError = {
  code: 'AssignmentGone',
  message: 'The assignment is not in the list of its policy, nor is the wished target; nothing was written.',
};

const isAsPlanned = (present: CurrentAssignment | undefined, planned: string | undefined): boolean =>
  planned === undefined || planned === fingerprintOf(present);

export const OWNED_BY_POLICY_SET: RowError = {
  code: 'PolicySetOwned',
  message: 'The assignment belongs to a policy set: change the policy set instead.',
};

/** Whether the assignment already is what the change wishes. What the change does not mention does not count. */
export function holds(change: Wished, present: CurrentAssignment): boolean {
  const wished = patchBody(change, present);
  const target = wished['target'];
  if (!isJsonObject(target) || !sameTarget(target, present.target)) return false;
  return Object.entries(wished).every(
    ([name, value]) =>
      name === 'target' ||
      name === 'id' ||
      name === '@odata.type' ||
      isReadOnly(change.address.kind, name) ||
      sameValue(value, present.whole[name]),
  );
}

/** Whether two targets in Graph's shape mean the same, filter included. Spelling of type names, ids and "no filter" is free. */
export function sameTarget(wished: JsonObject, present: JsonObject): boolean {
  if (plainTypeName(wished['@odata.type']) !== plainTypeName(present['@odata.type'])) return false;
  if (!sameFilter(filterOf(wished), filterOf(present))) return false;
  return Object.entries(wished).every(
    ([name, value]) =>
      name === '@odata.type' || name === FILTER_ID || name === FILTER_TYPE || sameValue(value, present[name]),
  );
}

function sameValue(wished: unknown, present: unknown): boolean {
  if (wished === undefined || wished === null) return present === undefined || present === null;
  if (typeof wished === 'string') return sameId(wished, present);
  if (Array.isArray(wished)) {
    return (
      Array.isArray(present) &&
      wished.length === present.length &&
      wished.every((value, i) => sameValue(value, present[i]))
    );
  }
  if (isJsonObject(wished)) {
    return (
      isJsonObject(present) &&
      Object.entries(wished).every(
        ([name, value]) => name === '@odata.type' || sameValue(value, present[name]),
      )
    );
  }
  return wished === present;
}
