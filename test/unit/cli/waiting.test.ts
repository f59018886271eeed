import { expect, test } from 'vitest';
import { whyWaiting } from '../../../src/cli/waiting.ts';
import { runFromHeader, type Run } from '../../../src/runs/run.ts';
import type { RunStore } from '../../../src/runs/runStore.ts';

const ROOT = 'http://graph';

const runThatIs = (runId: string, state: string): Run =>
  runFromHeader(runId, { state, format: '1', graphUrl: ROOT }) ?? expect.fail('no such state');

const listing = (...runs: Run[]): RunStore => {
  const store: Pick<RunStore, 'runs'> = { runs: async () => runs };
  // Only the list of runs is read.
  return store as RunStore;
};

test('a queued run waits for another one that is at work', async () => {
  const why = await whyWaiting(runThatIs('b', 'queued'), listing(runThatIs('a', 'running')), {
    graphUrl: ROOT,
  });
  expect(why).toContain('run a is at work first');
});

test('a run that was set to work just after it was read does not wait for itself', async () => {
  const why = await whyWaiting(runThatIs('a', 'queued'), listing(runThatIs('a', 'running')), {
    graphUrl: ROOT,
  });
  expect(why).toBeUndefined();
});
