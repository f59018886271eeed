import type { CurrentAssignment } from '../changes/current.ts';
import type { PolicyKind } from '../kinds/registry.ts';
import { sameId } from '../values/ids.ts';
import { likeness, taken } from './likeness.ts';

/** What became of an assignment between two readings of a list. */
export type ListChange =
  | { readonly change: 'added'; readonly before: undefined; readonly after: CurrentAssignment }
  | { readonly change: 'removed'; readonly before: CurrentAssignment; readonly after: undefined }
  | { readonly change: 'changed'; readonly before: CurrentAssignment; readonly after: CurrentAssignment };

/**
 * What differs between two readings of a list, whatever the order of either: first what is the same is taken from both, then what stands in one
 * place of the policy, or has one id, is one assignment that has changed. Two entries of one place are two.
 * @param as what an assignment is compared as
 */
export function listChanges(
  kind: PolicyKind,
  before: readonly CurrentAssignment[],
  after: readonly CurrentAssignment[],
  as: { readonly before: Comparable; readonly after: Comparable } = { before: asItIs, after: asItIs },
): ListChange[] {
  const free = new Set(after);
  const likenesses = new Map(after.map((each) => [each, likeness(kind, as.after(each))]));
  const unlike = before.filter((was) => {
    const wanted = likeness(kind, as.before(was));
    return taken(free, (each) => likenesses.get(each) === wanted) === undefined;
  });
  const now = new Map<CurrentAssignment, CurrentAssignment>();
  const pair = (was: CurrentAssignment, fits: (each: CurrentAssignment) => boolean): void => {
    const found = now.has(was) ? undefined : taken(free, fits);
    if (found !== undefined) now.set(was, found);
  };
  for (const was of unlike) {
    const place = kind.identity(as.before(was).whole);
    pair(was, (each) => kind.identity(as.after(each).whole) === place);
  }
  for (const was of unlike) pair(was, ({ id }) => sameId(id, was.id));
  const changes = unlike.map((was): ListChange => {
    const is = now.get(was);
    return is === undefined
      ? { change: 'removed', before: was, after: undefined }
      : { change: 'changed', before: was, after: is };
  });
  return [
    ...changes,
    ...[...free].map((is): ListChange => ({ change: 'added', before: undefined, after: is })),
  ];
}

/** An assignment as it is compared: where two tenants are, its group and filter go by their names. */
export type Comparable = (assignment: CurrentAssignment) => CurrentAssignment;

const asItIs: Comparable = (assignment) => assignment;
