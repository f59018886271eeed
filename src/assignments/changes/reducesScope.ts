import type { CurrentAssignment } from './current.ts';
import type { Change, DesiredChange } from '../rows/change.ts';
import { FILTER_ID, FILTER_TYPE, filterOf } from '../targets/filter.ts';
import type { JsonObject } from '../values/json.ts';
import { sameTarget } from './holds.ts';
import { isExclusion, targetIn } from '../targets/currentTarget.ts';
import { patchBody } from './request.ts';

/**
 * Whether a change takes devices or users out of a policy's reach: an exclusion that comes, a filter on an audience that stays, an
 * inclusion that goes. Within a policy these are written first. Where nothing is known of the assignment, any desired filter
 * counts. `clear` does not: with the inclusions it takes the exclusions away.
 */
export function reducesScope(change: Change, before: CurrentAssignment | undefined): boolean {
  switch (change.action) {
    case 'set':
      return settingReduces(change, before);
    case 'add':
      return before === undefined ? isExclusion(desiredTarget(change)) : settingReduces(change, before);
    case 'remove':
      return before === undefined
        ? change.from?.target.type !== 'exclusionGroup'
        : !isExclusion(before.target);
    case 'clear':
      return false;
  }
}

function settingReduces(change: DesiredChange, before: CurrentAssignment | undefined): boolean {
  const desired = desiredTarget(change);
  if (isExclusion(desired)) return true;
  if (filterOf(desired) === undefined) return false;
  return before === undefined || sameTarget(audienceOf(desired), audienceOf(before.target));
}

/** Without what would be kept. */
const desiredTarget = (change: DesiredChange): JsonObject => targetIn(patchBody(change, undefined));

function audienceOf(target: JsonObject): JsonObject {
  const { [FILTER_ID]: _id, [FILTER_TYPE]: _type, ...audience } = target;
  return audience;
}
