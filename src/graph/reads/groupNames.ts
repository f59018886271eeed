import { isGuid } from '../../assignments/values/guid.ts';
import { isJsonObject } from '../../assignments/values/json.ts';
import { readAll, type Reading, type SendReads } from './reading.ts';

/** Values that the directory takes behind `in`. Source: learn.microsoft.com/graph/aad-advanced-queries, "Limits". */
const IDS_PER_READ = 15;

/**
 * What these groups are called, by their ids in lower case. One that is missing, or can't be read, has no name here; when the sign-in
 * may read none, which the first read tells, the others are not asked for.
 * Source: learn.microsoft.com/graph/api/group-list with `$filter`; GroupMember.Read.All allows it.
 */
export async function groupNames(
  groupIds: readonly string[],
  send: SendReads,
): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  const ids = [...new Set(groupIds.map((id) => id.toLowerCase()))].filter(isGuid);
  const chunks = Array.from({ length: Math.ceil(ids.length / IDS_PER_READ) }, (_, i) =>
    ids.slice(i * IDS_PER_READ, (i + 1) * IDS_PER_READ),
  );
  const ask = async (asked: readonly (readonly string[])[]): Promise<boolean> => {
    const found = await readAll(asked.map(namesOf), send);
    for (const read of found)
      if ('names' in read) for (const [id, name] of read.names) names.set(id.toLowerCase(), name);
    return found.some((read) => 'kind' in read && read.kind === 'refused' && read.status === 403);
  };
  const isDenied = await ask(chunks.slice(0, 1));
  if (!isDenied) await ask(chunks.slice(1));
  return names;
}

const namesOf = (
  ids: readonly string[],
): Reading<{ readonly names: readonly (readonly [id: string, name: string])[] }> => ({
  next: `/groups?$filter=${encodeURIComponent(`id in (${ids.map((id) => `'${id}'`).join(',')})`)}&$select=id,displayName`,
  take: (body) => ({ names: namesIn(body) }),
});

const namesIn = (body: unknown): readonly (readonly [string, string])[] =>
  isJsonObject(body) && Array.isArray(body['value'])
    ? (body['value'] as unknown[]).flatMap((item) =>
        isJsonObject(item) && typeof item['id'] === 'string' && typeof item['displayName'] === 'string'
          ? [[item['id'], item['displayName']] as const]
          : [],
      )
    : [];
