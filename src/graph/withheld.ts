import { JSON_DEPTH_MAX } from '../assignments/values/jsonWalk.ts';

/** Why a body is not handed on, though it came: whatever walks through it, keeps it or shows it could not bear it. */
export type Withheld = 'tooDeep';

/** How deep a body may nest: what is read must go back as a row of ours can say it, and Graph's own need about six levels. */
export const REPLY_DEPTH_MAX = JSON_DEPTH_MAX;

/** What stands against handing this on; undefined: nothing. It goes no deeper than the limit, whatever the body. */
export function withheldFor(body: unknown, levelsLeft = REPLY_DEPTH_MAX): Withheld | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  if (levelsLeft === 0) return 'tooDeep';
  for (const inner of Object.values(body)) {
    const withheld = withheldFor(inner, levelsLeft - 1);
    if (withheld !== undefined) return withheld;
  }
  return undefined;
}
