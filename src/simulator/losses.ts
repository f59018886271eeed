import { FILTER_ID, FILTER_TYPE, plainTypeName } from './target.ts';
import { listByIds, type StoredAssignment } from './tenant.ts';

/** What an `assign` that says 200 does not take over. */
export type ListLoss = 'exclusionsDropped' | 'filtersDropped' | 'entriesDropped';

/**
 * Takes from a list that was just replaced what a tenant has been seen to lose: of the entries that it had before, those
 * that a client sends along so that they stay.
 * @param before what it held
 * @param every of `entriesDropped`: the first of so many kept entries is lost
 */
export function loseFrom(
  list: Map<string, StoredAssignment>,
  before: ReadonlyMap<string, StoredAssignment>,
  { what, every }: { what: ListLoss; every: number },
): void {
  const kept = [...list.values()].filter(({ id }) => before.has(id.toLowerCase()));
  switch (what) {
    case 'exclusionsDropped':
      return drop(list, kept.filter(isExclusion));
    case 'filtersDropped':
      for (const assignment of kept) {
        assignment.target = { ...assignment.target, [FILTER_ID]: null, [FILTER_TYPE]: 'none' };
      }
      return;
    case 'entriesDropped':
      return drop(
        list,
        kept.filter((_, index) => index % every === 0),
      );
  }
}

function drop(list: Map<string, StoredAssignment>, gone: readonly StoredAssignment[]): void {
  listByIds(
    list,
    [...list.values()].filter((assignment) => !gone.includes(assignment)),
  );
}

const isExclusion = ({ target }: StoredAssignment): boolean =>
  plainTypeName(target['@odata.type']) === 'exclusionGroupAssignmentTarget';
