import { describe, expect, test } from 'vitest';
import { rawTargetFault } from '../../../../src/assignments/targets/rawTarget.ts';

const type = (name: string): { '@odata.type': string } => ({
  '@odata.type': `#microsoft.graph.${name}AssignmentTarget`,
});
const filter = (id: unknown, kind: unknown): object => ({
  deviceAndAppManagementAssignmentFilterId: id,
  deviceAndAppManagementAssignmentFilterType: kind,
});
const CONFLICT = 'microsoft.graph.organizationalUnitAssignmentConflictSetting';
const unit = { ...type('organizationalUnit'), organizationalUnitId: 'O1' };
const group = { ...type('group'), groupId: 'G1' };

test.each([
  type('allDevices'),
  type('allLicensedUsers'),
  group,
  { ...group, '@odata.type': 'microsoft.graph.groupAssignmentTarget' },
  { ...type('exclusionGroup'), groupId: 'G1' },
  { ...type('configurationManagerCollection'), collectionId: 'Collection Id value' },
  { ...type('scopeTagGroup'), targetType: 'user', entraObjectId: 'E1' },
  unit,
  { ...unit, assignmentConflictSetting: null },
  { ...unit, assignmentConflictSetting: {} },
  {
    ...unit,
    assignmentConflictSetting: { '@odata.type': CONFLICT, assignmentOverride: 'unknown', versionNumber: 0 },
  },
  { ...unit, assignmentConflictSetting: { '@odata.type': `#${CONFLICT}` } },
  { ...group, ...filter('F1', 'include') },
  { ...group, ...filter('F 1', 'exclude') },
  { ...group, ...filter(null, 'none') },
  { ...group, deviceAndAppManagementAssignmentFilterId: null },
  { ...type('exclusionGroup'), groupId: 'G1', ...filter(null, 'none') },
])('a documented shape is taken: %j', (target) => {
  expect(rawTargetFault(target, 'beta')).toBeUndefined();
});

test.each([
  [undefined, 'no target'],
  [null, 'not a JSON object'],
  ['group', 'not a JSON object'],
  [[group], 'not a JSON object'],
  [{}, 'no @odata.type'],
  [{ groupId: 'G1' }, 'no @odata.type'],
  [{ ...group, '@odata.type': null }, 'null is no documented target type'],
  [{ ...group, '@odata.type': 'group' }, 'no documented target type'],
  [{ ...group, '@odata.type': ['#microsoft.graph.groupAssignmentTarget'] }, 'no documented target type'],
  [type('everybody'), 'no documented target type'],
  [{ '@odata.type': '#microsoft.graph.deviceAndAppManagementAssignmentTarget' }, 'abstract'],
  [{ '@odata.type': 'microsoft.graph.deviceAndAppManagementAssignmentTarget' }, 'abstract'],
  // Sent as given, Graph would refuse these: its type names have a namespace and a letter case.
  [{ ...group, '@odata.type': '#microsoft.graph.GroupAssignmentTarget' }, 'does not spell'],
  [{ ...group, '@odata.type': 'groupAssignmentTarget' }, 'does not spell'],
  [{ ...group, '@odata.type': '##microsoft.graph.groupAssignmentTarget' }, 'no documented target type'],
  [type('group'), 'needs "groupId"'],
  [{ ...group, groupId: ' ' }, 'needs "groupId"'],
  [{ ...group, groupId: 17 }, 'needs "groupId"'],
  [{ ...group, groupId: null }, 'needs "groupId"'],
  [{ ...group, groupId: 'G\u0000' }, '"groupId" holds a control character'],
  [{ ...group, groupId: 'G\ud800' }, 'half of a character'],
  [{ ...group, collectionId: 'C1' }, 'no property "collectionId"'],
  [{ ...group, GroupId: 'G1' }, 'no property "GroupId"'],
  [{ ...type('allDevices'), groupId: 'G1' }, 'no property "groupId"'],
  [
    JSON.parse('{"@odata.type":"#microsoft.graph.allDevicesAssignmentTarget","__proto__":{"groupId":"G1"}}'),
    'no property "__proto__"',
  ],
  [{ ...group, constructor: 1 }, 'no property "constructor"'],
  [{ ...type('scopeTagGroup'), entraObjectId: 'E1' }, '"targetType" is undefined'],
  [{ ...type('scopeTagGroup'), entraObjectId: 'E1', targetType: 'User' }, '"targetType" is "User"'],
  [{ ...type('scopeTagGroup'), entraObjectId: 'E1', targetType: ['user'] }, '"targetType" is ["user"]'],
  [{ ...unit, assignmentConflictSetting: [] }, 'not a JSON object'],
  [
    { ...unit, assignmentConflictSetting: { '@odata.type': '#microsoft.graph.other' } },
    'no conflict setting',
  ],
  [
    { ...unit, assignmentConflictSetting: { assignmentOverride: ['allowed'] } },
    '"assignmentOverride" is ["allowed"]',
  ],
  [
    { ...unit, assignmentConflictSetting: { assignmentOverride: 'perhaps' } },
    '"assignmentOverride" is "perhaps"',
  ],
  [{ ...unit, assignmentConflictSetting: { versionNumber: '1' } }, '"versionNumber" is "1"'],
  [{ ...unit, assignmentConflictSetting: { versionNumber: 1.5 } }, '"versionNumber" is 1.5'],
  [{ ...unit, assignmentConflictSetting: { colour: 1 } }, 'no property "colour"'],
  [{ ...group, ...filter('F1', 'none') }, 'do not go together'],
  [{ ...group, ...filter(null, 'include') }, 'do not go together'],
  [{ ...group, ...filter('F1', 'Include') }, 'do not go together'],
  [{ ...group, ...filter('F1', ['include']) }, 'do not go together'],
  [{ ...group, ...filter(17, 'include') }, 'do not go together'],
  [{ ...group, ...filter('', 'none') }, 'do not go together'],
  [{ ...group, deviceAndAppManagementAssignmentFilterId: 'F1' }, 'do not go together'],
  [{ ...group, ...filter('F\n', 'include') }, 'FilterId" holds a control character'],
  [{ ...type('exclusionGroup'), groupId: 'G1', ...filter('F1', 'include') }, 'takes no filter'],
])('%j is refused: %s', (target, why) => {
  const fault = rawTargetFault(target, 'beta');
  expect(fault?.message).toContain(why);
  expect(fault?.remedy).toMatch(/^[A-Z].+\.$/);
});

describe('v1.0', () => {
  test.each([
    type('allDevices'),
    group,
    { ...type('exclusionGroup'), groupId: 'G1' },
    { ...type('configurationManagerCollection'), collectionId: 'C1' },
  ])('takes %j', (target) => {
    expect(rawTargetFault(target, 'v1.0')).toBeUndefined();
  });

  test.each([
    unit,
    { ...type('scopeTagGroup'), targetType: 'user', entraObjectId: 'E1' },
    { ...group, ...filter('F1', 'include') },
    { ...group, deviceAndAppManagementAssignmentFilterType: 'none' },
    { ...group, deviceAndAppManagementAssignmentFilterId: null },
  ])('has no such thing as %j', (target) => {
    expect(rawTargetFault(target, 'v1.0')?.remedy).toBe('Run with --api-version beta.');
  });
});
