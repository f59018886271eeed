import { expect, test } from 'vitest';
import { audienceKey } from '../../../../src/assignments/targets/audience.ts';
import type { JsonObject } from '../../../../src/assignments/values/json.ts';
import {
  allDevices,
  allUsers,
  excluded,
  filter,
  group,
  target,
  unheardOf,
} from '../../../support/graphShapes.ts';

const scope = (own: JsonObject): JsonObject =>
  target('scopeTagGroup', { targetType: 'user', entraObjectId: 'E1', ...own });
const unit = (own: JsonObject): JsonObject =>
  target('organizationalUnit', { organizationalUnitId: 'O1', ...own });

test.each([
  [group('G1'), group('g1', { ...filter('F1'), groupName: 'new' })],
  [group('G1'), { ...group('G1'), '@odata.type': 'microsoft.graph.GroupAssignmentTarget' }],
  [allDevices(), allDevices(filter('F1', 'exclude'))],
  [unit({}), unit({ assignmentConflictSetting: { versionNumber: 3 } })],
  [unheardOf, { ...unheardOf, ...filter('F1') }],
])('%j and %j are for the same', (a, b) => {
  expect(audienceKey(a)).toBe(audienceKey(b));
});

test.each([
  [group('G1'), group('G2')],
  [group('G1'), excluded('G1')],
  [allDevices(), allUsers()],
  [scope({}), scope({ targetType: 'device' })],
  [scope({}), scope({ entraObjectId: 'E2' })],
  [unit({}), unit({ organizationalUnitId: 'O2' })],
  [unheardOf, { ...unheardOf, servicePlanId: 'S2' }],
  [unheardOf, { ...unheardOf, more: 1 }],
  [unheardOf, { ...unheardOf, '@odata.type': '#microsoft.graph.elseAssignmentTarget' }],
  [target('configurationManagerCollection', { collectionId: 'G1' }), group('G1')],
])('%j and %j are not', (a, b) => {
  expect(audienceKey(a)).not.toBe(audienceKey(b));
});
