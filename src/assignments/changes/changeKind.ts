import type { CurrentAssignment } from './current.ts';
import { filterOf, sameFilter, type CurrentFilter } from '../targets/filter.ts';
import { everybodyOf } from '../values/guid.ts';
import type { JsonObject } from '../values/json.ts';
import { isExclusion, targetIn, targetKind, targetTypeOf } from '../targets/currentTarget.ts';

export type FilterChange = 'added' | 'kept' | 'changed' | 'lost' | 'none';

/** What a write changes, for counts and tables. */
export interface ChangeKind {
  /** Kinds of target as the column `targetType` has them, unknown ones by Graph's name; undefined: nothing is known of it. */
  readonly from: string | undefined;
  readonly to: string;
  /** `none`: it had none and gets none. */
  readonly filter: FilterChange;
  readonly intent: 'kept' | 'turned';
}

/** What `after`, the body to be sent, makes of the assignment that is there now; undefined when nothing is known of it. */
export function changeKind(before: CurrentAssignment | undefined, after: JsonObject): ChangeKind {
  const target = targetIn(after);
  return {
    from: before && targetKind(before.target),
    to: targetKind(target),
    filter: filterChange(before && filterOf(before.target), filterOf(target)),
    intent: turnOfIntent(before, after) === undefined ? 'kept' : 'turned',
  };
}

function filterChange(before: CurrentFilter | undefined, after: CurrentFilter | undefined): FilterChange {
  if (before === undefined) return after === undefined ? 'none' : 'added';
  if (after === undefined) return 'lost';
  return sameFilter(before, after) ? 'kept' : 'changed';
}

/**
 * From which intent to which a write turns; undefined when it keeps what is there. A configuration's assignment without one applies; what
 * is new of any other kind turns nothing.
 */
export function turnOfIntent(
  before: CurrentAssignment | undefined,
  after: JsonObject,
): { readonly from: string; readonly to: string } | undefined {
  const to = intentOf(after);
  const from = (before && intentOf(before.whole)) ?? (to === 'remove' ? 'apply' : to);
  return to === undefined || from === undefined || to === from ? undefined : { from, to };
}

const intentOf = ({ intent }: JsonObject): string | undefined =>
  typeof intent === 'string' && intent !== '' ? intent.toLowerCase() : undefined;

/** A target in Graph's shape for a person: `group 1234…`, `all devices, include filter abcd…`. Ids are not shortened. */
export function targetInWords(target: JsonObject): string {
  const filter = filterOf(target);
  return filter === undefined
    ? audienceInWords(target)
    : `${audienceInWords(target)}, ${filter.type.toLowerCase()} filter ${filter.id}`;
}

/** The same without its filter. */
export const audienceInWords = (target: JsonObject): string =>
  isExclusion(target) ? `excluded ${whoInWords(target)}` : whoInWords(target);

/** Who it is about, be they included or excluded. */
export function whoInWords(target: JsonObject): string {
  const type = targetTypeOf(target);
  switch (type) {
    case 'group':
    case 'exclusionGroup':
      return groupInWords(target['groupId']);
    case 'allDevices':
      return 'all devices';
    case 'allLicensedUsers':
      return 'all users';
    case 'configurationManagerCollection':
      return `collection ${text(target['collectionId'])}`;
    case 'scopeTagGroup':
      return `scope tag group ${text(target['entraObjectId'])}`;
    case 'organizationalUnit':
      return `organizational unit ${text(target['organizationalUnitId'])}`;
    case undefined:
      return targetKind(target);
  }
}

const EVERYBODY = { allDevices: ' (all devices)', allLicensedUsers: ' (all users)' } as const;

function groupInWords(id: unknown): string {
  const everybody = typeof id === 'string' ? everybodyOf(id) : undefined;
  return `group ${text(id)}${everybody === undefined ? '' : EVERYBODY[everybody]}`;
}

const text = (id: unknown): string => (typeof id === 'string' ? id : 'without id');
