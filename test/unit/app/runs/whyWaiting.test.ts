import { expect, test } from 'vitest';
import { whyWaiting } from '../../../../src/app/runs/whyWaiting.ts';
import { RECORD_FORMAT, runFromHeader, SILENT_MS, type Run } from '../../../../src/runs/run.ts';
import type { RunStore } from '../../../../src/runs/runStore.ts';

const ROOT = 'http://graph';

const NOW = Date.UTC(2026, 0, 31);

const runThatIs = (runId: string, state: string, more: Record<string, string> = {}): Run =>
  runFromHeader(runId, { state, format: RECORD_FORMAT, graphUrl: ROOT, ...more }) ??
  expect.fail('no such state');

const everywhere = async (): Promise<boolean> => true;
const nowhere = async (): Promise<boolean> => false;

const SETTINGS = { config: { graphUrl: ROOT }, hint: (words: string) => `retarget ${words}` };

const listing = (...runs: Run[]): Pick<RunStore, 'runs' | 'stopped' | 'now' | 'lateWaits'> => ({
  runs: async () => runs,
  stopped: async () => undefined,
  now: async () => NOW,
  lateWaits: async () => ({ lists: 0, leftMs: 0 }),
});

test('a queued run waits for another one that is at work', async () => {
  const why = await whyWaiting(
    runThatIs('b', 'queued'),
    listing(
      runThatIs('a', 'running', { fileName: 'big.csv', operator: 'bob@desk', total: '300', left: '240' }),
    ),
    SETTINGS,
    everywhere,
  );
  expect(why).toMatchObject({
    reason: 'inLine',
    run: 'a',
    reasonText: expect.stringMatching(
      /^waits for run a \(big.csv of bob@desk, 60 of 300 rows\), which is at work first/,
    ),
  });
});

test('a run that was set to work just after it was read does not wait for itself', async () => {
  const why = await whyWaiting(
    runThatIs('a', 'queued'),
    listing(runThatIs('a', 'running')),
    SETTINGS,
    everywhere,
  );
  expect(why).toBeUndefined();
});

test('a run that waits for a second person says so, whoever is at work, and whether anybody is', async () => {
  const facts = JSON.stringify({ run: 'a', by: 'ada@example.com', fingerprint: 'f'.repeat(64) });
  const run = runThatIs('a', 'queued', { reason: 'approval', reasonFacts: facts, movedAt: '5' });
  for (const [others, has] of [
    [[], nowhere],
    [[runThatIs('b', 'running')], everywhere],
  ] as const)
    expect(await whyWaiting(run, listing(...others), SETTINGS, has)).toMatchObject({
      ...{ reason: 'approval', since: 5 },
      reasonText: expect.stringContaining('somebody else than ada@example.com'),
    });
});

test('while the tenant is stopped every open run says who did it, when, why, and how it goes on', async () => {
  const stop = { by: 'ada@desk', at: Date.UTC(2026, 0, 31), reason: 'CHG-7' };
  const store = { ...listing(), stopped: async () => stop };
  for (const state of ['queued', 'running'])
    expect(await whyWaiting(runThatIs('a', state), store, SETTINGS, everywhere)).toEqual({
      reason: 'tenantStopped',
      reasonText:
        'the tenant was stopped by ada@desk at 2026-01-31T00:00:00.000Z (CHG-7); it goes on with `retarget resume --all`',
      since: stop.at,
    });
  expect(await whyWaiting(runThatIs('a', 'completed'), store, SETTINGS, everywhere)).toBeUndefined();
});

test('a run without a worker says so, queued or at work, and how to start one', async () => {
  for (const state of ['queued', 'running'])
    expect(await whyWaiting(runThatIs('a', state), listing(), SETTINGS, nowhere)).toMatchObject({
      reason: 'noWorker',
      reasonText: expect.stringContaining('`retarget worker`'),
    });
});

const beats = (...workers: object[]): Record<string, string> => ({
  workers: JSON.stringify(Object.fromEntries(workers.map((worker, i) => [`w${i}`, worker]))),
});
const BEAT = { host: 'desk', pid: 7, since: NOW - 9_000, seenAt: NOW - 5_000, aliveUntil: NOW + 5_000 };

test('one whose workers were not heard of for too long has none, though they are still connected', async () => {
  const silent = [
    runThatIs('a', 'running', { seenAt: String(NOW - SILENT_MS - 1) }),
    runThatIs('a', 'running', {
      ...{ seenAt: String(NOW - 5_000) },
      ...beats({ ...BEAT, aliveUntil: NOW - 1 }),
    }),
  ];
  for (const run of silent)
    expect(await whyWaiting(run, listing(), SETTINGS, everywhere)).toMatchObject({
      ...{ reason: 'noWorker', since: run.seenAt },
    });
  const heard = runThatIs('a', 'running', beats({ ...BEAT, aliveUntil: NOW - 1 }, BEAT));
  expect(await whyWaiting(heard, listing(), SETTINGS, everywhere)).toBeUndefined();
});

test('a run without a worker says since when: that one was heard of, or that it was queued', async () => {
  const at = new Date(2026, 0, 31, 0, 42).getTime();
  const store = { ...listing(), now: async () => at + 60_000 };
  const states = [
    runThatIs('a', 'running', { seenAt: String(at) }),
    runThatIs('a', 'queued', { reason: 'noWorker', seenAt: String(at), movedAt: String(at + 60_000) }),
    runThatIs('a', 'queued', { seenAt: String(at - 999_000), movedAt: String(at) }),
  ];
  for (const run of states)
    expect(await whyWaiting(run, store, SETTINGS, nowhere)).toMatchObject({
      ...{ since: at, reasonText: 'no worker since 00:42: start one with `retarget worker`' },
    });
});

test('one that nobody takes has no worker, though one is connected: that one stands still', async () => {
  const left = runThatIs('a', 'queued', { reason: 'noWorker', seenAt: String(NOW - 90_000) });
  expect(await whyWaiting(left, listing(), SETTINGS, everywhere)).toMatchObject({
    ...{ reason: 'noWorker', since: NOW - 90_000 },
    reasonText: expect.stringContaining('though one is connected'),
  });
  const queuedFor = (ms: number) => runThatIs('a', 'queued', { movedAt: String(NOW - ms) });
  expect(await whyWaiting(queuedFor(5_000), listing(), SETTINGS, everywhere)).toBeUndefined();
  expect(await whyWaiting(queuedFor(SILENT_MS + 1), listing(), SETTINGS, everywhere)).toMatchObject({
    reason: 'noWorker',
  });
});

test('one waits for another that its workers have left with writes on their way', async () => {
  const left = runThatIs('a', 'queued', { reason: 'noWorker', sent: '2' });
  expect(await whyWaiting(runThatIs('b', 'queued'), listing(left), SETTINGS, everywhere)).toMatchObject({
    ...{ reason: 'inLine', run: 'a', isLeft: true },
  });
});

test('a run of whose workers none reaches Graph says since when, and why', async () => {
  const at = new Date(2026, 0, 31, 0, 42).getTime();
  const store = { ...listing(), now: async () => at + 60_000 };
  const away = (since: number) => ({
    ...BEAT,
    aliveUntil: at + 99_000,
    graphAway: { since, why: 'No route.' },
  });
  const all = runThatIs('a', 'running', beats(away(at - 60_000), away(at)));
  expect(await whyWaiting(all, store, SETTINGS, everywhere)).toMatchObject({
    ...{ reason: 'graphAway', since: at },
    reasonText: 'Graph out of reach since 00:42: No route. It goes on by itself when Graph is there',
  });
  const one = runThatIs('a', 'running', beats(away(at), { ...BEAT, aliveUntil: at + 99_000 }));
  expect(await whyWaiting(one, store, SETTINGS, everywhere)).toBeUndefined();
});

test('a run of which nothing has come to its end for a while says so', async () => {
  const since = (ms: number): Run =>
    runThatIs('a', 'running', {
      ...{ seenAt: String(NOW), workingSince: String(NOW - 3_600_000) },
      lastProgressAt: String(NOW - ms),
    });
  expect(await whyWaiting(since(1_000), listing(), SETTINGS, everywhere)).toBeUndefined();
  expect(await whyWaiting(since(300_000), listing(), SETTINGS, everywhere)).toMatchObject({
    reason: 'noProgress',
    reasonText: expect.stringContaining('for 5 min 0 s'),
  });
});

test('a run that nobody works on any more is not said to be at work', async () => {
  const own = async (id: string): Promise<boolean> => id === 'b';
  const why = await whyWaiting(runThatIs('b', 'queued'), listing(runThatIs('a', 'running')), SETTINGS, own);
  expect(why?.reasonText).toContain('gives way within a minute');
});

test('a run at work whose policies may still be written by others says how many they are, and for how long', async () => {
  const store = { ...listing(), lateWaits: async () => ({ lists: 2, leftMs: 33_200 }) };
  const why = await whyWaiting(runThatIs('a', 'running'), store, SETTINGS, everywhere);
  expect(why).toMatchObject({
    reason: 'lateWrites',
    reasonText: expect.stringContaining('may still land on 2 policies of it, for up to 34 s'),
  });
});

test('a run that waits for its time or its window says so by the clock of now, whatever the record says of before', async () => {
  const night = { windows: '["22:00-23:00"]', timeZone: 'UTC' };
  const why = (more: Record<string, string>, hasWorkers = everywhere) =>
    whyWaiting(runThatIs('a', 'queued', more), listing(), SETTINGS, hasWorkers);
  const opens = NOW + 22 * 3_600_000;
  expect(await why({ startAt: String(NOW + 1), timeZone: 'UTC' })).toMatchObject({
    ...{ reason: 'time', until: NOW + 1 },
  });
  expect(await why(night)).toMatchObject({ reason: 'window', until: opens });
  expect((await why(night))?.reasonText).toContain('the next one opens at Sat 2026-01-31 22:00 (UTC)');
  expect((await why(night, nowhere))?.reasonText).toContain('start `retarget worker`');
  expect(await why({ windows: '["00:00-05:00"]', timeZone: 'UTC', reason: 'window' })).toBeUndefined();
});
