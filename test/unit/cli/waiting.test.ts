import { expect, test } from 'vitest';
import { whyWaiting } from '../../../src/cli/waiting.ts';
import { RECORD_FORMAT, runFromHeader, type Run } from '../../../src/runs/run.ts';
import type { RunStore } from '../../../src/runs/runStore.ts';

const ROOT = 'http://graph';

const runThatIs = (runId: string, state: string): Run =>
  runFromHeader(runId, { state, format: RECORD_FORMAT, graphUrl: ROOT }) ?? expect.fail('no such state');

const SETTINGS = { config: { graphUrl: ROOT }, hint: (words: string) => `retarget ${words}` };

const listing = (...runs: Run[]): Pick<RunStore, 'runs' | 'stopped'> => ({
  runs: async () => runs,
  stopped: async () => undefined,
});

test('a queued run waits for another one that is at work', async () => {
  const why = await whyWaiting(runThatIs('b', 'queued'), listing(runThatIs('a', 'running')), SETTINGS);
  expect(why).toMatchObject({
    reason: 'inLine',
    reasonText: expect.stringContaining('run a is at work first'),
  });
});

test('a run that was set to work just after it was read does not wait for itself', async () => {
  const why = await whyWaiting(runThatIs('a', 'queued'), listing(runThatIs('a', 'running')), SETTINGS);
  expect(why).toBeUndefined();
});

test('while the tenant is stopped every open run says who did it, when, why, and how it goes on', async () => {
  const stop = { by: 'ada@desk', at: Date.UTC(2026, 0, 31), reason: 'CHG-7' };
  const store = { ...listing(), stopped: async () => stop };
  for (const state of ['queued', 'running'])
    expect(await whyWaiting(runThatIs('a', state), store, SETTINGS)).toEqual({
      reason: 'tenantStopped',
      reasonText:
        'the tenant was stopped by ada@desk at 2026-01-31T00:00:00.000Z (CHG-7); it goes on with `retarget resume --all`',
    });
  expect(await whyWaiting(runThatIs('a', 'completed'), store, SETTINGS)).toBeUndefined();
});
