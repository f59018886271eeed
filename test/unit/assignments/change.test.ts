import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { changeFrom } from '../../../src/assignments/change.ts';
import { INPUT_COLUMNS } from '../../../src/assignments/columns.ts';
import { assignmentPath } from '../../../src/assignments/policyKinds.ts';
import { patchBody } from '../../../src/assignments/request.ts';
import {
  BETA,
  BLIND,
  changeOf,
  configuration,
  faultyColumns,
  inputRow,
  problemsOf,
  V1,
} from '../../support/inputRow.ts';

const group = { ...configuration, targetType: 'group', groupId: 'G1' };

test('a row is the wish for one assignment, with its line', () => {
  expect(changeOf({ ...group, filterType: 'include', filterId: 'F1', intent: 'apply' }, BETA, 17)).toEqual({
    line: 17,
    address: { form: expect.objectContaining({ via: [] }), policyId: 'P1', viaId: '', assignmentId: 'A1' },
    wish: {
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
    action: 'add',
  });
  expect(problems.map(({ line, column, name }) => [line, column, name])).toEqual([
    [2, 1, 'policyId'],
    [2, 1, 'assignmentId'],
    [2, 1, 'policyType'],
    [2, 6, 'action'],
    [2, 1, 'groupId'],
    [2, 3, 'collectionId'],
    [2, 1, 'filterId'],
    [2, 5, 'intent'],
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
    expect(faultyColumns({ ...group, action })).toEqual([]);
  });

  // An unassign that was taken for a set would do the opposite of what was asked.
  test.each(['add', 'remove', 'clear', 'sett', true])('%j is refused', (action) => {
    expect(faultyColumns({ ...group, action })).toEqual(['action']);
  });

  test('naming the present assignment by its target is refused', () => {
    const from = { fromTargetType: 'group', fromGroupId: 'G0', fromFilterId: 'F0' };
    expect(faultyColumns({ ...group, ...from })).toEqual(['fromTargetType', 'fromGroupId', 'fromFilterId']);
  });
});

test('what is carried to the results does not change the wish', () => {
  const carried = { note: 'because', policyName: 'Wi-Fi', groupName: { any: 'thing' }, platform: 7 };
  expect(changeOf({ ...group, ...carried })).toEqual(changeOf(group));
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
      const read = changeFrom(inputRow({ ...some, ...known }), rules);
      if ('problems' in read) {
        expect(read.problems.length).toBeGreaterThan(0);
        return;
      }
      changes += 1;
      const url = new URL(assignmentPath(read.change.address), 'https://graph.microsoft.com');
      expect(url.href).toMatch(
        /^https:\/\/graph\.microsoft\.com\/deviceManagement\/device(Configurations|CompliancePolicies)\//,
      );
      expect(url.pathname).toMatch(/\/assignments\/[^/]+$/);
      expect(patchBody(read.change, undefined)).toHaveProperty('target');
    }),
    { numRuns: 3000 },
  );
  expect(changes).toBeGreaterThan(100);
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});
