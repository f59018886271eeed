import type { Change, DesiredChange } from '../rows/change.ts';
import type { Refusal } from '../kinds/refusal.ts';
import type { PolicyKind } from '../kinds/registry.ts';
import type { JsonObject } from '../values/json.ts';
import { audienceInWords } from './changeKind.ts';
import { isOfPolicySet, type CurrentAssignment, type RowError } from './current.ts';
import { entryOf, type Before } from './decision.ts';
import { entryAfter } from './entryAfter.ts';
import { findCurrent } from './findCurrent.ts';
import { holds } from './holds.ts';
import { patchBody } from './request.ts';

/** What one row does to the list of its policy, looked at by itself. */
export type RowStep =
  /** Nothing to be done. `current` is what is as desired; undefined where it is that nothing is there. */
  | { readonly kind: 'alreadySo'; readonly current: CurrentAssignment | undefined }
  | {
      readonly kind: 'put';
      /** What it takes the place of; undefined: it is added. */
      readonly over: CurrentAssignment | undefined;
      /** The body of a PATCH. */
      readonly body: JsonObject;
    }
  | { readonly kind: 'take'; readonly away: readonly CurrentAssignment[]; readonly isClear: boolean }
  | { readonly kind: 'refused'; readonly error: RowError }
  | { readonly kind: 'stale' };

export const refused = (code: string, message: string): RowStep => ({
  kind: 'refused',
  error: { code, message },
});
const because = (error: RowError): RowStep => ({ kind: 'refused', error });
const alreadySo = (current: CurrentAssignment | undefined): RowStep => ({ kind: 'alreadySo', current });

/** The code of a row that its kind does not take as it would be. */
export const NOT_TAKEN = 'NotTaken';

const GONE: RowError = {
  code: 'AssignmentGone',
  message: 'The assignment is not in the list of its policy, nor is the desired target; nothing was written.',
};

const OWNED_BY_POLICY_SET: RowError = {
  code: 'PolicySetOwned',
  message: 'The assignment belongs to a policy set: change the policy set instead.',
};

/** A row of a list, as far as it tells what the others find. */
export interface ListRow {
  readonly change: Change;
  /** What its last write that may have left has overwritten. */
  readonly before?: Before | undefined;
}

/**
 * What each of these changes does to a list.
 * @param rows every row of the list, those that are settled too: their results explain what others find, and `clear` spares
 *   what they are about
 * @param restores they take back what was written: an assignment that they name by its id was made one of a policy set by that
 */
export function stepsIn(
  changes: readonly Change[],
  list: readonly CurrentAssignment[],
  rows: readonly ListRow[],
  restores = false,
): RowStep[] {
  const facts: ListFacts = { list, rows, results: resultsIn(rows, list), restores };
  return changes.map((change) => stepFor(change, facts));
}

interface ListFacts {
  readonly list: readonly CurrentAssignment[];
  /** Every row of the list. */
  readonly rows: readonly ListRow[];
  /** The changes that have come true, as far as the list shows. */
  readonly results: ReadonlySet<DesiredChange>;
  readonly restores: boolean;
}

function stepFor(change: Change, facts: ListFacts): RowStep {
  switch (change.action) {
    case 'set':
      return setStep(change, facts);
    case 'add':
      return addStep(change, facts);
    case 'remove':
      return removeStep(change, facts);
    case 'clear':
      return clearStep(change.address.kind.identity, facts);
  }
}

function setStep(change: DesiredChange, { list, results, restores }: ListFacts): RowStep {
  const { current, mismatch } = findCurrent(change, list);
  const itself = mismatch === undefined ? current : undefined;
  if (itself && holds(change, itself)) return alreadySo(itself);
  if (results.has(change)) return alreadySo(list.find((each) => holds(change, each)));
  if (mismatch !== undefined) return because(mismatch);
  if (itself === undefined) return because(GONE);
  if (isOfPolicySet(itself) && !restores) return because(OWNED_BY_POLICY_SET);
  return putStep(change, itself, restores);
}

/** What goes back was there, whatever is documented. */
function putStep(change: DesiredChange, over: CurrentAssignment | undefined, restores: boolean): RowStep {
  const refusal = restores ? undefined : notTakenIn(change, over);
  return refusal === undefined
    ? { kind: 'put', over, body: patchBody(change, over) }
    : refused(NOT_TAKEN, refusal.message);
}

/**
 * Why no policy of the kind can have what a change makes of an entry. That it lacks something is nobody's fault where it has lacked it
 * before.
 */
export function notTakenIn(change: DesiredChange, over: CurrentAssignment | undefined): Refusal | undefined {
  const { entryRefusal, addRefusal } = change.address.kind;
  const after = entryAfter(change, over, patchBody(change, over));
  const lacks =
    over === undefined || addRefusal?.(over.whole) === undefined ? addRefusal?.(after) : undefined;
  return entryRefusal?.(after) ?? lacks;
}

/**
 * The changes whose desired state stands in the list, and that have nothing left to change. After a write the id or the target
 * that a row names may be that of another row's result: then that result must explain what the row finds. Where rows explain
 * each other in a circle, nothing tells whether they have traded places already or are about to, unless it is by what each was
 * to keep.
 */
function resultsIn(rows: readonly ListRow[], list: readonly CurrentAssignment[]): Set<DesiredChange> {
  const standing = rows.flatMap(({ change, before }) =>
    isDesired(change) && list.some((each) => holds(change, each))
      ? [{ change, ...findCurrent(change, list), was: before && entryOf(before) }]
      : [],
  );
  const results = new Set<DesiredChange>();
  const isExplained = ({ change, current, mismatch }: (typeof standing)[number]): boolean =>
    current === undefined ||
    mismatch !== undefined ||
    isOfPolicySet(current) ||
    holds(change, current) ||
    [...results].some((other) => holds(other, current));
  for (let found = 1; found > 0;) {
    const explained = standing.filter((each) => !results.has(each.change) && isExplained(each));
    for (const { change } of explained) results.add(change);
    found = explained.length;
  }
  let circle = standing.filter(
    ({ change, current, was }) => !results.has(change) && isAsMeant(change, was ?? current, list),
  );
  for (;;) {
    const closed = circle.filter(({ current }) =>
      [...results, ...circle.map(({ change }) => change)].some((other) => current && holds(other, current)),
    );
    if (closed.length === circle.length) break;
    circle = closed;
  }
  for (const { change } of circle) results.add(change);
  return results;
}

/** Whether what a row desires stands in the list with what it was to keep of the assignment that it is about. */
function isAsMeant(
  change: DesiredChange,
  about: CurrentAssignment | undefined,
  list: readonly CurrentAssignment[],
): boolean {
  const body = patchBody(change, about);
  const meant = { address: change.address, desired: { kind: 'raw', body } } as const;
  return list.some((each) => holds(meant, each));
}

const isDesired = (change: Change): change is DesiredChange => change.desired !== undefined;

function addStep(change: DesiredChange, { list: all, rows, restores }: ListFacts): RowStep {
  // What goes back stood beside what a policy set assigns.
  const list = restores ? all.filter((each) => !isOfPolicySet(each)) : all;
  const there = list.find((each) => holds(change, each));
  if (there !== undefined) return alreadySo(there);
  const body = patchBody(change, undefined);
  const { identity } = change.address.kind;
  const other = list.find(({ whole }) => identity(whole) === identity(body));
  if (other === undefined) return putStep(change, undefined, restores);
  // Beside a row that clears the list, the rows say what it is to be, also where an assignment has that target already.
  const isWholeList = rows.some((row) => row.change.action === 'clear');
  if (isWholeList && !isOfPolicySet(other)) return putStep(change, other, restores);
  return refused(
    'AlreadyAssigned',
    `The policy has ${audienceInWords(other.target)} already, under the id ${other.id}, with another filter or intent: use set to change it.`,
  );
}

function removeStep(change: Change, facts: ListFacts): RowStep {
  const { list, restores } = facts;
  const { current, mismatch } = findCurrent(change, list);
  if (current !== undefined && isOfAnother(change, current, facts)) return alreadySo(undefined);
  if (mismatch !== undefined) return because(mismatch);
  if (current === undefined) return alreadySo(undefined);
  // Named by its target, it would still be there for the policy set.
  const isNamedByTarget = change.address.assignmentId === '';
  const { identity } = change.address.kind;
  if ((isOfPolicySet(current) && !restores) || (isNamedByTarget && isInPolicySet(identity, current, list)))
    return because(OWNED_BY_POLICY_SET);
  return { kind: 'take', away: [current], isClear: false };
}

/** Whether what stands under the id that a row has removed is what another row has brought: some tenants give the id anew. */
function isOfAnother(change: Change, current: CurrentAssignment, { rows, results }: ListFacts): boolean {
  const before = rows.find((row) => row.change === change)?.before;
  const was = before && entryOf(before);
  return (
    was !== undefined &&
    change.address.kind.identity(was.whole) !== change.address.kind.identity(current.whole) &&
    [...results].some((other) => holds(other, current))
  );
}

type Identity = PolicyKind['identity'];

const isInPolicySet = (
  identity: Identity,
  { whole }: CurrentAssignment,
  list: readonly CurrentAssignment[],
): boolean => list.some((each) => isOfPolicySet(each) && identity(each.whole) === identity(whole));

/** What another row is about, or wants, is spared, also when that row can't be done: it is not what `clear` means. */
function clearStep(identity: Identity, { list, rows }: ListFacts): RowStep {
  const all = rows.map(({ change }) => change);
  const named = new Set(all.map((change) => findCurrent(change, list).current));
  const desired = new Set(
    all.filter(isDesired).map((change) => {
      const over = change.action === 'set' ? findCurrent(change, list).current : undefined;
      return identity(entryAfter(change, over, patchBody(change, over)));
    }),
  );
  const away = list.filter(
    (each) => !isOfPolicySet(each) && !named.has(each) && !desired.has(identity(each.whole)),
  );
  return away.length === 0 ? alreadySo(undefined) : { kind: 'take', away, isClear: true };
}

/** Only the read shows that a row with an id and one with a target are about the same: the later one is refused. */
export function refuseSecondClaims(steps: RowStep[], changes: readonly Change[]): void {
  const claims = new Map<CurrentAssignment, { readonly kind: RowStep['kind']; readonly line: number }>();
  for (const [i, step] of steps.entries()) {
    const current = claimOf(step);
    if (current === undefined) continue;
    const earlier = claims.get(current);
    if (earlier === undefined) claims.set(current, { kind: step.kind, line: changes[i]?.line ?? 0 });
    else if (earlier.kind !== 'alreadySo' || step.kind !== 'alreadySo')
      steps[i] = refused(
        'DuplicateTarget',
        `Line ${earlier.line} is about the same assignment, ${current.id}; nothing was written.`,
      );
  }
}

function claimOf(step: RowStep): CurrentAssignment | undefined {
  switch (step.kind) {
    case 'alreadySo':
      return step.current;
    case 'put':
      return step.over;
    case 'take':
      return step.isClear ? undefined : step.away[0];
    case 'refused':
    case 'stale':
      return undefined;
  }
}
