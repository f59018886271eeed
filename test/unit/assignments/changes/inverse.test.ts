import { describe, expect, test } from 'vitest';
import { canonicalAssignment } from '../../../../src/assignments/changes/canonical.ts';
import {
  inverseCells,
  removalByTarget,
  restoringBody,
  type Inverse,
} from '../../../../src/assignments/changes/inverse.ts';
import type { JsonObject } from '../../../../src/assignments/values/json.ts';
import type { ApiVersion } from '../../../../src/assignments/values/apiVersion.ts';
import { excluded, filter, group, current, unheardOf } from '../../../support/graphShapes.ts';
import { changeOf, compliance, configuration } from '../../../support/inputRow.ts';

const kindOf = (cells: typeof configuration) => changeOf({ ...cells, targetType: 'allDevices' }).address.kind;
const restoring = (target: JsonObject, more: JsonObject = {}, version: ApiVersion = 'beta'): JsonObject =>
  restoringBody(current(target, more), kindOf(configuration), version);

describe('the body that puts an assignment back', () => {
  test('has the target value for value, and the type of its form, but no id', () => {
    const target = group('G1', { ...filter('F1', 'exclude'), unheardOf: { deep: [1] } });
    expect(restoring(target, { '@odata.context': 'here' })).toEqual({
      '@odata.type': '#microsoft.graph.deviceConfigurationAssignment',
      target,
    });
  });

  test.each([group('G1'), group('G1', filter()), group('G1', filter('', 'include')), unheardOf])(
    'says that there is no filter: %j',
    (target) => {
      expect(restoring(target)['target']).toEqual({ ...target, ...filter() });
    },
  );

  test('leaves exclusions as they were', () => {
    expect(restoring(excluded('G1'))['target']).toEqual(excluded('G1'));
    const withNull = { ...excluded('G1'), ...filter() };
    expect(restoring(withNull)['target']).toEqual(withNull);
  });

  test('has no filter under v1.0, which knows none', () => {
    expect(restoring(group('G1'), {}, 'v1.0')['target']).toEqual(group('G1'));
  });

  test('has the intent of a configuration, whose source is read-only', () => {
    expect(restoring(group('G1'), { intent: 'remove', source: 'direct', sourceId: 'S1' })).toEqual({
      '@odata.type': '#microsoft.graph.deviceConfigurationAssignment',
      intent: 'remove',
      target: group('G1', filter()),
    });
    expect(restoring(group('G1'), { intent: null })).not.toHaveProperty('intent');
  });

  test('has the source of a compliance assignment, which has no intent', () => {
    const before = current(group('G1'), { source: 'direct', sourceId: 'S1', intent: 'apply' });
    expect(restoringBody(before, kindOf(compliance), 'beta')).toEqual({
      '@odata.type': '#microsoft.graph.deviceCompliancePolicyAssignment',
      source: 'direct',
      sourceId: 'S1',
      target: group('G1', filter()),
    });
    const without = current(group('G1'), { source: 'direct', sourceId: null });
    expect(restoringBody(without, kindOf(compliance), 'beta')).not.toHaveProperty('sourceId');
  });

  test('has what only a body can say value for value, null as well', () => {
    const kind = {
      ...kindOf(configuration),
      ownFields: [
        { name: 'schedule', takes: 'json' },
        { name: 'enabled', takes: 'json' },
      ],
    } as const;
    const was = (schedule: unknown) => current(group('G1'), { schedule, enabled: false });
    expect(restoringBody(was({ every: 8 }), kind, 'beta')).toMatchObject({
      schedule: { every: 8 },
      enabled: false,
    });
    expect(restoringBody(was(null), kind, 'beta')).toMatchObject({ schedule: null });
    expect(restoringBody(was(undefined), kind, 'beta')).not.toHaveProperty('schedule');
  });

  test.each([group('G1'), group('G1', filter('F1')), excluded('G1'), unheardOf])(
    'means what was there: %j',
    (target) => {
      const before = current(target, { intent: 'remove' });
      const { target: restored, ...more } = restoring(target, { intent: 'remove' });
      expect(canonicalAssignment(current(restored as JsonObject, more))).toBe(canonicalAssignment(before));
    },
  );
});

describe('the row that puts one assignment back', () => {
  const { address } = changeOf({ ...configuration, targetType: 'allDevices' });
  const rowFor = (inverse: Inverse, list = address): Record<string, unknown> => {
    const { body, ...others } = Object.fromEntries(inverseCells(inverse, list, 'beta'));
    return { ...others, ...(body !== undefined && { body: JSON.parse(body) as unknown }) };
  };
  const policy = { policyType: 'deviceConfiguration', policyId: 'P1' };
  const was = current(excluded('G0'), { intent: 'apply', source: 'direct', unheardOf: 1 });
  const now = current(group('G1'), {}, 'P1_G1');

  test('sets it, under the id that it has now', () => {
    const body = restoringBody(was, address.kind, 'beta');
    expect(rowFor({ action: 'set', current: now, was })).toEqual({ ...policy, assignmentId: 'P1_G1', body });
    const nested = changeOf({ ...configuration, via: 'rootCertificate', targetType: 'allDevices' });
    expect(rowFor({ action: 'set', current: now, was }, nested.address)).toMatchObject({
      via: 'rootCertificate',
    });
  });

  test('removes what was added', () => {
    expect(rowFor({ action: 'remove', current: now })).toEqual({
      ...{ ...policy, assignmentId: 'P1_G1', action: 'remove' },
    });
  });

  test('adds what was removed with all that it had but its id', () => {
    const { id: _id, ...body } = was.whole;
    expect(rowFor({ action: 'add', was })).toEqual({ ...policy, action: 'add', body });
  });
});

describe('a removal that must find what it is about under any id', () => {
  const { address } = changeOf({ ...configuration, targetType: 'allDevices' });

  test('names its target', () => {
    expect(Object.fromEntries(removalByTarget(current(excluded('G1')), address) ?? [])).toMatchObject({
      ...{
        action: 'remove',
        fromTargetType: 'exclusionGroup',
        fromGroupId: 'G1',
        policyId: address.policyId,
      },
    });
    expect(removalByTarget(current(excluded('G1')), address)?.has('assignmentId')).toBe(false);
  });

  test('keeps to the id of what only that names, or of what a policy set assigns', () => {
    expect(removalByTarget(current(unheardOf), address)).toBeUndefined();
    expect(removalByTarget(current(group('G1'), { source: 'policySets' }), address)).toBeUndefined();
  });
});
