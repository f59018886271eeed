import type { CurrentAssignment } from './current.ts';
import type { Change, WishedChange } from '../rows/change.ts';
import { FILTER_ID, FILTER_TYPE, filterOf } from '../targets/filter.ts';
import type { JsonObject } from '../values/json.ts';
import { sameTarget } from './holds.ts';
import { isExclusion, targetIn } from '../targets/currentTarget.ts';
import { patchBody } from './request.ts';

/**
 * Whether a change takes devices or users out of a policy's reach: an exclusion that comes, a filter on an audience that stays, an
 * inclusion that goes. Within a policy these are written first. Where nothing is known of the assignment, any wished filter
 * counts. `clear` does not: with the inclusions it takes the exclusions away.
 */
export function reducesScope(change: Change, before: CurrentAssignment | undefined): boolean {
  switch (change.action) {
    case 'set':
      return settingReduces(change, before);
    case 'add':
      return isExclusion(wishedTarget(change));
    case 'remove':
      return before === undefined
        ? change.from?.target.type !== 'exclusionGroup'
        : !isExclusion(before.target);
    case 'clear':
      return false;
  }
}

function settingReduces(change: WishedChange, before: CurrentAssignment | undefined): boolean {
  const wished = wishedTarget(change);
  if (isExclusion(wished)) return true;
  if (filterOf(wished) === undefined) return false;
  return before === undefined || sameTarget(audienceOf(wished), audienceOf(before.target));
}

/** Without what would be kept. */
const wishedTarget = (change: WishedChange): JsonObject => targetIn(patchBody(change, undefined));

function audienceOf(target: JsonObject): JsonObject {
  const { [FILTER_ID]: _id, [FILTER_TYPE]: _type, ...audience } = target;
  return audience;
}
