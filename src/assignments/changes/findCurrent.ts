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
import { partOf } from '../kinds/kind.ts';
import type { PolicyKind } from '../kinds/registry.ts';
import { targetBodyFor } from '../kinds/targetBodies.ts';
import { targetIn } from '../targets/currentTarget.ts';
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
  { address: { assignmentId, kind }, from }: Pick<Change, 'address' | 'from'>,
  list: readonly CurrentAssignment[],
): FoundCurrent {
  const byId = list.find(({ id }) => sameId(id, assignmentId));
  if (from === undefined) return { current: byId, mismatch: undefined };
  const several = assignmentId === '' ? severalParts(kind, from, list) : [];
  if (several.length > 1) return { current: undefined, mismatch: ambiguous(from, several, kind) };
  const byTarget = currentWith(kind, from, list);
  const current = assignmentId === '' ? byTarget : byId;
  // What a policy set assigns is no sign that the row means another one than its id says.
  const found = current ?? (byTarget && isOfPolicySet(byTarget) ? undefined : byTarget);
  const agrees = found === undefined || (current !== undefined && isNamedBy(kind, from, current));
  return { current, mismatch: agrees ? undefined : targetMismatch(assignmentId, from, found, kind) };
}

/** A policy set may assign what an administrator assigns as well: the direct one is meant, as the other can't be changed. */
function currentWith(
  kind: PolicyKind,
  from: FromTarget,
  list: readonly CurrentAssignment[],
): CurrentAssignment | undefined {
  const key = audienceKey(targetBodyFor(kind, from.target));
  const same = list.filter(({ target }) => audienceKey(target) === key);
  const named = same.filter((current) => isNamedBy(kind, from, current));
  const candidates = named.length > 0 ? named : same;
  return candidates.find((current) => !isOfPolicySet(current)) ?? candidates[0];
}

/** What the target alone names where a policy has it once for each of its parts. */
const severalParts = (
  kind: PolicyKind,
  from: FromTarget,
  list: readonly CurrentAssignment[],
): readonly CurrentAssignment[] => {
  const named = list.filter((current) => !isOfPolicySet(current) && isNamedBy(kind, from, current));
  return new Set(named.map(({ whole }) => partOf(kind, whole))).size > 1 ? named : [];
};

function ambiguous(from: FromTarget, several: readonly CurrentAssignment[], kind: PolicyKind): RowError {
  const what = targetInWords(targetBodyFor(kind, from.target));
  const intents = several.map(({ id, whole }) => `${String(whole['intent'])} (${id})`).join(' and ');
  return {
    code: 'AmbiguousTarget',
    message: `The policy has ${what} several times, as ${intents}; nothing was written. Say which one by fromIntent or assignmentId.`,
  };
}

const isNamedBy = (
  kind: PolicyKind,
  { target, filterId, intent }: FromTarget,
  current: CurrentAssignment,
): boolean =>
  audienceKey(targetBodyFor(kind, target)) === audienceKey(current.target) &&
  (filterId === undefined || sameId(filterId, filterOf(current.target)?.id)) &&
  (intent === undefined || sameId(intent, current.whole['intent']));

function targetMismatch(
  assignmentId: string,
  from: FromTarget,
  found: CurrentAssignment,
  kind: PolicyKind,
): RowError {
  const under = assignmentId === '' ? '' : ` under the id ${assignmentId}`;
  const filter = from.filterId === undefined ? '' : `, filter ${from.filterId}`;
  const intent = from.intent === undefined ? '' : `, intent ${from.intent}`;
  const expected = `${targetInWords(targetBodyFor(kind, from.target))}${filter}${intent}`;
  const has = from.intent === undefined ? '' : `, intent ${String(found.whole['intent'])}`;
  const what = `${targetInWords(found.target)}${has} under the id ${found.id}`;
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
