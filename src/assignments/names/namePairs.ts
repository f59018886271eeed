import type { InputColumn } from '../rows/columns.ts';

/** A column of names, and the one of the ids that they stand for. */
export interface NamePair<Of = 'policies' | 'groups' | 'filters'> {
  readonly name: InputColumn;
  readonly id: InputColumn;
  readonly of: Of;
}

export const GROUP_AND_FILTER_PAIRS: readonly NamePair<'groups' | 'filters'>[] = [
  { name: 'groupName', id: 'groupId', of: 'groups' },
  { name: 'fromGroupName', id: 'fromGroupId', of: 'groups' },
  { name: 'filterName', id: 'filterId', of: 'filters' },
  { name: 'fromFilterName', id: 'fromFilterId', of: 'filters' },
];

export const NAME_PAIRS: readonly NamePair[] = [
  { name: 'policyName', id: 'policyId', of: 'policies' },
  ...GROUP_AND_FILTER_PAIRS,
];
