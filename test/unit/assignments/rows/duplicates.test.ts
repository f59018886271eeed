import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Duplicates } from '../../../../src/assignments/rows/duplicates.ts';
import { anyChangeOf, changeOf, compliance, configuration, type Cells } from '../../../support/inputRow.ts';

const URL = '/deviceManagement/deviceConfigurations/P1/assignments/A1';
const group = { ...configuration, targetType: 'group', groupId: 'G1' };
const GROUP = { '@odata.type': '#microsoft.graph.groupAssignmentTarget', groupId: 'G1' };
const FILTER_ID = 'deviceAndAppManagementAssignmentFilterId';
const FILTER_TYPE = 'deviceAndAppManagementAssignmentFilterType';

/** What the second of two rows is told of the first. */
function second(first: Cells, then: Cells): ReturnType<Duplicates['seen']> {
  const duplicates = new Duplicates();
  expect(duplicates.seen(anyChangeOf(first, undefined, 2))).toBeUndefined();
  return duplicates.seen(anyChangeOf(then, undefined, 3));
}

const policy = { policyType: 'deviceConfiguration', policyId: 'P1' };
const list = { url: '/deviceManagement/deviceConfigurations/p1/assignments' };
const toAdd = { action: 'add', targetType: 'group', groupId: 'G1' };
const toRemove = { ...configuration, action: 'remove' };
const toClear = { ...policy, action: 'clear' };
const from = { fromTargetType: 'group', fromGroupId: 'G0' };
const fromSet = { ...policy, ...from, targetType: 'group', groupId: 'G1' };

const unit = { ...configuration, targetType: 'organizationalUnit', organizationalUnitId: 'O1' };

test.each([
  [group, group],
  [group, { ...group, policyId: 'p1', assignmentId: 'a1', groupId: 'g1' }],
  [
    group,
    { ...group, policyType: 'deviceConfigurations', targetType: '#microsoft.graph.groupAssignmentTarget' },
  ],
  [group, { url: URL, targetType: 'group', groupId: 'G1' }],
  [
    group,
    { url: `https://graph.microsoft.com/beta${URL.toUpperCase()}`, targetType: 'group', groupId: 'G1' },
  ],
  [group, { url: URL.replace('P1', '%501'), targetType: 'group', groupId: 'G1' }],
  [group, { ...group, note: 'again' }],
  [
    { ...group, filterType: 'none' },
    { ...configuration, target: GROUP },
  ],
  [
    { ...group, filterType: 'none' },
    { ...configuration, body: { id: 'A1', target: GROUP } },
  ],
  [
    { ...configuration, target: { ...GROUP, [FILTER_ID]: null, [FILTER_TYPE]: 'none' } },
    { ...configuration, target: { groupId: 'g1', '@odata.type': 'microsoft.graph.groupAssignmentTarget' } },
  ],
  [
    { ...group, filterType: 'include', filterId: 'F1' },
    { ...configuration, target: { [FILTER_TYPE]: 'include', [FILTER_ID]: 'f1', ...GROUP } },
  ],
  [
    { ...compliance, targetType: 'allDevices', source: 'direct' },
    { ...compliance, targetType: 'alldevices', source: 'DIRECT' },
  ],
  [group, { ...group, action: 'set' }],
  [
    { ...policy, ...toAdd },
    { ...list, ...toAdd, groupId: 'g1' },
  ],
  [toRemove, { url: URL, action: 'REMOVE' }],
  [toClear, { ...list, action: 'clear' }],
  [fromSet, { ...fromSet, fromGroupId: 'g0' }],
] as [Cells, Cells][])('%j and %j want the same', (first, then) => {
  expect(second(first, then)).toEqual({ line: 2, same: true });
});

test.each([
  [group, { ...group, groupId: 'G2' }],
  [group, { ...group, targetType: 'exclusionGroup' }],
  [group, { ...group, intent: 'remove' }],
  [group, { ...group, filterType: 'none' }],
  [group, { ...configuration, target: GROUP }],
  [group, { ...group, filterType: 'include', filterId: 'F1' }],
  [
    { ...group, filterType: 'include', filterId: 'F1' },
    { ...group, filterType: 'exclude', filterId: 'F1' },
  ],
  [
    { ...unit, versionNumber: 1 },
    { ...unit, versionNumber: 2 },
  ],
  [unit, { ...unit, assignmentOverride: 'denied' }],
  [group, toRemove],
  [group, { ...group, ...from }],
  [fromSet, { ...fromSet, groupId: 'G2' }],
  [fromSet, { ...fromSet, fromFilterId: 'F1' }],
  [fromSet, { ...policy, ...from, action: 'remove' }],
  [
    { ...policy, ...toAdd },
    { ...policy, ...toAdd, filterType: 'none' },
  ],
] as [Cells, Cells][])('%j and %j contradict each other', (first, then) => {
  expect(second(first, then)).toEqual({ line: 2, same: false });
});

test.each([
  { ...group, assignmentId: 'A2' },
  { ...group, policyId: 'P2' },
  { ...group, policyType: 'deviceCompliancePolicy' },
  { ...group, via: 'rootCertificate' },
])('%j is about another assignment', (other) => {
  expect(second(group, other)).toBeUndefined();
});

test.each([
  [toClear, { ...toClear, policyId: 'P2' }],
  [toClear, toRemove],
  [
    { ...policy, ...toAdd },
    { ...policy, ...toAdd, groupId: 'G2' },
  ],
  [
    { ...policy, ...toAdd },
    { ...policy, ...toAdd, targetType: 'exclusionGroup' },
  ],
  [fromSet, { ...fromSet, fromGroupId: 'G9' }],
  // Whether these two are one assignment only a read can tell.
  [group, fromSet],
] as [Cells, Cells][])('%j and %j are about different ones', (first, then) => {
  expect(second(first, then)).toBeUndefined();
});

test('all later rows are held against the first', () => {
  const duplicates = new Duplicates();
  duplicates.seen(changeOf(group, undefined, 2));
  expect(duplicates.seen(changeOf({ ...group, groupId: 'G2' }, undefined, 3))).toEqual({
    line: 2,
    same: false,
  });
  expect(duplicates.seen(changeOf({ ...group, groupId: 'G2' }, undefined, 4))).toEqual({
    line: 2,
    same: false,
  });
  expect(duplicates.seen(changeOf(group, undefined, 5))).toEqual({ line: 2, same: true });
});

// The table is open-addressed and grows three times here: an entry that moved must be found again.
test('thousands of rows are remembered, each by its own line', () => {
  const duplicates = new Duplicates();
  const rows = Array.from({ length: 12_000 }, (_, i) => ({ ...group, assignmentId: `A${i}` }));
  for (const [i, row] of rows.entries())
    expect(duplicates.seen(changeOf(row, undefined, i + 2))).toBeUndefined();
  for (const [i, row] of rows.entries())
    expect(duplicates.seen(changeOf(row, undefined, 99_999))).toEqual({ line: i + 2, same: true });
});

test('it says what a plain map of texts would say', () => {
  const row = fc.record({
    policyId: fc.constantFrom('P1', 'p1', 'P2'),
    assignmentId: fc.constantFrom('A1', 'a1', 'A2', 'A3'),
    via: fc.constantFrom(undefined, 'rootCertificate', 'ROOTCERTIFICATE'),
    groupId: fc.constantFrom('G1', 'g1', 'G2'),
    intent: fc.constantFrom(undefined, 'apply', 'remove'),
    filterType: fc.constantFrom(undefined, 'none'),
  });
  fc.assert(
    fc.property(fc.array(row, { maxLength: 60 }), (rows) => {
      const duplicates = new Duplicates();
      const first = new Map<string, { line: number; desired: string }>();
      for (const [i, { policyId, assignmentId, via, ...cells }] of rows.entries()) {
        const key = [policyId, via, assignmentId].join('/').toLowerCase();
        const desired = JSON.stringify([cells.groupId, cells.intent, cells.filterType]).toLowerCase();
        const known = first.get(key);
        if (known === undefined) first.set(key, { line: i + 2, desired });
        const change = changeOf({ ...group, policyId, assignmentId, via, ...cells }, undefined, i + 2);
        expect(duplicates.seen(change)).toEqual(
          known && { line: known.line, same: known.desired === desired },
        );
      }
    }),
    { numRuns: 200 },
  );
});
