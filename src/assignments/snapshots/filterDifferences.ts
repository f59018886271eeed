import { filterOf } from '../targets/filter.ts';
import { foldedName } from '../names/nameTable.ts';
import type { Renames } from '../names/rename.ts';
import type { TenantReading } from './policyDifferences.ts';
import type { SnapshotName } from './snapshot.ts';

/** What two filters of one name differ in: assignments that look the same reach others. */
export interface FilterDifference {
  readonly name: string;
  readonly in: 'rule' | 'platform';
  readonly before: string;
  readonly after: string;
}

/** A reading of a tenant, with its filters. */
export interface ReadingWithFilters extends TenantReading {
  readonly filters: readonly SnapshotName[];
}

/** Whether two rules are written the same: blanks between their words do not count. */
export const sameRule = (a: string, b: string): boolean => oneSpaced(a) === oneSpaced(b);

const oneSpaced = (rule: string): string => rule.trim().replaceAll(/\s+/g, ' ');

/**
 * The filters that the first of two tenants uses and the second has under the same name, as another. What is renamed is another by intention.
 * Of several of one name those of the same platform count.
 */
export function filterDifferences(
  before: ReadingWithFilters,
  after: ReadingWithFilters,
  renames: Renames | undefined,
): readonly FilterDifference[] {
  const used = new Set(
    before.policies.flatMap(({ assignments }) =>
      assignments.flatMap(({ target }) => filterOf(target)?.id.toLowerCase() ?? []),
    ),
  );
  return before.filters
    .filter(({ id, name }) => used.has(id) && renames?.toOf('filter', id, name) === undefined)
    .flatMap((filter) => differenceOf(filter, after.filters));
}

function differenceOf(filter: SnapshotName, others: readonly SnapshotName[]): readonly FilterDifference[] {
  const { name, platform = '', rule } = filter;
  const called = others.filter((other) => foldedName(other.name) === foldedName(name));
  const [first, ...more] = called;
  if (first === undefined) return [];
  const [alike, ...others2] = called.filter((other) => other.platform === filter.platform);
  if (alike === undefined)
    return more.length > 0 ? [] : [{ name, in: 'platform', before: platform, after: first.platform ?? '' }];
  if (others2.length > 0 || rule === undefined || alike.rule === undefined || sameRule(rule, alike.rule))
    return [];
  return [{ name, in: 'rule', before: rule, after: alike.rule }];
}
