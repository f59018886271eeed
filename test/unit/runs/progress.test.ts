import { expect, test } from 'vitest';
import { statusOfRun, type LimiterStatus } from '../../../src/runs/progress.ts';
import type { Sample } from '../../../src/runs/samples.ts';
import type { Going } from '../../../src/runs/timeLeft.ts';
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

const WINDOW_MS = 20_000;
/** A limiter that gives 100 writes in 20 s, all of which are in use. */
const GOING: Going = {
  ...{ windowMs: WINDOW_MS, budget: 100, charged: 100, isSpaced: false, backoffUntil: null, heldMs: 0 },
  samples: [],
};
const AT_WORK = { state: 'running', total: 2_000, startedAt: 0, workingSince: 0 };
const sample = (fields: Partial<Sample>): Sample => ({
  ...{ at: 0, workedMs: 0, ended: 0, written: 0, heldMs: 0, budget: 100, charged: 100, throttled: 0 },
  family: 'deviceConfiguration',
  ...fields,
});
const settled = (rows: number, written = rows) => ({
  ...{ left: 2_000 - rows, succeeded: rows, ended: rows, written },
});

test('the time left is what the limiter takes for what is left, and shown as a moment, too', () => {
  const working = run({ ...AT_WORK, ...settled(500) });
  expect(statusOfRun(working, LEDGER, GOING, 100_000)).toMatchObject({
    ...{ ratePerSecond: 5, etaSeconds: 300, doneAbout: new Date(400_000).toISOString() },
  });
});

test('what does not fit into its window goes on in the next one, and what ends at its deadline has no end', () => {
  const nightly = { ...AT_WORK, ...settled(500), timeZone: 'UTC' };
  const short = run({ ...nightly, windows: '["00:00-00:05"]' });
  expect(statusOfRun(short, LEDGER, GOING, 100_000)).toMatchObject({
    ...{ etaSeconds: 86_400, doneAbout: '1970-01-02T00:01:40.000Z' },
  });
  const limited = run({ ...nightly, deadlineAt: 300_000 });
  expect(statusOfRun(limited, LEDGER, GOING, 100_000)).toMatchObject({ etaSeconds: null, doneAbout: null });
});

test('rows in doubt are among those that have to fit: they may have to be written again', () => {
  const inDoubt = run({
    ...AT_WORK,
    ...settled(500),
    sent: 100,
    timeZone: 'UTC',
    windows: '["00:00-00:05"]',
  });
  expect(statusOfRun(inDoubt, LEDGER, GOING, 100_000).schedule?.fit).toMatchObject({
    ...{ writes: 1_500, seconds: 300, holds: 1_000, moreWindows: 1 },
  });
});

test('a budget that was cut, or a limit of the run itself, counts at once', () => {
  const working = run({ ...AT_WORK, ...settled(500) });
  expect(statusOfRun(working, LEDGER, { ...GOING, budget: 50 }, 100_000).etaSeconds).toBe(600);
  const slow = run({ ...AT_WORK, ...settled(500), writesPerWindow: 25 });
  expect(statusOfRun(slow, LEDGER, GOING, 100_000).etaSeconds).toBe(1_200);
});

test('what goes at once at the start is not taken for the rate', () => {
  const working = run({ ...AT_WORK, total: 800, left: 700, succeeded: 100, ended: 100, written: 100 });
  expect(statusOfRun(working, LEDGER, GOING, 7_000).etaSeconds).toBe(140);
});

test('rows that need no write are no writes to wait for', () => {
  // Nine of ten were so already, and reading goes on at 20 rows a second.
  const working = run({ ...AT_WORK, ...settled(1_000, 100) });
  expect(statusOfRun(working, LEDGER, GOING, 50_000).etaSeconds).toBe(50);
});

test('the rate is that of the last minutes at work, not of the time since the start', () => {
  const samples = [sample({ workedMs: 1_000_000, ended: 500 }), sample({ workedMs: 1_100_000, ended: 600 })];
  const working = run({ ...AT_WORK, ...settled(700) });
  expect(statusOfRun(working, LEDGER, { ...GOING, samples }, 1_200_000)).toMatchObject({
    ...{ ratePerSecond: 1, etaSeconds: 1_300 },
  });
});

test('a backoff does not count for the rate, and what is left of it is waited for', () => {
  const samples = [sample({ workedMs: 0, ended: 0, heldMs: 7_000 })];
  const working = run({ ...AT_WORK, ...settled(500) });
  const held = { ...GOING, samples, heldMs: 67_000, backoffUntil: 190_000 };
  expect(statusOfRun(working, LEDGER, held, 160_000)).toMatchObject({ ratePerSecond: 5, etaSeconds: 330 });
});

test('pauses do not count for the rate, nor for the time left', () => {
  const rested = run({ ...AT_WORK, ...settled(500), workedMs: 96_000, workingSince: 3_600_000 });
  expect(statusOfRun(rested, LEDGER, GOING, 3_604_000)).toMatchObject({ ratePerSecond: 5, etaSeconds: 300 });
});

test('the rate is of the time before the tenant was stopped', () => {
  const working = run({ ...AT_WORK, ...settled(500) });
  const stopped = { reason: 'tenantStopped', reasonText: 'the tenant was stopped', since: 100_000 } as const;
  expect(statusOfRun(working, LEDGER, GOING, 900_000, { why: stopped })).toMatchObject({
    ...{ ratePerSecond: 5, etaSeconds: null, doneAbout: null },
  });
});

test('of a run that waits nothing is foretold, and the reason is said', () => {
  const working = run({ ...AT_WORK, ...settled(500) });
  const why = { reason: 'noWorker', since: 5_000, reasonText: 'no worker since 00:42' } as const;
  expect(statusOfRun(working, LEDGER, GOING, 20_000, { why })).toMatchObject({
    ...{ reason: 'noWorker', reasonText: 'no worker since 00:42', waitsFor: null },
    ...{ reasonSince: '1970-01-01T00:00:05.000Z', etaSeconds: null, doneAbout: null },
  });
});

test('nothing is foretold before the first row is settled, or of a run that is not at work', () => {
  const fields = { ...AT_WORK, ...settled(500), workedMs: 10_000, workingSince: '' };
  expect(statusOfRun(run({ ...fields, state: 'paused' }), LEDGER, GOING, 20_000).etaSeconds).toBeNull();
  const fresh = run({ ...AT_WORK, left: 2_000 });
  expect(statusOfRun(fresh, LEDGER, GOING, 20_000)).toMatchObject({ ratePerSecond: 0, etaSeconds: null });
  const queued = run({ state: 'queued', total: 100, left: 100 });
  expect(statusOfRun(queued, LEDGER, GOING, 20_000)).toMatchObject({ ratePerSecond: null, startedAt: null });
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
  expect(statusOfRun(cancelled, LEDGER, GOING, 99_000)).toMatchObject({
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
    GOING,
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

test('what a throttled run waits for is a time, and the time left reckons with it', () => {
  const working = run({ ...AT_WORK, ...settled(500) });
  const why = { reason: 'throttled', until: 130_000, reasonText: 'throttled until 00:02' } as const;
  const held = { ...GOING, backoffUntil: 130_000 };
  expect(statusOfRun(working, LEDGER, held, 100_000, { why })).toMatchObject({
    ...{ reason: 'throttled', waitsFor: { until: '1970-01-01T00:02:10.000Z' }, etaSeconds: 330 },
  });
});

test('a run in line names the run that it waits for', () => {
  const why = { reason: 'inLine', run: 'r0', isLeft: false, reasonText: 'waits for run r0' } as const;
  const queued = run({ state: 'queued', total: 100, left: 100 });
  expect(statusOfRun(queued, LEDGER, GOING, 5, { why }).waitsFor).toEqual({ run: 'r0' });
});

test('one that its workers have left says what keeps it now, not what once put it back', () => {
  const left = run({ state: 'queued', reason: 'noWorker', total: 100, left: 100 });
  expect(statusOfRun(left, LEDGER, GOING, 5)).toMatchObject({ reason: null, reasonText: null });
});

test('who is at work on it, since when, and when a row came to its end last', () => {
  const working = run({ ...AT_WORK, ...settled(5), lastProgressAt: 4_000 });
  const beat = { host: 'desk', pid: 7, seenAt: 3_000, aliveUntil: 9_000 };
  const workers = [
    { ...beat, since: 1_000 },
    { ...beat, host: 'shelf', since: 2_000, graphAway: { since: 2_500, why: 'no route' } },
  ];
  expect(statusOfRun(working, LEDGER, GOING, 5_000, { workers })).toMatchObject({
    lastProgressAt: '1970-01-01T00:00:04.000Z',
    workers: [
      { host: 'desk', pid: 7, since: '1970-01-01T00:00:01.000Z', graphAwaySince: null },
      { host: 'shelf', seenAt: '1970-01-01T00:00:03.000Z', graphAwaySince: '1970-01-01T00:00:02.500Z' },
    ],
  });
});

test('families are shown apart, each with its own time left, and the slowest is the limiter of the run', () => {
  const working = run({
    ...{ ...AT_WORK, total: 1_000, left: 600, ended: 400, written: 400, succeeded: 400 },
    families: JSON.stringify(['applications', 'devices']),
    ...{ 'total:applications': 500, 'left:applications': 400, 'sent:applications': 0 },
    ...{ 'total:devices': 500, 'left:devices': 200, 'sent:devices': 0 },
  });
  const { budget, charged, isSpaced, backoffUntil } = GOING;
  const flow = { budget, charged, isSpaced, backoffUntil };
  const held = { ...flow, backoffUntil: 110_000 };
  const limiters = new Map([
    ['applications', flow] as const,
    ['devices', { ...held, budget: 200, charged: 200 }] as const,
  ]);
  const shown = { applications: LEDGER, devices: { ...LEDGER, limit: 200, budget: 200 } };
  const status = statusOfRun(...([working, LEDGER, { ...GOING, limiters }, 100_000] as const), {
    limiters: new Map([
      ['applications', shown.applications],
      ['devices', shown.devices],
    ]),
  });
  // Four windows of 100, and a backoff of 10 s before one of 200.
  expect(status.families).toEqual([
    { family: 'applications', total: 500, pending: 400, etaSeconds: 80, limiter: shown.applications },
    { family: 'devices', total: 500, pending: 200, etaSeconds: 30, limiter: shown.devices },
  ]);
  // As rows went lately it takes longer than the limits ask.
  expect(status).toMatchObject({ etaSeconds: 150, limiter: shown.applications });
});
