import { isGuid } from '../../assignments/values/guid.ts';
import { isJsonObject, type JsonObject } from '../../assignments/values/json.ts';
import { readAll, type Reading, type SendReads } from './reading.ts';

/** Values that the directory takes behind `in`. Source: learn.microsoft.com/graph/aad-advanced-queries, "Limits". */
const IDS_PER_READ = 15;

/** Groups as the directory lists them. */
export interface GroupsById {
  /** By ids in lower case; a group that is missing, or that the directory does not list, has no place in it. */
  readonly found: ReadonlyMap<string, JsonObject>;
  /** The sign-in may list none. */
  readonly isDenied: boolean;
}

/**
 * Reads these groups, fifteen with a request. What is no id of a group is not asked for; when the sign-in may read none, which the first
 * read tells, the others are not asked for.
 * @param select properties besides the id
 * @param isAllowed groups were listed before; otherwise the first read tells whether they are
 * Source: learn.microsoft.com/graph/api/group-list with `$filter`; GroupMember.Read.All allows it.
 */
export async function groupsById(
  groupIds: readonly string[],
  select: readonly string[],
  send: SendReads,
  isAllowed = false,
): Promise<GroupsById> {
  const found = new Map<string, JsonObject>();
  const ids = [...new Set(groupIds.map((id) => id.toLowerCase()))].filter(isGuid);
  const chunks = Array.from({ length: Math.ceil(ids.length / IDS_PER_READ) }, (_, i) =>
    ids.slice(i * IDS_PER_READ, (i + 1) * IDS_PER_READ),
  );
  const ask = async (asked: readonly (readonly string[])[]): Promise<boolean> => {
    const lists = await readAll(
      asked.map((some) => listOf(some, select)),
      send,
    );
    for (const read of lists)
      if ('groups' in read)
        for (const group of read.groups)
          if (typeof group['id'] === 'string') found.set(group['id'].toLowerCase(), group);
    return lists.some((read) => 'kind' in read && read.kind === 'refused' && read.status === 403);
  };
  const first = isAllowed ? chunks.length : 1;
  const isDenied = await ask(chunks.slice(0, first));
  if (!isDenied) await ask(chunks.slice(first));
  return { found, isDenied };
}

const listOf = (
  ids: readonly string[],
  select: readonly string[],
): Reading<{ readonly groups: readonly JsonObject[] }> => ({
  next: `/groups?$filter=${encodeURIComponent(`id in (${ids.map((id) => `'${id}'`).join(',')})`)}&$select=${['id', ...select].join(',')}`,
  take: (body) => ({
    groups:
      isJsonObject(body) && Array.isArray(body['value'])
        ? (body['value'] as unknown[]).filter(isJsonObject)
        : [],
  }),
});
