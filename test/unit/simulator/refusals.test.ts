import { expect, test } from 'vitest';
import { createRefusals } from '../../../src/simulator/refusals.ts';
import { changedSettings, DEFAULT_SETTINGS, type SettingsChange } from '../../../src/simulator/settings.ts';

const refusalsOf = (change: SettingsChange) => {
  const { refusals, forbidden } = changedSettings(DEFAULT_SETTINGS, change);
  return createRefusals(refusals, forbidden);
};

test('a forbidden policy or assignment refuses writes and lets reads through', () => {
  const refuses = refusalsOf({ forbidden: ['P1', 'a9'] });
  expect(refuses('PATCH', 'p1', 'a1')).toMatchObject({ status: 403, code: 'Forbidden' });
  expect(refuses('PATCH', 'p2', 'A9')).toMatchObject({ status: 403 });
  expect(refuses('GET', 'p1', 'a1')).toBeUndefined();
  expect(refuses('PATCH', 'p2', 'a1')).toBeUndefined();
});

test('a rule with times refuses that often, then no more', () => {
  const refuses = refusalsOf({
    refusals: [{ assignmentId: 'a1', status: 409, code: 'Conflict', message: 'busy', times: 2 }],
  });
  const statuses = [1, 2, 3].map(() => refuses('PATCH', 'p1', 'a1')?.status);
  expect(statuses).toEqual([409, 409, undefined]);
});

test('a rule with both ids needs both, one with a method needs that', () => {
  const refuses = refusalsOf({
    refusals: [
      { policyId: 'p1', assignmentId: 'a1' },
      { policyId: 'p2', method: 'GET' },
    ],
  });
  expect(refuses('PATCH', 'p1', 'a1')?.status).toBe(403);
  expect(refuses('PATCH', 'p3', 'a1')).toBeUndefined();
  expect(refuses('PATCH', 'p2', 'a5')).toBeUndefined();
  expect(refuses('GET', 'p2', '')?.status).toBe(403);
});

test('assign is forbidden by its policy, and ruled by its own method', () => {
  const refuses = refusalsOf({ forbidden: ['p1'], refusals: [{ policyId: 'p2', method: 'POST' }] });
  expect(refuses('POST', 'p1', '')?.status).toBe(403);
  expect(refuses('POST', 'p2', '')?.status).toBe(403);
  expect(refuses('PATCH', 'p2', 'a1')).toBeUndefined();
});

test('the first writes of each assignment or list are refused as often as told, and then done', () => {
  const refusals = createRefusals(
    [],
    [],
    [
      { status: 409, times: 1 },
      { status: 404, times: 2 },
    ],
  );
  const statuses = (method: string, policyId: string, assignmentId: string) =>
    [1, 2, 3, 4].map(() => refusals(method, policyId, assignmentId)?.status);
  expect(statuses('PATCH', 'p1', 'a1')).toEqual([409, 404, 404, undefined]);
  expect(statuses('PATCH', 'P1', 'A2')).toEqual([409, 404, 404, undefined]);
  expect(statuses('POST', 'p1', '')).toEqual([409, 404, 404, undefined]);
  expect(statuses('GET', 'p1', 'a1')).toEqual([undefined, undefined, undefined, undefined]);
  expect(refusals('PATCH', 'p1', 'a1')).toBeUndefined();
});
