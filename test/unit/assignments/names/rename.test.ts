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

test('what was renamed keeps what it was written as, to be told', () => {
  const row = { line: 2, cells: new Map<InputColumn, string>([['groupName', 'Old']]) };
  const { renamed: was } = new Renames([every('Old', 'New')]).renamed(row);
  expect([...(was ?? [])]).toEqual([['groupName', 'Old']]);
  expect(new Renames([every('Other', 'New')]).renamed(row)).toBe(row);
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
  // A German Excel quotes no comma.
  ['old;new\r\nGRP-Sales, EU;GRP-Sales, US\r\n', [every('GRP-Sales, EU', 'GRP-Sales, US')]],
  ['sep=;\r\nold;new\r\nA, B;C\r\n', [every('A, B', 'C')]],
  ['old\tnew\nA;1\tB,2\n', [every('A;1', 'B,2')]],
  // The same said twice is said once.
  ['old,new\nA,B\n a ,B\n', [every('A', 'B'), every('a', 'B')]],
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
  ['old,new\nA,\n', /:2: One of the two names is blank/],
  ['old,new\n\n\nA,\n', /:4: One of the two names is blank/],
  ['old,new\n"A\nB",C\nD,\n', /:4: One of the two names is blank/],
  ['old,new\nA,B\na,C\n', /:3: "a" becomes "C" here and "B" in line 2/],
  ['kind,old,new\ngroup,A,B\n,A,C\n', /:3: "A" becomes "C" here and "B" in line 2/],
  ['old,new\nGRP-Sales, EU,GRP-New\n', /:2: The row has 3 cells; the header has 2/],
  ['old,new\nA\n', /:2: The row has 1 cell; the header has 2/],
  ['old,new\nA,B\u0007\n', /:2: The text holds the control character U\+0007/],
  ['old,old,new\nA,B,C\n', /:1: .*twice/],
  ['old,new,kind\nA,B,user\n', /no kind/],
  ['{"a":1}', /MigrationTable/],
  ['{', /no JSON/],
])('what is none is told: %j', (text, message) => {
  const read = readRenamings(text);
  expect('problem' in read && `:${read.problem.line}: ${read.problem.message}`).toMatch(message);
});
