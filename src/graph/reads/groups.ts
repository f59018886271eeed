import type { GroupFact } from '../../assignments/guard/guard.ts';
import type { Members } from '../../assignments/guard/members.ts';
import { idFault, idSegment } from '../../assignments/values/ids.ts';
import { isJsonObject } from '../../assignments/values/json.ts';
import { readAll, type NotRead, type Reading, type SendReads, type Unreadable } from './reading.ts';

type Known = GroupFact['kind'];

/**
 * Reads these groups and whether they have members: two reads for each that is well. The answer takes an id in any
 * spelling, with the group's name where it is shown. `notSecurity`: a distribution list or the like, which no policy reaches; `empty`: no members, those of nested
 * groups included; `unchecked`: not to be read by this sign-in, or not now, or not among these.
 * @param membersOf of groups that were counted: where there are some, nothing more is asked
 * Source: learn.microsoft.com/graph/api/group-get and …/group-list-transitivemembers; GroupMember.Read.All allows both.
 */
export async function readGroups(
  groupIds: readonly string[],
  send: SendReads,
  membersOf: (groupId: string) => Members | undefined = () => undefined,
): Promise<(groupId: string) => GroupFact> {
  const facts = new Map<string, Known>();
  const names = new Map<string, string>();
  const askAll = async (
    ids: readonly string[],
    query: string,
    missingBy: ReadonlySet<number>,
    factIn: (body: unknown) => Known,
  ): Promise<void> => {
    const readings = ids.map((id) => oneRead(`/groups/${idSegment(id)}${query}`, factIn));
    for (const [i, fact] of (await readAll(readings, send)).entries())
      facts.set(ids[i] ?? '', known(fact, missingBy));
  };

  const ids = [...new Set(groupIds.map((id) => id.toLowerCase()))];
  // Graph has no group of such an id, and it would not stay in its place in the URL.
  for (const id of ids) if (id === '' || idFault(id) !== undefined) facts.set(id, 'missing');
  await askAll(
    ids.filter((id) => !facts.has(id)),
    '?$select=id,displayName,securityEnabled',
    // Graph answers 400 to what is no id of an object, as text that is no GUID.
    new Set([400, 404]),
    (body) => {
      if (isJsonObject(body) && typeof body['id'] === 'string' && typeof body['displayName'] === 'string')
        names.set(body['id'].toLowerCase(), body['displayName']);
      return groupIn(body);
    },
  );
  await askAll(
    // A count lags behind: a group that was empty a moment ago is looked at.
    ids.filter((id) => facts.get(id) === 'ok' && !hasSome(membersOf(id))),
    '/transitiveMembers?$top=1&$select=id',
    new Set([404]),
    membersIn,
  );
  return (groupId) => {
    const id = groupId.toLowerCase();
    return { kind: facts.get(id) ?? 'unchecked', name: names.get(id) };
  };
}

const hasSome = (members: Members | undefined): boolean =>
  members !== undefined && members.users + members.devices > 0;

const oneRead = (next: string, take: (body: unknown) => Known): Reading<Known> => ({ next, take });

function known(read: Known | NotRead | Unreadable, missingBy: ReadonlySet<number>): Known {
  if (typeof read === 'string') return read;
  return read.kind === 'refused' && missingBy.has(read.status) ? 'missing' : 'unchecked';
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
