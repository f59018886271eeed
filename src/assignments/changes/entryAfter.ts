import type { DesiredChange } from '../rows/change.ts';
import { audienceKey } from '../targets/audience.ts';
import { targetIn } from '../targets/currentTarget.ts';
import type { JsonObject } from '../values/json.ts';
import type { CurrentAssignment } from './current.ts';

/**
 * The entry of a list that a change makes, as it is sent: of one that is there what the change does not say stays, but for what its kind
 * can't keep where it goes. It gives up its id, as Graph may give another.
 * @param over what it takes the place of; undefined: it is added
 * @param body as a PATCH says it
 */
export function entryAfter(
  { desired, address: { kind } }: Pick<DesiredChange, 'desired' | 'address'>,
  over: CurrentAssignment | undefined,
  body: JsonObject,
): JsonObject {
  const target = targetIn(body);
  const isRefined =
    over !== undefined && desired.kind === 'described' && audienceKey(target) === audienceKey(over.target);
  const entry = withoutId({
    ...over?.whole,
    ...body,
    target: isRefined ? { ...over.target, ...target } : target,
  });
  const settled = kind.settled?.(entry) ?? entry;
  // What somebody gives in Graph's own shape is sent as given.
  return desired.kind === 'raw' ? { ...settled, ...withoutId(body) } : settled;
}

const withoutId = ({ id: _id, ...rest }: JsonObject): JsonObject => rest;
