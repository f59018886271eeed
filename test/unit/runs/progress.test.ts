import { expect, test } from 'vitest';
import { statusOfRun, type LimiterStatus } from '../../../src/runs/progress.ts';
import { DEFAULT_OPTIONS, headerFields, runFromHeader, type Run } from '../../../src/runs/run.ts';

const LEDGER: LimiterStatus = {
  limit: 100,
  budget: 100,
  charged: 20,
  used: 0.2,
  backoffUntil: null,
  backoffReason: null,
};

function run(fields: Record<string, string | number>): Run {
  const identity = {
    runId: 'r1',
    tenant: 't',
    graphUrl: 'https://graph.microsoft.com',
    apiVersion: 'beta' as const,
    appId: 'a',
    operator: 'o',
    arguments: [],
    fileName: 'f.csv',
    blind: false,
    keepDays: 30,
    options: DEFAULT_OPTIONS,
    isRegrouped: false,
  };
  const header = Object.entries({ ...headerFields(identity, 0), ...fields }).map(([k, v]) => [k, String(v)]);
  const found = runFromHeader('r1', Object.fromEntries(header));
  if (found === undefined) throw new Error('no such run');
  return found;
}

test('the time left follows from the rate so far', () => {
  const working = run({
    state: 'running',
    total: 100,
    left: 60,
    succeeded: 40,
    startedAt: 10_000,
    workingSince: 10_000,
  });
  expect(statusOfRun(working, LEDGER, 20_000)).toMatchObject({ ratePerSecond: 4, etaSeconds: 15 });
});

test('pauses do not count for the rate, nor for the time left', () => {
  const fields = { state: 'running', total: 100, left: 60, succeeded: 40, startedAt: 0 };
  const rested = run({ ...fields, workedMs: 6_000, workingSince: 3_600_000 });
  expect(statusOfRun(rested, LEDGER, 3_604_000)).toMatchObject({ ratePerSecond: 4, etaSeconds: 15 });
});

test('the rate is of the time before the tenant was stopped', () => {
  const working = run({ state: 'running', total: 100, left: 60, succeeded: 40, workingSince: 10_000 });
  const stopped = { reason: 'tenantStopped', reasonText: 'the tenant was stopped', since: 20_000 } as const;
  expect(statusOfRun(working, LEDGER, 90_000, stopped)).toMatchObject({ ratePerSecond: 4, etaSeconds: null });
});

test('of a run that waits nothing is foretold, and the reason is said', () => {
  const working = run({ state: 'running', total: 100, left: 60, succeeded: 40, workingSince: 10_000 });
  const why = { reason: 'noWorker', reasonText: 'no worker is at work for it' } as const;
  expect(statusOfRun(working, LEDGER, 20_000, why)).toMatchObject({ ...why, etaSeconds: null });
});

test('nothing is foretold before the first row is settled, or of a run that is not at work', () => {
  const fields = { total: 100, left: 60, succeeded: 40, startedAt: 10_000, workedMs: 10_000 };
  expect(statusOfRun(run({ ...fields, state: 'paused' }), LEDGER, 20_000).etaSeconds).toBeNull();
  const fresh = run({ state: 'running', total: 100, left: 100, startedAt: 10_000, workingSince: 10_000 });
  expect(statusOfRun(fresh, LEDGER, 20_000)).toMatchObject({ ratePerSecond: 0, etaSeconds: null });
  const queued = run({ state: 'queued', total: 100, left: 100 });
  expect(statusOfRun(queued, LEDGER, 20_000)).toMatchObject({ ratePerSecond: null, startedAt: null });
});

test('the rate of an ended run stays what it was, without the rows that were never written', () => {
  const cancelled = run({
    state: 'cancelled',
    total: 100,
    left: 80,
    sent: 0,
    succeeded: 20,
    startedAt: 10_000,
    finishedAt: 20_000,
    workedMs: 10_000,
  });
  expect(statusOfRun(cancelled, LEDGER, 99_000)).toMatchObject({
    ratePerSecond: 2,
    etaSeconds: null,
    cancelled: 80,
    finishedAt: '1970-01-01T00:00:20.000Z',
  });
});

test('the counts, the limiter and the times are shown as recorded', () => {
  const status = statusOfRun(
    run({ state: 'running', reason: '', total: 2, left: 1, failed: 1, throttled: 7 }),
    LEDGER,
    5,
  );
  expect(status).toMatchObject({
    total: 2,
    pending: 1,
    failed: 1,
    throttled: 7,
    reason: null,
    reasonText: null,
    limiter: LEDGER,
  });
  expect(status.createdAt).toBe('1970-01-01T00:00:00.000Z');
});
