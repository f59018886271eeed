import { type CurrentAssignment, type RowError, isOfPolicySet } from './current.ts';
import { audienceKey } from '../targets/audience.ts';
import type { Change, WishedChange } from '../rows/change.ts';
import { audienceInWords } from './changeKind.ts';
import type { JsonObject } from '../values/json.ts';
import { GONE, holds, OWNED_BY_POLICY_SET } from './decide.ts';
import { findCurrent } from './findCurrent.ts';
import { targetIn } from '../targets/currentTarget.ts';
import { patchBody } from './request.ts';
import { targetBody } from '../targets/target.ts';

/** What was there: the assignment; null where one is added; several where a list is cleared. Whole, as Graph shows them. */
export type Before = JsonObject | null | readonly JsonObject[];

/** What a policy's list makes of one row. */
export type FoldedRow =
  /** Nothing to be done. `present` is what is as wished; undefined where it is that nothing is there. */
  | { readonly kind: 'alreadySo'; readonly present: CurrentAssignment | undefined }
  /** `after` is what the row wishes, as a PATCH would say it; undefined where it removes. */
  | { readonly kind: 'write'; readonly before: Before; readonly after: JsonObject | undefined }
  | { readonly kind: 'refused'; readonly error: RowError };

export interface Folded {
  /** Of each change, in the order of the changes. */
  readonly rows: readonly FoldedRow[];
  /** The list to be written; undefined when no row needs a write. */
  readonly list: readonly JsonObject[] | undefined;
}

/**
 * Folds the changes of one policy into its list as it was read. What no change is about stays value for value. Folding the
 * changes that were written into what the tenant then shows writes nothing, also when it gave new ids.
 * @param settled other rows of the policy that are done with, which `clear` must still spare
 */
export function fold(
  changes: readonly Change[],
  list: readonly CurrentAssignment[],
  settled: readonly Change[] = [],
): Folded {
  const all = [...changes, ...settled];
  const policy = { list, all, done: rowsDone(all, list) };
  const steps = changes.map((change) => stepFor(change, policy));
  refuseSecondClaims(steps, changes);
  refuseSecondAudiences(steps, list, changes);
  const isWritten = steps.some(({ kind }) => kind === 'put' || kind === 'take');
  return { rows: steps.map(rowOf), list: isWritten ? listAfter(steps, list) : undefined };
}

interface Policy {
  readonly list: readonly CurrentAssignment[];
  /** Every row of the policy. */
  readonly all: readonly Change[];
  readonly done: ReadonlySet<Change>;
}

/** What one row does to the list. */
type Step =
  | Extract<FoldedRow, { kind: 'alreadySo' | 'refused' }>
  | {
      readonly kind: 'put';
      /** What it takes the place of; undefined: it is added. */
      readonly over: CurrentAssignment | undefined;
      readonly body: JsonObject;
      readonly entry: JsonObject;
    }
  | { readonly kind: 'take'; readonly away: readonly CurrentAssignment[]; readonly isClear: boolean };

const refused = (error: RowError): Step => ({ kind: 'refused', error });
const alreadySo = (present: CurrentAssignment | undefined): Step => ({ kind: 'alreadySo', present });

function stepFor(change: Change, policy: Policy): Step {
  switch (change.action) {
    case 'set':
      return setStep(change, policy);
    case 'add':
      return addStep(change, policy);
    case 'remove':
      return removeStep(change, policy);
    case 'clear':
      return clearStep(policy);
  }
}

function setStep(change: WishedChange, { list, done }: Policy): Step {
  const { present, mismatch } = findCurrent(change, list);
  const itself = mismatch === undefined ? present : undefined;
  if (itself && holds(change, itself)) return alreadySo(itself);
  if (done.has(change)) return alreadySo(list.find((each) => holds(change, each)));
  if (mismatch !== undefined) return refused(mismatch);
  if (itself === undefined) return refused(GONE);
  if (isOfPolicySet(itself)) return refused(OWNED_BY_POLICY_SET);
  const body = patchBody(change, itself);
  return { kind: 'put', over: itself, body, entry: changedEntry(change, itself, body) };
}

/**
 * The rows whose wish stands in the list, and that have nothing left to change. After a write the id or the target that a row
 * names may be that of another row's result, so each row's result explains what the others find, or none does.
 */
function rowsDone(all: readonly Change[], list: readonly CurrentAssignment[]): Set<Change> {
  let done = all.filter((change) => change.wish && list.some((each) => holds(change, each)));
  for (;;) {
    const results = done;
    done = results.filter((change) => {
      const { present, mismatch } = findCurrent(change, list);
      if (present === undefined || mismatch !== undefined || isOfPolicySet(present)) return true;
      return results.some(({ wish, address }) => wish && holds({ wish, address }, present));
    });
    if (done.length === results.length) return new Set(done);
  }
}

/** What a PATCH would leave of the entry: what the wish does not say stays. It gives up its id, as Graph may give another. */
function changedEntry(change: WishedChange, present: CurrentAssignment, body: JsonObject): JsonObject {
  const target = targetIn(body);
  const isRefined = change.wish.kind === 'described' && audienceKey(target) === audienceKey(present.target);
  const entry = { ...present.whole, ...body, target: isRefined ? { ...present.target, ...target } : target };
  return withoutId(entry);
}

const withoutId = ({ id: _id, ...rest }: JsonObject): JsonObject => rest;

function addStep(change: WishedChange, { list }: Policy): Step {
  const there = list.find((each) => holds(change, each));
  if (there !== undefined) return alreadySo(there);
  const body = patchBody(change, undefined);
  const wished = audienceKey(targetIn(body));
  const other = list.find(({ target }) => audienceKey(target) === wished);
  if (other === undefined) return { kind: 'put', over: undefined, body, entry: withoutId(body) };
  return refused({
    code: 'AlreadyAssigned',
    message: `The policy has ${audienceInWords(other.target)} already, under the id ${other.id}, with another filter or intent: use set to change it.`,
  });
}

function removeStep(change: Change, { list }: Policy): Step {
  const { present, mismatch } = findCurrent(change, list);
  if (mismatch !== undefined) return refused(mismatch);
  if (present === undefined) return alreadySo(undefined);
  // Named by its target, it would still be there for the policy set.
  const isNamedByTarget = change.address.assignmentId === '';
  if (isOfPolicySet(present) || (isNamedByTarget && isInPolicySet(present, list)))
    return refused(OWNED_BY_POLICY_SET);
  return { kind: 'take', away: [present], isClear: false };
}

const isInPolicySet = ({ target }: CurrentAssignment, list: readonly CurrentAssignment[]): boolean =>
  list.some((each) => isOfPolicySet(each) && audienceKey(each.target) === audienceKey(target));

/** What another row is about, or wishes, is spared, also when that row can't be done: it is not what `clear` means. */
function clearStep({ list, all }: Policy): Step {
  const named = new Set(all.map((change) => findCurrent(change, list).present));
  const wished = new Set(
    all.flatMap((change) => (change.wish ? [audienceKey(targetIn(patchBody(change, undefined)))] : [])),
  );
  const away = list.filter(
    (each) => !isOfPolicySet(each) && !named.has(each) && !wished.has(audienceKey(each.target)),
  );
  return away.length === 0 ? alreadySo(undefined) : { kind: 'take', away, isClear: true };
}

/** Only the look shows that a row with an id and one with a target are about the same: the later one is refused. */
function refuseSecondClaims(steps: Step[], changes: readonly Change[]): void {
  const claims = new Map<CurrentAssignment, { readonly kind: Step['kind']; readonly line: number }>();
  for (const [i, step] of steps.entries()) {
    const present = claimOf(step);
    if (present === undefined) continue;
    const earlier = claims.get(present);
    if (earlier === undefined) claims.set(present, { kind: step.kind, line: changes[i]?.line ?? 0 });
    else if (earlier.kind !== 'alreadySo' || step.kind !== 'alreadySo')
      steps[i] = refused({
        code: 'DuplicateTarget',
        message: `Line ${earlier.line} is about the same assignment, ${present.id}; nothing was written.`,
      });
  }
}

function claimOf(step: Step): CurrentAssignment | undefined {
  switch (step.kind) {
    case 'alreadySo':
      return step.present;
    case 'put':
      return step.over;
    case 'take':
      return step.isClear ? undefined : step.away[0];
    case 'refused':
      return undefined;
  }
}

/**
 * Intune ignores a second entry for one audience, so the row that brings it is refused. What is refused stays as it was, which
 * may be in the way of another row: until nothing is. What a row removes is in the way as well, or a second look would
 * take what the one brought for what the other removes.
 */
function refuseSecondAudiences(
  steps: Step[],
  list: readonly CurrentAssignment[],
  changes: readonly Change[],
): void {
  const removed = changes.flatMap(({ action, from }) =>
    action === 'remove' && from ? [audienceKey(targetBody(from.target))] : [],
  );
  const next = (): readonly [number, JsonObject] | undefined => secondAudience(steps, list, removed);
  for (let second = next(); second !== undefined; second = next()) {
    const [at, target] = second;
    steps[at] = refused({
      code: 'DuplicateTarget',
      message: `Another assignment of the policy is for ${audienceInWords(target)}, or another row removes it; Intune keeps one of each, so nothing was written.`,
    });
  }
}

function secondAudience(
  steps: readonly Step[],
  list: readonly CurrentAssignment[],
  removed: readonly string[],
): readonly [number, JsonObject] | undefined {
  const puts = steps.flatMap((step, at) => (step.kind === 'put' ? [{ ...step, at }] : []));
  const replaced = new Set(puts.map(({ over }) => over));
  const taken = new Set([
    ...removed,
    ...list.flatMap((each) => (replaced.has(each) ? [] : [audienceKey(each.target)])),
  ]);
  const moving = puts.filter(({ over, entry }) => {
    const key = audienceKey(targetIn(entry));
    const stays = over !== undefined && audienceKey(over.target) === key;
    if (stays) taken.add(key);
    return !stays;
  });
  for (const { at, entry } of moving) {
    const target = targetIn(entry);
    const key = audienceKey(target);
    if (taken.has(key)) return [at, target];
    taken.add(key);
  }
  return undefined;
}

function listAfter(steps: readonly Step[], list: readonly CurrentAssignment[]): JsonObject[] {
  const entryOver = new Map<CurrentAssignment, JsonObject>();
  const gone = new Set<CurrentAssignment>();
  const added: JsonObject[] = [];
  for (const step of steps) {
    if (step.kind === 'take') for (const each of step.away) gone.add(each);
    if (step.kind !== 'put') continue;
    if (step.over === undefined) added.push(step.entry);
    else entryOver.set(step.over, step.entry);
  }
  const kept = list.filter((each) => !gone.has(each));
  return [...kept.map((each) => entryOver.get(each) ?? each.whole), ...added];
}

function rowOf(step: Step): FoldedRow {
  switch (step.kind) {
    case 'alreadySo':
    case 'refused':
      return step;
    case 'put':
      return { kind: 'write', before: step.over?.whole ?? null, after: step.body };
    case 'take': {
      const wholes = step.away.map(({ whole }) => whole);
      return { kind: 'write', before: step.isClear ? wholes : (wholes[0] ?? null), after: undefined };
    }
  }
}
