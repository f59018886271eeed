import type { CurrentAssignment } from '../../../../src/assignments/changes/current.ts';
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../../src/assignments/values/json.ts';
import { patchBody, patchRequest } from '../../../../src/assignments/changes/request.ts';
import { BETA, changeOf, configuration, V1, type Cells } from '../../../support/inputRow.ts';

const FILTER_ID = 'deviceAndAppManagementAssignmentFilterId';
const FILTER_TYPE = 'deviceAndAppManagementAssignmentFilterType';
const GROUP = '#microsoft.graph.groupAssignmentTarget';
const group = { ...configuration, targetType: 'group', groupId: 'G1' };

const current = (target: JsonObject): CurrentAssignment => ({
  id: 'A1',
  target,
  whole: { id: 'A1', target },
});
const targetOf = (cells: Cells, now?: JsonObject, rules = BETA): unknown =>
  patchBody(changeOf(cells, rules), now && current(now))['target'];

test('a request is a PATCH of the assignment, relative and without version', () => {
  const change = changeOf({ ...group, policyId: 'P(é)', via: 'rootCertificate' });
  const body = patchBody(change, undefined);
  expect(patchRequest(change, body, undefined)).toEqual({
    method: 'PATCH',
    url: '/deviceManagement/deviceConfigurations/P(%C3%A9)/rootCertificate/assignments/A1',
    body: {
      '@odata.type': '#microsoft.graph.deviceConfigurationAssignment',
      target: { '@odata.type': GROUP, groupId: 'G1' },
    },
  });
});

test('an id that the row gives counts, in its spelling', () => {
  expect(patchRequest(changeOf({ ...group, assignmentId: 'a1' }), {}, current({})).url).toMatch(/\/a1$/);
});

// Graph replaces the whole target, so a filter that the row does not mention has to be sent along.
describe('a filter that the row does not mention', () => {
  test.each(['include', 'exclude', 'Include', 'somethingNew'])('is kept as it is: %s', (type) => {
    const now = { '@odata.type': '#microsoft.graph.whateverTarget', [FILTER_ID]: 'F1', [FILTER_TYPE]: type };
    expect(targetOf(group, now)).toEqual({
      '@odata.type': GROUP,
      groupId: 'G1',
      [FILTER_ID]: 'F1',
      [FILTER_TYPE]: type,
    });
  });

  test.each([
    {},
    { [FILTER_ID]: null, [FILTER_TYPE]: 'none' },
    { [FILTER_ID]: null, [FILTER_TYPE]: null },
    { [FILTER_ID]: '', [FILTER_TYPE]: 'include' },
    { [FILTER_ID]: 'F1', [FILTER_TYPE]: 'None' },
    { [FILTER_ID]: 'F1' },
    { [FILTER_TYPE]: 'include' },
  ])('is not there when it is off: %j', (off) => {
    expect(targetOf(group, { '@odata.type': GROUP, groupId: 'G0', ...off })).toEqual({
      '@odata.type': GROUP,
      groupId: 'G1',
    });
  });

  test('does not come along into an exclusion, which takes none', () => {
    const now = { '@odata.type': GROUP, groupId: 'G1', [FILTER_ID]: 'F1', [FILTER_TYPE]: 'include' };
    expect(targetOf({ ...group, targetType: 'exclusionGroup' }, now)).toEqual({
      '@odata.type': '#microsoft.graph.exclusionGroupAssignmentTarget',
      groupId: 'G1',
    });
  });

  test('can not be kept when nothing is known of the current assignment', () => {
    expect(targetOf(group)).toEqual({ '@odata.type': GROUP, groupId: 'G1' });
  });
});

test('a filter that the row names takes the place of the current one', () => {
  const now = { '@odata.type': GROUP, groupId: 'G1', [FILTER_ID]: 'F1', [FILTER_TYPE]: 'include' };
  expect(targetOf({ ...group, filterType: 'exclude', filterId: 'F2' }, now)).toMatchObject({
    [FILTER_ID]: 'F2',
    [FILTER_TYPE]: 'exclude',
  });
});

// Leaving the two out is not documented to take a filter off.
test('a filter is taken off in so many words; an exclusion has none to take off', () => {
  expect(targetOf({ ...group, filterType: 'none' })).toEqual({
    '@odata.type': GROUP,
    groupId: 'G1',
    [FILTER_ID]: null,
    [FILTER_TYPE]: 'none',
  });
  expect(targetOf({ ...group, targetType: 'exclusionGroup', filterType: 'none' })).toEqual({
    '@odata.type': '#microsoft.graph.exclusionGroupAssignmentTarget',
    groupId: 'G1',
  });
});

test('v1.0 is told nothing of filters', () => {
  for (const targetType of ['group', 'exclusionGroup'])
    expect(Object.keys(targetOf({ ...group, targetType }, undefined, V1) as object)).toEqual([
      '@odata.type',
      'groupId',
    ]);
});

test('a raw body is sent as given, whatever is there now', () => {
  const body = { target: { '@odata.type': 'microsoft.graph.groupAssignmentTarget', groupId: 'G1' } };
  const now = { '@odata.type': GROUP, groupId: 'G0', [FILTER_ID]: 'F1', [FILTER_TYPE]: 'include' };
  expect(patchBody(changeOf({ ...configuration, body }), current(now))).toBe(body);
});
