import { expect, test } from 'vitest';
import type { RunEvent } from '../../src/runs/runEvent.ts';
import { SILENT_MS } from '../../src/runs/run.ts';
import type { RunStore } from '../../src/runs/runStore.ts';
import { encodeHeader } from '../../src/runs/run.ts';
import { copyOfRecord } from '../support/olderRecord.ts';
import { publishRun, recordForTests, rowsOf } from '../support/record.ts';
import { identityOf } from '../support/rows.ts';

const record = recordForTests();
const ROOT = identityOf().graphUrl;
const WORKER = { id: 'w', host: 'desk', pid: 42, silentMs: SILENT_MS };

const beat = (runs: RunStore): Promise<string[]> => runs.runsToWorkOn(ROOT, true, undefined, WORKER);

/** A run that names these channels. */
async function runTelling(notify: readonly string[]): Promise<{
  runs: RunStore;
  told(): Promise<RunEvent[]>;
  set(fields: Parameters<typeof encodeHeader>[0]): Promise<void>;
}> {
  const runs = record.store();
  await publishRun(runs, rowsOf(20));
  const header = runs.keys.run('r1').header;
  const set = async (fields: Parameters<typeof encodeHeader>[0]): Promise<void> => {
    await record.redis.hset(header, encodeHeader(fields));
  };
  await set({ notify });
  return { runs, set, told: async () => (await runs.untoldEvents(100)).map(({ event }) => event) };
}

test('a run that names no channel tells nothing', async () => {
  const { runs, told } = await runTelling([]);
  await beat(runs);
  await runs.transition('r1', { to: 'cancelled', from: ['running'], reason: 'operator' });
  expect(await told()).toEqual([]);
});

test('what happens to a run is kept by the script that causes it, numbered, with how it stood then', async () => {
  const { runs, told } = await runTelling(['ops', 'mail']);
  await beat(runs);
  const words = { reason: 'operator', reasonText: 'by ada: lunch' } as const;
  await runs.transition('r1', { to: 'paused', from: ['running'], ...words });
  await runs.transition('r1', { to: 'queued', from: ['paused'] });
  await beat(runs);
  await runs.transition('r1', { to: 'paused', from: ['running'], reason: 'signIn', reasonText: 'row 7 …' });
  await runs.transition('r1', { to: 'cancelled', from: ['paused'], ...words });
  const events = await told();
  expect(events.map(({ id, at, type }) => [id.replace(`-${at}`, ''), type])).toEqual([
    ['r1-1', 'begun'],
    ['r1-2', 'paused'],
    ['r1-3', 'paused'],
    ['r1-4', 'ended'],
  ]);
  expect(events[1]).toMatchObject({
    ...{ run: 'r1', channels: ['ops', 'mail'] },
    data: { state: 'paused', reason: 'operator', words: 'by ada: lunch', total: 20, rows: { pending: 20 } },
  });
  expect(JSON.stringify(events[2])).not.toContain('row 7');
  expect(events[3]?.data).toMatchObject({ state: 'cancelled', rows: { cancelled: 20 } });
  expect(Math.abs((events[3]?.at ?? 0) - (await runs.now()))).toBeLessThan(5_000);
});

test('what happens after Redis came back older is no event that was told before', async () => {
  const { runs, told } = await runTelling(['ops']);
  await beat(runs);
  const comeBackOlder = await copyOfRecord(record.redis, runs);
  await runs.transition('r1', { to: 'paused', from: ['running'], reason: 'operator', reasonText: 'by ada' });
  const [, paused] = await told();
  await comeBackOlder();
  await runs.transition('r1', {
    to: 'cancelled',
    from: ['running'],
    reason: 'operator',
    reasonText: 'by ada',
  });
  const [, ended] = await told();
  expect([paused?.type, ended?.type]).toEqual(['paused', 'ended']);
  expect(ended?.id).not.toBe(paused?.id);
});

test('that no row comes to its end for long is told once, until one does', async () => {
  const { runs, told, set } = await runTelling(['ops']);
  await beat(runs);
  const longAgo = (await runs.now()) - 6 * SILENT_MS;
  await set({ workingSince: longAgo });
  await beat(runs);
  await beat(runs);
  expect((await told()).slice(1)).toMatchObject([
    { id: expect.stringMatching(/^r1-2-/), type: 'stalled', data: { state: 'running', since: longAgo } },
  ]);
  await set({ lastProgressAt: longAgo + SILENT_MS / 2 });
  await beat(runs);
  expect((await told()).slice(2)).toMatchObject([{ type: 'stalled' }]);
  await set({ lastProgressAt: await runs.now() });
  await beat(runs);
  expect(await told()).toHaveLength(3);
});

test('that its window has closed before its end is told, and that its deadline has come', async () => {
  const { runs, told, set } = await runTelling(['ops']);
  await beat(runs);
  const now = await runs.now();
  const opensAt = now + 3_600_000;
  await set({
    ...{ windows: ['22:00-05:00'], timeZone: 'Europe/Berlin' },
    openIntervals: [[opensAt, opensAt + 1_000]],
  });
  await beat(runs);
  await beat(runs);
  await set({ deadlineAt: now - 1 });
  await beat(runs);
  expect((await told()).slice(1)).toMatchObject([
    {
      type: 'windowClosed',
      data: { reason: 'window', facts: { at: opensAt }, timeZone: 'Europe/Berlin', rows: { pending: 20 } },
    },
    { type: 'paused', data: { reason: 'deadline', facts: { at: now - 1 } } },
  ]);
});

test('that its workers are gone is told by whoever finds it out', async () => {
  const { runs, told, set } = await runTelling(['ops']);
  await beat(runs);
  const longAgo = (await runs.now()) - 2 * SILENT_MS;
  await set({ workers: { w: { ...WORKER, since: longAgo, seenAt: longAgo, aliveUntil: longAgo } } });
  await runs.queueLeft();
  expect((await told()).slice(1)).toMatchObject([
    { type: 'stalled', data: { state: 'queued', reason: 'noWorker' } },
  ]);
});

test('a run that is due and that nobody works on is told by a worker that works on another one only', async () => {
  const { runs, told, set } = await runTelling(['ops']);
  const ofAnother = () => runs.runsToWorkOn(ROOT, true, new Set(['r2']), WORKER);
  await ofAnother();
  expect(await told()).toEqual([]);
  const longAgo = (await runs.now()) - 6 * SILENT_MS;
  await set({ movedAt: longAgo });
  await ofAnother();
  await ofAnother();
  expect(await told()).toMatchObject([
    { type: 'stalled', data: { state: 'queued', reason: 'noWorker', since: longAgo } },
  ]);
  // One that waits for its own time does not stand still.
  await set({ startAt: (await runs.now()) + 3_600_000, movedAt: longAgo - 1 });
  await ofAnother();
  expect(await told()).toHaveLength(1);
});

test('an event lies there until it is taken out, and is one and the same for all who look', async () => {
  const { runs, told } = await runTelling(['ops']);
  await beat(runs);
  const [kept] = await runs.untoldEvents(10);
  if (kept === undefined) throw new Error('nothing was told');
  await runs.takeOut(kept);
  await runs.takeOut(kept);
  expect(await told()).toEqual([]);
});

test('since when a channel takes nothing stays, until it takes something', async () => {
  const runs = record.store();
  await runs.channelFailed('ops', 1_000, 'refused');
  await runs.channelFailed('ops', 2_000, 'timed out');
  expect((await runs.channelRecords()).get('ops')).toEqual({
    ...{ toldAt: null, failingSince: 1_000, why: 'timed out' },
  });
  await runs.channelTold('ops', 3_000);
  expect((await runs.channelRecords()).get('ops')).toEqual({ toldAt: 3_000, failingSince: null, why: null });
});
