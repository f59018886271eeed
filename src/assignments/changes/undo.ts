import type { ApiVersion } from '../values/apiVersion.ts';
import { type CurrentAssignment, isOfPolicySet } from './current.ts';
import { canonicalAssignment } from './canonical.ts';
import type { Change, DesiredChange } from '../rows/change.ts';
import { entriesOf, type Before } from './decision.ts';
import { entryAfter } from './entryAfter.ts';
import { sameId } from '../values/ids.ts';
import { restoringBody, type Inverse } from './inverse.ts';
import type { JsonObject } from '../values/json.ts';
import { holds } from './holds.ts';
import type { PolicyKind } from '../kinds/registry.ts';
import { patchBody } from './request.ts';

/** A change that was written. */
export interface WrittenChange {
  readonly change: Change;
  /** What it overwrote. */
  readonly before: Before;
  /** The id that the assignment was given by the write, if that is known. */
  readonly idAfter: string | undefined;
}

/** What is to be done to take back what became of one assignment. */
export type Undo =
  | {
      /**
       * restore: what the change did is still so. changed: somebody has made something else of it since. gone: what it wrote is
       * not there under any id.
       */
      readonly kind: 'restore' | 'changed' | 'gone';
      readonly inverse: Inverse;
    }
  /** What it overwrote is there again, or what it added is not. */
  | { readonly kind: 'asBefore' };

/**
 * Finds what became of written changes of one list; of each change in their order, several for one that cleared. Ids are no
 * sure sign, as tenants may give new ones, and an old one to another assignment: what was written is looked for first, under
 * its id and then under any; an assignment is taken for one change only. Those of policy sets are nobody's, but of a change that has
 * made one.
 */
export function undosIn(
  written: readonly WrittenChange[],
  list: readonly CurrentAssignment[],
  apiVersion: ApiVersion,
): Undo[][] {
  const parts = written.map(partsOf);
  const free = new Set(list.toSorted((a, b) => Number(isOfPolicySet(a)) - Number(isOfPolicySet(b))));
  const take = (part: Part, fits: (current: CurrentAssignment) => boolean): CurrentAssignment | undefined => {
    const mayBe = (current: CurrentAssignment): boolean => !isOfPolicySet(current) || madePolicySets(part);
    const found = [...free].find((current) => mayBe(current) && fits(current));
    if (found !== undefined) free.delete(found);
    return found;
  };
  const undos = new Map<Part, Undo>();
  const each = (find: (part: Part) => Undo | undefined): void => {
    for (const part of parts.flat()) {
      const undo = undos.has(part) ? undefined : find(part);
      if (undo !== undefined) undos.set(part, undo);
    }
  };
  const restored = (part: Part, current: CurrentAssignment | undefined): Undo | undefined =>
    current && { kind: 'restore', inverse: inverseOf(part, current) };
  each((part) =>
    restored(
      part,
      take(part, (current) => isIts(part, current) && isAsWritten(part, current, apiVersion)),
    ),
  );
  each((part) =>
    restored(
      part,
      take(part, (current) => isAsWritten(part, current, apiVersion)),
    ),
  );
  each((part) => (take(part, (current) => isAsBefore(part, current)) ? { kind: 'asBefore' } : undefined));
  each((part) => {
    const current = take(part, (candidate) => isIts(part, candidate));
    return current ? { kind: 'changed', inverse: inverseOf(part, current) } : undoneBy(part);
  });
  return parts.map((ofChange) => ofChange.flatMap((part) => undos.get(part) ?? []));
}

/** What a change did to one assignment: it was, and it became; or only one of the two. */
type Part = { readonly kind: PolicyKind } & (
  | { readonly did: 'set'; readonly wrote: Wrote; readonly was: CurrentAssignment }
  | { readonly did: 'add'; readonly wrote: Wrote; readonly was: undefined }
  | { readonly did: 'remove'; readonly wrote: undefined; readonly was: CurrentAssignment }
);

interface Wrote {
  readonly change: DesiredChange;
  readonly id: string | undefined;
}

function partsOf({ change, before, idAfter }: WrittenChange): Part[] {
  const entries = entriesOf(before);
  const { kind } = change.address;
  switch (change.action) {
    case 'set':
    case 'add':
      // Beside a row that clears, one that adds may have found its target there already.
      if (change.action === 'add' && entries.length === 0)
        return [{ kind, did: 'add', wrote: { change, id: idAfter }, was: undefined }];
      return entries.map((was) => ({ kind, did: 'set', wrote: { change, id: idAfter ?? was.id }, was }));
    case 'remove':
    case 'clear':
      return entries.map((was) => ({ kind, did: 'remove', wrote: undefined, was }));
  }
}

/** Whether the write itself has said that a policy set assigns it. */
const madePolicySets = ({ wrote, was }: Part): boolean =>
  wrote !== undefined && sameId(patchBody(wrote.change, was)['source'], 'policySets');

function inverseOf({ was }: Part, current: CurrentAssignment): Inverse {
  return was === undefined ? { action: 'remove', current } : { action: 'set', current, was };
}

/** What is left to be done where nothing of the part is there. */
function undoneBy({ did, was }: Part): Undo {
  switch (did) {
    case 'set':
      return { kind: 'gone', inverse: { action: 'add', was } };
    case 'add':
      return { kind: 'asBefore' };
    case 'remove':
      return { kind: 'restore', inverse: { action: 'add', was } };
  }
}

/** Whether an assignment stands in the place of the part's: by its id, or where it had none by what it is for. */
function isIts({ kind, did, wrote, was }: Part, { id, whole }: CurrentAssignment): boolean {
  const isFor = (other: JsonObject): boolean => kind.identity(other) === kind.identity(whole);
  switch (did) {
    case 'set':
      return sameId(id, wrote.id);
    case 'add':
      return sameId(id, wrote.id) || isFor(patchBody(wrote.change, undefined));
    case 'remove':
      return isFor(was.whole);
  }
}

const isAsBefore = ({ was }: Part, current: CurrentAssignment): boolean =>
  was !== undefined && canonicalAssignment(current) === canonicalAssignment(was);

/** Whether an assignment is as the write left it: what the desired state did not mention is as it was before. */
function isAsWritten({ wrote, was }: Part, current: CurrentAssignment, apiVersion: ApiVersion): boolean {
  if (wrote === undefined) return false;
  const { address, desired } = wrote.change;
  const kept = was === undefined ? {} : restoringBody(was, address.kind, apiVersion);
  const body = entryAfter({ address, desired }, undefined, { ...kept, ...patchBody(wrote.change, was) });
  return holds({ address, desired: { kind: 'raw', body } }, current);
}
