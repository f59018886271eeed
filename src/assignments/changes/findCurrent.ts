import { isOfPolicySet, type CurrentAssignment, type RowError } from './current.ts';
import { audienceKey } from '../targets/audience.ts';
import type { Change } from '../rows/change.ts';
import type { Desired } from '../rows/desired.ts';
import { targetInWords } from './changeKind.ts';
import { holds } from './holds.ts';
import { patchBody, type DesiredBody } from './request.ts';
import { filterOf } from '../targets/filter.ts';
import type { FromTarget } from '../rows/fromTarget.ts';
import { sameId } from '../values/ids.ts';
import { targetIn } from '../targets/currentTarget.ts';
import { targetBody } from '../targets/target.ts';
import type { JsonObject } from '../values/json.ts';

/** The assignment of a list that a row names. */
export interface FoundCurrent {
  /** By its id where the row has one, else by its target; undefined: it is not there. */
  readonly current: CurrentAssignment | undefined;
  /** The row says of it what is not so: as when one column of a file was sorted alone. */
  readonly mismatch: RowError | undefined;
}

/** Finds the assignment that a change is about. One that names none, as `add` and `clear`, is about none. */
export function findCurrent(
  change: Pick<Change, 'address' | 'from'> & { readonly expected?: Desired },
  list: readonly CurrentAssignment[],
): FoundCurrent {
  const found = named(change, list);
  if (found.mismatch !== undefined || found.current === undefined || change.expected === undefined)
    return found;
  const expected = { address: change.address, desired: change.expected };
  return holds(expected, found.current)
    ? found
    : { ...found, mismatch: otherThanExpected(expected, found.current) };
}

function named(
  { address: { assignmentId }, from }: Pick<Change, 'address' | 'from'>,
  list: readonly CurrentAssignment[],
): FoundCurrent {
  const byId = list.find(({ id }) => sameId(id, assignmentId));
  if (from === undefined) return { current: byId, mismatch: undefined };
  const byTarget = currentWith(from, list);
  const current = assignmentId === '' ? byTarget : byId;
  // What a policy set assigns is no sign that the row means another one than its id says.
  const found = current ?? (byTarget && isOfPolicySet(byTarget) ? undefined : byTarget);
  const agrees = found === undefined || (current !== undefined && isNamedBy(from, current));
  return { current, mismatch: agrees ? undefined : targetMismatch(assignmentId, from, found) };
}

/** A policy set may assign what an administrator assigns as well: the direct one is meant, as the other can't be changed. */
function currentWith(from: FromTarget, list: readonly CurrentAssignment[]): CurrentAssignment | undefined {
  const key = audienceKey(targetBody(from.target));
  const same = list.filter(({ target }) => audienceKey(target) === key);
  const named = same.filter((current) => isNamedBy(from, current));
  const candidates = named.length > 0 ? named : same;
  return candidates.find((current) => !isOfPolicySet(current)) ?? candidates[0];
}

const isNamedBy = ({ target, filterId }: FromTarget, current: CurrentAssignment): boolean =>
  audienceKey(targetBody(target)) === audienceKey(current.target) &&
  (filterId === undefined || sameId(filterId, filterOf(current.target)?.id));

function targetMismatch(assignmentId: string, from: FromTarget, found: CurrentAssignment): RowError {
  const under = assignmentId === '' ? '' : ` under the id ${assignmentId}`;
  const filter = from.filterId === undefined ? '' : `, filter ${from.filterId}`;
  const expected = `${targetInWords(targetBody(from.target))}${filter}`;
  const what = `${targetInWords(found.target)} under the id ${found.id}`;
  return {
    code: 'TargetMismatch',
    message: `Expected ${expected}${under}, found ${what}; nothing was written.`,
  };
}

function otherThanExpected(expected: DesiredBody, current: CurrentAssignment): RowError {
  const body = patchBody(expected, current);
  const inWords = (whole: JsonObject): string =>
    `${targetInWords(targetIn(whole))}${typeof body['intent'] === 'string' ? `, intent ${String(whole['intent'])}` : ''}`;
  return {
    code: 'TargetMismatch',
    message: `Expected ${inWords(body)}, found ${inWords(current.whole)} under the id ${current.id}; nothing was written.`,
  };
}
