import { expect, test } from 'vitest';
import { nameFault, namedIdsIn } from '../../../../src/assignments/names/nameFault.ts';
import { changeOf } from '../../../../src/assignments/rows/change.ts';
import { configuration, FROM_FILE, inputRow, type Cells } from '../../../support/inputRow.ts';

const SALES = 'c2411c5e-1111-4222-8333-9f0e9f0e9f0e';
const TENANT: Readonly<Record<string, string>> = { [SALES]: 'GRP-Sales' };
const faultOf = (cells: Cells) => nameFault(inputRow(cells), (id) => TENANT[id]);

test('a group or filter that is called by another name than the tenant calls it is told of with both', () => {
  expect(faultOf({ groupId: SALES.toUpperCase(), groupName: 'GRP-HR' })).toEqual({
    ...{ column: 'groupName', code: 'GroupNameMismatch' },
    message: `Expected the group "GRP-HR", found "GRP-Sales" under the groupId ${SALES.toUpperCase()}. Leave groupId blank if the name is meant, or groupName if the id is.`,
  });
  expect(faultOf({ fromFilterId: SALES, fromFilterName: 'Kiosk' })).toMatchObject({
    ...{ column: 'fromFilterName', code: 'FilterNameMismatch' },
  });
});

test.each<Cells>([
  { groupId: SALES, groupName: ' grp-sales ' },
  { groupId: SALES },
  { groupName: 'GRP-HR' },
  // Nobody knows what it is called.
  { groupId: '51c15aef-cced-4de6-a515-8e90fd611187', groupName: 'GRP-HR' },
  { filterId: SALES, filterName: 'none' },
])('%j is no fault', (cells) => {
  expect(faultOf(cells)).toBeUndefined();
});

test('ids with a name beside them are those whose names have to be known', () => {
  const row = inputRow({ groupId: 'A', groupName: 'a', fromGroupId: 'B', filterId: 'F', filterName: 'f' });
  expect([namedIdsIn(row, 'groups'), namedIdsIn(row, 'filters')]).toEqual([['a'], ['f']]);
});

test('without a plan such a name is a problem, as nobody would hold it against the tenant', () => {
  const row = inputRow({ ...configuration, targetType: 'group', groupId: SALES, groupName: 'GRP-Sales' });
  expect(changeOf(row, { ...FROM_FILE, unplanned: true })).toMatchObject({
    problems: [{ name: 'groupName', remedy: 'Leave groupName blank, or leave --no-plan out.' }],
  });
  expect(changeOf(row, FROM_FILE)).toHaveProperty('change');
});
