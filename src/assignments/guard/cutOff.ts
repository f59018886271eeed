import { whoInWords } from '../changes/changeKind.ts';
import type { CurrentAssignment } from '../changes/current.ts';
import { audienceKey } from '../targets/audience.ts';
import { everybodyIn, groupOf, isExclusion } from '../targets/currentTarget.ts';
import { filterOf, sameFilter } from '../targets/filter.ts';
import { sameId } from '../values/ids.ts';
import type { JsonObject } from '../values/json.ts';

/**
 * Who was reached by a policy and is reached no more, in words: whose inclusion goes with a row, whom a filter leaves out that was not
 * there, and the group that is excluded newly. Whether they are members of another group that is included, and whom a filter takes, nobody
 * knows here; where everybody is included, without a filter, nobody is cut off.
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
  const dropped = before.flatMap((target) => losersOf(target, targetsAfter));
  // A group that was excluded before loses nothing.
  const isNew = to !== undefined && isExclusion(to) && !before.some((target) => isSameExclusion(target, to));
  const words = [...dropped, ...(isNew ? [whoInWords(to)] : [])];
  return words.filter((each, i) => words.findIndex((other) => sameId(other, each)) === i);
}

/** Of those whom an inclusion reached. */
function losersOf(target: JsonObject, targetsAfter: readonly JsonObject[]): readonly string[] {
  if (isExclusion(target)) return [];
  const who = whoInWords(target);
  if (targetsAfter.some((each) => isExclusion(each) && sameId(groupOf(each), groupOf(target)))) return [who];
  const included = targetsAfter.filter((each) => !isExclusion(each));
  if (included.some((each) => everybodyIn(each) !== undefined && filterOf(each) === undefined)) return [];
  const key = audienceKey(target);
  const same = included.filter((each) => audienceKey(each) === key);
  if (same.length === 0) return [who];
  const filters = same.map(filterOf);
  if (filters.some((filter) => filter === undefined || sameFilter(filter, filterOf(target)))) return [];
  const [filter] = filters;
  return filter === undefined
    ? []
    : [`those of ${who} that ${filter.type.toLowerCase()} filter ${filter.id} leaves out`];
}

const isSameExclusion = (one: JsonObject, other: JsonObject): boolean =>
  isExclusion(one) && sameId(groupOf(one), groupOf(other));
