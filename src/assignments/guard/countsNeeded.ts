import { audienceKey } from '../targets/audience.ts';
import { everybodyIn, groupOf, isExclusion } from '../targets/currentTarget.ts';
import { sameId } from '../values/ids.ts';
import type { JsonObject } from '../values/json.ts';
import { isBroughtBy, movedGroups, swappedGroups, type AudienceRow } from './audience.ts';
import { MEMBER_KINDS, type MemberKind, type Members } from './members.ts';

/** How many of each kind a group has. Undefined: it was not asked; `unknown`: it was, and can't be counted. */
export type KnownCounts = Readonly<Partial<Record<MemberKind, number | 'unknown'>>>;
export type CountsOf = (groupId: string) => KnownCounts;

/** Undefined: it was not counted whole. */
export const membersIn = ({ users, devices }: KnownCounts): Members | undefined =>
  typeof users === 'number' && typeof devices === 'number' ? { users, devices } : undefined;

/** A count that is still needed: of the users of a group, or of its devices. */
export interface CountNeeded {
  readonly groupId: string;
  readonly of: MemberKind;
}

/**
 * What is to be counted next until it is known what `audienceConcerns` finds of a row; empty: it is known. Each count is a request, and most
 * rows need few: two groups that both have users are of no different kinds, however many devices are in them.
 */
export function countsNeeded(
  row: AudienceRow,
  countsOf: CountsOf,
  maxAudience: number | undefined,
): readonly CountNeeded[] {
  const swapped = swappedGroups(row);
  return [
    ...(maxAudience === undefined ? [] : movedGroups(row).flatMap((group) => uncounted(group, countsOf))),
    ...(swapped === undefined ? [] : toTellApart(swapped.now, swapped.old, countsOf)),
    ...(keepsAudience(row) ? [] : forExclusions(row, countsOf)),
  ];
}

/** As when only a filter changes: what it leaves without effect was so before, or another row of the list has done it. */
const keepsAudience = ({ from, to }: AudienceRow): boolean =>
  from !== undefined && to !== undefined && audienceKey(from) === audienceKey(to);

/** What is not known yet of how many are in a group. */
export const uncounted = (groupId: string, countsOf: CountsOf): readonly CountNeeded[] =>
  MEMBER_KINDS.filter((of) => countsOf(groupId)[of] === undefined).map((of) => ({ groupId, of }));

/** The only kind that a group has; `other`: it has both, or none, or that can't be known; undefined: it was not counted yet. */
type Only = MemberKind | 'other' | undefined;

function onlyIn({ users, devices }: KnownCounts): Only {
  if (users === 'unknown' || devices === 'unknown') return 'other';
  if (users === undefined || devices === undefined) return undefined;
  if (users > 0 && devices > 0) return 'other';
  return users > 0 ? 'users' : devices > 0 ? 'devices' : 'other';
}

const otherThan = (kind: MemberKind): MemberKind => (kind === 'users' ? 'devices' : 'users');

/** Until it is known whether one group has one kind only, and the other the other kind only. */
function toTellApart(one: string, other: string, countsOf: CountsOf): readonly CountNeeded[] {
  const only = onlyIn(countsOf(one));
  if (only === undefined) return uncounted(one, countsOf);
  return only === 'other' ? [] : toFindOnly(otherThan(only), other, countsOf);
}

/** Until it is known whether a group has this kind only: by what it must not have first, as most groups have that. */
function toFindOnly(kind: MemberKind, groupId: string, countsOf: CountsOf): readonly CountNeeded[] {
  const counts = countsOf(groupId);
  const against = counts[otherThan(kind)];
  if (against === undefined) return [{ groupId, of: otherThan(kind) }];
  return against === 0 && counts[kind] === undefined ? [{ groupId, of: kind }] : [];
}

function forExclusions(row: AudienceRow, countsOf: CountsOf): readonly CountNeeded[] {
  return row.after
    .filter((target) => isExclusion(target) && isBroughtBy(target, row.from, row.to))
    .flatMap((exclusion) => {
      const after = toSeeEffect(exclusion, row.after, row.to, countsOf);
      if (after !== 'none') return after === 'some' ? [] : after;
      const isOld = row.before.some(
        (target) => isExclusion(target) && sameId(groupOf(target), groupOf(exclusion)),
      );
      const before = isOld ? toSeeEffect(exclusion, row.before, undefined, countsOf) : 'some';
      return typeof before === 'string' ? [] : before;
    });
}

/**
 * Whether an exclusion takes anybody out of what a list includes, or what is to be counted next to know it.
 * @param brought the target that the row brings: it is counted first, as other findings need that as well
 */
function toSeeEffect(
  exclusion: JsonObject,
  list: readonly JsonObject[],
  brought: JsonObject | undefined,
  countsOf: CountsOf,
): 'some' | 'none' | readonly CountNeeded[] {
  const onlyOf = (target: JsonObject): Only => {
    const everybody = everybodyIn(target);
    if (everybody !== undefined) return everybody === 'allDevices' ? 'devices' : 'users';
    const group = groupOf(target);
    return group === undefined ? 'other' : onlyIn(countsOf(group));
  };
  const of = (target: JsonObject): string => groupOf(target) ?? '';
  const included = list.filter((target) => !isExclusion(target));
  const known = [...new Set(included.map(onlyOf).filter((only) => only !== undefined))];
  const [reached] = known;
  const excluded = onlyOf(exclusion);
  if (included.length === 0 || known.length > 1 || known.includes('other') || excluded === 'other')
    return 'some';
  if (excluded !== undefined && excluded === reached) return 'some';
  if (excluded === undefined && reached !== undefined && reached !== 'other') {
    const next = toFindOnly(otherThan(reached), of(exclusion), countsOf);
    return next.length > 0 ? next : 'some';
  }
  if (excluded === undefined) {
    const isIncluded = included.some((target) => brought !== undefined && sameId(of(target), of(brought)));
    return uncounted(of(brought !== undefined && isIncluded ? brought : exclusion), countsOf);
  }
  const open = included.filter((target) => onlyOf(target) === undefined);
  // One that shares the kind ends it: others are asked for when the first does not.
  const asked = open.map((target) => toFindOnly(otherThan(excluded), of(target), countsOf));
  if (asked.some((next) => next.length === 0)) return 'some';
  return open.length === 0 ? 'none' : asked.slice(0, included.length > open.length ? undefined : 1).flat();
}
