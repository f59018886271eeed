import { expect, test } from 'vitest';
import { keptInShort } from '../../../../src/app/runs/keptInShort.ts';

const at = new Date(new Date().setHours(0, 42, 0, 0)).toISOString();
const RUN = { state: 'running', reason: null, reasonSince: at, waitsFor: null } as const;

test.each([
  [{ ...RUN, reason: 'noWorker' }, 'no worker since 00:42'],
  [{ ...RUN, reason: 'noWorker', reasonSince: null }, 'no worker'],
  [{ ...RUN, reason: 'graphAway' }, 'Graph out of reach since 00:42'],
  [{ ...RUN, state: 'queued', reason: 'inLine', waitsFor: { run: 'r0' } }, 'waits for run r0'],
  [{ ...RUN, state: 'queued', reason: 'time', waitsFor: { until: at } }, 'waits for 00:42'],
  [{ ...RUN, state: 'queued', reason: 'window', waitsFor: { until: at } }, 'outside its window until 00:42'],
  [{ ...RUN, state: 'queued', reason: 'window', waitsFor: null }, 'outside its window'],
  [RUN, undefined],
  [{ ...RUN, reason: 'tenantStopped' }, undefined],
  [{ ...RUN, state: 'paused', reason: 'operator' }, undefined],
] as const)('%j is "%s"', (status, words) => {
  expect(keptInShort(status)).toBe(words);
});
