import { expect, test } from 'vitest';
import { patchBody } from '../../../../src/assignments/changes/request.ts';
import {
  changeOf,
  compliance,
  configuration,
  faultyColumns,
  problemsOf,
  V1,
  type Cells,
} from '../../../support/inputRow.ts';

const ALL = { targetType: 'allDevices' };
const RAW = { target: { '@odata.type': '#microsoft.graph.allDevicesAssignmentTarget' } };
const bodyOf = (cells: Cells): unknown => patchBody(changeOf(cells), undefined);
const CONFIGURATION = { '@odata.type': '#microsoft.graph.deviceConfigurationAssignment', ...RAW };
const COMPLIANCE = { '@odata.type': '#microsoft.graph.deviceCompliancePolicyAssignment', ...RAW };

test.each([ALL, RAW])('blank ones are not sent: %j', (target) => {
  expect(bodyOf({ ...configuration, ...target })).toEqual(CONFIGURATION);
  expect(bodyOf({ ...compliance, ...target })).toEqual(COMPLIANCE);
});

test.each([ALL, RAW])('a configuration takes an intent, beside %j', (target) => {
  expect(bodyOf({ ...configuration, ...target, intent: 'Remove' })).toEqual({
    ...CONFIGURATION,
    intent: 'remove',
  });
  expect(bodyOf({ ...configuration, ...target, intent: 'apply' })).toEqual({
    ...CONFIGURATION,
    intent: 'apply',
  });
});

test.each([ALL, RAW])('a compliance policy takes source and sourceId, beside %j', (target) => {
  expect(bodyOf({ ...compliance, ...target, source: 'POLICYSETS', sourceId: 'S 1' })).toEqual({
    ...COMPLIANCE,
    source: 'policySets',
    sourceId: 'S 1',
  });
});

test.each([
  [{ ...configuration, source: 'direct' }, ['source']],
  [{ ...configuration, sourceId: 'S1' }, ['sourceId']],
  [{ ...configuration, source: 'direct', sourceId: 'S1' }, ['source', 'sourceId']],
  [{ ...configuration, intent: 'aply' }, ['intent']],
  [{ ...compliance, intent: 'apply' }, ['intent']],
  [{ ...compliance, source: 'policySet!!' }, ['source']],
  [{ ...compliance, sourceId: true }, ['sourceId']],
] as [Cells, string[]][])(
  '%j has its problem at %j, with columns and with a raw target',
  (cells, columns) => {
    expect(faultyColumns({ ...cells, ...ALL })).toEqual(columns);
    expect(faultyColumns({ ...cells, ...RAW })).toEqual(columns);
  },
);

test('v1.0 has neither of them', () => {
  expect(faultyColumns({ ...configuration, ...ALL, intent: 'apply' }, V1)).toEqual(['intent']);
  expect(faultyColumns({ ...compliance, ...ALL, source: 'direct', sourceId: 'S1' }, V1)).toEqual([
    'source',
    'sourceId',
  ]);
  expect(problemsOf({ ...compliance, ...RAW, source: 'direct' }, V1)[0]?.remedy).toContain('beta');
});
