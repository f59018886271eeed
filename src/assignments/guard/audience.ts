import { everybodyIn, groupOf, isExclusion } from '../targets/currentTarget.ts';
import { sameId } from '../values/ids.ts';
import type { JsonObject } from '../values/json.ts';
import type { Finding } from './finding.ts';
import { membersInWords, onlyOf, type Members } from './members.ts';

/** How many a group has; undefined: it was not counted. */
export type MembersOf = (groupId: string) => Members | undefined;

/** What a list does to a group: it gains the policy, or loses it. What only its filter tells is neither. */
export type Shift = 'gains' | 'loses';

type Stand = 'included' | 'excluded' | undefined;

/**
 * The groups that gain or lose a policy when the targets of its list become others, by ids in lower case. "Up to": others of the list may reach their
 * members as well.
 */
export function shiftsOf(
  before: readonly JsonObject[],
  after: readonly JsonObject[],
): ReadonlyMap<string, Shift> {
  const [was, is] = [standsIn(before), standsIn(after)];
  const shifts = new Map<string, Shift>();
  for (const group of new Set([...was.keys(), ...is.keys()])) {
    const shift = shiftBetween(was.get(group), is.get(group));
    if (shift !== undefined) shifts.set(group, shift);
  }
  return shifts;
}

/** What a policy does, and for whom before and after: an app that some must have and others must lose is two. */
export interface PartTargets {
  readonly before: readonly JsonObject[];
  readonly after: readonly JsonObject[];
  /** Whom it reaches, it takes the policy from. */
  readonly takesAway: boolean;
}

/** The same of a policy as a whole. Who gains it by one thing that it does and loses it by another has it as before. */
export function policyShiftsOf(parts: readonly PartTargets[]): ReadonlyMap<string, Shift> {
  const shifts = new Map<string, Shift>();
  const cancelled = new Set<string>();
  for (const part of parts)
    for (const [group, shift] of partShiftsOf(part)) {
      if (shifts.has(group) && shifts.get(group) !== shift) cancelled.add(group);
      shifts.set(group, shift);
    }
  for (const group of cancelled) shifts.delete(group);
  return shifts;
}

/** Whoever is kept from losing a policy has it no more than before. */
function partShiftsOf({ before, after, takesAway }: PartTargets): ReadonlyMap<string, Shift> {
  if (!takesAway) return shiftsOf(before, after);
  const [was, is] = [standsIn(before), standsIn(after)];
  const isTaken = (stand: Stand): boolean => stand === 'included';
  return new Map(
    [...new Set([...was.keys(), ...is.keys()])].flatMap((group): [string, Shift][] => {
      const [then, now] = [isTaken(was.get(group)), isTaken(is.get(group))];
      return then === now ? [] : [[group, now ? 'loses' : 'gains']];
    }),
  );
}

/** An exclusion wins where a group is both. */
function standsIn(targets: readonly JsonObject[]): ReadonlyMap<string, Stand> {
  const stands = new Map<string, Stand>();
  for (const target of targets) {
    const group = groupOf(target)?.toLowerCase();
    if (group === undefined || everybodyIn(target) !== undefined) continue;
    stands.set(group, isExclusion(target) || stands.get(group) === 'excluded' ? 'excluded' : 'included');
  }
  return stands;
}

function shiftBetween(was: Stand, is: Stand): Shift | undefined {
  if (was === is) return undefined;
  if (is === 'included') return 'gains';
  if (was === 'included') return 'loses';
  return is === 'excluded' ? 'loses' : 'gains';
}

/** A row that is written, and the list around it. */
export interface AudienceRow {
  readonly from: JsonObject | undefined;
  readonly to: JsonObject | undefined;
  readonly before: readonly JsonObject[];
  readonly after: readonly JsonObject[];
}

const concern = (kind: Finding['kind'], what: string): Finding[] => [{ kind, what }];

/**
 * What a row does that the members of groups tell.
 * @param maxAudience members of a group from which on it must be allowed; undefined: none
 */
export function audienceConcerns(
  row: AudienceRow,
  membersOf: MembersOf,
  maxAudience: number | undefined,
): Finding[] {
  return [
    ...kindConcerns(row, membersOf),
    ...effectConcerns(row, membersOf),
    ...(maxAudience === undefined ? [] : sizeConcerns(row, membersOf, maxAudience)),
  ];
}

/** The groups of a row that puts one in the place of another; undefined for all other rows. */
export function swappedGroups({
  from,
  to,
}: Pick<AudienceRow, 'from' | 'to'>): { readonly old: string; readonly now: string } | undefined {
  const [old, now] = [from && groupOf(from), to && groupOf(to)];
  if (!from || !to || old === undefined || now === undefined || sameId(old, now)) return undefined;
  return isExclusion(from) === isExclusion(to) ? { old, now } : undefined;
}

/** Users before, devices after, or the other way round: the policy may not be meant for them. */
function kindConcerns(row: AudienceRow, membersOf: MembersOf): Finding[] {
  const { old, now } = swappedGroups(row) ?? {};
  if (old === undefined || now === undefined) return [];
  const [was, is] = [membersOf(old), membersOf(now)];
  if (was === undefined || is === undefined) return [];
  const [wasOnly, isOnly] = [onlyOf(was), onlyOf(is)];
  return wasOnly !== undefined && isOnly !== undefined && wasOnly !== isOnly
    ? concern(
        'group-kind-changed',
        `group ${old} has ${membersInWords(was)}, group ${now} in its place ${membersInWords(is)}.`,
      )
    : [];
}

/**
 * Intune keeps apart whom it reaches as a user and whom as a device: who is excluded as the one is not taken out of the other. Told of the row that
 * excludes, or that leaves an exclusion nothing to take from.
 * Source: learn.microsoft.com/intune/intune-service/configuration/device-profile-assign, "Exclude groups from a policy assignment".
 */
function effectConcerns({ from, to, before, after }: AudienceRow, membersOf: MembersOf): Finding[] {
  const mine = after.filter(
    (target) => isExclusion(target) && hasNoEffect(target, after, membersOf) && isBroughtBy(target, from, to),
  );
  const [excluded] = mine.filter((target) => !hadNoEffect(target, before, membersOf));
  if (excluded === undefined) return [];
  const group = groupOf(excluded) ?? '';
  const members = membersOf(group);
  return members === undefined
    ? []
    : concern(
        'exclusion-without-effect',
        `excluded group ${group} has ${membersInWords(members)}, and the policy is assigned to ${onlyOf(members) === 'users' ? 'devices' : 'users'} only.`,
      );
}

/** The row brings the exclusion, or it brings or takes an inclusion. */
export const isBroughtBy = (
  exclusion: JsonObject,
  from: JsonObject | undefined,
  to: JsonObject | undefined,
): boolean =>
  [from, to].some(
    (target) => target !== undefined && (!isExclusion(target) || sameId(groupOf(target), groupOf(exclusion))),
  );

const hadNoEffect = (exclusion: JsonObject, before: readonly JsonObject[], membersOf: MembersOf): boolean =>
  before.some((target) => isExclusion(target) && sameId(groupOf(target), groupOf(exclusion))) &&
  hasNoEffect(exclusion, before, membersOf);

/** Whether all that is included is of the other kind, and known to be. */
function hasNoEffect(exclusion: JsonObject, list: readonly JsonObject[], membersOf: MembersOf): boolean {
  const kindOf = (target: JsonObject): 'users' | 'devices' | undefined => {
    const everybody = everybodyIn(target);
    if (everybody !== undefined) return everybody === 'allDevices' ? 'devices' : 'users';
    const group = groupOf(target);
    const members = group === undefined ? undefined : membersOf(group);
    return members && onlyOf(members);
  };
  const excluded = kindOf(exclusion);
  const included = list.filter((target) => !isExclusion(target)).map(kindOf);
  return (
    excluded !== undefined &&
    included.length > 0 &&
    included.every((kind) => kind !== undefined && kind !== excluded)
  );
}

/** The groups that a row brings in or takes out. */
export function movedGroups({ from, to }: Pick<AudienceRow, 'from' | 'to'>): readonly string[] {
  const [old, now] = [from, to].map((target) => target && groupOf(target));
  const isMoved = !sameId(old, now) || (from && isExclusion(from)) !== (to && isExclusion(to));
  return isMoved ? [...new Set([old, now])].filter((group) => group !== undefined) : [];
}

function sizeConcerns(row: AudienceRow, membersOf: MembersOf, maxAudience: number): Finding[] {
  const large = movedGroups(row).flatMap((group) => {
    const members = membersOf(group);
    return members !== undefined && members.users + members.devices > maxAudience
      ? [`group ${group.toLowerCase()} has ${membersInWords(members)}`]
      : [];
  });
  return large.length === 0
    ? []
    : concern('audience', `${large.join(', ')}: more than ${maxAudience.toLocaleString('en-US')}.`);
}
