import { expect, test } from 'vitest';
import { isExclusion, targetKind } from '../../../../src/assignments/targets/currentTarget.ts';
import { allDevices, excluded, group, unheardOf } from '../../../support/graphShapes.ts';

test.each([
  [group('1'), 'group'],
  [{ '@odata.type': '#Microsoft.Graph.ALLDEVICESAssignmentTarget' }, 'allDevices'],
  [unheardOf, 'cloudPcAssignmentTarget'],
  [{ '@odata.type': 42 }, 'unknown'],
])('the kind of %j is %s', (of, kind) => {
  expect(targetKind(of)).toBe(kind);
});

test('only groups are excluded', () => {
  expect([excluded('1'), group('1'), allDevices(), unheardOf].map(isExclusion)).toEqual([
    true,
    false,
    false,
    false,
  ]);
});
