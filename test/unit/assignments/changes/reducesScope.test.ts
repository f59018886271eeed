import { expect, test } from 'vitest';
import type { JsonObject } from '../../../../src/assignments/values/json.ts';
import { reducesScope } from '../../../../src/assignments/changes/reducesScope.ts';
import { allDevices, excluded, filter, group, current } from '../../../support/graphShapes.ts';
import { anyChangeOf, configuration, type Cells } from '../../../support/inputRow.ts';

const toGroup: Cells = { ...configuration, targetType: 'group', groupId: 'G1' };
const include: Cells = { filterType: 'include', filterId: 'F1' };
const filtered: Cells = { ...toGroup, ...include };
const policy: Cells = { policyType: 'deviceConfiguration', policyId: 'P1' };

test.each([
  [{ ...configuration, targetType: 'exclusionGroup', groupId: 'G1' }, group('G1'), true],
  [{ ...configuration, targetType: 'exclusionGroup', groupId: 'G1' }, undefined, true],
  [{ ...configuration, target: excluded('G1') }, allDevices(), true],
  [filtered, group('g1'), true],
  [filtered, group('G1', filter('F0', 'exclude')), true],
  [filtered, group('G2'), false],
  [filtered, excluded('G1'), false],
  [filtered, allDevices(), false],
  [filtered, undefined, true],
  [{ ...configuration, target: group('G1', filter('F1')) }, group('G1', filter()), true],
  [{ ...configuration, body: { target: group('G1', filter('F1')) } }, group('G2'), false],
  [{ ...configuration, target: group('G1', filter()) }, group('G1', filter('F1')), false],
  // A filter that is kept is not wanted.
  [toGroup, group('G1', filter('F1')), false],
  [toGroup, group('G2', filter('F1')), false],
  [toGroup, undefined, false],
  [{ ...toGroup, filterType: 'none' }, group('G1', filter('F1')), false],
  [{ ...configuration, targetType: 'allDevices' }, group('G1'), false],
  [{ ...policy, action: 'add', targetType: 'exclusionGroup', groupId: 'G1' }, undefined, true],
  [{ ...policy, action: 'add', targetType: 'allDevices', ...include }, undefined, false],
  [{ ...configuration, action: 'remove' }, group('G1'), true],
  [{ ...configuration, action: 'remove' }, excluded('G1'), false],
  [{ ...configuration, action: 'remove' }, undefined, true],
  [{ ...policy, action: 'remove', fromTargetType: 'exclusionGroup', fromGroupId: 'G1' }, undefined, false],
  [{ ...policy, action: 'clear' }, undefined, false],
] as [Cells, JsonObject | undefined, boolean][])(
  '%j, where %j is, reduces the scope: %s',
  (cells, now, expected) => {
    expect(reducesScope(anyChangeOf(cells), now && current(now))).toBe(expected);
  },
);
