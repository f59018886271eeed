import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { changeOf as readChange } from '../../../../src/assignments/rows/change.ts';
import { INPUT_COLUMNS } from '../../../../src/assignments/rows/columns.ts';
import { assignmentPath } from '../../../../src/assignments/kinds/address.ts';
import { deviceConfiguration } from '../../../../src/assignments/kinds/deviceConfiguration.ts';
import { patchBody } from '../../../../src/assignments/changes/request.ts';
import {
  anyChangeOf,
  BETA,
  BLIND,
  changeOf,
  configuration,
  faultyColumns,
  inputRow,
  problemsOf,
  V1,
  type Cells,
} from '../../../support/inputRow.ts';

const desired = { targetType: 'group', groupId: 'G1' };
const group = { ...configuration, ...desired };
const policy = { policyType: 'deviceConfiguration', policyId: 'P1' };
const from = { fromTargetType: 'group', fromGroupId: 'G0' };
const toAdd = { ...policy, action: 'add', ...desired };
const toRemove = { ...configuration, action: 'remove' };
const GROUP = { '@odata.type': '#microsoft.graph.groupAssignmentTarget', groupId: 'G1' };
const LIST = '/deviceManagement/deviceConfigurations/P1/assignments';

test('a row is the desired state for one assignment, with its line', () => {
  expect(changeOf({ ...group, filterType: 'include', filterId: 'F1', intent: 'apply' }, BETA, 17)).toEqual({
    line: 17,
    action: 'set',
    address: { kind: deviceConfiguration, policyId: 'P1', via: [], viaId: '', assignmentId: 'A1' },
    desired: {
      kind: 'described',
      target: { type: 'group', groupId: 'G1' },
      filter: { kind: 'filter', type: 'include', id: 'F1' },
      intent: 'apply',
    },
  });
});

test('all that is wrong with a row is told at once, each with its place', () => {
  const problems = problemsOf({
    policyType: 'deviceConfigration',
    targetType: 'group',
    collectionId: 'C1',
    filterType: 'include',
    intent: 'aply',
    policyName: ['Wi-Fi'],
    fromFilterId: 'a b',
  });
  expect(problems.map(({ line, column, name }) => [line, column, name])).toEqual([
    [2, 1, 'policyId'],
    [2, 1, 'policyType'],
    [2, 1, 'fromTargetType'],
    [2, 7, 'fromFilterId'],
    [2, 1, 'groupId'],
    [2, 3, 'collectionId'],
    [2, 1, 'filterId'],
    [2, 5, 'intent'],
    [2, 6, 'policyName'],
  ]);
  for (const { message, remedy } of problems) {
    expect(message).toMatch(/^("|[A-Za-z]).+\.$/);
    expect(remedy).toMatch(/^[A-Z].+\.$/);
  }
});

test('a raw target is looked at although its address is not readable', () => {
  expect(faultyColumns({ ...configuration, policyId: 'a/b', target: '{' })).toEqual(['policyId', 'target']);
});

describe('the action', () => {
  test.each([undefined, 'set', 'SET'])('%j sets the target', (action) => {
    expect(changeOf({ ...group, action })).toEqual(changeOf(group));
    expect(changeOf({ ...group, action }).action).toBe('set');
  });

  // An unassign that was taken for a set would do the opposite of what was asked.
  test.each(['sett', 'unassign', true])('%j is refused', (action) => {
    expect(faultyColumns({ ...group, action })).toEqual(['action']);
  });

  test('add wants a target for an assignment that is not there yet', () => {
    expect(changeOf({ ...toAdd, filterType: 'include', filterId: 'F1' })).toMatchObject({
      action: 'add',
      address: { policyId: 'P1', assignmentId: '' },
      desired: { target: { type: 'group', groupId: 'G1' }, filter: { id: 'F1' } },
    });
    expect(changeOf({ ...policy, action: 'add', target: GROUP }).desired).toMatchObject({ kind: 'raw' });
    expect(changeOf({ ...policy, action: 'add', body: { target: GROUP } }).desired).toMatchObject({
      kind: 'raw',
    });
  });

  test('remove and clear want nothing', () => {
    for (const cells of [toRemove, { ...policy, action: 'CLEAR' }])
      expect(anyChangeOf(cells).desired).toBeUndefined();
    expect(anyChangeOf(toRemove)).toMatchObject({ action: 'remove', address: { assignmentId: 'A1' } });
    expect(anyChangeOf({ ...policy, action: 'CLEAR' })).toMatchObject({ action: 'clear' });
  });

  test.each([
    [{ ...group, action: 'add' }, ['assignmentId']],
    [{ ...configuration, action: 'clear' }, ['assignmentId']],
    [{ ...policy, action: 'add' }, ['targetType']],
    [{ ...policy, action: 'remove' }, ['assignmentId']],
    [{ ...policy, action: 'remove', ...from }, []],
    [{ ...policy, action: 'add', ...desired, ...from }, ['fromTargetType', 'fromGroupId']],
    [{ ...policy, action: 'clear', ...from }, ['fromTargetType', 'fromGroupId']],
    // The target of what is to be removed is no want, and no name either.
    [{ ...policy, action: 'remove', ...desired }, ['assignmentId', 'targetType', 'groupId']],
    [{ ...toRemove, filterType: 'none', intent: 'apply' }, ['filterType', 'intent']],
    [{ ...toRemove, body: { target: GROUP } }, ['body']],
    [{ ...policy, action: 'clear', ...desired }, ['targetType', 'groupId']],
    [{ ...toRemove, via: 'rootCertificate' }, ['via']],
    [{ ...toAdd, via: 'rootCertificate' }, ['via']],
    [{ ...policy, action: 'clear', via: 'rootCertificate' }, ['via']],
    [{ url: LIST, action: 'clear' }, []],
    [{ url: LIST, action: 'add', ...desired }, []],
    [{ url: LIST, ...desired, ...from }, []],
    [{ url: LIST, action: 'remove', ...from }, []],
    [{ url: LIST, ...desired }, ['url']],
    [{ url: LIST, action: 'remove' }, ['url']],
    [{ url: `${LIST}/A1`, action: 'clear' }, ['url']],
    [{ url: `${LIST}/A1`, action: 'add', ...desired }, ['url']],
    [{ url: LIST.replace('/assign', '/rootCertificate/assign'), action: 'clear' }, ['url']],
  ] as [Cells, string[]][])('%j has problems at %j', (cells, columns) => {
    expect(faultyColumns(cells)).toEqual(columns);
  });

  test.each(['add', 'remove', 'clear'])('%s needs a read, and the API that shows filters', (action) => {
    const cells = { add: toAdd, remove: toRemove, clear: { ...policy, action } }[action] ?? {};
    expect(faultyColumns({ ...cells, ...(action === 'add' && { filterType: 'none' }) }, BLIND)).toEqual([
      'action',
    ]);
    expect(problemsOf(cells, V1)).toMatchObject([{ name: 'action', remedy: 'Run with --api-version beta.' }]);
  });

  test('says how a removed assignment is named', () => {
    const [, first] = problemsOf({ ...policy, action: 'remove', ...desired });
    expect(first?.remedy).toContain('fromTargetType');
  });
});

describe('the current assignment by its target', () => {
  test.each([
    [from, { target: { type: 'group', groupId: 'G0' } }],
    [
      { fromTargetType: '#microsoft.graph.exclusionGroupAssignmentTarget', fromGroupId: 'G0' },
      { target: { type: 'exclusionGroup', groupId: 'G0' } },
    ],
    [{ fromTargetType: 'ALLDEVICES' }, { target: { type: 'allDevices' } }],
    [
      { fromTargetType: 'allLicensedUsers', fromFilterId: 'F0' },
      { target: { type: 'allLicensedUsers' }, filterId: 'F0' },
    ],
  ] as [Cells, unknown][])('is named by %j', (cells, expected) => {
    expect(changeOf({ ...policy, ...desired, ...cells }).from).toEqual(expected);
    expect(changeOf({ ...policy, ...desired, ...cells }).address.assignmentId).toBe('');
    expect(changeOf({ ...group, ...cells })).toMatchObject({
      from: expected,
      address: { assignmentId: 'A1' },
    });
  });

  test.each([
    [{ fromGroupId: 'G0' }, ['fromTargetType']],
    [{ fromFilterId: 'F0' }, ['fromTargetType']],
    [{ fromTargetType: 'group' }, ['fromGroupId']],
    [{ fromTargetType: 'group', fromGroupId: 'a/b' }, ['fromGroupId']],
    [{ fromTargetType: 'allDevices', fromGroupId: 'G0' }, ['fromGroupId']],
    [{ fromTargetType: 'grup', fromGroupId: 'G0' }, ['fromTargetType']],
    [{ fromTargetType: 7 }, ['fromTargetType']],
    [{ fromTargetType: ['group'] }, ['fromTargetType']],
    [{ fromTargetType: 'scopeTagGroup', fromGroupId: 'G0' }, ['fromTargetType']],
    [{ fromTargetType: 'exclusionGroup', fromGroupId: 'G0', fromFilterId: 'F0' }, ['fromFilterId']],
    [{ ...from, fromFilterId: 'a b' }, ['fromFilterId']],
  ] as [Cells, string[]][])('%j has problems at %j', (cells, columns) => {
    expect(faultyColumns({ ...policy, ...desired, ...cells })).toEqual(columns);
  });

  test('needs a read; its filter needs beta', () => {
    expect(faultyColumns({ ...policy, ...desired, filterType: 'none', ...from }, BLIND)).toEqual([
      'fromTargetType',
    ]);
    expect(faultyColumns({ ...policy, ...desired, ...from }, V1)).toEqual([]);
    expect(faultyColumns({ ...policy, ...desired, ...from, fromFilterId: 'F0' }, V1)).toEqual([
      'fromFilterId',
    ]);
  });
});

test('the strategy assign takes no nested form', () => {
  const nested = { ...group, via: 'rootCertificate' };
  expect(faultyColumns(nested)).toEqual([]);
  expect(faultyColumns(nested, { ...BETA, strategy: 'assign' })).toEqual(['via']);
  expect(faultyColumns(group, { ...BETA, strategy: 'assign' })).toEqual([]);
});

test('rows that restore read as given, of whatever type', () => {
  const body = { target: { '@odata.type': '#microsoft.graph.cloudPcAssignmentTarget' }, somethingNew: 1 };
  for (const cells of [
    { ...configuration, body },
    { ...policy, action: 'add', body },
  ])
    expect(changeOf(cells, { ...BETA, restores: true }).desired).toEqual({ kind: 'raw', body });
});

test('what is carried to the results does not change the desired state', () => {
  const carried = { note: 'because', groupName: { any: 'thing' }, platform: 7 };
  expect(changeOf({ ...group, ...carried })).toEqual(changeOf(group));
  expect(changeOf({ ...group, policyName: 'Wi-Fi' })).toEqual({ ...changeOf(group), policyName: 'Wi-Fi' });
});

// Cells of a JSON file may hold anything. Whatever they hold: a change or problems, never neither, never a crash, and
// never a request that leaves /deviceManagement.
test('any row reads as a change or as problems', () => {
  const nasty = fc.constantFrom(
    ...['', ' ', '__proto__', 'constructor', 'toString', '..', 'a/b', '\u0000', '{}', '[]', '{"target":{}}'],
    ...[configuration.policyType, 'group', 'allDevices', 'include', 'none', 'G1', 'A1', 'rootCertificate'],
    '/deviceManagement/deviceConfigurations/P/assignments/A',
    'https://graph.microsoft.com/beta/deviceManagement/deviceCompliancePolicies/P/assignments/A',
    '{"@odata.type":"#microsoft.graph.allDevicesAssignmentTarget"}',
    '{"target":{"@odata.type":"#microsoft.graph.allDevicesAssignmentTarget"}}',
    JSON.parse('{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}') as unknown,
  );
  const cell = fc.oneof(nasty, fc.string({ unit: 'binary', minLength: 1 }), fc.jsonValue());
  const cells = fc
    .dictionary(fc.constantFrom(...INPUT_COLUMNS), cell, { maxKeys: 8 })
    .map((some) => ({ ...some }));
  const base = fc.constantFrom({}, configuration, group, { ...configuration, targetType: 'allDevices' });
  let changes = 0;
  fc.assert(
    fc.property(base, cells, fc.constantFrom(BETA, V1, BLIND), (known, some, rules) => {
      const read = readChange(inputRow({ ...some, ...known }), rules);
      if ('problems' in read) {
        expect(read.problems.length).toBeGreaterThan(0);
        return;
      }
      changes += 1;
      const url = new URL(assignmentPath(read.change.address), 'https://graph.microsoft.com');
      expect(url.href).toMatch(
        /^https:\/\/graph\.microsoft\.com\/deviceManagement\/device(Configurations|CompliancePolicies)\//,
      );
      expect(url.pathname).toMatch(/\/assignments\/[^/]*$/);
      const { address, action, from: named } = read.change;
      expect(address.assignmentId === '').toBe(url.pathname.endsWith('/'));
      if (action === 'add' || action === 'clear')
        expect([address.assignmentId, named]).toEqual(['', undefined]);
      else if (address.assignmentId === '') expect(named).toBeDefined();
      if (read.change.desired) expect(patchBody(read.change, undefined)).toHaveProperty('target');
    }),
    { numRuns: 3000 },
  );
  expect(changes).toBeGreaterThan(100);
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});
