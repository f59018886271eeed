import { expect, test } from 'vitest';
import { planUnread } from '../../../../src/app/plan/unreadPlan.ts';
import type { Strategy } from '../../../../src/assignments/kinds/kind.ts';
import { guid } from '../../../support/guid.ts';
import { BLIND, configuration, FROM_FILE, inputRow, type Cells } from '../../../support/inputRow.ts';

const GROUP: Cells = { targetType: 'group', groupId: guid('new') };
const toSet: Cells = { ...configuration, ...GROUP };
const toAdd: Cells = { ...toSet, assignmentId: undefined, action: 'add', groupId: guid('other') };

const app: Cells = { policyType: 'mobileApp', policyId: 'P1', ...GROUP, intent: 'required', action: 'add' };

const inWords = (
  rows: readonly Cells[],
  { strategy, rules = FROM_FILE }: { strategy?: Strategy; rules?: typeof FROM_FILE } = {},
): string[] =>
  planUnread([rows.map((cells, i) => inputRow(cells, i + 2))], {
    rules: { ...rules, ...(strategy && { strategy }) },
  })
    .flat()
    .map(({ decision: { kind, via, code } }) => `${code ?? kind} ${via}`);

test('what is offline is planned as it would be written if nothing were there', () => {
  expect(inWords([toSet, toSet])).toEqual(['write patch', 'duplicate patch']);
  expect(inWords([toSet], { strategy: 'assign' })).toEqual(['write assign']);
});

test('a kind without PATCH goes as a whole list, whatever the strategy', () => {
  expect(inWords([app, { ...app, assignmentId: 'A1', action: 'set' }])).toEqual([
    'write assign',
    'write assign',
  ]);
});

test('what is only read is refused before anything was read', () => {
  expect(inWords([{ ...toSet, policyType: 'managedEBook' }])).toEqual(['KindNotWritten assign']);
});

test('all rows of a policy go with the list that one of them needs', () => {
  expect(inWords([toSet, toAdd])).toEqual(['write assign', 'write assign']);
  expect(inWords([toSet, { ...configuration, assignmentId: 'A2', action: 'remove' }])).toEqual([
    'write assign',
    'write assign',
  ]);
});

test('of a removal nobody knows what it will find', () => {
  const [[row] = []] = planUnread([[inputRow({ ...configuration, action: 'remove' })]], { rules: FROM_FILE });
  expect(row?.decision).toMatchObject({ kind: 'write', before: { kind: 'notRead' }, after: undefined });
});

test('a blind run is planned with what its worker will decide', () => {
  expect(inWords([{ ...toSet, filterType: 'none' }], { rules: BLIND })).toEqual(['write patch']);
});
