import type { Change } from './change.ts';
import { FILTER_ID, FILTER_TYPE, filterOf, sameFilter } from './filter.ts';
import { sameId } from './ids.ts';
import { isJsonObject, type JsonObject } from './json.ts';
import { patchBody } from './request.ts';
import { plainTypeName } from './odataTypes.ts';

/** An assignment as Graph lists it. Its target may be of a kind this program has never heard of. */
export interface PresentAssignment {
  readonly id: string;
  readonly target: JsonObject;
  readonly source?: string;
  readonly whole: JsonObject;
}

/** What the look at the list of a change's assignment brought. */
export type Look =
  | { readonly kind: 'list'; readonly assignments: readonly PresentAssignment[] }
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
  /** The wished target is there: nothing to send. */
  | { readonly kind: 'alreadySo' }
  | { readonly kind: 'write'; readonly body: JsonObject; readonly present: PresentAssignment | undefined }
  | {
      readonly kind: 'refused';
      readonly status: number | undefined;
      readonly error: { readonly code: string; readonly message: string };
    };

/** Decides what a change needs, given the list its assignment is in. */
export function decide(change: Change, look: Look): Decision {
  switch (look.kind) {
    case 'refused':
      return { kind: 'refused', status: look.status, error: look.error };
    case 'blind':
      return { kind: 'write', body: patchBody(change, undefined), present: undefined };
    case 'list': {
      const present = look.assignments.find((assignment) =>
        sameId(assignment.id, change.address.assignmentId),
      );
      if (present === undefined) {
        // Tenants may give an assignment a new id when its target changes, so the wish may stand under another one.
        const elsewhere = look.assignments.some((assignment) => holds(change, assignment));
        return elsewhere
          ? { kind: 'alreadySo' }
          : { kind: 'write', body: patchBody(change, undefined), present };
      }
      if (holds(change, present)) return { kind: 'alreadySo' };
      if (sameId(present.source, 'policySets'))
        return { kind: 'refused', status: undefined, error: ownedByPolicySet };
      return { kind: 'write', body: patchBody(change, present), present };
    }
  }
}

const ownedByPolicySet = {
  code: 'PolicySetOwned',
  message: 'The assignment belongs to a policy set: change the policy set instead.',
};

/** Whether the assignment already is what the change wishes. What the change does not mention does not count. */
export function holds(change: Change, present: PresentAssignment): boolean {
  const wished = patchBody(change, present);
  const target = wished['target'];
  if (!isJsonObject(target) || !sameTarget(target, present.target)) return false;
  return Object.entries(wished).every(
    ([name, value]) =>
      name === 'target' ||
      name === 'id' ||
      name === '@odata.type' ||
      isReadOnly(change, name) ||
      sameValue(value, present.whole[name]),
  );
}

/** Source: the resource page of deviceConfigurationAssignment marks both as read-only. */
const isReadOnly = (change: Change, property: string): boolean =>
  change.address.form.policyType === 'deviceConfiguration' &&
  (property === 'source' || property === 'sourceId');

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
