import { expect, test } from 'vitest';
import { Renames, type Renaming } from '../../../../src/assignments/names/rename.ts';
import { readRenamings } from '../../../../src/formats/renamings.ts';
import type { InputColumn } from '../../../../src/assignments/rows/columns.ts';

const GUID = '11111111-1111-4111-8111-111111111111';

function renamed(renamings: readonly Renaming[], cells: Partial<Record<InputColumn, string>>) {
  const row = { line: 2, cells: new Map(Object.entries(cells) as [InputColumn, string][]) };
  return Object.fromEntries(new Renames(renamings).renamed(row).cells);
}
const every = (from: string, to: string): Renaming => ({ of: undefined, from, to });

test('a name becomes a name, or an id', () => {
  expect(renamed([every('Old', 'New')], { groupName: ' old' })).toEqual({ groupName: 'New' });
  expect(renamed([every('Old', GUID)], { groupName: 'Old' })).toEqual({ groupId: GUID });
});

test('an id takes the name beside it along, and a policy the id of its assignment', () => {
  expect(renamed([every('x1', 'New')], { groupId: 'X1', groupName: 'Theirs' })).toEqual({ groupName: 'New' });
  expect(renamed([every('Old', 'New')], { policyName: 'Old', policyId: 'p', assignmentId: 'a' })).toEqual({
    policyName: 'New',
  });
});

test('a swap is one: what is renamed to is not renamed again', () => {
  const swap = [every('A', 'B'), every('B', 'A')];
  expect(renamed(swap, { fromGroupName: 'A', groupName: 'B' })).toEqual({
    fromGroupName: 'B',
    groupName: 'A',
  });
});

test('of one kind only where it is said', () => {
  const only: Renaming = { of: 'filter', from: 'Same', to: 'Other' };
  expect(renamed([only], { groupName: 'Same', filterName: 'Same' })).toEqual({
    ...{ groupName: 'Same', filterName: 'Other' },
  });
});

test.each([
  ['old,new\nA,B\n', [{ of: undefined, from: 'A', to: 'B' }]],
  ['\ufeffKind;Old name;New name\r\ngroup;"A;1";B\r\n\r\n', [{ of: 'group', from: 'A;1', to: 'B' }]],
  [
    JSON.stringify({
      TenantId: 't',
      Objects: [{ Id: 'x1', DisplayName: 'Sales', Type: 'Group' }, { Id: 3 }],
    }),
    [{ of: 'group', from: 'x1', to: 'Sales' }],
  ],
])('a file of renamings is read: %j', (text, renamings) => {
  expect(readRenamings(text)).toEqual({ renamings });
});

test.each([
  ['from\nA\n', /not both/],
  ['old,new\nA,\n', /blank/],
  ['old,new,kind\nA,B,user\n', /no kind/],
  ['{"a":1}', /MigrationTable/],
  ['{', /no JSON/],
])('what is none is told: %j', (text, message) => {
  const read = readRenamings(text);
  expect('problem' in read && read.problem.message).toMatch(message);
});
