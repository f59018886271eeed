import type { Members } from '../../assignments/guard/members.ts';
import { everybodyOf, isGuid } from '../../assignments/values/guid.ts';
import { idSegment } from '../../assignments/values/ids.ts';
import { readAll, type Reading, type SendReads } from './reading.ts';

/** What is counted, by Graph's types. */
const COUNTED = ['user', 'device'] as const;

/**
 * How many users and devices these groups have, those of nested groups included: two reads for each. The answer is by ids in lower
 * case; a group that can't be counted has no place in it. When the sign-in may count none, which the first tells, the others are not asked for.
 * Source: learn.microsoft.com/graph/api/group-list-transitivemembers, "Example 2" and the OData cast; GroupMember.Read.All allows it.
 */
export async function groupMembers(
  groupIds: readonly string[],
  send: SendReads,
): Promise<ReadonlyMap<string, Members>> {
  const members = new Map<string, Members>();
  const ids = [...new Set(groupIds.map((id) => id.toLowerCase()))].filter(
    (id) => isGuid(id) && everybodyOf(id) === undefined,
  );
  const ask = async (asked: readonly string[]): Promise<boolean> => {
    const readings = asked.flatMap((id) => COUNTED.map((of) => countOf(id, of)));
    const found = await readAll(readings, send);
    for (const [i, id] of asked.entries()) {
      const [users, devices] = found.slice(i * COUNTED.length, (i + 1) * COUNTED.length);
      if (typeof users === 'number' && typeof devices === 'number') members.set(id, { users, devices });
    }
    return found.some((read) => typeof read === 'object' && read.kind === 'refused' && read.status === 403);
  };
  const isDenied = await ask(ids.slice(0, 1));
  if (!isDenied) await ask(ids.slice(1));
  return members;
}

const countOf = (groupId: string, of: (typeof COUNTED)[number]): Reading<number | 'noCount'> => ({
  next: `/groups/${idSegment(groupId)}/transitiveMembers/microsoft.graph.${of}/$count`,
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
