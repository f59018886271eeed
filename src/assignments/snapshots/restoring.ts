import { canonicalText, isControl } from '../changes/canonical.ts';
import type { CurrentAssignment } from '../changes/current.ts';
import { inverseCells, restoringBody, type Inverse, type InverseCells } from '../changes/inverse.ts';
import type { Address } from '../kinds/address.ts';
import { ownField } from '../kinds/kind.ts';
import type { PolicyKind } from '../kinds/registry.ts';
import type { ApiVersion } from '../values/apiVersion.ts';
import { sameId } from '../values/ids.ts';
import type { JsonObject } from '../values/json.ts';
import { likeness, taken } from './likeness.ts';
import { ownerOf } from './owner.ts';

/**
 * Why an assignment stays as it is though the two lists differ in it. kept: a policy set, a deployment or the like has it now. lost: one had it then, and
 * only that can bring it back. standsIn: it was assigned by one of those then, and somebody assigns it directly since.
 */
export type LeftAlone = 'kept' | 'lost' | 'standsIn';

/** What brings a list back to what it was. */
export interface Restoring {
  readonly inverses: readonly Inverse[];
  readonly left: readonly { readonly why: LeftAlone; readonly assignment: CurrentAssignment }[];
}

/**
 * Compares a list with what it was, and answers what has to be set, removed and added. What is not the administrator's own is neither removed
 * nor changed nor added: only whoever keeps it can.
 */
export function restoringOf(
  kind: PolicyKind,
  then: readonly CurrentAssignment[],
  now: readonly CurrentAssignment[],
): Restoring {
  const free = new Set(now);
  const likenesses = new Map(now.map((each) => [each, likeness(kind, each)]));
  const missing = then.filter((was) => {
    const wanted = likeness(kind, was);
    return taken(free, (each) => likenesses.get(each) === wanted) === undefined;
  });
  const inPlaceOf = (was: CurrentAssignment, isOwned: boolean): CurrentAssignment | undefined => {
    const place = kind.identity(was.whole);
    return taken(
      free,
      (each) => (ownerOf(each) !== undefined) === isOwned && kind.identity(each.whole) === place,
    );
  };
  const inverses: Inverse[] = [];
  const left: { why: LeftAlone; assignment: CurrentAssignment }[] = [];
  const added: Inverse[] = [];
  const own = missing.filter((each) => ownerOf(each) === undefined);
  const unplaced = own.filter((was) => {
    const current = inPlaceOf(was, false);
    if (current !== undefined) inverses.push({ action: 'set', current, was });
    return current === undefined;
  });
  for (const was of unplaced) {
    // Intune ignores a second entry of a target: what is assigned by somebody else stands in its place.
    const kept = inPlaceOf(was, true);
    if (kept !== undefined) {
      left.push({ why: 'kept', assignment: kept });
      continue;
    }
    // What it has become under its id.
    const current = taken(free, (each) => ownerOf(each) === undefined && sameId(each.id, was.id));
    if (current === undefined) added.push({ action: 'add', was });
    else inverses.push({ action: 'set', current, was });
  }
  for (const was of missing.filter((each) => ownerOf(each) !== undefined)) {
    const current = inPlaceOf(was, true);
    if (current !== undefined) left.push({ why: 'kept', assignment: current });
    else if (inPlaceOf(was, false) === undefined) left.push({ why: 'lost', assignment: was });
    else left.push({ why: 'standsIn', assignment: was });
  }
  for (const current of free) {
    if (ownerOf(current) === undefined) inverses.push({ action: 'remove', current });
    else left.push({ why: 'kept', assignment: current });
  }
  return { inverses: [...inverses, ...added], left };
}

/** The row that does it: besides what a rollback puts back, what this program has never heard of, where it differs. */
export function restoringCells(inverse: Inverse, address: Address, apiVersion: ApiVersion): InverseCells {
  const cells = inverseCells(inverse, address, apiVersion);
  if (inverse.action !== 'set') return cells;
  const { current, was } = inverse;
  const unsaid = unsaidIn(was, current, address.kind);
  if (Object.keys(unsaid).length === 0) return cells;
  const body = { ...restoringBody(was, address.kind, apiVersion), ...unsaid };
  return new Map([...cells, ['body', JSON.stringify(body)]]);
}

/** What no row but a whole body can say, and what is to be blank again. */
function unsaidIn(
  { whole: was }: CurrentAssignment,
  { whole: is }: CurrentAssignment,
  kind: PolicyKind,
): JsonObject {
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])].filter((name) =>
    isUnsaid(name, kind),
  );
  return Object.fromEntries(
    names
      .filter((name) => canonicalText(was[name] ?? null) !== canonicalText(is[name] ?? null))
      .map((name) => [name, was[name] ?? null]),
  );
}

function isUnsaid(name: string, kind: PolicyKind): boolean {
  if (name === 'id' || name === 'target' || name === 'source' || name === 'sourceId' || isControl(name))
    return false;
  const field = ownField(kind, name);
  return field === undefined || (field.takes === 'json' && !field.isReadOnly);
}
