import { partOf } from '../kinds/kind.ts';
import type { PolicyKind } from '../kinds/registry.ts';
import { targetBodyFor } from '../kinds/targetBodies.ts';
import type { Change } from '../rows/change.ts';
import { audienceKey } from '../targets/audience.ts';
import { groupOf, isExclusion, targetIn } from '../targets/currentTarget.ts';
import { sameId } from '../values/ids.ts';
import type { JsonObject } from '../values/json.ts';
import { audienceInWords } from './changeKind.ts';
import { isOfPolicySet, type CurrentAssignment } from './current.ts';
import { refused, type RowStep } from './steps.ts';

/**
 * A policy has one place for each target: Intune ignores a second entry of a list, and a PATCH onto a target that is there may
 * write over its entry. Some tenants make an assignment's id of policy and group; there a group that is excluded and one that is
 * included have one place as well.
 */
export type SeatOf = (assignment: JsonObject) => string;

/**
 * @param identity that of the policy's kind
 * @param restores what goes back stood beside what a policy set assigns, where that has an id of its own
 */
export function seatsOf(
  list: readonly CurrentAssignment[],
  { identity, partOf: part }: Pick<PolicyKind, 'identity' | 'partOf'>,
  restores = false,
): SeatOf {
  if (part === undefined && idsFollowTargets(list))
    return (assignment) => groupSeat(assignment) ?? identity(assignment);
  if (!restores) return identity;
  const ofPolicySets = new Set(list.filter(isOfPolicySet).map(({ whole }) => whole));
  return (assignment) => `${ofPolicySets.has(assignment) ? 'policy set ' : ''}${identity(assignment)}`;
}

/** The one place of a group, be it included or excluded. */
function groupSeat(assignment: JsonObject): string | undefined {
  const group = groupOf(targetIn(assignment));
  return group === undefined ? undefined : `group ${group.toLowerCase()}`;
}

/** The place that an assignment has in some tenant, where that of another one may be counted as the same. */
export const roomsOf =
  (seatOf: SeatOf): SeatOf =>
  (assignment) =>
    groupSeat(assignment) ?? seatOf(assignment);

/** Whether the ids of this list are made of the groups that they are for. */
const idsFollowTargets = (list: readonly CurrentAssignment[]): boolean =>
  list.some(({ id, target }) => {
    const group = groupOf(target);
    return group !== undefined && id.toLowerCase().endsWith(`_${group.toLowerCase()}`);
  });

interface ListSteps {
  readonly steps: RowStep[];
  readonly changes: readonly Change[];
  readonly list: readonly CurrentAssignment[];
  readonly seatOf: SeatOf;
  readonly kind: Pick<PolicyKind, 'partOf'>;
  /** The rows take back what was written: what one of them removes makes way for the other entry of its group. */
  readonly restores?: boolean | undefined;
}

/**
 * Refuses each row that would bring a second entry for a place, given the list as all other rows leave it. What is refused
 * stays as it was, which may be in the way of another row: until nothing is. What a row removes is in the way as well, or
 * a second read would take what the one brought for what the other removes. A rollback tells an inclusion and an exclusion of a group
 * apart by what it has overwritten, and both may have been there one after the other.
 */
export function refuseTakenSeats(listSteps: ListSteps): void {
  const { steps, list, changes, seatOf, kind, restores = false } = listSteps;
  const removed = changes.flatMap(({ action, from, address }) =>
    action === 'remove' && from ? [{ target: targetBodyFor(address.kind, from.target), from }] : [],
  );
  const isRemoved = (entry: JsonObject): boolean =>
    removed.some(
      ({ target, from: { intent } }) =>
        seatOf({ ...entry, target }) === seatOf(entry) &&
        (intent === undefined || sameId(intent, entry['intent'])),
    );
  for (;;) {
    const leaving = restores ? steps.flatMap((step) => (step.kind === 'take' ? step.away : [])) : [];
    const second = secondEntry(steps, { list, leaving, isRemoved, kind }, seatOf);
    if (second === undefined) return;
    steps[second.at] = refused('DuplicateTarget', whyTaken(second.entry, list, seatOf));
  }
}

function whyTaken(entry: JsonObject, list: readonly CurrentAssignment[], seatOf: SeatOf): string {
  const there = list.find((each) => seatOf(each.whole) === seatOf(entry));
  const words = audienceInWords(targetIn(entry));
  if (there === undefined)
    return `Another row brings ${words}, or removes it; Intune keeps one of each, so nothing was written.`;
  const other = audienceInWords(there.target);
  const what = other === words ? words : `${other}, in the place of ${words},`;
  return `The policy has ${what} already, under the id ${there.id}, and Intune keeps one of each: nothing was written. If that one is to stay, this row wants the action remove.`;
}

/** A row that puts something into a list, and what that is afterwards. */
interface PutEntry {
  readonly at: number;
  readonly over: CurrentAssignment | undefined;
  readonly entry: JsonObject;
}

/** What a PATCH does not say stays as it is. */
const putsIn = (steps: readonly RowStep[]): PutEntry[] =>
  steps.flatMap((step, at) =>
    step.kind === 'put' ? [{ at, over: step.over, entry: { ...step.over?.whole, ...step.body } }] : [],
  );

/** What has a place: the list, but for those that leave it, and what rows remove by its target. */
interface Places {
  readonly list: readonly CurrentAssignment[];
  readonly leaving: readonly CurrentAssignment[];
  readonly isRemoved: (entry: JsonObject) => boolean;
  readonly kind: Pick<PolicyKind, 'partOf'>;
}

function secondEntry(
  steps: readonly RowStep[],
  { list, leaving, isRemoved, kind }: Places,
  seatOf: SeatOf,
): PutEntry | undefined {
  const puts = putsIn(steps);
  const replaced = new Set(puts.map(({ over }) => over));
  const taken = new Set(
    list.flatMap((each) => (replaced.has(each) || leaving.includes(each) ? [] : [seatOf(each.whole)])),
  );
  const isLeftByItself = ({ entry }: PutEntry): boolean =>
    leaving.some(
      ({ target, whole }) =>
        audienceKey(target) === audienceKey(targetIn(entry)) && partOf(kind, whole) === partOf(kind, entry),
    );
  const moving = puts.filter(({ over, entry }) => {
    const seat = seatOf(entry);
    const stays = over !== undefined && seatOf(over.whole) === seat;
    if (stays) taken.add(seat);
    return !stays;
  });
  for (const put of moving) {
    const seat = seatOf(put.entry);
    if (taken.has(seat) || isRemoved(put.entry) || isLeftByItself(put)) return put;
    taken.add(seat);
  }
  return undefined;
}

/**
 * For each row that moves into a place which is still taken, the rows that make room for it: they come first, and are read
 * back before it follows. A group that is included and one that is excluded make room for each other in any tenant, as ids that
 * are not made of groups yet may be from the next write on.
 */
export function roomMakers({ steps, list, seatOf }: ListSteps): Map<number, readonly number[]> {
  const roomOf = roomsOf(seatOf);
  const makerOf = new Map<CurrentAssignment, number>();
  for (const [at, step] of steps.entries()) {
    if (step.kind === 'put' && step.over !== undefined) makerOf.set(step.over, at);
  }
  const makers = new Map<number, readonly number[]>();
  for (const { at, over, entry } of putsIn(steps)) {
    const room = roomOf(entry);
    const found = list.flatMap((each) =>
      each !== over && roomOf(each.whole) === room ? (makerOf.get(each) ?? []) : [],
    );
    if (found.length > 0) makers.set(at, found);
  }
  return makers;
}

/**
 * Rows after which the policy would include and exclude one group, which it does not do now: in a tenant that tells the two
 * apart an exclusion wins, and in another one of them is lost.
 */
export function contradictions({ steps, list, kind }: Pick<ListSteps, 'steps' | 'list' | 'kind'>): number[] {
  const isAboutSame = (a: JsonObject, b: JsonObject): boolean => partOf(kind, a) === partOf(kind, b);
  const puts = putsIn(steps).map((put) => ({ ...put, target: targetIn(put.entry) }));
  const gone = new Set<CurrentAssignment | undefined>([
    ...puts.map(({ over }) => over),
    ...steps.flatMap((step) => (step.kind === 'take' ? step.away : [])),
  ]);
  const after = [
    ...list
      .filter((each) => !gone.has(each))
      .map(({ target, whole }) => ({ at: undefined, target, entry: whole })),
    ...puts,
  ];
  return puts.flatMap(({ at, over, target, entry }) => {
    const group = groupOf(target)?.toLowerCase();
    // What stays where it is brings nothing.
    if (
      over !== undefined &&
      audienceKey(over.target) === audienceKey(target) &&
      isAboutSame(over.whole, entry)
    )
      return [];
    const isContradicted =
      group !== undefined &&
      after.some(
        (other) =>
          groupOf(other.target)?.toLowerCase() === group &&
          isExclusion(other.target) !== isExclusion(target) &&
          isAboutSame(other.entry, entry),
      );
    const ofGroup = list.filter(
      (each) => groupOf(each.target)?.toLowerCase() === group && isAboutSame(each.whole, entry),
    );
    const wasSo =
      ofGroup.some((each) => isExclusion(each.target)) && ofGroup.some((each) => !isExclusion(each.target));
    return isContradicted && !wasSo ? [at] : [];
  });
}
