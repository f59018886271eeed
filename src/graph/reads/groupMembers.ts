import type { CountNeeded } from '../../assignments/guard/countsNeeded.ts';
import type { MemberKind } from '../../assignments/guard/members.ts';
import { everybodyOf, isGuid } from '../../assignments/values/guid.ts';
import { idSegment } from '../../assignments/values/ids.ts';
import { readAll, type Reading, type SendReads } from './reading.ts';

/** Graph's types. */
const COUNTED: Readonly<Record<MemberKind, string>> = { users: 'user', devices: 'device' };

export interface MemberCounts {
  /** In the order asked; undefined: it can't be counted. */
  readonly counts: readonly (number | undefined)[];
  /** The sign-in may count none. */
  readonly isDenied: boolean;
}

/**
 * How many users or devices these groups have, those of nested groups included: one read for each. When the sign-in may count none, the
 * others are not asked for. One group says nothing of that when it is refused: its members may be hidden (Member.Read.Hidden).
 * @param isAllowed counts were told before; otherwise the first one tells whether they are, or that of another group
 * Source: learn.microsoft.com/graph/api/group-list-transitivemembers, "Example 2" and the OData cast; GroupMember.Read.All allows it.
 */
export async function countMembers(
  asked: readonly CountNeeded[],
  send: SendReads,
  isAllowed = false,
): Promise<MemberCounts> {
  const counts: (number | undefined)[] = asked.map(() => undefined);
  const countable = [...asked.keys()].filter((place) => isCountable(asked[place]?.groupId ?? ''));
  const ask = async (places: readonly number[]): Promise<boolean> => {
    const found = await readAll(places.flatMap((place) => asked[place] ?? []).map(countOf), send);
    for (const [i, place] of places.entries()) {
      const read = found[i];
      if (typeof read === 'number') counts[place] = read;
    }
    return found.some((read) => typeof read === 'object' && read.kind === 'refused' && read.status === 403);
  };
  const groupAt = (place: number | undefined): string | undefined =>
    place === undefined ? undefined : asked[place]?.groupId.toLowerCase();
  const tried: number[] = [];
  for (let isRefused = !isAllowed; isRefused && tried.length < DENIALS_BELIEVED;) {
    const next = countable.find((place) => tried.every((other) => groupAt(other) !== groupAt(place)));
    if (next === undefined) break;
    tried.push(next);
    isRefused = await ask([next]);
    if (isRefused && tried.length === DENIALS_BELIEVED) return { counts, isDenied: true };
  }
  await ask(countable.filter((place) => !tried.includes(place)));
  return { counts, isDenied: false };
}

/** Groups that are refused before all are taken to be. */
const DENIALS_BELIEVED = 2;

const isCountable = (groupId: string): boolean => isGuid(groupId) && everybodyOf(groupId) === undefined;

const countOf = ({ groupId, of }: CountNeeded): Reading<number | 'noCount'> => ({
  next: `/groups/${idSegment(groupId)}/transitiveMembers/microsoft.graph.${COUNTED[of]}/$count`,
  take: (body) => numberIn(body) ?? 'noCount',
});

/** A count is text, not JSON: in a `$batch` it may come as a number, as its digits, or as these in base64, perhaps behind a byte order mark. */
function numberIn(body: unknown): number | undefined {
  if (typeof body === 'number') return Number.isSafeInteger(body) && body >= 0 ? body : undefined;
  if (typeof body !== 'string') return undefined;
  const digits = [body, Buffer.from(body, 'base64').toString('utf8')]
    .map((text) => text.replace(/^\ufeff/, '').trim())
    .find((text) => /^\d{1,15}$/.test(text));
  return digits === undefined ? undefined : Number(digits);
}
