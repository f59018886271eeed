import { describe, expect, test } from 'vitest';
import { placesOf, readAll, valuesOf } from '../../../support/readAll.ts';

const P1 = '11111111-1111-4111-8111-111111111111';
const G1 = '22222222-2222-4222-8222-222222222222';
const F1 = '33333333-3333-4333-8333-333333333333';
const ZEROS = '00000000-0000-0000-0000-000000000000';
const ROOT = 'https://graph.microsoft.com/beta/$metadata#deviceManagement';
const FILTER_ID = 'deviceAndAppManagementAssignmentFilterId';
const FILTER_TYPE = 'deviceAndAppManagementAssignmentFilterType';

const target = (type: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  '@odata.type': `#microsoft.graph.${type}AssignmentTarget`,
  ...more,
});
/** As Graph shows it, with its spellings of nothing. */
const ASSIGNMENT = {
  id: `${P1}_${G1}`,
  source: 'direct',
  sourceId: P1,
  intent: 'apply',
  target: target('group', { [FILTER_ID]: null, [FILTER_TYPE]: 'none', groupId: G1, collectionId: null }),
};
const POLICY = {
  '@odata.type': '#microsoft.graph.iosCustomConfiguration',
  id: P1,
  displayName: 'Kiosk',
  roleScopeTagIds: ['0'],
  'assignments@odata.context': `${ROOT}/deviceConfigurations('${P1}')/microsoft.graph.iosCustomConfiguration/assignments`,
  assignments: [ASSIGNMENT],
};
const NAMED = { policyType: 'deviceConfigurations', policyId: P1, policyName: 'Kiosk', platform: 'iOS' };
const SET = {
  assignmentId: `${P1}_${G1}`,
  targetType: 'group',
  groupId: G1,
  filterType: 'none',
  intent: 'apply',
};

const FILES: readonly [what: string, content: unknown, ...rows: Record<string, unknown>[]][] = [
  [
    'policies in Graph’s answer',
    { '@odata.context': `${ROOT}/deviceConfigurations(assignments())`, '@odata.count': 1, value: [POLICY] },
    { ...NAMED, ...SET },
  ],
  [
    'policies that only the answer tells the kind of',
    {
      '@odata.context': `${ROOT}/deviceCompliancePolicies(assignments())`,
      value: [{ id: P1, displayName: 'PIN', assignments: [ASSIGNMENT] }],
    },
    { policyType: 'deviceCompliancePolicies', policyId: P1, policyName: 'PIN', ...SET },
  ],
  [
    'the assignments of one policy',
    { '@odata.context': `${ROOT}/deviceConfigurations('${P1}')/assignments`, value: [ASSIGNMENT] },
    { policyType: 'deviceConfigurations', policyId: P1, ...SET },
  ],
  [
    'the assignments of one policy, cast',
    {
      '@odata.context': `${ROOT}/deviceConfigurations('${P1}')/microsoft.graph.x/assignments`,
      value: [ASSIGNMENT],
    },
    { policyType: 'deviceConfigurations', policyId: P1, ...SET },
  ],
  ['a backup of policies', [POLICY, { ...POLICY, id: 'p2', assignments: [] }], { ...NAMED, ...SET }],
  [
    'one policy',
    { '@odata.context': `${ROOT}/deviceConfigurations/$entity`, ...POLICY },
    { ...NAMED, ...SET },
  ],
  [
    'a policy of which only its id tells the kind',
    { id: P1, name: 'Edge', assignments: [{ id: 'a', target: target('allDevices') }] },
    { policyId: P1, policyName: 'Edge', assignmentId: 'a', targetType: 'allDevices', filterType: 'none' },
  ],
  [
    'a policy as IntuneCD writes it',
    {
      '@odata.type': '#microsoft.graph.iosCustomConfiguration',
      displayName: 'Kiosk',
      assignments: [
        {
          target: target('group', {
            ...{ [FILTER_ID]: 'Corporate', [FILTER_TYPE]: 'include' },
            ...{ groupName: 'GRP-Pilot', groupType: 'DynamicMembership', membershipRule: '(x)' },
          }),
        },
        { target: target('exclusionGroup', { groupName: 'GRP-Kiosk', groupType: 'StaticMembership' }) },
      ],
    },
    {
      ...{ policyName: 'Kiosk', action: 'add', targetType: 'group', groupName: 'GRP-Pilot' },
      ...{ filterName: 'Corporate', filterType: 'include' },
    },
    { policyName: 'Kiosk', action: 'add', targetType: 'exclusionGroup', groupName: 'GRP-Kiosk' },
  ],
  [
    'filters, and zeros for none',
    [
      {
        ...POLICY,
        assignments: [
          { id: 'a1', target: target('allLicensedUsers', { [FILTER_ID]: F1, [FILTER_TYPE]: 'exclude' }) },
          { id: 'a2', target: target('allDevices', { [FILTER_ID]: ZEROS, [FILTER_TYPE]: 'none' }) },
          {
            id: 'a3',
            target: target('exclusionGroup', { groupId: G1, [FILTER_ID]: '', [FILTER_TYPE]: 'None' }),
          },
        ],
      },
    ],
    { ...NAMED, assignmentId: 'a1', targetType: 'allLicensedUsers', filterId: F1, filterType: 'exclude' },
    { ...NAMED, assignmentId: 'a2', targetType: 'allDevices', filterType: 'none' },
    { ...NAMED, assignmentId: 'a3', targetType: 'exclusionGroup', groupId: G1 },
  ],
  [
    'what no columns say, value for value',
    [
      {
        ...POLICY,
        assignments: [
          {
            ...ASSIGNMENT,
            id: 'a1',
            intent: 'required',
            target: target('allDevices'),
            settings: { notifications: 'showAll' },
          },
          { id: 'a2', target: target('configurationManagerCollection', { collectionId: 'SMS00001' }) },
        ],
      },
    ],
    {
      ...{ ...NAMED, assignmentId: 'a1' },
      body: { intent: 'required', target: target('allDevices'), settings: { notifications: 'showAll' } },
    },
    {
      ...{ ...NAMED, assignmentId: 'a2' },
      target: target('configurationManagerCollection', { collectionId: 'SMS00001' }),
    },
  ],
  [
    'rows of ours that PowerShell has put into "value"',
    { value: [{ policyId: P1, note: 'x' }], Count: 1 },
    { policyId: P1, note: 'x' },
  ],
];

describe('Graph’s own objects, and backups of them, are rows', () => {
  test.each(FILES)('%s', async (what, content, ...expected) => {
    const compact = JSON.stringify(content);
    for (const text of [
      compact,
      JSON.stringify(content, null, 2),
      Buffer.from(`\ufeff${compact}`, 'utf16le'),
    ]) {
      for (const format of ['json', undefined] as const) {
        const { rows, problems, takenFor } = await readAll(text, format, { chunkBytes: 50 });
        expect(problems).toEqual([]);
        expect(rows.map(valuesOf)).toEqual(expected);
        if (!what.startsWith('rows of ours')) expect(takenFor?.is).toMatch(/as Graph shows them/);
      }
    }
  });

  test('objects one after the other, as a folder of files gives them', async () => {
    const folder = [1, 2, 3].map((id) => JSON.stringify({ ...POLICY, id: `p${id}` }, null, 2)).join('\n');
    for (const text of [
      folder,
      folder.replaceAll(/\n\s*/g, ''),
      `${folder.replaceAll(/\n\s*(?!\{)/g, '')}`,
    ]) {
      const { rows, problems } = await readAll(text, 'json');
      expect(problems).toEqual([]);
      expect(rows.map(({ cells }) => cells.get('policyId'))).toEqual(['p1', 'p2', 'p3']);
    }
  });

  test('each row stands where its assignment stands', async () => {
    const text = JSON.stringify([{ ...POLICY, assignments: [ASSIGNMENT, ASSIGNMENT] }], null, 2);
    const lines = text.split('\n').flatMap((line, i) => (line.includes('"target"') ? [i + 1] : []));
    const { rows } = await readAll(text, 'json');
    expect(rows.map(({ line }) => line)).toEqual(lines);
    expect(placesOf(rows[1], 'groupId', 'via')).toEqual([9, 9, undefined]);
  });

  test('of another tenant, or one that is gone, each can be added; what a policy set has is left to it', async () => {
    const ofSet = { ...ASSIGNMENT, id: 'a2', source: 'policySets' };
    const text = JSON.stringify([{ ...POLICY, assignments: [ASSIGNMENT, ofSet] }]);
    const added = await readAll(text, 'json', { action: 'add' });
    const { assignmentId: _, ...desired } = SET;
    expect(added.rows.map(valuesOf)).toEqual([{ ...NAMED, action: 'add', ...desired }]);
    expect(added.takenFor).toMatchObject({ action: 'add', passedOver: new Map([['ofPolicySet', 1]]) });
    const removed = await readAll(text, 'json', { action: 'remove' });
    expect(removed.rows.map(valuesOf)).toEqual([
      { ...NAMED, action: 'remove', ...desired, fromTargetType: 'group', fromGroupId: G1 },
    ]);
    expect((await readAll(text, 'json')).takenFor?.action).toBe('setById');
  });

  test.each([
    [
      'a list behind a policy',
      {
        ...POLICY,
        'assignments@odata.context': `${ROOT}/deviceConfigurations('${P1}')/rootCertificate/assignments`,
      },
      /behind a policy/,
    ],
    [
      'a policy of a kind that is not known',
      {
        ...POLICY,
        'assignments@odata.context': `${ROOT.replace('Management', 'AppManagement')}/quantumApps('${P1}')/assignments`,
      },
      /does not know the kind of this policy \(quantumApps\)/,
    ],
    ['an assignment without a target', { ...POLICY, assignments: [{ id: 'a' }] }, /no target/],
    ['text that no file may have', { ...POLICY, displayName: 'a\u0007b' }, /control character/],
  ])('%s is a problem', async (_, policy, message) => {
    const { problems, rows } = await readAll(JSON.stringify([policy]), 'json');
    expect(problems).toMatchObject([{ line: 1, message: expect.stringMatching(message) }]);
    expect(rows[0]?.cells.get('policyId')).toBe(P1);
  });
});

test('a snapshot of IntuneAssignmentChecker has a row for each of its assignments', async () => {
  const record = {
    ...{ SchemaVersion: 1, PolicyId: P1, PolicyName: 'Kiosk', AssignmentId: 'a1', AssignmentMode: 'Include' },
    ...{ TargetType: 'Group', TargetId: G1, TargetName: 'GRP', FilterId: null, FilterMode: 'None' },
  };
  const text = JSON.stringify(
    {
      ...{ SchemaName: 'IntuneAssignmentChecker.AssignmentSnapshot', SchemaVersion: 1, Tenant: { Id: 't' } },
      Records: [
        record,
        { ...record, AssignmentMode: 'None', TargetType: 'None', TargetId: null },
        { ...record, TargetType: 'Team' },
      ],
    },
    null,
    2,
  );
  const { rows, problems, takenFor } = await readAll(text, 'json');
  expect(rows.map(valuesOf)).toEqual([
    {
      ...{ policyId: P1, policyName: 'Kiosk', action: 'add', targetType: 'group', groupId: G1 },
      ...{ groupName: 'GRP', filterType: 'none' },
    },
    { policyId: P1, policyName: 'Kiosk' },
  ]);
  expect(problems).toMatchObject([
    { name: 'TargetType', line: text.slice(0, text.indexOf('"Team"')).split('\n').length },
  ]);
  expect(takenFor).toMatchObject({ is: 'a snapshot of IntuneAssignmentChecker', action: 'add' });
});
