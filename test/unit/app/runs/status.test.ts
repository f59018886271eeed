import { expect, test } from 'vitest';
import { statusOf, statusOfId } from '../../../../src/app/runs/status.ts';
import { fakeServices, NOW, runThatIs, type Fakes } from '../../../support/fakeServices.ts';

const NO_LATE = { lists: 0, leftMs: 0 };

const QUIET = {
  charged: 0,
  accepted: 0,
  budget: 100,
  backoffUntil: null,
  backoffReason: null,
  isSpaced: false,
  heldMs: 0,
} as const;

const services = (runs: Fakes['runs'] = {}, more: Fakes = {}) =>
  fakeServices({
    ...more,
    runs: {
      runs: async () => [],
      stopped: async () => undefined,
      limiterNow: async () => QUIET,
      lateWaits: async () => NO_LATE,
      samples: async () => [],
      ...runs,
    },
  });

test('a run at work tells its rate of the time at work, and when it will have ended', async () => {
  const run = runThatIs('running', {
    total: 100,
    left: 60,
    ...{ succeeded: 40, ended: 40, written: 40 },
    workedMs: 6_000,
    workingSince: NOW - 4_000,
    lastProgressAt: NOW,
  });
  const limiterNow = async () => ({ ...QUIET, isSpaced: true });
  expect(await statusOf(run, services({ limiterNow }))).toMatchObject({
    ...{ state: 'running', reason: null, reasonText: null },
    ...{ pending: 60, succeeded: 40, ratePerSecond: 4, etaSeconds: 12 },
  });
});

test('one that waits says why, and nothing is foretold of it', async () => {
  const nobody = { producer: { hasWorkers: async () => false } };
  expect(await statusOf(runThatIs('queued'), services({}, nobody))).toMatchObject({
    ...{ state: 'queued', reason: 'noWorker', etaSeconds: null },
    reasonText: expect.stringContaining('`retarget worker`'),
  });
});

test('one that rests keeps its own reason, whatever else stands in its way', async () => {
  const stopped = { stopped: async () => ({ by: 'bob@desk', at: NOW, reason: null }) };
  const run = runThatIs('paused', { reason: 'operator', reasonText: 'by ada@desk' });
  expect(await statusOf(run, services(stopped))).toMatchObject({
    reason: 'operator',
    reasonText: 'by ada@desk',
  });
});

test('the limiter is told with what counts, what was taken of the budget, and what it waits for', async () => {
  const busy = {
    charged: 20,
    accepted: 33,
    budget: 66,
    isSpaced: true,
    heldMs: 0,
    backoffUntil: NOW + 500,
    backoffReason: 'throttled',
  } as const;
  const { limiter } = await statusOf(runThatIs('running'), services({ limiterNow: async () => busy }));
  expect(limiter).toEqual({
    ...{ limit: 100, budget: 66, charged: 20, used: 0.5 },
    ...{ backoffUntil: new Date(NOW + 500).toISOString(), backoffReason: 'throttled' },
  });
  const none = { ...QUIET, budget: 0 };
  expect(
    (await statusOf(runThatIs('running'), services({ limiterNow: async () => none }))).limiter.used,
  ).toBe(0);
});

test('a run whose limiter is told to wait is throttled, one that may go on in another family is not', async () => {
  const backoff = { backoffUntil: NOW + 30_000, backoffReason: 'throttled' } as const;
  const held = services({ limiterNow: async () => ({ ...QUIET, ...backoff }) });
  expect(await statusOf(runThatIs('running'), held)).toMatchObject({
    ...{ state: 'running', reason: 'throttled' },
    waitsFor: { until: new Date(NOW + 30_000).toISOString() },
    reasonText: expect.stringMatching(/^throttled until \d\d:\d\d/),
  });
  // Also when it has stood still for a while: that is why.
  const stuck = runThatIs('running', { workingSince: NOW - 600_000 });
  expect(await statusOf(stuck, held)).toMatchObject({ reason: 'throttled' });
  const families = {
    ...{ families: '["deviceConfiguration","devices"]', total: 10, left: 6 },
    ...{
      'left:deviceConfiguration': 3,
      'left:devices': 3,
      'total:deviceConfiguration': 5,
      'total:devices': 5,
    },
  };
  const half = services({
    limiterNow: async ({ family }) => (family === 'devices' ? QUIET : { ...QUIET, ...backoff }),
  });
  expect(await statusOf(runThatIs('running', families), half)).toMatchObject({ reason: null });
});

test('workers that are heard of and connected are named', async () => {
  const beat = { host: 'desk', pid: 7, since: NOW - 9_000, seenAt: NOW - 1_000, aliveUntil: NOW + 9_000 };
  const run = runThatIs('running', {
    workers: JSON.stringify({ a: beat, killed: { ...beat, host: 'gone' } }),
  });
  const connectedWorkers = async () => new Set(['a']);
  const { workers } = await statusOf(run, services({}, { producer: { connectedWorkers } }));
  expect(workers.map(({ host }) => host)).toEqual(['desk']);
});

test('a run that is gone has no status', async () => {
  expect(await statusOfId('r1', services({ run: async () => undefined }))).toBeUndefined();
});
