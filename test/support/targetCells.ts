import type { SeedAssignment, SeedPolicy } from '../../src/simulator/tenantFile.ts';
import { allDevices, excluded, filter, group } from './graphShapes.ts';
import { guid, named } from './guid.ts';
import type { Target } from './assignSite.ts';

/**
 * What becomes of a row.
 * go: it is written. so: nothing is left to be done. taken: the policy has one place for the target, and another entry has it.
 * both: the policy would include and exclude one group. Where ids are made of groups that is one place, so it is taken; else it
 * goes, as somebody has seen it in a plan and allowed it, and without a plan it is refused.
 * go/both: the first where ids are made of groups, the second where not; of others likewise.
 * held: a row of the policy that narrows can't be written, so that this one, which widens, is not either.
 * owned: a policy set assigns what it is about. there: what it adds is there with another filter.
 */
export type Fate =
  'go' | 'so' | 'taken' | 'both' | 'owned' | 'there' | 'held' | `${'go' | 'taken' | 'held'}/${'go' | 'both'}`;

/**
 * One policy. An entry is `G`, `G +f` (filter f, include), `G -f` (exclude) or `not G` (excluded), with ` of set` behind it where
 * a policy set assigns it, or `all` in the place of G for all devices; a row is `A → G` (without a filter), `A → G *` (with the filter that it has), `add G`, `remove G` or
 * `clear`.
 */
export interface Cell {
  readonly list: readonly string[];
  readonly rows: readonly string[];
  /** Of each row. */
  readonly fates: readonly Fate[];
  /** How rows name what they are about, where it is not all the same. */
  readonly by?: 'id' | 'target';
}

/** How the tenant makes ids, and how the rows come to it. */
export interface Way {
  /** Those that are there at first: made of policy and group, or not. */
  readonly ids: 'byGroup' | 'opaque';
  /** Whether an id is made of policy and group when a target is written, so that a group has one entry. */
  readonly rekey: boolean;
  readonly strategy: 'patch' | 'assign';
  readonly isPlanned: boolean;
}

/** What an entry is for, without its filter and who assigns it. */
export const audience = (text: string): string => text.replace(/ [+*-].*| of set/g, '');

const isOfSet = (text: string): boolean => text.endsWith(' of set');

interface Entry {
  readonly groupId: string;
  readonly isExcluded: boolean;
  readonly filter: readonly [id: string, type: 'include' | 'exclude'] | 'kept' | undefined;
}

const ENTRY = /^(?<not>not )?(?<groupId>[A-Z]|all)(?: (?<sign>[+*-])(?<id>\w*))?(?: of set)?$/;

function entryFrom(text: string): Entry {
  const { not, groupId, sign, id = '' } = ENTRY.exec(text)?.groups ?? {};
  if (groupId === undefined) throw new Error(`"${text}" says no entry`);
  const filterOf = (): Entry['filter'] => {
    if (sign === undefined) return undefined;
    return sign === '*' ? 'kept' : [id, sign === '+' ? 'include' : 'exclude'];
  };
  return { groupId, isExcluded: not !== undefined, filter: filterOf() };
}

interface Row {
  readonly action: 'set' | 'add' | 'remove' | 'clear';
  /** The entry that it is about. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

function rowFrom(text: string): Row {
  if (text === 'clear') return { action: 'clear' };
  const { action, entry } = /^(?<action>add|remove) (?<entry>.*)$/.exec(text)?.groups ?? {};
  if (action === 'add') return { action, to: entry };
  if (action === 'remove') return { action, from: entry };
  const [from, to] = text.split(' → ');
  return { action: 'set', from, to };
}

/** The place in the list of the entry that a row is about: a direct one where there is one. */
function placeOf(from: string, list: readonly string[]): number {
  const same = list.flatMap((each, at) => (audience(each) === from ? [at] : []));
  return same.find((at) => !isOfSet(list[at] ?? '')) ?? same[0] ?? -1;
}

/** The list of a cell when its rows that are written have come true. */
export function listAfter({ list, rows }: Cell, isWritten: readonly boolean[]): string[] {
  const parsed = rows.map(rowFrom);
  const about = new Set(parsed.flatMap(({ from }) => (from === undefined ? [] : [placeOf(from, list)])));
  const desired = new Set(parsed.flatMap(({ to }) => (to === undefined ? [] : [audience(to)])));
  const isCleared = (text: string, at: number): boolean =>
    !about.has(at) && !desired.has(audience(text)) && !isOfSet(text);
  const after = new Map(list.entries());
  for (const [i, { action, from, to }] of parsed.entries()) {
    if (isWritten[i] !== true) continue;
    // Beside a row that clears the list, what is added stands in the place of what has its target.
    const placeAdded = (added = ''): number => {
      const there = list.findIndex((each) => audience(each) === audience(added) && !isOfSet(each));
      return there >= 0 && parsed.some((each) => each.action === 'clear') ? there : list.length + i;
    };
    const at = from === undefined ? placeAdded(to) : placeOf(from, list);
    const kept = / [+-]\w+/.exec(list[at] ?? '')?.[0] ?? '';
    if (to !== undefined) after.set(at, to.replace(/ \*$/, kept));
    else if (action === 'remove') after.delete(at);
    else for (const [place, text] of list.entries()) if (isCleared(text, place)) after.delete(place);
  }
  return [...after.values()].toSorted();
}

/** An assignment in the words of a cell. */
export function inWords({ target, source }: Pick<SeedAssignment, 'target' | 'source'>): string {
  const own = (name: string): string => named(String(target[name] ?? ''));
  const id = own('deviceAndAppManagementAssignmentFilterId');
  const sign = own('deviceAndAppManagementAssignmentFilterType') === 'exclude' ? '-' : '+';
  const not = target['@odata.type'].includes('exclusion') ? 'not ' : '';
  const group = target['@odata.type'].includes('allDevices') ? ALL : own('groupId');
  return `${not}${group}${id === '' ? '' : ` ${sign}${id}`}${source === 'policySets' ? ' of set' : ''}`;
}

/** A policy that holds what a cell says. */
export function policyOf(
  { list }: Cell,
  { id, type, displayName }: Pick<SeedPolicy, 'id' | 'type' | 'displayName'>,
  ids: Way['ids'],
): SeedPolicy {
  const assignments = list.map((text, at): SeedAssignment => {
    const { groupId, isExcluded, filter: its } = entryFrom(text);
    const isAll = groupId === ALL;
    const more = Array.isArray(its) ? filter(...its) : {};
    const included = isAll ? allDevices(more) : group(groupId, more);
    return {
      id: ids === 'byGroup' ? `${id}_${isAll ? ALL_DEVICES_ID : guid(groupId)}` : `${id}-${at}`,
      target: (isExcluded ? excluded(groupId) : included) as Target,
      ...(isOfSet(text) && { source: 'policySets', sourceId: 's1' }),
    };
  });
  return { id, type, displayName, assignments };
}

/** In the place of a group. */
const ALL = 'all';
/** What Graph makes the id of an assignment of. */
const ALL_DEVICES_ID = 'adadadad-808e-44e2-905a-0b7873a8a531';

/** The columns of a row. */
export function columnsOf(text: string, { list }: Cell, policy: SeedPolicy, isById: boolean) {
  const { id: policyId, type: policyType, assignments } = policy;
  const { action, from, to } = rowFrom(text);
  const of = from === undefined || isById ? undefined : entryFrom(from);
  const desired = to === undefined ? undefined : entryFrom(to);
  const [filterId, filterType] =
    desired?.filter === undefined || desired.filter === 'kept' ? [] : desired.filter;
  const isUnfiltered = desired?.filter === undefined && desired?.isExcluded === false;
  return {
    ...{ policyType, policyId, action },
    assignmentId: from === undefined || !isById ? '' : assignments[placeOf(from, list)]?.id,
    ...{ fromTargetType: typeOf(of), fromGroupId: groupOf(of) },
    ...{ targetType: typeOf(desired), groupId: groupOf(desired) },
    ...{ filterId, filterType: isUnfiltered ? 'none' : filterType },
  };
}

function typeOf(entry: Entry | undefined): string | undefined {
  if (entry?.groupId === ALL) return 'allDevices';
  return entry && (entry.isExcluded ? 'exclusionGroup' : 'group');
}

const groupOf = (entry: Entry | undefined): string | undefined =>
  entry?.groupId === ALL ? undefined : entry?.groupId;

/** What is expected of a row, in the words of a plan. */
export interface Expected {
  readonly decision: 'write' | 'alreadySo' | 'refused';
  readonly code?: string;
  /** Whether the guard finds that a group is included and excluded. */
  readonly isFound?: true;
}

export function expectedOf(fate: Fate | undefined, way: Way): Expected {
  switch (fate) {
    case 'go/both':
    case 'go/go':
    case 'taken/both':
    case 'taken/go':
    case 'held/both':
    case 'held/go':
      return expectedOf(fate.split('/')[way.ids === 'byGroup' ? 0 : 1] as Fate, way);
    case 'go':
      return { decision: 'write' };
    case 'so':
      return { decision: 'alreadySo' };
    case 'taken':
      return { decision: 'refused', code: 'DuplicateTarget' };
    case 'both':
      if (way.ids === 'byGroup') return expectedOf('taken', way);
      return way.isPlanned
        ? { decision: 'write', isFound: true }
        : { decision: 'refused', code: 'IncludeAndExclude' };
    case 'owned':
      return { decision: 'refused', code: 'PolicySetOwned' };
    case 'there':
      return { decision: 'refused', code: 'AlreadyAssigned' };
    case 'held':
      return { decision: 'refused', code: 'HeldBack' };
    case undefined:
      throw new Error('a row has no fate');
  }
}
