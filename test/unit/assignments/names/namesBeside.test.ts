import { describe, expect, test } from 'vitest';
import { idsWithNames, misnamedId } from '../../../../src/assignments/names/namesBeside.ts';
import type { InputRow } from '../../../../src/assignments/rows/row.ts';

const row = (cells: Record<string, unknown>): InputRow => ({
  line: 2,
  cells: new Map(Object.entries(cells)) as InputRow['cells'],
});
const names = {
  groups: new Map([
    ['g1', 'GRP-Old'],
    ['g2', 'Köln '],
  ]),
  filters: new Map([['f1', 'Corporate']]),
};

describe('a name beside an id', () => {
  test.each([
    [{ groupId: 'g1', groupName: 'GRP-Old' }],
    [{ groupId: 'G1', groupName: ' grp-old' }],
    [{ groupId: 'g2', groupName: 'Köln'.normalize('NFD') }],
    [{ fromGroupId: 'g1', fromGroupName: 'GRP-Old', filterId: 'f1', filterName: 'corporate' }],
    // Of what may not be read, or is gone, nobody can tell.
    [{ groupId: 'gone', groupName: 'Whatever' }],
    [{ groupId: 'acacacac-9df4-4c7d-9d50-4ef0226f57a9', groupName: 'All Users' }],
    [{ groupName: 'GRP-New' }],
    [{ groupId: 'g1' }],
  ])('agrees in %j, or is not looked at', (cells) => {
    expect(misnamedId(row(cells), names)).toBeUndefined();
  });

  test.each([
    [{ groupId: 'g1', groupName: 'GRP-New' }, 'groupName', 'Expected the group "GRP-New", found "GRP-Old"'],
    [{ fromGroupId: 'g2', fromGroupName: 'GRP-Old' }, 'fromGroupName', 'found "Köln " under the id g2'],
    [{ filterId: 'F1', filterName: 'Kiosk' }, 'filterName', 'Expected the filter "Kiosk"'],
    [{ fromFilterId: 'f1', fromFilterName: 'None' }, 'fromFilterName', 'found "Corporate"'],
  ])('does not in %j', (cells, column, message) => {
    expect(misnamedId(row(cells), names)).toMatchObject({
      column,
      message: expect.stringContaining(message) as string,
    });
  });
});

test('what is asked for is what has a name, once', () => {
  const rows = [
    row({ groupId: 'G1', groupName: 'x', fromGroupId: 'g1', fromGroupName: 'x' }),
    row({ groupId: 'g2', filterId: 'f1', filterName: 'y' }),
  ];
  expect(idsWithNames(rows, 'groups')).toEqual(['g1']);
  expect(idsWithNames(rows, 'filters')).toEqual(['f1']);
});
