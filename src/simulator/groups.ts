import { page, selected, wrongQuery, type Shown } from './odata.ts';
import type { Refused } from './refused.ts';
import type { SimulatorSettings } from './settings.ts';

export type GroupSettings = Pick<
  SimulatorSettings,
  'groups' | 'groupsMissing' | 'groupsNotSecurity' | 'groupsEmpty' | 'groupMembers' | 'groupReadsRefused'
>;

export interface GroupRoute {
  readonly groupId: string;
  readonly part: 'list' | 'group' | 'members' | 'transitiveMembers';
}

/** Source: learn.microsoft.com/graph/api/group-list-members, "Optional query parameters". */
const MEMBERS_PER_PAGE = 100;
const MEMBERS_PER_PAGE_MAX = 999;

/**
 * Reads a group of the directory. Every id names a security group with a user and a device unless a setting says otherwise, as
 * nobody could list the groups that a test makes up. Errors are the directory's, not Intune's: plain sentences.
 */
export function answerGroups(
  method: string,
  { groupId, part }: GroupRoute,
  query: URLSearchParams,
  address: string,
  settings: GroupSettings,
): Shown {
  const isAmong = (ids: readonly string[]): boolean =>
    ids.some((id) => id.toLowerCase() === groupId.toLowerCase());
  const odd = wrongQuery(query, undefined);
  if (odd !== undefined) return { refused: odd };
  // The token is for Intune: it changes no group.
  if (method !== 'GET' || settings.groupReadsRefused) return { refused: DENIED };
  if (part === 'list') return listed(query, address, settings);
  if (isAmong(settings.groupsMissing)) return { refused: noSuchGroup(groupId) };
  if (part === 'group') {
    return {
      status: 200,
      body: selected(group(groupId, !isAmong(settings.groupsNotSecurity), settings), query),
    };
  }
  const top = Number(query.get('$top') ?? MEMBERS_PER_PAGE);
  if (top > MEMBERS_PER_PAGE_MAX) return { refused: wrongPageSize(top) };
  const { users, devices } = membersOf(groupId, settings);
  const members = [
    ...Array.from({ length: Math.min(users, top) }, (_, i) => userOf(groupId, i)),
    ...Array.from({ length: Math.min(devices, Math.max(0, top - users)) }, (_, i) => deviceOf(groupId, i)),
  ];
  return { status: 200, body: { value: members.map((member) => selected(member, query)) } };
}

/**
 * Counts users or devices of a group. The directory counts only for whoever takes an answer that lags behind.
 * Source: learn.microsoft.com/graph/api/group-list-transitivemembers, "Example 2", and …/aad-advanced-queries.
 */
export function answerMemberCount(
  method: string,
  { groupId, of }: { readonly groupId: string; readonly of: 'user' | 'device' },
  consistency: string | undefined,
  settings: GroupSettings,
): Shown {
  if (method !== 'GET' || settings.groupReadsRefused) return { refused: DENIED };
  if (consistency?.toLowerCase() !== 'eventual') return { refused: NO_COUNT };
  if (settings.groupsMissing.some((id) => id.toLowerCase() === groupId.toLowerCase()))
    return { refused: noSuchGroup(groupId) };
  const { users, devices } = membersOf(groupId, settings);
  return { status: 200, body: of === 'user' ? users : devices };
}

/** Source: github.com/microsoftgraph/microsoft-graph-docs/issues/11882. */
const NO_COUNT: Refused = {
  status: 400,
  code: 'Request_BadRequest',
  message: '$count is not currently supported.',
  born: 'gateway',
};

function membersOf(
  groupId: string,
  { groupsEmpty, groupMembers }: Pick<GroupSettings, 'groupsEmpty' | 'groupMembers'>,
): { readonly users: number; readonly devices: number } {
  const isIt = (id: string): boolean => id.toLowerCase() === groupId.toLowerCase();
  if (groupsEmpty.some(isIt)) return { users: 0, devices: 0 };
  return groupMembers.find(({ id }) => isIt(id)) ?? { users: 1, devices: 1 };
}

/** Source: learn.microsoft.com/graph/api/resources/groups-overview, "Group types in Microsoft Entra ID". */
const group = (
  id: string,
  isSecurity: boolean,
  { groups }: Pick<GroupSettings, 'groups'>,
): Record<string, unknown> => ({
  id,
  createdDateTime: '2024-05-01T08:00:00Z',
  deletedDateTime: null,
  description: null,
  displayName:
    groups.find((each) => each.id.toLowerCase() === id.toLowerCase())?.displayName ?? `Group ${id}`,
  groupTypes: isSecurity ? [] : ['Unified'],
  mail: isSecurity ? null : `${id}@simulator.example`,
  mailEnabled: !isSecurity,
  mailNickname: id,
  membershipRule: null,
  securityEnabled: isSecurity,
  visibility: isSecurity ? null : 'Private',
});

/** Groups of a page when nothing is said. Source: learn.microsoft.com/graph/paging. */
const GROUPS_PER_PAGE = 100;

/** Source: learn.microsoft.com/graph/aad-advanced-queries, "Limits". */
const IDS_PER_FILTER_MAX = 15;

/** The groups that a `$filter` asks for by their ids: every id names one that is not missing. */
function withIds(
  ids: readonly string[],
  query: URLSearchParams,
  address: string,
  settings: GroupSettings,
): Shown {
  if (ids.length > IDS_PER_FILTER_MAX) return { refused: TOO_MANY_IDS };
  const missing = new Set(settings.groupsMissing.map((id) => id.toLowerCase()));
  const groups = ids
    .filter((id) => !missing.has(id.toLowerCase()))
    .map((id) => ({ id, displayName: group(id, true, settings)['displayName'] as string }));
  return shownGroups(groups, query, address, settings);
}

const TOO_MANY_IDS: Refused = {
  status: 400,
  code: 'Request_UnsupportedQuery',
  message: `Too many child clauses specified in search filter expression: more than ${IDS_PER_FILTER_MAX}.`,
  born: 'gateway',
};

/** The named groups that a `$filter` asks for: by ids, by the whole name in any letter case, or by its beginning. */
function listed(query: URLSearchParams, address: string, settings: GroupSettings): Shown {
  const filter = query.get('$filter');
  if (filter === null) return shownGroups(settings.groups, query, address, settings);
  const ids = /^id in \(('[^']*'(?:, ?'[^']*')*)\)$/.exec(filter)?.[1];
  if (ids !== undefined) return withIds(ids.slice(1, -1).split(/', ?'/), query, address, settings);
  const [, called, beginning] =
    /^displayName eq '((?:[^']|'')*)'$|^startswith\(displayName, ?'((?:[^']|'')*)'\)$/.exec(filter) ?? [];
  const text = (called ?? beginning)?.replaceAll("''", "'").toLowerCase();
  if (text === undefined) return { refused: wrongFilter(filter) };
  const isAsked = ({ displayName }: { displayName: string }): boolean =>
    called === undefined ? displayName.toLowerCase().startsWith(text) : displayName.toLowerCase() === text;
  return shownGroups(settings.groups.filter(isAsked), query, address, settings);
}

const shownGroups = (
  groups: GroupSettings['groups'],
  query: URLSearchParams,
  address: string,
  settings: GroupSettings,
): Shown =>
  page(groups, query, address, GROUPS_PER_PAGE, ({ id }) =>
    selected(group(id, !settings.groupsNotSecurity.includes(id), settings), query),
  );

const wrongFilter = (filter: string): Refused => ({
  status: 400,
  code: 'Request_UnsupportedQuery',
  message: `Unsupported or invalid query filter clause specified: ${filter}.`,
  born: 'gateway',
});

const userOf = (groupId: string, n: number): Record<string, unknown> => ({
  '@odata.type': '#microsoft.graph.user',
  id: `user-${n}-of-${groupId}`,
  displayName: `User ${n} of ${groupId}`,
  userPrincipalName: `user-${n}-of-${groupId}@simulator.example`,
});

const deviceOf = (groupId: string, n: number): Record<string, unknown> => ({
  '@odata.type': '#microsoft.graph.device',
  id: `device-${n}-of-${groupId}`,
  displayName: `Device ${n} of ${groupId}`,
  deviceId: `device-${n}-of-${groupId}`,
});

const DENIED: Refused = {
  status: 403,
  code: 'Authorization_RequestDenied',
  message: 'Insufficient privileges to complete the operation.',
  born: 'gateway',
};

const noSuchGroup = (id: string): Refused => ({
  status: 404,
  code: 'Request_ResourceNotFound',
  message: `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`,
  born: 'gateway',
});

const wrongPageSize = (top: number): Refused => ({
  status: 400,
  code: 'Request_BadRequest',
  message: `Invalid page size specified: '${top}'. Must be between 1 and ${MEMBERS_PER_PAGE_MAX} inclusive.`,
  born: 'gateway',
});
