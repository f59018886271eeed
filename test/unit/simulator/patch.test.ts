import { describe, expect, test } from 'vitest';
import { readPatch } from '../../../src/simulator/patch.ts';
import type { ApiVersion } from '../../../src/simulator/apiVersion.ts';
import type { PolicySet } from '../../../src/simulator/policyKinds.ts';

const NO_FILTER = {
  deviceAndAppManagementAssignmentFilterId: null,
  deviceAndAppManagementAssignmentFilterType: 'none',
};
const FILTER = {
  deviceAndAppManagementAssignmentFilterId: 'f1',
  deviceAndAppManagementAssignmentFilterType: 'include',
};
const group = { '@odata.type': '#microsoft.graph.groupAssignmentTarget', groupId: 'g1' };

const patchOf = (value: unknown, set: PolicySet = 'deviceConfigurations', version: ApiVersion = 'beta') =>
  readPatch({ kind: 'json', value }, set, version);

describe('each documented target is taken, and read back with its filter spelled out', () => {
  test.each<[string, Record<string, unknown>]>([
    ['allDevicesAssignmentTarget', {}],
    ['allLicensedUsersAssignmentTarget', {}],
    ['groupAssignmentTarget', { groupId: 'g1' }],
    ['exclusionGroupAssignmentTarget', { groupId: 'g1' }],
    ['configurationManagerCollectionAssignmentTarget', { collectionId: 'c1' }],
    ['scopeTagGroupAssignmentTarget', { targetType: 'user', entraObjectId: 'e1' }],
    ['organizationalUnitAssignmentTarget', { organizationalUnitId: 'ou1' }],
    [
      'organizationalUnitAssignmentTarget',
      {
        organizationalUnitId: 'ou1',
        assignmentConflictSetting: {
          '@odata.type': '#microsoft.graph.organizationalUnitAssignmentConflictSetting',
          assignmentOverride: 'denied',
          versionNumber: 3,
        },
      },
    ],
  ])('%s', (name, own) => {
    for (const hash of ['#', '']) {
      expect(patchOf({ target: { '@odata.type': `${hash}microsoft.graph.${name}`, ...own } })).toEqual({
        patch: { target: { '@odata.type': `#microsoft.graph.${name}`, ...NO_FILTER, ...own } },
      });
    }
  });
});

test('a filter is kept, and none is the same as no filter', () => {
  expect(patchOf({ target: { ...group, ...FILTER } })).toEqual({
    patch: { target: { ...group, ...FILTER } },
  });
  expect(patchOf({ target: { ...group, ...NO_FILTER } })).toEqual({
    patch: { target: { ...group, ...NO_FILTER } },
  });
});

test('intent goes with configurations, source with compliance policies', () => {
  expect(
    patchOf({
      '@odata.type': '#microsoft.graph.deviceConfigurationAssignment',
      target: group,
      intent: 'remove',
      source: 'policySets',
      sourceId: 's1',
    }),
  ).toEqual({ patch: { target: { ...group, ...NO_FILTER }, intent: 'remove' } });
  expect(
    patchOf(
      {
        '@odata.type': 'microsoft.graph.deviceCompliancePolicyAssignment',
        target: group,
        source: 'policySets',
        sourceId: 's1',
      },
      'deviceCompliancePolicies',
    ),
  ).toEqual({ patch: { target: { ...group, ...NO_FILTER }, source: 'policySets', sourceId: 's1' } });
});

describe('what Graph does not know, its gateway refuses', () => {
  test.each<[string, unknown, RegExp]>([
    [
      'another type of assignment',
      { '@odata.type': '#microsoft.graph.deviceCompliancePolicyAssignment', target: group },
      /not assignable/,
    ],
    [
      'an unknown property',
      { target: group, tragert: 1 },
      /'tragert' does not exist on type 'microsoft.graph.deviceConfigurationAssignment'/,
    ],
    ['a prototype key', JSON.parse('{"__proto__": {"target": {}}}'), /'__proto__' does not exist/],
    [
      'the abstract target',
      { target: { '@odata.type': '#microsoft.graph.deviceAndAppManagementAssignmentTarget' } },
      /abstract/,
    ],
    ['a target without type', { target: { groupId: 'g1' } }, /abstract/],
    [
      'an unknown target',
      { target: { '@odata.type': '#microsoft.graph.deviceTarget' } },
      /could not be resolved/,
    ],
    ['a target that is no object', { target: 'g1' }, /complex value was expected/],
    [
      "another target's property",
      { target: { '@odata.type': '#microsoft.graph.allDevicesAssignmentTarget', groupId: 'g1' } },
      /'groupId' does not exist/,
    ],
    ["a property of Object's", { target: { ...group, constructor: 1 } }, /'constructor' does not exist/],
    ['an unknown intent', { target: group, intent: 'Apply' }, /literal 'Apply'/],
    ['an unknown source', { target: group, source: 'me' }, /literal 'me'/],
    [
      'an unknown filter type',
      { target: { ...group, ...FILTER, deviceAndAppManagementAssignmentFilterType: 'both' } },
      /literal 'both'/,
    ],
    [
      'an unknown target type of a scope tag',
      {
        target: {
          '@odata.type': '#microsoft.graph.scopeTagGroupAssignmentTarget',
          targetType: 'users',
          entraObjectId: 'e1',
        },
      },
      /literal 'users'/,
    ],
    [
      'a wrong version number',
      {
        target: {
          '@odata.type': '#microsoft.graph.organizationalUnitAssignmentTarget',
          organizationalUnitId: 'o',
          assignmentConflictSetting: { versionNumber: '3' },
        },
      },
      /Edm.Int32/,
    ],
    ['a body that is no object', [group], /Unable to read JSON/],
  ])('%s', (_, body, message) => {
    expect(patchOf(body)).toEqual({
      refused: { status: 400, code: 'BadRequest', born: 'gateway', message: expect.stringMatching(message) },
    });
  });
});

describe('what makes no sense, Intune refuses', () => {
  test.each<[string, Record<string, unknown>, RegExp]>([
    [
      'a group without id',
      { '@odata.type': group['@odata.type'] },
      /'groupId' of 'groupAssignmentTarget' is missing/,
    ],
    ['a blank id', { ...group, groupId: ' ' }, /'groupId' has to be/],
    ['an id that is no string', { ...group, groupId: 7 }, /'groupId' has to be/],
    [
      'a scope tag without its target type',
      { '@odata.type': '#microsoft.graph.scopeTagGroupAssignmentTarget', entraObjectId: 'e1' },
      /'targetType'/,
    ],
    ['a filter without type', { ...group, deviceAndAppManagementAssignmentFilterId: 'f1' }, /set together/],
    [
      'a filter type without filter',
      { ...group, deviceAndAppManagementAssignmentFilterType: 'include' },
      /set together/,
    ],
    [
      'a filter of type none',
      { ...group, ...FILTER, deviceAndAppManagementAssignmentFilterType: 'none' },
      /set together/,
    ],
    [
      'an exclusion with a filter',
      { '@odata.type': '#microsoft.graph.exclusionGroupAssignmentTarget', groupId: 'g1', ...FILTER },
      /not supported for exclusion/,
    ],
  ])('%s', (_, target, message) => {
    expect(patchOf({ target })).toEqual({
      refused: { status: 400, code: 'BadRequest', born: 'intune', message: expect.stringMatching(message) },
    });
  });
});

test('v1.0 knows no intent, source or filter, and five targets', () => {
  const refusedFor = (value: unknown): string => {
    const read = patchOf(value, 'deviceConfigurations', 'v1.0');
    return 'refused' in read ? read.refused.message : 'taken';
  };
  expect(refusedFor({ target: group })).toBe('taken');
  expect(refusedFor({ target: group, intent: 'apply' })).toMatch(/'intent' does not exist on type/);
  expect(refusedFor({ target: group, source: 'direct' })).toMatch(/'source' does not exist on type/);
  expect(refusedFor({ target: { ...group, ...NO_FILTER } })).toMatch(/FilterId' does not exist on type/);
  expect(
    refusedFor({
      target: {
        '@odata.type': '#microsoft.graph.scopeTagGroupAssignmentTarget',
        targetType: 'user',
        entraObjectId: 'e',
      },
    }),
  ).toMatch(/could not be resolved/);
});

test('no body and a broken one are told apart', () => {
  const refusal = (body: Parameters<typeof readPatch>[0]) => readPatch(body, 'deviceConfigurations', 'beta');
  expect(refusal({ kind: 'none' })).toMatchObject({
    refused: { message: expect.stringMatching(/Empty Payload/) },
  });
  expect(refusal({ kind: 'broken' })).toMatchObject({
    refused: { message: expect.stringMatching(/Unable to read JSON/) },
  });
});
