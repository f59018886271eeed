import { expect, test } from 'vitest';
import { changeKind, targetInWords } from '../../../../src/assignments/changes/changeKind.ts';
import {
  allDevices,
  allUsers,
  excluded,
  filter,
  group,
  current,
  target,
  unheardOf,
} from '../../../support/graphShapes.ts';

test('a change goes from one kind of target to another', () => {
  expect(changeKind(current(group('G1')), { target: allDevices() })).toEqual({
    from: 'group',
    to: 'allDevices',
    filter: 'none',
    intent: 'kept',
  });
  expect(changeKind(current(unheardOf), { target: group('G1') })).toMatchObject({
    from: 'cloudPcAssignmentTarget',
    to: 'group',
  });
});

test.each([
  [undefined, undefined, 'none'],
  [filter(), filter(), 'none'],
  [undefined, filter('F1'), 'added'],
  [filter('F1'), filter(), 'lost'],
  [filter('F1'), undefined, 'lost'],
  [filter('F1'), filter('f1', 'Include'), 'kept'],
  [filter('F1'), filter('F1', 'exclude'), 'changed'],
  [filter('F1'), filter('F2'), 'changed'],
])('a filter that was %j and is to be %j is %s', (before, after, filterChange) => {
  expect(changeKind(current(group('G1', before)), { target: group('G2', after) }).filter).toBe(filterChange);
});

test.each([
  [{ intent: 'apply' }, { intent: 'remove' }, 'turned'],
  [{ intent: 'remove' }, { intent: 'apply' }, 'turned'],
  [{ intent: 'remove' }, { intent: 'Remove' }, 'kept'],
  [{ intent: 'remove' }, {}, 'kept'],
  // What has no intent applies.
  [{}, { intent: 'remove' }, 'turned'],
  [{ intent: null }, { intent: 'apply' }, 'kept'],
  [{}, {}, 'kept'],
])('an intent that was %j, with %j, is %s', (before, after, intent) => {
  expect(changeKind(current(group('G1'), before), { target: group('G1'), ...after }).intent).toBe(intent);
});

test('where nothing is known, everything that is wanted is new', () => {
  expect(changeKind(undefined, { target: group('G1', filter('F1')), intent: 'remove' })).toEqual({
    from: undefined,
    to: 'group',
    filter: 'added',
    intent: 'turned',
  });
});

test.each([
  [group('1234'), 'group 1234'],
  [{ ...group('1234'), '@odata.type': 'microsoft.graph.GroupAssignmentTarget' }, 'group 1234'],
  [excluded('1234'), 'excluded group 1234'],
  [allDevices(filter('abcd')), 'all devices, include filter abcd'],
  [allUsers(filter('abcd', 'Exclude')), 'all users, exclude filter abcd'],
  [allUsers(filter()), 'all users'],
  [target('configurationManagerCollection', { collectionId: 'C1' }), 'collection C1'],
  [target('scopeTagGroup', { entraObjectId: 'E1' }), 'scope tag group E1'],
  [target('organizationalUnit', { organizationalUnitId: 'O1' }), 'organizational unit O1'],
  [unheardOf, 'cloudPcAssignmentTarget'],
  [{ '@odata.type': 'vendor.Target', ...filter('F1') }, 'vendor.Target, include filter F1'],
  [{}, 'unknown'],
  [target('group'), 'group without id'],
])('%j is in words: %s', (of, words) => {
  expect(targetInWords(of)).toBe(words);
});
