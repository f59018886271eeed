import type { GroupFact } from '../../assignments/guard/guard.ts';
import type { KnownCounts } from '../../assignments/guard/countsNeeded.ts';
import { idFault, idSegment } from '../../assignments/values/ids.ts';
import { isJsonObject } from '../../assignments/values/json.ts';
import { groupsById } from './groupsById.ts';
import { readAll, type NotRead, type Reading, type SendReads, type Unreadable } from './reading.ts';

type Known = GroupFact['kind'];

/**
 * Reads these groups and whether they have members. The answer takes an id in any spelling, with the group's name where it is shown. Groups
 * are listed by their ids; what no list shows is read by itself before it counts as missing. `notSecurity`: a distribution list or the like,
 * which no policy reaches; `empty`: no members, those of nested groups included; `unchecked`: not to be read by this sign-in, or not now, or not
 * among these.
 * @param counting tells of groups that are counted meanwhile: where there are some, nothing more is asked
 * Source: learn.microsoft.com/graph/api/group-get and …/group-list-transitivemembers; GroupMember.Read.All allows both.
 */
export async function readGroups(
  groupIds: readonly string[],
  send: SendReads,
  counting: Promise<(groupId: string) => KnownCounts | undefined> = Promise.resolve(() => undefined),
): Promise<(groupId: string) => GroupFact> {
  const facts = new Map<string, Known>();
  const names = new Map<string, string>();
  const ids = [...new Set(groupIds.map((id) => id.toLowerCase()))];
  const keep = (id: string, body: unknown): void => {
    facts.set(id, groupIn(body));
    if (isJsonObject(body) && typeof body['displayName'] === 'string') names.set(id, body['displayName']);
  };
  const askEach = async (
    asked: readonly string[],
    query: string,
    missingBy: ReadonlySet<number>,
    take: (id: string, body: unknown) => void,
  ): Promise<void> => {
    const readings = asked.map((id): Reading<'taken'> => ({
      next: `/groups/${idSegment(id)}${query}`,
      take(body) {
        take(id, body);
        return 'taken';
      },
    }));
    for (const [i, read] of (await readAll(readings, send)).entries())
      if (read !== 'taken') facts.set(asked[i] ?? '', notReadAs(read, missingBy));
  };

  const { found, isDenied } = await groupsById(ids, PROPERTIES, send);
  for (const [id, body] of found) keep(id, body);
  // Graph has no group of such an id, and it would not stay in its place in the URL.
  for (const id of ids) if (id === '' || idFault(id) !== undefined) facts.set(id, 'missing');
  const unseen = ids.filter((id) => !facts.has(id));
  // Graph answers 400 to what is no id of an object, as text that is no GUID.
  const askAlone = (asked: readonly string[]): Promise<void> =>
    askEach(asked, `?$select=id,${PROPERTIES.join(',')}`, new Set([400, 404]), keep);
  // Who may list no group may read none: one tells whether that is so.
  await askAlone(isDenied ? unseen.slice(0, 1) : unseen);
  if (isDenied && facts.get(unseen[0] ?? '') !== 'unchecked') await askAlone(unseen.slice(1));
  const countsOf = await counting;
  await askEach(
    // A count lags behind: a group that was empty a moment ago is looked at.
    ids.filter((id) => facts.get(id) === 'ok' && !hasSome(countsOf(id))),
    '/transitiveMembers?$top=1&$select=id',
    new Set([404]),
    (id, body) => facts.set(id, membersIn(body)),
  );
  return (groupId) => {
    const id = groupId.toLowerCase();
    return { kind: facts.get(id) ?? 'unchecked', name: names.get(id) };
  };
}

const PROPERTIES = ['displayName', 'securityEnabled'];

const hasSome = (counts: KnownCounts | undefined): boolean =>
  [counts?.users, counts?.devices].some((count) => typeof count === 'number' && count > 0);

const notReadAs = (read: NotRead | Unreadable, missingBy: ReadonlySet<number>): Known =>
  read.kind === 'refused' && missingBy.has(read.status) ? 'missing' : 'unchecked';

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
