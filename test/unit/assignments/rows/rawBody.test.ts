import { describe, expect, test } from 'vitest';
import { patchBody } from '../../../../src/assignments/changes/request.ts';
import {
  BLIND,
  changeOf,
  compliance,
  configuration,
  faultyColumns,
  problemsOf,
  V1,
  type Cells,
} from '../../../support/inputRow.ts';

const CONFIGURATION = '#microsoft.graph.deviceConfigurationAssignment';
const COMPLIANCE = '#microsoft.graph.deviceCompliancePolicyAssignment';
const group = { '@odata.type': '#microsoft.graph.groupAssignmentTarget', groupId: 'G1' };
const sent = (cells: Cells, rules = BLIND): unknown => patchBody(changeOf(cells, rules), undefined);

/** The example bodies of Microsoft's two pages, beta. */
const DOCUMENTED: readonly [name: string, cells: Cells, body: object][] = [
  [
    'deviceconfigurationassignment-update',
    configuration,
    {
      '@odata.type': CONFIGURATION,
      target: {
        '@odata.type': 'microsoft.graph.configurationManagerCollectionAssignmentTarget',
        deviceAndAppManagementAssignmentFilterId: 'Device And App Management Assignment Filter Id value',
        deviceAndAppManagementAssignmentFilterType: 'include',
        collectionId: 'Collection Id value',
      },
      source: 'policySets',
      sourceId: 'Source Id value',
      intent: 'remove',
    },
  ],
  [
    'devicecompliancepolicyassignment-update',
    compliance,
    {
      '@odata.type': COMPLIANCE,
      target: {
        '@odata.type': 'microsoft.graph.organizationalUnitAssignmentTarget',
        deviceAndAppManagementAssignmentFilterId: 'Device And App Management Assignment Filter Id value',
        deviceAndAppManagementAssignmentFilterType: 'include',
        organizationalUnitId: 'Organizational Unit Id value',
        assignmentConflictSetting: {
          '@odata.type': 'microsoft.graph.organizationalUnitAssignmentConflictSetting',
          assignmentOverride: 'denied',
          versionNumber: 13,
        },
      },
      source: 'policySets',
      sourceId: 'Source Id value',
    },
  ],
];

describe.each(DOCUMENTED)('the example of %s', (_name, cells, body) => {
  test('goes through unchanged, as an object and as text, blind or not', () => {
    expect(JSON.stringify(sent({ ...cells, body }))).toBe(JSON.stringify(body));
    expect(JSON.stringify(sent({ ...cells, body: JSON.stringify(body) }))).toBe(JSON.stringify(body));
  });

  test('is not for v1.0', () => {
    expect(problemsOf({ ...cells, body }, V1)).toMatchObject([
      { name: 'body', remedy: 'Run with --api-version beta.' },
    ]);
  });
});

test.each([
  [configuration, { target: group }],
  [configuration, { '@odata.type': CONFIGURATION.slice(1), id: 'a1', target: group, intent: 'apply' }],
  [configuration, { target: group, source: 'direct', sourceId: null }],
  [compliance, { '@odata.type': COMPLIANCE, target: group, source: 'direct' }],
] as [Cells, object][])('%j: %j is sent as given', (cells, body) => {
  expect(JSON.stringify(sent({ ...cells, body }))).toBe(JSON.stringify(body));
});

test.each([
  [configuration, { target: group, intent: 'apply' }],
  [compliance, { target: group, source: 'direct' }],
  [compliance, { target: group, sourceId: null }],
] as [Cells, object][])('%j: %j is not for v1.0, which has the target only', (cells, body) => {
  expect(faultyColumns({ ...cells, body: { target: group } }, V1)).toEqual([]);
  expect(problemsOf({ ...cells, body }, V1)).toMatchObject([{ remedy: 'Run with --api-version beta.' }]);
});

test.each([
  [configuration, {}, 'no target'],
  [configuration, { intent: 'apply' }, 'no target'],
  [configuration, { target: null }, 'not a JSON object'],
  [configuration, { target: { ...group, groupId: '' } }, 'needs "groupId"'],
  [
    configuration,
    { target: { '@odata.type': 'microsoft.graph.deviceAndAppManagementAssignmentTarget' } },
    'abstract',
  ],
  [configuration, { '@odata.type': COMPLIANCE, target: group }, '"@odata.type" is'],
  [configuration, { '@odata.type': CONFIGURATION.toLowerCase(), target: group }, '"@odata.type" is'],
  [configuration, { '@odata.type': 1, target: group }, '"@odata.type" is 1'],
  [configuration, { id: 'A2', target: group }, 'id of another assignment'],
  [configuration, { id: null, target: group }, 'id of another assignment'],
  [configuration, { target: group, intent: 'Apply' }, '"intent" is "Apply"'],
  [configuration, { target: group, intent: null }, '"intent" is null'],
  [configuration, { target: group, intent: ['apply'] }, '"intent" is ["apply"]'],
  [configuration, { target: group, source: 'elsewhere' }, '"source" is'],
  [configuration, { target: group, sourceId: 1 }, '"sourceId" is not text'],
  [configuration, { target: group, sourceId: 'a\u0000' }, '"sourceId" holds a control character'],
  [configuration, { target: group, targets: [] }, 'no property "targets"'],
  [compliance, { target: group, intent: 'apply' }, 'no property "intent"'],
  [configuration, JSON.parse('{"__proto__": {"target": {}}}'), 'no property "__proto__"'],
  [configuration, { target: group, toString: 1 }, 'no property "toString"'],
] as [Cells, object, string][])('%j: %j is refused: %s', (cells, body, why) => {
  expect(problemsOf({ ...cells, body })).toMatchObject([
    { name: 'body', message: expect.stringContaining(why), remedy: expect.stringMatching(/^[A-Z].+\.$/) },
  ]);
});

test('a nested form takes the body of a configuration', () => {
  const body = { '@odata.type': CONFIGURATION, target: group };
  expect(sent({ ...configuration, via: 'rootCertificate', body })).toEqual(body);
});

describe('a raw target', () => {
  test('gets a body of its policy around it, and stays as given itself', () => {
    const target = { ...group, '@odata.type': group['@odata.type'].slice(1) };
    expect(sent({ ...configuration, target: JSON.stringify(target), intent: 'apply' })).toEqual({
      '@odata.type': CONFIGURATION,
      intent: 'apply',
      target,
    });
    expect(sent({ ...compliance, target })).toEqual({ '@odata.type': COMPLIANCE, target });
  });

  test.each([
    ['{"@odata.type": ', 'no JSON'],
    ['[]', 'a list'],
    [{ '@odata.type': '#microsoft.graph.deviceAndAppManagementAssignmentTarget' }, 'abstract'],
    [{ ...group, '@odata.type': undefined }, 'no @odata.type'],
  ])('that is wrong is a problem of its column: %j', (target, why) => {
    expect(problemsOf({ ...configuration, target })).toMatchObject([
      { name: 'target', message: expect.stringContaining(why) },
    ]);
  });

  test('is not wanted beside columns that say it again', () => {
    const cells = { ...configuration, target: group, targetType: 'group', groupId: 'G1', filterType: 'none' };
    expect(faultyColumns(cells)).toEqual(['targetType', 'groupId', 'filterType']);
  });
});

test('a body is not wanted beside columns that say part of it', () => {
  const cells = { ...configuration, body: { target: group }, target: group, intent: 'apply', filterId: 'F1' };
  expect(faultyColumns(cells)).toEqual(['filterId', 'target', 'intent']);
});

// A saved batch from Graph Explorer, say: JSON in, so no text that JSON.parse would make one member of.
test('a name that is there twice in JSON text is a problem', () => {
  const body = JSON.stringify({ target: group }).replace('}}', ',"groupId":"G2"}}');
  expect(problemsOf({ ...configuration, body })).toMatchObject([
    { name: 'body', message: expect.stringContaining('"groupId" is there twice') },
  ]);
});
