import type { CurrentAssignment } from './current.ts';
import type { WishedChange } from '../rows/change.ts';
import { filterBody, filterOf } from '../targets/filter.ts';
import type { JsonObject } from '../values/json.ts';
import { assignmentPath, assignPath, type Address } from '../kinds/address.ts';
import { TARGET_KINDS, targetBody } from '../targets/target.ts';
import { EXTRA_COLUMNS, type Extras, type Wish } from '../rows/wish.ts';

/** A write as it stands in a `$batch`: the URL is relative and without version. */
export interface WriteRequest {
  readonly method: 'PATCH' | 'POST';
  readonly url: string;
  readonly body: JsonObject;
}

/**
 * Writes one assignment.
 * @param present the assignment that the look found; its id counts where the row names it by its target
 */
export const patchRequest = (
  { address }: Pick<Wished, 'address'>,
  body: JsonObject,
  present: CurrentAssignment | undefined,
): WriteRequest => ({
  method: 'PATCH',
  url: assignmentPath(
    address.assignmentId === '' && present !== undefined ? { ...address, assignmentId: present.id } : address,
  ),
  body,
});

/** Writes the whole list of a policy: what is not in it is unassigned. */
export const assignRequest = (address: Address, assignments: readonly JsonObject[]): WriteRequest => ({
  method: 'POST',
  url: assignPath(address),
  body: { [address.kind.write.assignProperty]: assignments },
});

/** A wish, and the assignment or the list that it is for. */
export type Wished = Pick<WishedChange, 'wish' | 'address'>;

/**
 * The body that makes the wish true. A filter that the row does not mention is taken from what is there now; a raw body
 * is sent as given.
 */
export function patchBody({ wish, address }: Wished, present: CurrentAssignment | undefined): JsonObject {
  if (wish.kind === 'raw') return wish.body;
  return {
    '@odata.type': address.kind.assignmentType,
    ...extrasOf(wish),
    target: { ...targetBody(wish.target), ...wishedFilter(wish, present) },
  };
}

const extrasOf = (wish: Extras): JsonObject =>
  Object.fromEntries(
    EXTRA_COLUMNS.flatMap((column) => (wish[column] === undefined ? [] : [[column, wish[column]]])),
  );

function wishedFilter(
  { filter, target }: Extract<Wish, { kind: 'described' }>,
  present: CurrentAssignment | undefined,
): JsonObject {
  switch (filter.kind) {
    case 'filter':
      return filterBody(filter);
    case 'none':
      // An exclusion has no filter to take off, and Intune refuses one that is named.
      return TARGET_KINDS[target.type].takesFilter ? filterBody(undefined) : {};
    case 'keep': {
      const kept = present && filterOf(present.target);
      return kept === undefined ? {} : filterBody(kept);
    }
  }
}
