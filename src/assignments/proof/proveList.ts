import { canonicalAssignment } from '../changes/canonical.ts';
import { isOfPolicySet, type CurrentAssignment } from '../changes/current.ts';
import { beforeOf, entriesOf, ABSENT, type Before } from '../changes/decision.ts';
import { findCurrent } from '../changes/findCurrent.ts';
import { fingerprintOfList } from '../changes/fingerprint.ts';
import { holds } from '../changes/holds.ts';
import { patchBody } from '../changes/request.ts';
import { undosIn, type Undo } from '../changes/undo.ts';
import type { PolicyKind } from '../kinds/registry.ts';
import type { Change } from '../rows/change.ts';
import { likeness, taken } from '../snapshots/likeness.ts';
import { listChanges } from '../snapshots/listChanges.ts';
import type { ApiVersion } from '../values/apiVersion.ts';
import { sameId } from '../values/ids.ts';
import type { ProofItem, ProofKind, ProofRow } from './proofItem.ts';

/** A row with what its write has overwritten, or its plan has seen; undefined: neither is known. */
export interface SeenProofRow extends ProofRow {
  readonly before: Before | undefined;
  readonly idAfter: string | undefined;
}

/** A list, before and now. */
export interface ProofList<R> {
  readonly kind: PolicyKind;
  readonly apiVersion: ApiVersion;
  /** Those of the run that are about it. */
  readonly rows: readonly R[];
  /** Undefined: nobody has kept it. */
  readonly before: readonly CurrentAssignment[] | undefined;
  /** The fingerprint of the list as the plan saw it, where there is one: it tells whether the rest of a list is as it was. */
  readonly plannedList: string | undefined;
  readonly now: readonly CurrentAssignment[];
}

type Claim<R> = ProofItem<R> & { readonly was: CurrentAssignment | undefined };

/**
 * Proves a list: each assignment that was there or is there stands in exactly one item. The tenant decides, not what the record says of a row:
 * what a row wanted and is there is as planned, however it came there.
 */
export function proveList<R extends SeenProofRow>(list: ProofList<R>): ProofItem<R>[] {
  const rows = list.rows.filter(({ standing }) => standing !== 'nothing');
  const known = rows.flatMap((row) => {
    const before = beforeFor(row, list.before);
    return before === undefined ? [] : [{ row, before }];
  });
  const { own, taken: late } = withoutTaken(known);
  const free = new Set(list.now);
  const claims = own.length === 0 ? [] : claimsOf(own, list, free);
  claims.push(...late.map(claimOfNothing));
  const seen = new Set(known.map(({ row }) => row));
  for (const row of rows) if (!seen.has(row)) claims.push(claimUnseen(row, free));
  return [...claims.map(({ was: _was, ...item }) => item), ...restOf(claims, list, free)];
}

interface Known<R> {
  readonly row: R;
  readonly before: Before;
}

/** What another row has written, or an earlier one is about, is that row's, whatever this one wanted of it. */
function withoutTaken<R extends SeenProofRow>(
  known: readonly Known<R>[],
): { readonly own: readonly Known<R>[]; readonly taken: readonly R[] } {
  const isWritten = ({ row }: Known<R>): boolean => row.standing === 'written';
  const ids = new Set(known.filter(isWritten).flatMap(idsOf));
  const taken = new Set<R>();
  for (const each of known) {
    if (isWritten(each)) continue;
    if (idsOf(each).some((id) => ids.has(id))) taken.add(each.row);
    for (const id of idsOf(each)) ids.add(id);
  }
  return { own: known.filter(({ row }) => !taken.has(row)), taken: [...taken] };
}

const idsOf = ({ before }: Known<SeenProofRow>): string[] =>
  entriesOf(before).map(({ id }) => id.toLowerCase());

/** What a row is about: as its write saw it, else as its plan did, else as it stands in the list that was kept. */
function beforeFor(
  { change, before }: SeenProofRow,
  list: readonly CurrentAssignment[] | undefined,
): Before | undefined {
  if (before !== undefined && before.kind !== 'notRead') return before;
  if (change.action === 'add') return ABSENT;
  if (list === undefined) return undefined;
  if (change.action === 'clear')
    return { kind: 'entries', entries: list.filter((entry) => !isOfPolicySet(entry)) };
  return beforeOf(findCurrent({ address: change.address, from: change.from }, list).current);
}

function claimsOf<R extends SeenProofRow>(
  known: readonly Known<R>[],
  { apiVersion, now }: ProofList<R>,
  free: Set<CurrentAssignment>,
): Claim<R>[] {
  const written = known.map(({ row: { change, idAfter }, before }) => ({ change, before, idAfter }));
  const undos = undosIn(written, now, apiVersion);
  for (const undo of undos.flat()) {
    const current = currentOf(undo);
    if (current !== undefined) free.delete(current);
  }
  return known.flatMap(({ row, before }, i) => {
    const entries = entriesOf(before);
    const ofRow = (undos[i] ?? []).map((undo, part): Claim<R> => {
      const was = entries[part];
      return { proof: proofOf(row, undo), row, before: was, was, now: nowOf(undo, was, free) };
    });
    // A row whose assignment was not there is about nothing that is, and did not come true.
    return ofRow.length > 0 ? ofRow : [claimOfNothing(row)];
  });
}

const claimOfNothing = <R extends SeenProofRow>(row: R): Claim<R> => ({
  ...{ proof: 'failed', row, before: undefined, was: undefined, now: undefined },
});

const currentOf = (undo: Undo): CurrentAssignment | undefined =>
  undo.kind === 'asBefore' || undo.inverse.action === 'add' ? undefined : undo.inverse.current;

/** What is as before stands in the list as any entry that says the same. */
function nowOf(
  undo: Undo,
  was: CurrentAssignment | undefined,
  free: Set<CurrentAssignment>,
): CurrentAssignment | undefined {
  if (undo.kind !== 'asBefore') return currentOf(undo);
  return was && takenLike(free, was);
}

function takenLike(free: Set<CurrentAssignment>, was: CurrentAssignment): CurrentAssignment | undefined {
  const text = canonicalAssignment(was);
  const isSame = (each: CurrentAssignment): boolean => canonicalAssignment(each) === text;
  return taken(free, (each) => sameId(each.id, was.id) && isSame(each)) ?? taken(free, isSame);
}

function proofOf({ standing, putBack }: ProofRow, { kind }: Undo): ProofKind {
  switch (kind) {
    case 'restore':
      if (putBack === 'no') return 'planned';
      return putBack === 'done' ? 'others' : 'failed';
    case 'asBefore':
      // A rollback that failed on the record and is done in the tenant is done.
      if (putBack !== 'no') return 'planned';
      return standing === 'written' ? 'others' : 'failed';
    case 'changed':
    case 'gone':
      return standing === 'sent' ? 'failed' : 'others';
  }
}

/** A row of which nobody has seen what it overwrote, as of a blind run: only whether the tenant has what it wants can be told. */
function claimUnseen<R extends SeenProofRow>(row: R, free: Set<CurrentAssignment>): Claim<R> {
  const { change } = row;
  const claim = (proof: ProofKind, now: CurrentAssignment | undefined): Claim<R> => {
    if (now !== undefined) free.delete(now);
    return { proof, row, before: undefined, was: undefined, now };
  };
  const unmet: ProofKind = row.standing === 'written' ? 'others' : 'failed';
  if (change.action === 'clear') {
    const left = [...free].find((each) => !isOfPolicySet(each));
    return left === undefined ? claim('planned', undefined) : claim(unmet, left);
  }
  const named = findCurrent({ address: change.address, from: change.from }, [...free]).current;
  if (change.desired === undefined) return claim(named === undefined ? 'planned' : unmet, named);
  const isIt = (each: CurrentAssignment): boolean => isDesired(change, each);
  const found = named !== undefined && isIt(named) ? named : [...free].find(isIt);
  return found === undefined ? claim(unmet, named) : claim('planned', found);
}

const isDesired = (change: Change, entry: CurrentAssignment): boolean =>
  change.desired !== undefined &&
  change.address.kind.identity(patchBody(change, entry)) === change.address.kind.identity(entry.whole) &&
  holds({ address: change.address, desired: change.desired }, entry);

/** What no row is about. */
function restOf<R>(
  claims: readonly Claim<R>[],
  { kind, before, plannedList, now }: ProofList<R>,
  free: ReadonlySet<CurrentAssignment>,
): ProofItem<R>[] {
  const rest = now.filter((each) => free.has(each));
  if (before !== undefined) return differences(kind, withoutClaimed(kind, claims, before), rest);
  const were = claims.flatMap(({ was }) => was ?? []);
  const isWhole = plannedList !== undefined && fingerprintOfList([...rest, ...were]) === plannedList;
  return rest.map((each) =>
    isWhole
      ? { proof: 'untouched', row: undefined, before: each, now: each }
      : { proof: 'unknown', row: undefined, before: undefined, now: each },
  );
}

/** The list that was kept, without what rows are about. */
function withoutClaimed<R>(
  kind: PolicyKind,
  claims: readonly Claim<R>[],
  before: readonly CurrentAssignment[],
): readonly CurrentAssignment[] {
  const left = new Set(before);
  for (const { was } of claims) {
    if (was === undefined || takenLike(left, was) !== undefined) continue;
    // Somebody has changed it between the reading that was kept and the write.
    const place = kind.identity(was.whole);
    const byId = taken(left, ({ id }) => sameId(id, was.id));
    if (byId === undefined) taken(left, ({ whole }) => kind.identity(whole) === place);
  }
  return before.filter((each) => left.has(each));
}

/** Two readings of assignments that no row is about. */
export function differences<R>(
  kind: PolicyKind,
  before: readonly CurrentAssignment[],
  now: readonly CurrentAssignment[],
): ProofItem<R>[] {
  const changes = listChanges(kind, before, now);
  const others = changes.map((each): ProofItem<R> => ({
    proof: 'others',
    row: undefined,
    before: each.before,
    now: each.after,
  }));
  const changed = new Set(changes.flatMap((each) => each.before ?? []));
  const different = new Set(changes.flatMap((each) => each.after ?? []));
  const same = new Set(now.filter((each) => !different.has(each)));
  const untouched = before.flatMap((was): ProofItem<R>[] => {
    if (changed.has(was)) return [];
    const text = likeness(kind, was);
    const is =
      taken(same, (each) => sameId(each.id, was.id) && likeness(kind, each) === text) ??
      taken(same, (each) => likeness(kind, each) === text);
    return [{ proof: 'untouched', row: undefined, before: was, now: is }];
  });
  return [...others, ...untouched];
}
