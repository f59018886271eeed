import { canonicalAssignment, isControl } from '../changes/canonical.ts';
import type { CurrentAssignment } from '../changes/current.ts';
import { isReadOnly } from '../kinds/kind.ts';
import type { PolicyKind } from '../kinds/registry.ts';
import { ownerOf } from './owner.ts';

/**
 * Equal for two assignments of a kind that say the same, value for value: target, filter, intent, settings and what this program has never
 * heard of. What Graph sets by itself (ids, where an assignment comes from) does not count, but whether somebody else keeps it does.
 */
export function likeness(kind: PolicyKind, assignment: CurrentAssignment): string {
  const { id, target, whole } = assignment;
  const told = Object.entries(whole).filter(
    ([name]) => !SET_BY_GRAPH.has(name) && !isReadOnly(kind, name) && !isControl(name),
  );
  return `${ownerOf(assignment) ?? ''} ${canonicalAssignment({ id, target, whole: Object.fromEntries(told) })}`;
}

const SET_BY_GRAPH: ReadonlySet<string> = new Set(['source', 'sourceId', 'deploymentId']);

/** Takes what fits out of a set, the first of it. */
export function taken<T>(free: Set<T>, fits: (each: T) => boolean): T | undefined {
  for (const each of free)
    if (fits(each)) {
      free.delete(each);
      return each;
    }
  return undefined;
}
