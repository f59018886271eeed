import { describe, expect, test } from 'vitest';
import { changeOf } from '../../../../src/assignments/rows/change.ts';
import { configuration, FROM_FILE, inputRow, problemsOf, type Cells } from '../../../support/inputRow.ts';

const GUID = '7b1d9e02-5f3a-4c86-9e1b-0d2f4a6c8e90';
const ALL_USERS = 'acacacac-9df4-4c7d-9d50-4ef0226f57a9';
const ALL_DEVICES = 'adadadad-808e-44e2-905a-0b7873a8a531';

const toGroup: Cells = { ...configuration, targetType: 'group', groupId: GUID };
const problems = (cells: Cells, rules = FROM_FILE) =>
  problemsOf(cells, rules).map(({ name, message, remedy }) => `${name}: ${message} ${remedy}`);

describe('the id of a group, a filter or an object of Entra’s is a GUID', () => {
  test.each<[string, Cells]>([
    ['groupId', { ...toGroup, groupId: 'Nurses' }],
    ['groupId', { ...configuration, targetType: 'exclusionGroup', groupId: '3.00E+11' }],
    ['filterId', { ...toGroup, filterId: 'Corporate', filterType: 'include' }],
    ['fromGroupId', { ...toGroup, fromTargetType: 'group', fromGroupId: `{${GUID}}` }],
    ['fromFilterId', { ...toGroup, fromTargetType: 'allDevices', fromFilterId: GUID.slice(1) }],
    [
      'entraObjectId',
      { ...configuration, targetType: 'scopeTagGroup', scopeTagTargetType: 'user', entraObjectId: 'ann' },
    ],
  ])('%s of %j is a problem of its column', (column, cells) => {
    expect(problemsOf(cells, FROM_FILE).map(({ name }) => name)).toEqual([column]);
  });

  test('a number that a JSON writer made of an id is one, too', () => {
    expect(problems({ ...toGroup, groupId: 1e30 })[0]).toContain('spreadsheet');
  });

  test('the remedy is what to write, or where names stand', () => {
    expect(problems({ ...toGroup, groupId: GUID.replaceAll('-', '\u2014') })[0]).toContain(`Write ${GUID}.`);
    expect(problems({ ...toGroup, groupId: `{${GUID}}` })[0]).toContain(`Write ${GUID}.`);
    expect(problems({ ...toGroup, groupId: 'Pilot Berlin' })[0]).toMatch(/is no id.*groupName/);
  });

  test('what only shows where an id belongs is told as that', () => {
    for (const groupId of ['<group id>', 'your-group-id', 'GROUP_ID', '{groupId}'])
      expect(problems({ ...toGroup, groupId })[0]).toContain('only shows where an id belongs');
  });
});

test.each(['<policy id>', 'your-policy-id', 'POLICY_ID', '{policyId}'])(
  'the placeholder %s is no id of a policy or of an assignment either',
  (id) => {
    for (const column of ['policyId', 'assignmentId'])
      expect(problems({ ...toGroup, [column]: id })[0]).toMatch(`${column}: The id "${id}" only shows where`);
  },
);

test('other ids of policies, assignments, collections and units are nobody’s to judge', () => {
  expect(problems({ ...toGroup, policyId: 'T_4711', assignmentId: 'SMS00001' })).toEqual([]);
  const target = { targetType: 'configurationManagerCollection', collectionId: 'SMS00001' };
  expect(problems({ ...configuration, ...target })).toEqual([]);
});

describe('Entra’s ids for everybody', () => {
  test.each([
    ['allLicensedUsers', 'all users', ALL_USERS],
    ['allDevices', 'all devices', ALL_DEVICES.toUpperCase()],
  ])('are no group: %s is what is to be written', (type, words, id) => {
    expect(problems({ ...toGroup, groupId: id })).toEqual([
      `groupId: ${id} is no group: it stands for ${words}. Write ${type} as targetType, and leave groupId blank.`,
    ]);
    expect(problems({ ...toGroup, fromTargetType: 'group', fromGroupId: id })[0]).toContain(
      `Write ${type} as fromTargetType`,
    );
  });
});

test('a row of a record is read as it was when it was taken, and one that restores says what the tenant says', () => {
  for (const rules of [
    { ...FROM_FILE, recorded: true },
    { ...FROM_FILE, restores: true },
  ])
    for (const groupId of ['Nurses', ALL_USERS])
      expect(changeOf(inputRow({ ...toGroup, groupId }), rules)).toHaveProperty('change');
});
