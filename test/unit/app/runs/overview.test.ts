import { expect, test } from 'vitest';
import { Overviews } from '../../../../src/app/runs/overview.ts';
import type { LimiterNow } from '../../../../src/runs/permit.ts';
import type { Run } from '../../../../src/runs/run.ts';
import { fakeServices, NOW, runThatIs, type FakeServices } from '../../../support/fakeServices.ts';

const LIMITER = {
  ...{ budget: 100, charged: 0, accepted: 0, isSpaced: false, heldMs: 0 },
  ...{ backoffUntil: null, backoffReason: null },
} as unknown as LimiterNow;

/** A tenant with these runs, the newest first. */
function tenant(runs: readonly Run[]): FakeServices {
  const open = runs.filter(({ finishedAt }) => finishedAt === null);
  return fakeServices({
    runs: {
      runIds: async () => runs.map(({ runId }) => runId),
      line: async () => open,
      run: async (id) => runs.find(({ runId }) => runId === id),
      stopped: async () => undefined,
      samples: async () => [],
      limiterNow: async () => LIMITER,
      lateWaits: async () => ({ lists: 0, leftMs: 0 }),
    },
  });
}

const timesOf = ({ done }: FakeServices, what: string): number => done.filter((each) => each === what).length;

const ended = Array.from({ length: 100 }, (_, i) =>
  runThatIs('completed', { finishedAt: NOW - 1_000, left: 0, createdAt: NOW - 2_000 - i }, `ended-${i}`),
);

test('what has ended is read once, however often the runs are seen; what is open each time', async () => {
  const services = tenant([runThatIs('running', { createdAt: NOW }, 'open'), ...ended]);
  const overviews = new Overviews(services);
  for (let seen = 0; seen < 5; seen += 1) {
    const { runs } = await overviews.see();
    expect(runs.map(({ run }) => run.runId).slice(0, 2)).toEqual(['open', 'ended-0']);
    expect(runs).toHaveLength(101);
  }
  expect(timesOf(services, 'runs.run')).toBe(100);
  expect(timesOf(services, 'runs.line')).toBe(5);
  // Not asked of each run that waits, but once for all.
  expect(timesOf(services, 'runs.stopped')).toBe(5);
});

test('a run that has ended and is opened again is seen as it is', async () => {
  const [last] = ended;
  const runs: Run[] = last === undefined ? [] : [last];
  const services = tenant(runs);
  const overviews = new Overviews(services);
  expect((await overviews.see()).runs[0]?.shown).toBe('completed');
  const again = runThatIs('queued', { createdAt: NOW - 2_000, moves: 3 }, 'ended-0');
  runs[0] = again;
  Object.assign(services.runs, { line: async () => [again] });
  expect((await overviews.see()).runs[0]?.shown).toBe('queued');
});
