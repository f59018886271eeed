import type { GroupFact } from '../assignments/guard/guard.ts';
import { isGuid } from '../assignments/values/guid.ts';
import { idFault, idSegment } from '../assignments/values/ids.ts';
import { isJsonObject } from '../assignments/values/json.ts';
import { readAll, type NotRead, type Reading, type SendReads, type Unreadable } from './reading.ts';

type Known = GroupFact['kind'];

/**
 * Reads these groups and whether they have members: two reads for each that is well. The answer takes an id in any
 * spelling. `notSecurity`: a distribution list or the like, which no policy reaches; `empty`: no members, those of nested
 * groups included; `unchecked`: not to be read by this sign-in, or not now, or not among these.
 * Source: learn.microsoft.com/graph/api/group-get and …/group-list-transitivemembers; GroupMember.Read.All allows both.
 */
export async function readGroups(
  groupIds: readonly string[],
  send: SendReads,
): Promise<(groupId: string) => GroupFact> {
  const facts = new Map<string, Known>();
  const askAll = async (
    ids: readonly string[],
    query: string,
    factIn: (body: unknown) => Known,
  ): Promise<void> => {
    const readings = ids.map((id) => oneRead(`/groups/${idSegment(id)}${query}`, factIn));
    for (const [i, fact] of (await readAll(readings, send)).entries()) {
      const id = ids[i] ?? '';
      facts.set(id, known(fact, id));
    }
  };

  const ids = [...new Set(groupIds.map((id) => id.toLowerCase()))];
  // Graph has no group of such an id, and it would not stay in its place in the URL.
  for (const id of ids) if (id === '' || idFault(id) !== undefined) facts.set(id, 'missing');
  await askAll(
    ids.filter((id) => !facts.has(id)),
    '?$select=id,displayName,securityEnabled',
    groupIn,
  );
  await askAll(
    ids.filter((id) => facts.get(id) === 'ok'),
    '/transitiveMembers?$top=1&$select=id',
    membersIn,
  );
  return (groupId) => ({ kind: facts.get(groupId.toLowerCase()) ?? 'unchecked' });
}

const oneRead = (next: string, take: (body: unknown) => Known): Reading<Known> => ({ next, take });

/** What can be no group's id is answered with 400, "Invalid object identifier". */
function known(read: Known | NotRead | Unreadable, id: string): Known {
  if (typeof read === 'string') return read;
  const isNone = read.kind === 'refused' && (read.status === 404 || (read.status === 400 && !isGuid(id)));
  return isNone ? 'missing' : 'unchecked';
}

/** Who may see only that a group exists gets its other properties as null. */
function groupIn(body: unknown): Known {
  const isSecurity = isJsonObject(body) ? body['securityEnabled'] : undefined;
  if (typeof isSecurity !== 'boolean') return 'unchecked';
  return isSecurity ? 'ok' : 'notSecurity';
}

/** A page may be empty and lead on to one that is not. */
function membersIn(body: unknown): Known {
  if (!isJsonObject(body) || !Array.isArray(body['value'])) return 'unchecked';
  return body['value'].length > 0 || typeof body['@odata.nextLink'] === 'string' ? 'ok' : 'empty';
}
