import type { CurrentAssignment } from './current.ts';
import { filterBody, filterOf } from '../targets/filter.ts';
import type { JsonObject } from '../values/json.ts';
import { assignmentPath, assignPath, listPath, type Address } from '../kinds/address.ts';
import { targetBodyFor } from '../kinds/targetBodies.ts';
import type { PolicyKind } from '../kinds/registry.ts';
import { TARGET_KINDS } from '../targets/target.ts';
import { EXTRA_COLUMNS, type Extras, type Desired } from '../rows/desired.ts';

/** A write as it stands in a `$batch`: the URL is relative and without version. */
export interface WriteRequest {
  readonly method: 'PATCH' | 'POST' | 'DELETE';
  readonly url: string;
  readonly body?: JsonObject;
}

/**
 * Writes one assignment.
 * @param current the assignment that the read found; its id counts where the row names it by its target
 */
export const patchRequest = (
  { address }: Pick<DesiredBody, 'address'>,
  body: JsonObject,
  current: CurrentAssignment | undefined,
): WriteRequest => ({
  method: 'PATCH',
  url: assignmentPath(
    address.assignmentId === '' && current !== undefined ? { ...address, assignmentId: current.id } : address,
  ),
  body,
});

/** Writes the whole list of a policy: what is not in it is unassigned. */
export function assignRequest(address: Address, assignments: readonly JsonObject[]): WriteRequest {
  const { write, policyType } = address.kind;
  if (!('assignProperty' in write)) throw new Error(`a ${policyType} has no assign`);
  return { method: 'POST', url: assignPath(address), body: { [write.assignProperty]: assignments } };
}

/** Adds an assignment to a list. */
export const postRequest = (address: Address, body: JsonObject): WriteRequest => ({
  method: 'POST',
  url: listPath(address),
  body,
});

/** Takes an assignment out of a list. */
export const deleteRequest = (address: Address, { id }: CurrentAssignment): WriteRequest => ({
  method: 'DELETE',
  url: assignmentPath({ ...address, assignmentId: id }),
});

/** A desired state, and the assignment or the list that it is for. */
export interface DesiredBody {
  readonly desired: Desired;
  readonly address: Address;
}

/**
 * The body that makes the desired state true. A filter that the row does not mention is taken from what is there now; a raw body
 * is sent as given.
 */
export function patchBody(
  { desired, address }: DesiredBody,
  current: CurrentAssignment | undefined,
): JsonObject {
  if (desired.kind === 'raw') return desired.body;
  return {
    '@odata.type': address.kind.assignmentType,
    ...extrasOf(desired),
    target: {
      ...targetBodyFor(address.kind, desired.target),
      ...desiredFilter(desired, address.kind, current),
    },
  };
}

const extrasOf = (desired: Extras): JsonObject =>
  Object.fromEntries(
    EXTRA_COLUMNS.flatMap((column) => (desired[column] === undefined ? [] : [[column, desired[column]]])),
  );

function desiredFilter(
  { filter, target }: Extract<Desired, { kind: 'described' }>,
  { takesFilters }: Pick<PolicyKind, 'takesFilters'>,
  current: CurrentAssignment | undefined,
): JsonObject {
  const kept = current && filterOf(current.target);
  switch (filter.kind) {
    case 'filter':
      return filterBody(filter);
    case 'none': {
      // An exclusion has no filter to take off, nor has a kind that takes none, and Intune may refuse one that is named.
      const isNamed = TARGET_KINDS[target.type].takesFilter && (takesFilters || kept !== undefined);
      return isNamed ? filterBody(undefined) : {};
    }
    case 'keep':
      return kept === undefined ? {} : filterBody(kept);
  }
}
