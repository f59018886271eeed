import type { Detail } from './batchCodec.ts';
import type { StateName } from './rowState.ts';

/**
 * The code of a skipped row that the plan wanted written and the worker found so, though nothing was sent for it as far as the
 * record knows: Redis may have lost what it recorded last, or somebody else made the same change.
 */
export const ALREADY_SO_UNPLANNED = 'AlreadySoUnplanned';

export const isUnrecorded = ({
  state,
  detail,
}: {
  readonly state: StateName;
  readonly detail?: Detail;
}): boolean => state === 'skipped' && detail?.errorCode === ALREADY_SO_UNPLANNED;
