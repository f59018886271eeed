import { expect, test } from 'vitest';
import { ABSENT, beforeOf, type Before } from '../../../../src/assignments/changes/decision.ts';
import { Mentioned } from '../../../../src/assignments/names/mentioned.ts';
import type { JsonObject } from '../../../../src/assignments/values/json.ts';
import { allDevices, current, excluded, filter, group } from '../../../support/graphShapes.ts';
import { anyChangeOf, changeOf, configuration } from '../../../support/inputRow.ts';

const [A, B, C, F] = ['a', 'b', 'c', 'f'].map((digit) => `${digit.repeat(8)}-0000-4000-8000-000000000000`);
const toB = changeOf({ ...configuration, targetType: 'group', groupId: B });

const mentioned = (
  before: Before,
  after?: JsonObject,
  change: Parameters<Mentioned['add']>[0]['row']['change'] = toB,
) => {
  const found = new Mentioned();
  found.add({ row: { change }, before, after: after && { target: after } });
  return [[...found.groups], [...found.filters]];
};

test('groups and filters are gathered from what a row finds, brings and wants, each once', () => {
  const found = beforeOf(current(group(A?.toUpperCase() ?? '', filter(F))));
  expect(mentioned(found, group(B ?? ''))).toEqual([[A, B], [F]]);
  // What is refused brings nothing; what it wanted is told of all the same.
  expect(mentioned(ABSENT)).toEqual([[B], []]);
  const list = [current(excluded(A ?? '')), current(group(C ?? ''))];
  const clearing = anyChangeOf({ ...configuration, assignmentId: undefined, action: 'clear' });
  expect(mentioned({ kind: 'entries', entries: list }, undefined, clearing)).toEqual([[A, C], []]);
});

test('everybody is no group', () => {
  expect(mentioned(ABSENT, allDevices())[0]).toEqual([]);
  expect(mentioned(ABSENT, group('acacacac-9df4-4c7d-9d50-4ef0226f57a9'))[0]).toEqual([]);
});
