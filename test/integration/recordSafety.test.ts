import { describe, expect, test, vi } from 'vitest';
import { Staging } from '../../src/runs/staging.ts';
import { world } from '../support/batchWorld.ts';
import { recordForTests, rowsOf, runAtWork, WIDE } from '../support/record.ts';
import { eachAlone, identityOf, pendingRows } from '../support/rows.ts';

const record = recordForTests();
const first = eachAlone(pendingRows(0));

describe('a staging', () => {
  test('that is renewed while it is published leaves a run that does not expire', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const store = record.store();
      const identity = identityOf({});
      const staging = await Staging.begin(store, identity, Date.now());
      for (const input of rowsOf(3)) await staging.add({ input });
      const publish = store.publish.bind(store);
      store.publish = (...args) => {
        const published = publish(...args);
        vi.advanceTimersByTime(60_000);
        return published;
      };
      expect(await staging.publish({ sha256: 'x', columns: [], leftOut: 0, again: true })).toEqual({
        kind: 'published',
      });
      const { header, states } = store.keys.run(identity.runId);
      // Commands of one connection are answered in order, so a renewal would be through by now.
      expect([await record.redis.ttl(header), await record.redis.ttl(states)]).toEqual([-1, -1]);
    } finally {
      vi.useRealTimers();
    }
  });

  test('whose publication was not answered stays the run that it is', async () => {
    const store = record.store();
    const identity = identityOf({});
    const staging = await Staging.begin(store, identity, Date.now());
    for (const input of rowsOf(3)) await staging.add({ input });
    const publish = store.publish.bind(store);
    store.publish = async (...args) => {
      await publish(...args);
      throw new Error('the connection is gone');
    };
    await expect(staging.publish({ sha256: 'x', columns: [], leftOut: 0, again: true })).rejects.toThrow(
      'the connection is gone',
    );
    expect(await staging.discard()).toBe(false);
    expect(await store.run(identity.runId)).toMatchObject({ state: 'queued', total: 3 });
  });
});

test('what a read decided before another worker sent the row is not recorded', async () => {
  const store = record.store();
  const runId = await runAtWork(store, rowsOf(1));
  const ref = { runId, batch: 0 };
  await store.permit(ref, 'other', first, WIDE);
  const seen = { state: 'pending', attempts: 0 } as const;
  await store.record(ref, [{ place: 0, state: 'skipped', attempts: 0, seen }], WIDE);
  await store.record(ref, [{ place: 0, state: 'succeeded', attempts: 1 }], WIDE);
  expect((await store.batch(ref))?.rows[0]).toMatchObject({ state: 'succeeded', attempts: 1 });
});

describe('whole lists', () => {
  test.each([
    ['v1.0, which shows no filters', { apiVersion: 'v1.0' }],
    ['a blind run, which shows nothing', { blind: true }],
  ] as const)('are not written in %s', async (_, options) => {
    const each = await world(record, { ...options, run: { strategy: 'assign' } });
    await each.work();
    expect((await each.rows())[0]).toMatchObject({
      state: 'failed',
      detail: { errorCode: 'ReadIncomplete' },
    });
    expect(each.graph.stats().writesArrived).toBe(0);
  });

  test('of a cancelled run are looked at, though some of their rows were never sent', async () => {
    const each = await world(record, { run: { strategy: 'assign' } });
    const { runId } = await each.run();
    await each.runs.permit({ runId, batch: 0 }, 'dead', first, { ...WIDE, timeoutMs: 0 });
    await each.runs.transition(runId, { to: 'cancelled', from: ['running'] });
    await each.work();
    expect((await each.run()).finishedAt).not.toBeNull();
  });
});

test('a row in doubt when its run was aborted goes on with the rest', async () => {
  const each = await world(record, {});
  const { runId } = await each.run();
  await each.runs.permit({ runId, batch: 0 }, 'dead', first, { ...WIDE, timeoutMs: 0 });
  await each.runs.transition(runId, { to: 'aborted', from: ['running'], reason: 'operator' });
  await each.work();
  expect((await each.run()).counts).toMatchObject({ pending: 20, cancelled: 0 });
  await each.runs.retry(runId, { from: ['aborted'], open: 'rest' });
  await each.runs.runsToWorkOn(each.graph.url);
  await each.work();
  expect(await each.run()).toMatchObject({ state: 'completed', counts: { succeeded: 20 } });
});
