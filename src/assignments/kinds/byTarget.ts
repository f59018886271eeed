import { audienceKey } from '../targets/audience.ts';
import { targetIn } from '../targets/currentTarget.ts';
import type { JsonObject } from '../values/json.ts';

/** Of most kinds a policy has one assignment for each target. */
export const byTarget = (assignment: JsonObject): string => audienceKey(targetIn(assignment));
