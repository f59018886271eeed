import { listPath } from '../../../../src/assignments/kinds/address.ts';
import type { CurrentAssignment } from '../../../../src/assignments/changes/current.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { asRow, type AsRow } from '../../../../src/assignments/rows/asRow.ts';
import { deviceCompliancePolicy } from '../../../../src/assignments/kinds/deviceCompliancePolicy.ts';
import { deviceConfiguration } from '../../../../src/assignments/kinds/deviceConfiguration.ts';
import type { JsonObject } from '../../../../src/assignments/values/json.ts';
import { planBatch } from '../../../../src/assignments/changes/planBatch.ts';
import { patchBody } from '../../../../src/assignments/changes/request.ts';
import type { ReadingRules } from '../../../../src/assignments/rows/rowReader.ts';
import { BETA, changeOf, compliance, configuration, V1, type Cells } from '../../../support/inputRow.ts';

const FILTER_ID = 'deviceAndAppManagementAssignmentFilterId';
const FILTER_TYPE = 'deviceAndAppManagementAssignmentFilterType';

const current = (target: JsonObject, more: JsonObject = {}): CurrentAssignment => {
  const whole = { id: 'A1', ...more, target };
  const { source } = more;
  return { id: 'A1', target, whole, ...(typeof source === 'string' && { source }) };
};
const CONFIGURATION = { kind: deviceConfiguration, id: 'P1' };
const COMPLIANCE = { kind: deviceCompliancePolicy, id: 'P1' };
const said = (
  assignment: CurrentAssignment,
  policy: Parameters<typeof asRow>[1] = CONFIGURATION,
  rules: ReadingRules = BETA,
): { kind: AsRow['kind']; cells: object } => {
  const { kind, cells } = asRow(assignment, policy, rules);
  return { kind, cells: Object.fromEntries(cells) };
};
const target = (name: string, more: JsonObject = {}): JsonObject => ({
  '@odata.type': `#microsoft.graph.${name}AssignmentTarget`,
  ...more,
});

test.each<readonly [string, JsonObject, Cells]>([
  [
    'a group',
    target('group', { groupId: 'G' }),
    { targetType: 'group', groupId: 'G', filterType: 'none', fromTargetType: 'group', fromGroupId: 'G' },
  ],
  [
    'a filter',
    target('group', { groupId: 'G', [FILTER_ID]: 'F', [FILTER_TYPE]: 'exclude' }),
    {
      ...{ targetType: 'group', groupId: 'G', filterId: 'F', filterType: 'exclude' },
      ...{ fromTargetType: 'group', fromGroupId: 'G', fromFilterId: 'F' },
    },
  ],
  [
    'a filter that is off',
    target('allDevices', { [FILTER_ID]: null, [FILTER_TYPE]: 'none' }),
    { targetType: 'allDevices', filterType: 'none', fromTargetType: 'allDevices' },
  ],
  [
    'an exclusion, which takes no filter',
    target('exclusionGroup', { groupId: 'G', [FILTER_ID]: null, [FILTER_TYPE]: 'none' }),
    { targetType: 'exclusionGroup', groupId: 'G', fromTargetType: 'exclusionGroup', fromGroupId: 'G' },
  ],
  [
    'a scope tag group',
    target('scopeTagGroup', { targetType: 'device', entraObjectId: 'E' }),
    { targetType: 'scopeTagGroup', scopeTagTargetType: 'device', entraObjectId: 'E', filterType: 'none' },
  ],
  [
    'an organizational unit',
    target('organizationalUnit', {
      organizationalUnitId: 'O',
      assignmentConflictSetting: { assignmentOverride: 'denied', versionNumber: 7 },
    }),
    {
      ...{ targetType: 'organizationalUnit', organizationalUnitId: 'O', assignmentOverride: 'denied' },
      ...{ versionNumber: '7', filterType: 'none' },
    },
  ],
  [
    'a type without its #',
    { '@odata.type': 'microsoft.graph.allLicensedUsersAssignmentTarget' },
    { targetType: 'allLicensedUsers', filterType: 'none', fromTargetType: 'allLicensedUsers' },
  ],
])('%s is said in the words of the columns', (_, current_, cells) => {
  expect(said(current(current_))).toEqual({ kind: 'row', cells: { ...configuration, ...cells } });
});

test('a configuration says its intent, and a compliance policy nothing of the kind', () => {
  const all = target('allDevices');
  const named = { targetType: 'allDevices', fromTargetType: 'allDevices', filterType: 'none' };
  const of = { source: 'direct', sourceId: '00000000-0000-0000-0000-000000000000' };
  expect(said(current(all, { ...of, intent: 'remove' }))).toEqual({
    kind: 'row',
    cells: { ...configuration, ...named, intent: 'remove' },
  });
  expect(said(current(all, of), COMPLIANCE)).toEqual({
    kind: 'row',
    cells: { ...compliance, ...named },
  });
});

test('under v1.0, which shows no filter, the filter stays blank: none would clear it', () => {
  expect(said(current(target('allDevices')), CONFIGURATION, V1)).toEqual({
    kind: 'row',
    cells: { ...configuration, targetType: 'allDevices', fromTargetType: 'allDevices' },
  });
});

test('what a policy set owns is no row', () => {
  const owned = current(target('group', { groupId: 'G' }), { source: 'policySets' });
  expect(said(owned)).toMatchObject({ kind: 'policySet', cells: { ...configuration, groupId: 'G' } });
});

test.each<readonly [string, CurrentAssignment]>([
  ['a target of an undocumented type', current(target('newKind', { x: 1 }))],
  ['a target without a type', current({})],
  [
    'an exclusion with a filter',
    current(target('exclusionGroup', { groupId: 'G', [FILTER_ID]: 'F', [FILTER_TYPE]: 'include' })),
  ],
  ['an unknown type of filter', current(target('allDevices', { [FILTER_ID]: 'F', [FILTER_TYPE]: 'later' }))],
  ['an unknown intent', current(target('allDevices'), { intent: 'later' })],
  ['a group without an id', current(target('group'))],
  ['a group whose id is a number, which no row says', current(target('group', { groupId: 5 }))],
  ['an id that can not stand in a URL', { ...current(target('allDevices')), id: '..' }],
])('%s is unspeakable', (_, assignment) => {
  expect(said(assignment).kind).toBe('unspeakable');
});

const id = fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/);
const filter = fc.oneof(
  fc.constant({ filterType: 'none' }),
  fc.record({ filterId: id, filterType: fc.constantFrom('include', 'exclude') }),
);
const withFilter = fc
  .tuple(
    fc.oneof(
      fc.constantFrom({ targetType: 'allDevices' }, { targetType: 'allLicensedUsers' }),
      id.map((groupId) => ({ targetType: 'group', groupId })),
      id.map((collectionId) => ({ targetType: 'configurationManagerCollection', collectionId })),
      fc.record({
        targetType: fc.constant('scopeTagGroup'),
        scopeTagTargetType: fc.constantFrom('none', 'user', 'device'),
        entraObjectId: id,
      }),
      fc.record(
        {
          targetType: fc.constant('organizationalUnit'),
          organizationalUnitId: id,
          assignmentOverride: fc.constantFrom('allowed', 'denied', 'unknown'),
          versionNumber: fc.nat().map(String),
        },
        { requiredKeys: ['targetType', 'organizationalUnitId'] },
      ),
    ),
    filter,
  )
  .map(([one, two]): Cells => ({ ...one, ...two }));
const exclusion = id.map((groupId): Cells => ({ targetType: 'exclusionGroup', groupId }));

test('what a row has made of an assignment is said as that row again, and is already so', () => {
  fc.assert(
    fc.property(
      fc.oneof(withFilter, exclusion),
      fc.constantFrom<Cells>({ ...configuration, intent: 'apply' }, configuration, compliance),
      (desired, where) => {
        const cells = { ...where, ...desired };
        const { '@odata.type': _, target: written, ...more } = patchBody(changeOf(cells), undefined);
        const now = current(written as JsonObject, more);
        const policy = where['policyType'] === 'deviceCompliancePolicy' ? COMPLIANCE : CONFIGURATION;
        const again = said(now, policy);
        expect(again).toMatchObject({ kind: 'row', cells });
        const change = changeOf(again.cells);
        const decisions = planBatch(
          [{ change }],
          new Map([[listPath(change.address), { kind: 'list', assignments: [now] }]]),
          { apiVersion: 'beta', strategy: 'patch', standing: () => 'open', isGuarded: () => false },
        );
        expect(decisions.map(({ kind }) => kind)).toEqual(['alreadySo']);
      },
    ),
  );
});
