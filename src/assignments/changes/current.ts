import { isJsonObject, type JsonObject } from '../values/json.ts';
import { sameId } from '../values/ids.ts';

/** An assignment as Graph lists it. Its target may be of a kind this program has never heard of. */
export interface CurrentAssignment {
  readonly id: string;
  readonly target: JsonObject;
  readonly source?: string;
  /** All of it, value for value. */
  readonly whole: JsonObject;
}

/** Why a row can't be done, under a code of our own or of Graph's. */
export interface RowError {
  readonly code: string;
  readonly message: string;
}

/** An assignment as Graph shows it; undefined when it is none. Unknown kinds of target are kept as they are. */
export function currentAssignmentOf(item: unknown): CurrentAssignment | undefined {
  if (!isJsonObject(item)) return undefined;
  const { id, target, source } = item;
  if (typeof id !== 'string' || !isJsonObject(target)) return undefined;
  return { id, target, whole: item, ...(typeof source === 'string' && { source }) };
}

/** A list of assignments as Graph shows it; undefined when an entry is none. */
export function currentAssignmentsIn(items: readonly unknown[]): CurrentAssignment[] | undefined {
  const assignments = items.map(currentAssignmentOf);
  return assignments.every((assignment) => assignment !== undefined) ? assignments : undefined;
}

/** An assignment of a policy set can be changed by the policy set only. */
export const isOfPolicySet = ({ source }: Pick<CurrentAssignment, 'source'>): boolean =>
  sameId(source, 'policySets');
