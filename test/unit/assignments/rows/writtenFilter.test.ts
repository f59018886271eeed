import { describe, expect, test } from 'vitest';
import type { Filter } from '../../../../src/assignments/targets/filter.ts';
import {
  BETA,
  BLIND,
  changeOf,
  configuration,
  faultyColumns,
  problemsOf,
  V1,
  type Cells,
} from '../../../support/inputRow.ts';

const group = { ...configuration, targetType: 'group', groupId: 'G1' };
const exclusion = { ...group, targetType: 'exclusionGroup' };

function filterOfRow(cells: Cells, rules = BETA): Filter {
  const { desired } = changeOf(cells, rules);
  if (desired.kind !== 'described') throw new Error('the row is raw');
  return desired.filter;
}

test.each([
  [{}, { kind: 'keep' }],
  [{ filterType: 'none' }, { kind: 'none' }],
  [{ filterType: 'NONE' }, { kind: 'none' }],
  [
    { filterType: 'include', filterId: 'F1' },
    { kind: 'filter', type: 'include', id: 'F1' },
  ],
  [
    { filterType: 'Exclude', filterId: 'F1' },
    { kind: 'filter', type: 'exclude', id: 'F1' },
  ],
] as [Cells, Filter][])('%j is read as %j', (cells, filter) => {
  expect(filterOfRow({ ...group, ...cells })).toEqual(filter);
});

test.each([
  [{ filterType: 'include' }, 'filterId'],
  [{ filterId: 'F1' }, 'filterType'],
  [{ filterType: 'none', filterId: 'F1' }, 'filterId'],
  [{ filterType: 'inclued', filterId: 'F1' }, 'filterType'],
  [{ filterType: 'include', filterId: 'a/b' }, 'filterId'],
  [{ filterType: 'include', filterId: { id: 'F1' } }, 'filterId'],
] as [Cells, string][])('%j does not go together: %s', (cells, column) => {
  expect(faultyColumns({ ...group, ...cells })).toEqual([column]);
});

describe('an exclusion', () => {
  test('has no filter, so that a blank one or none is what it has anyway', () => {
    for (const rules of [BETA, BLIND, V1]) expect(filterOfRow(exclusion, rules)).toEqual({ kind: 'none' });
    expect(filterOfRow({ ...exclusion, filterType: 'none' })).toEqual({ kind: 'none' });
  });

  test.each([{ filterType: 'include', filterId: 'F1' }, { filterType: 'exclude' }, { filterId: 'F1' }])(
    'takes none: %j',
    (cells) => {
      expect(problemsOf({ ...exclusion, ...cells }).map(({ message }) => message)).toEqual([
        'The target type exclusionGroup takes no filter.',
      ]);
    },
  );
});

test('without the read nothing can be kept, so a blank filter is a problem and a written one is not', () => {
  expect(faultyColumns(group, BLIND)).toEqual(['filterType']);
  expect(problemsOf(group, BLIND)[0]?.remedy).toContain('Write none');
  expect(filterOfRow({ ...group, filterType: 'none' }, BLIND)).toEqual({ kind: 'none' });
  expect(faultyColumns({ ...group, filterType: 'exclude', filterId: 'F1' }, BLIND)).toEqual([]);
});

test('v1.0 knows no filters: blank is all there is, blind or not', () => {
  expect(filterOfRow(group, V1)).toEqual({ kind: 'keep' });
  expect(filterOfRow(group, { ...V1, blind: true })).toEqual({ kind: 'keep' });
  for (const [filterType, filterId] of [
    ['none', undefined],
    ['include', 'F1'],
    ['include', undefined],
  ]) {
    const [problem, ...others] = problemsOf({ ...group, filterType, filterId }, V1);
    expect(others).toEqual([]);
    expect(problem?.remedy).toBe('Run with --api-version beta.');
  }
});

// What the type of the target says about filters is not known then; the rest is still worth telling.
test('the filter is read although the target is not readable', () => {
  expect(faultyColumns({ ...configuration, targetType: 'grup', filterType: 'include' })).toEqual([
    'targetType',
    'filterId',
  ]);
});
