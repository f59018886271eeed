import { expect, test } from 'vitest';
import { Staging } from '../../src/runs/staging.ts';
import type { RunStore } from '../../src/runs/runStore.ts';
import { publishRun, recordForTests, rowsOf, WIDE } from '../support/record.ts';
import { identityOf } from '../support/rows.ts';

const record = recordForTests();

const keysOf = (store: RunStore): Promise<string[]> => record.redis.keys(`${store.keys.prefix}:*`);
const PUBLISH = { sha256: 'sha', columns: [], leftOut: 0, again: false } as const;

async function staged(store: RunStore, rows = 45, runId = 'r1'): Promise<Staging> {
  const staging = await Staging.begin(store, identityOf({ runId }), Date.now());
  for (const input of rowsOf(rows)) await staging.add({ input });
  return staging;
}

test('rows come back from the record in the order of the file, in batches of twenty', async () => {
  const store = record.store();
  const runId = await publishRun(store, rowsOf(45));
  const run = await store.run(runId);
  expect(run).toMatchObject({ state: 'queued', total: 45, batches: 3, counts: { pending: 45 } });
  const lines: number[] = [];
  if (run) for await (const { input } of store.rows(run)) lines.push(input.line);
  expect(lines).toEqual(rowsOf(45).map(({ line }) => line));
  const sizes = await Promise.all(
    [0, 1, 2].map(async (batch) => (await store.batch({ runId, batch }))?.length),
  );
  expect(sizes).toEqual([20, 20, 5]);
});

test('what is staged expires with its producer, every key of it, and nobody works on it', async () => {
  const store = record.store();
  const staging = await staged(store);
  await staging.add({ input: rowsOf(1)[0] ?? expect.fail(), duplicateOf: 2 });
  await staging.flush();
  const keys = await keysOf(store);
  expect(keys.length).toBeGreaterThanOrEqual(4);
  for (const key of keys) {
    const seconds = await record.redis.ttl(key);
    expect(seconds, key).toBeGreaterThan(20);
    expect(seconds, key).toBeLessThanOrEqual(120);
  }
  expect(await store.runsToWorkOn(identityOf().graphUrl, 1)).toEqual([]);
  expect(await store.runs()).toEqual([]);
  await staging.discard();
});

test('a published run expires no more, until it ends', async () => {
  const store = record.store();
  await publishRun(store, rowsOf(45));
  for (const key of await keysOf(store)) expect(await record.redis.ttl(key), key).toBe(-1);
});

test('a discarded staging leaves no key', async () => {
  const store = record.store();
  const staging = await staged(store);
  await staging.flush();
  await staging.discard();
  expect(await keysOf(store)).toEqual([]);
});

test('a published run can not be discarded', async () => {
  const store = record.store();
  const staging = await staged(store);
  expect(await staging.publish(PUBLISH)).toEqual({ kind: 'published' });
  const keys = await keysOf(store);
  await staging.discard();
  expect(await keysOf(store)).toEqual(keys);
  expect((await store.run('r1'))?.state).toBe('queued');
});

test('a staging is published once', async () => {
  const store = record.store();
  const staging = await staged(store);
  expect(await staging.publish(PUBLISH)).toEqual({ kind: 'published' });
  expect(await store.publish('r1', 'sha', true, { total: 1 })).toEqual({ kind: 'lost' });
  expect(await store.run('r1')).toMatchObject({ total: 45 });
});

test.each(['header', 'inputs', 'states'] as const)(
  'a staging whose %s have expired is lost and leaves no key',
  async (part) => {
    const store = record.store();
    const staging = await staged(store);
    await staging.flush();
    await record.redis.del(store.keys.run('r1')[part]);
    expect(await staging.publish(PUBLISH)).toEqual({ kind: 'lost' });
    expect(await keysOf(store)).toEqual([]);
  },
);

test('a staging that goes on after it has expired does not become a run with a hole', async () => {
  const store = record.store();
  const staging = await staged(store, 2_100);
  await record.redis.del(...(await keysOf(store)));
  for (const input of rowsOf(100)) await staging.add({ input });
  expect(await staging.publish(PUBLISH)).toEqual({ kind: 'lost' });
  expect(await keysOf(store)).toEqual([]);
});

test('the same file is refused while its run is unfinished, also when both are read at once', async () => {
  const store = record.store();
  const [first, second] = await Promise.all([staged(store, 3, 'r1'), staged(store, 3, 'r2')]);
  expect(await first.publish(PUBLISH)).toEqual({ kind: 'published' });
  expect(await second.publish(PUBLISH)).toEqual({ kind: 'sameFile', runId: 'r1' });
  expect(await store.run('r2')).toBeUndefined();
  expect((await store.run('r1'))?.total).toBe(3);
});

test('the same file is taken with --again, for another root, and when its run has ended', async () => {
  const store = record.store();
  const publish = (runId: string, graphUrl: string, again: boolean): Promise<string> =>
    publishRun(store, rowsOf(1), { runId, graphUrl }, { again });
  await publish('r1', 'http://one', false);
  await publish('r2', 'http://one', true);
  await publish('r3', 'http://two', false);
  await store.transition('r1', 'cancelled', '', ['queued']);
  await expect(publish('r4', 'http://one', false)).rejects.toThrow('sameFile');
  await store.transition('r2', 'cancelled', '', ['queued']);
  await publish('r5', 'http://one', false);
  expect((await store.runs()).map(({ runId, state }) => `${runId} ${state}`).toSorted()).toEqual([
    'r1 cancelled',
    'r2 cancelled',
    'r3 queued',
    'r5 queued',
  ]);
});

test('rows that wish the same again are skipped from the start, with the line they repeat', async () => {
  const store = record.store();
  const rows = rowsOf(41);
  const repeated = rows.map((input, i) => (i >= 20 && i < 40 ? { input, duplicateOf: 2 } : { input }));
  const runId = await publishRun(store, repeated);
  const run = await store.run(runId);
  expect(run).toMatchObject({ total: 41, counts: { pending: 21, skipped: 20 } });
  const [duplicate] = (await store.batch({ runId, batch: 1 })) ?? [];
  expect(duplicate).toMatchObject({ state: 'skipped', detail: { errorCode: 'DuplicateRow' } });
  expect(duplicate?.detail.errorMessage).toContain('Line 2');
  // Nothing is left to do in a batch of duplicates.
  if (run) expect(await store.openBatches({ ...run, state: 'running' }, 10)).toEqual([0, 2]);
  for (const batch of [0, 2]) {
    const open = (await store.batch({ runId, batch })) ?? [];
    await store.record(
      { runId, batch },
      open.map(({ place }) => ({ place, state: 'succeeded', attempts: 1 })),
      WIDE,
    );
  }
  expect(await store.run(runId)).toMatchObject({
    state: 'completed',
    counts: { succeeded: 21, skipped: 20 },
  });
});
