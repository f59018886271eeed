import { expect, test } from 'vitest';
import { heardOf, type WorkerSelf } from '../../src/runs/workers.ts';
import { SILENT_MS, type Run } from '../../src/runs/run.ts';
import type { RunStore } from '../../src/runs/runStore.ts';
import { publishRun, recordForTests, rowsOf } from '../support/record.ts';
import { identityOf } from '../support/rows.ts';

const record = recordForTests();
const ROOT = identityOf().graphUrl;

const worker = (id: string, more: Partial<WorkerSelf> = {}): WorkerSelf => ({
  ...{ id, host: `host-${id}`, pid: 42, silentMs: SILENT_MS },
  ...more,
});

const beat = (runs: RunStore, self: WorkerSelf): Promise<string[]> =>
  runs.runsToWorkOn(ROOT, true, undefined, self);

async function runAtWork(...workers: WorkerSelf[]): Promise<{ runs: RunStore; run(): Promise<Run> }> {
  const runs = record.store();
  await publishRun(runs, rowsOf(20));
  for (const each of workers) await beat(runs, each);
  return { runs, run: async () => (await runs.run('r1')) ?? expect.fail('no run') };
}

test('a run at work knows who is at work on it, and since when', async () => {
  const { runs, run } = await runAtWork(worker('a'), worker('b'));
  const first = (await run()).workers;
  expect(Object.keys(first).toSorted()).toEqual(['a', 'b']);
  expect(first['a']).toMatchObject({ host: 'host-a', pid: 42 });
  await beat(runs, worker('a'));
  const { workers, workingSince } = await run();
  expect(workers['a']?.since).toBe(first['a']?.since);
  expect(workers['a']?.since).toBeGreaterThanOrEqual(workingSince ?? Infinity);
  expect(workers['a']?.seenAt).toBeGreaterThanOrEqual(first['a']?.seenAt ?? Infinity);
  expect(heardOf(workers, await runs.now()).map(({ id }) => id)).toEqual(['a', 'b']);
});

test('a worker that ends is none of it any more, and the moment is kept', async () => {
  const { runs, run } = await runAtWork(worker('a'), worker('b'));
  await runs.farewell('a');
  expect(Object.keys((await run()).workers)).toEqual(['b']);
  await runs.farewell('b');
  const left = await run();
  expect(left).toMatchObject({ state: 'running', workers: {} });
  expect(Math.abs((left.seenAt ?? 0) - (await runs.now()))).toBeLessThan(5_000);
});

test('since when Graph is out of reach of a worker is kept over its heartbeats, until it is there', async () => {
  const { runs, run } = await runAtWork(worker('a', { graphAway: 'refused the connection' }));
  const away = (await run()).workers['a']?.graphAway;
  expect(away).toMatchObject({ why: 'refused the connection' });
  await beat(runs, worker('a', { graphAway: 'could not be looked up' }));
  expect((await run()).workers['a']?.graphAway).toEqual({
    since: away?.since,
    why: 'could not be looked up',
  });
  await beat(runs, worker('a'));
  expect((await run()).workers['a']?.graphAway).toBeUndefined();
});

test('a run at work whose workers were silent for too long is queued again, by whoever looks', async () => {
  const { runs, run } = await runAtWork(worker('a', { silentMs: -1 }));
  await runs.queueLeft();
  expect(await run()).toMatchObject({ state: 'queued', reason: 'noWorker' });
  await beat(runs, worker('b'));
  expect(Object.keys((await run()).workers)).toEqual(['b']);
  await runs.queueLeft();
  expect(await run()).toMatchObject({ state: 'running', reason: null });
});

test('one that its last worker has just left may be taken up, and is queued only after a while', async () => {
  const { runs, run } = await runAtWork(worker('a'));
  await runs.farewell('a');
  await runs.queueLeft();
  expect((await run()).state).toBe('running');
  await record.redis.hset(
    runs.keys.run('r1').header,
    'seenAt',
    String((await runs.now()) - SILENT_MS - 1_000),
  );
  await runs.queueLeft();
  expect(await run()).toMatchObject({ state: 'queued', reason: 'noWorker' });
});

test('one whose deadline has passed, or whose window has closed, does not stay at work until somebody asks for a permit', async () => {
  const { runs, run } = await runAtWork(worker('a'));
  await runs.set('r1', { windows: ['22:00-05:00'], timeZone: 'UTC', openIntervals: [] });
  await runs.queueLeft();
  expect(await run()).toMatchObject({ state: 'queued', reason: 'window' });
  await runs.set('r1', { windows: [], timeZone: null, openIntervals: [] });
  await beat(runs, worker('a'));
  await runs.set('r1', { deadlineAt: (await runs.now()) - 1_000 });
  await runs.queueLeft();
  expect(await run()).toMatchObject({ state: 'paused', reason: 'deadline' });
});

test('who was at work before a pause is not taken for somebody at work after it', async () => {
  const { runs, run } = await runAtWork(worker('a'));
  await runs.transition('r1', { to: 'paused', from: ['running'], reason: 'operator' });
  await runs.transition('r1', { to: 'queued', from: ['paused'] });
  await beat(runs, worker('b'));
  expect(Object.keys((await run()).workers)).toEqual(['b']);
});
