import type { Named } from '../../assignments/names/nameTable.ts';
import { isJsonObject } from '../../assignments/values/json.ts';
import {
  collection,
  readAll,
  type NotRead,
  type Reading,
  type SendReads,
  type Unreadable,
} from './reading.ts';

/** Pages of groups of one name that are read: more of one name are no name. */
const PAGES_MAX = 10;
/** Characters by whose agreement a group is near to a name that no group has. */
const BEGINNING_CHARS = 4;
/** Groups of such a beginning that are read. */
const NEAREST_READ_MAX = 20;
/** Names without a group whose neighbours are read: a file of another tenant has thousands. */
const NEAREST_ASKED_MAX = 50;

/** The groups that may be meant by a name: those called so, or where there is none such that begin as it does. */
export type GroupsOfName =
  { readonly kind: 'groups'; readonly groups: readonly Named[] } | NotRead | Unreadable;

/**
 * Looks groups up by their names. The directory takes a name in any letter case; both Unicode forms are asked for, as it may have
 * either. Source: learn.microsoft.com/graph/api/group-list with `$filter`; GroupMember.Read.All allows it.
 * @param base root and version, for links to further pages
 */
export async function groupsByName(
  names: readonly string[],
  send: SendReads,
  base: string,
): Promise<ReadonlyMap<string, GroupsOfName>> {
  const distinct = [...new Set(names)];
  const asked = distinct.flatMap((name) => formsOf(name).map((form) => ({ name, form })));
  const found = new Map<string, GroupsOfName>();
  const keep = (name: string, read: GroupsOfName): void => {
    const before = found.get(name);
    const isMore = before?.kind === 'groups' && read.kind === 'groups';
    found.set(name, isMore ? { kind: 'groups', groups: united(before.groups, read.groups) } : read);
  };
  for (const [i, read] of (
    await readCalled(
      asked.map(({ form }) => form),
      send,
      base,
    )
  ).entries())
    keep(asked[i]?.name ?? '', read);
  const missed = distinct.filter((name) => isNone(found.get(name))).slice(0, NEAREST_ASKED_MAX);
  const near = await readAll(missed.map(firstNear), send);
  for (const [i, read] of near.entries()) if (read.kind === 'groups') found.set(missed[i] ?? '', read);
  return found;
}

const isNone = (read: GroupsOfName | undefined): boolean =>
  read?.kind === 'groups' && read.groups.length === 0;

const united = (groups: readonly Named[], more: readonly Named[]): readonly Named[] => [
  ...new Map([...groups, ...more].map((group) => [group.id, group])).values(),
];

/** A name in the forms that look alike, each once. */
const formsOf = (name: string): readonly string[] => [
  ...new Set([name.trim().normalize('NFC'), name.trim().normalize('NFD')]),
];

/** A quote in a text of OData is doubled. */
const odataText = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const isCalled = (name: string): string => `displayName eq ${odataText(name)}`;

const listUrl = (filter: string, more = ''): string =>
  `/groups?$filter=${encodeURIComponent(filter)}&$select=id,displayName${more}`;

/** Some groups that begin as this name does; that there are more is no matter. */
const firstNear = (name: string): Reading<GroupsOfName> => ({
  next: listUrl(
    `startswith(displayName,${odataText([...name.trim()].slice(0, BEGINNING_CHARS).join(''))})`,
    `&$top=${NEAREST_READ_MAX}`,
  ),
  take: (body) => ({
    kind: 'groups',
    groups: groupsIn(isJsonObject(body) && Array.isArray(body['value']) ? (body['value'] as unknown[]) : []),
  }),
});

const groupsIn = (items: readonly unknown[]): readonly Named[] =>
  items.flatMap((item) =>
    isJsonObject(item) && typeof item['id'] === 'string' && typeof item['displayName'] === 'string'
      ? [{ id: item['id'], name: item['displayName'] }]
      : [],
  );

async function readCalled(
  names: readonly string[],
  send: SendReads,
  base: string,
): Promise<readonly GroupsOfName[]> {
  const readings = names.map((name) => collection(listUrl(isCalled(name)), base, PAGES_MAX));
  return (await readAll(readings, send)).map((read) =>
    read.kind === 'all' ? { kind: 'groups', groups: groupsIn(read.items) } : read,
  );
}
