import { expect, test } from 'vitest';
import { pausedFor } from '../../../../src/app/metrics/tenantMetrics.ts';

test.each([
  ['paused', 'signIn', 'signIn'],
  ['paused', 'canary', 'canary'],
  ['queued', 'approval', 'approval'],
  ['queued', 'window', undefined],
  ['queued', 'noWorker', undefined],
  ['running', null, undefined],
] as const)('a run that is %s for %s counts as paused for %s', (state, reason, paused) => {
  expect(pausedFor({ state, reason })).toBe(paused);
});
