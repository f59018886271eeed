import { whoInWords } from '../changes/changeKind.ts';
import type { CurrentAssignment } from '../changes/current.ts';
import { audienceKey } from '../targets/audience.ts';
import { everybodyIn, groupOf, isExclusion } from '../targets/currentTarget.ts';
import { filterOf } from '../targets/filter.ts';
import { sameId } from '../values/ids.ts';
import type { JsonObject } from '../values/json.ts';

/**
 * Who was reached by a policy and is reached no more, in words: whose inclusion goes with a row, and the group that it excludes newly.
 * Whether they are members of another group that is included nobody knows here; where everybody is, without a filter, nobody is cut off.
 * @param going what the row takes away or changes
 * @param to the target that it brings
 * @param targetsAfter the targets of the list when all rows are written
 */
export function cutOff(
  going: readonly CurrentAssignment[],
  to: JsonObject | undefined,
  targetsAfter: readonly JsonObject[],
): readonly string[] {
  const before = going.map(({ target }) => target);
  const dropped = before.filter((target) => !isExclusion(target) && !isReached(target, targetsAfter));
  // A group that was excluded before loses nothing.
  const isNew = to !== undefined && isExclusion(to) && !before.some((target) => isSameExclusion(target, to));
  const words = [...dropped, ...(isNew ? [to] : [])].map(whoInWords);
  return words.filter((each, i) => words.findIndex((other) => sameId(other, each)) === i);
}

function isReached(target: JsonObject, targetsAfter: readonly JsonObject[]): boolean {
  if (targetsAfter.some((each) => isExclusion(each) && sameId(groupOf(each), groupOf(target)))) return false;
  const key = audienceKey(target);
  return targetsAfter.some(
    (each) => audienceKey(each) === key || (everybodyIn(each) !== undefined && filterOf(each) === undefined),
  );
}

const isSameExclusion = (one: JsonObject, other: JsonObject): boolean =>
  isExclusion(one) && sameId(groupOf(one), groupOf(other));
