import type { SnapshotName, SnapshotPolicy } from '../../assignments/snapshots/snapshot.ts';
import { groupOf } from '../../assignments/targets/currentTarget.ts';
import { everybodyOf } from '../../assignments/values/guid.ts';
import { filterOf } from '../../assignments/targets/filter.ts';

/** What a reading of a tenant calls its groups and filters, by their ids in any letter case. */
export class SnapshotNames {
  readonly #names = new Map<string, SnapshotName>();

  add(name: SnapshotName): void {
    this.#names.set(`${name.of} ${name.id.toLowerCase()}`, name);
  }

  get filters(): readonly SnapshotName[] {
    return [...this.#names.values()].filter(({ of }) => of === 'filter');
  }

  of(of: SnapshotName['of'], id: string): SnapshotName | undefined {
    return this.#names.get(`${of} ${id.toLowerCase()}`);
  }
}

/** The groups that these policies are assigned to or exclude, each once and in lower case; everybody is no group. */
export const groupsIn = (policies: readonly Pick<SnapshotPolicy, 'assignments'>[]): ReadonlySet<string> =>
  new Set(
    policies
      .flatMap(({ assignments }) => assignments.flatMap(({ target }) => groupOf(target)?.toLowerCase() ?? []))
      .filter((id) => everybodyOf(id) === undefined),
  );

export const hasFilters = (policies: readonly Pick<SnapshotPolicy, 'assignments'>[]): boolean =>
  policies.some(({ assignments }) => assignments.some(({ target }) => filterOf(target) !== undefined));
