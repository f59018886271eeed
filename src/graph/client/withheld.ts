import type { TokenGuard } from '../auth/redact.ts';
import { JSON_DEPTH_MAX } from '../../assignments/values/jsonWalk.ts';

/** Why a body is not handed on, though it came: whatever walks through it, keeps it or shows it could not bear it. */
export type Withheld =
  | 'tooDeep'
  /** It holds the token that it answers to, or what looks like one: nothing that is kept may have it. */
  | 'token';

/** How deep a body may nest: what is read must go back as a row of ours can say it, and Graph's own need about six levels. */
export const REPLY_DEPTH_MAX = JSON_DEPTH_MAX;

/** What stands against handing this on; undefined: nothing. It goes no deeper than the limit, whatever the body. */
export function withheldFor(
  body: unknown,
  { holds }: Pick<TokenGuard, 'holds'>,
  levelsLeft = REPLY_DEPTH_MAX,
): Withheld | undefined {
  if (typeof body === 'string') return holds(body) ? 'token' : undefined;
  if (typeof body !== 'object' || body === null) return undefined;
  if (levelsLeft === 0) return 'tooDeep';
  for (const [name, inner] of Object.entries(body)) {
    const withheld = holds(name) ? 'token' : withheldFor(inner, { holds }, levelsLeft - 1);
    if (withheld !== undefined) return withheld;
  }
  return undefined;
}
