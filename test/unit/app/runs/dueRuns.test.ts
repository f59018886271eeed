import { expect, test } from 'vitest';
import { dueBefore } from '../../../../src/app/runs/dueRuns.ts';
import { fakeServices, runThatIs } from '../../../support/fakeServices.ts';

const NOW = 1_000_000;
const LINE = [
  runThatIs('running', {}, 'left'),
  runThatIs('queued', { startAt: String(NOW + 1) }, 'tomorrow'),
  runThatIs('queued', { startAt: String(NOW) }, 'first'),
  runThatIs('paused', {}, 'resting'),
  { ...runThatIs('queued', {}, 'elsewhere'), graphUrl: 'https://graph.microsoft.us' },
  runThatIs('queued', { format: '2' }, 'old'),
  runThatIs('queued', {}, 'mine'),
  runThatIs('queued', {}, 'later'),
];

/** @param workersOf whose workers are at work: '' stands for those of all runs */
const due = async (runId: string | undefined, ...workersOf: string[]): Promise<string[]> => {
  const services = fakeServices({
    runs: { line: async () => LINE, now: async () => NOW },
    producer: { hasWorkers: async (id = '') => workersOf.includes(id) },
  });
  return (await dueBefore(runId, services)).map((run) => run.runId);
};

test('before a run come those that stand in line before it, and one that its workers have left', async () => {
  expect(await due('mine')).toEqual(['left', 'first']);
});

test('one that waits for its time is not due', async () => {
  expect(await due('mine')).not.toContain('tomorrow');
});

test('one that somebody works on is not waited for here', async () => {
  expect(await due('mine', 'left')).toEqual(['first']);
});

test('before a new run comes the whole line', async () => {
  expect(await due(undefined)).toEqual(['left', 'first', 'mine', 'later']);
});

test('where workers take all runs, they take the line', async () => {
  expect(await due('mine', '')).toEqual([]);
});
