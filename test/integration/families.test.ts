import { Queue } from 'bullmq';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Family } from '../../src/assignments/kinds/family.ts';
import type { BatchRef } from '../../src/runs/batchRow.ts';
import { groupedByPolicy } from '../../src/runs/grouped.ts';
import { NOTHING_SENT, type LimiterPolicy, type PermitAnswer } from '../../src/runs/permit.ts';
import { DEFAULT_OPTIONS } from '../../src/runs/run.ts';
import type { RunStore } from '../../src/runs/runStore.ts';
import { Staging, type StagedRow } from '../../src/runs/staging.ts';
import { Producer, QUEUE_NAME, type BatchJob } from '../../src/worker/producer.ts';
import { inVirtualTime } from '../support/limiterModel.ts';
import { publishRun, recordForTests, rowsOf, runAtWork, WIDE } from '../support/record.ts';
import { eachAlone, identityOf, pendingRows } from '../support/rows.ts';

// The scripts as they are, but for the clock and the server's name, which the tests set.
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const readFileSync = (path: URL | string, encoding: 'utf8'): string => {
    const text = fs.readFileSync(path, encoding);
    return String(path).endsWith('.lua') ? inVirtualTime(text) : text;
  };
  return { ...fs, readFileSync };
});

const record = recordForTests();

const WINDOW_MS = 1_000;
const POLICY = { ...WIDE, limit: 100, windowMs: WINDOW_MS, timeoutMs: 3_000 };
/** As a worker asks in a family; what is not listed is charged to the main one as well. */
const policyIn = (family: Family): LimiterPolicy => ({
  ...POLICY,
  family,
  ...(family === 'devices' && { limit: 200 }),
  ...(family === 'groupPolicy' && {
    also: { family: 'deviceConfiguration', limit: POLICY.limit, limitAll: POLICY.limitAll },
  }),
});

const start = async (): Promise<{ store: RunStore; passes: (ms: number) => Promise<number> }> => {
  let ms = 0;
  const passes = async (more: number): Promise<number> => {
    ms += more;
    await record.redis.mset(
      ...['virtual:s', 1_800_000_000 + Math.floor(ms / 1000), 'virtual:us', (ms % 1000) * 1000],
      ...['virtual:server', 'one'],
    );
    return ms;
  };
  await passes(0);
  return { store: record.store(), passes };
};

/** Rows of so many batches of each family, as a file has them that is sorted by family. */
const rowsIn = (...families: readonly (readonly [family: Family, batches: number])[]): StagedRow[] => {
  const ofEach = families.flatMap(([family, batches]) => Array.from({ length: 20 * batches }, () => family));
  const inputs = rowsOf(ofEach.length);
  return ofEach.map((family, rank) => ({
    input: inputs[rank] ?? expect.fail(),
    ...{ rank, family, policy: `${family} ${rank}` },
  }));
};

const PLACES = Array.from({ length: 20 }, (_, place) => place);

const ask = (store: RunStore, batch: number, family: Family, families?: readonly Family[]) =>
  store.permit(
    { runId: 'r1', batch },
    `of${batch}`,
    eachAlone(pendingRows(...PLACES)),
    policyIn(family),
    families,
  );

/** What was permitted was answered at once; the rows are open again, or done. */
async function answer(
  store: RunStore,
  ref: BatchRef,
  family: Family,
  permit: PermitAnswer,
  { throttled = 0, backoffMs = 0, isDone = false } = {},
): Promise<number> {
  if (permit.kind !== 'granted') return 0;
  const { chargeEnd, requests, places } = permit;
  await store.record(
    ref,
    places.map((place) => ({ place, state: isDone ? 'succeeded' : 'pending', attempts: isDone ? 1 : 0 })),
    policyIn(family),
    {
      ...NOTHING_SENT,
      ...{ token: `of${ref.batch}`, chargeEnd, answered: requests },
      ...{ accepted: requests - throttled, throttled, backoffMs },
    },
  );
  return requests;
}

const write = async (
  store: RunStore,
  batch: number,
  family: Family,
  ended: { throttled?: number; backoffMs?: number; isDone?: boolean; families?: readonly Family[] } = {},
): Promise<number> =>
  answer(store, { runId: 'r1', batch }, family, await ask(store, batch, family, ended.families), ended);

const chargedIn = async (store: RunStore, family: Family): Promise<number> =>
  (await store.limiterNow(policyIn(family))).charged;

test('a batch has rows of one family, and the run counts them by family', async () => {
  const { store } = await start();
  await publishRun(store, rowsIn(['deviceConfiguration', 1], ['devices', 2]).slice(0, 45));
  const run = (await store.run('r1')) ?? expect.fail();
  expect(run).toMatchObject({
    ...{ batches: 3, total: 45, families: ['deviceConfiguration', 'devices'] },
    byFamily: [
      { family: 'deviceConfiguration', total: 20, left: 20, sent: 0 },
      { family: 'devices', total: 25, left: 25, sent: 0 },
    ],
  });
  expect(await store.openBatches({ ...run, state: 'running' }, 10)).toEqual([
    { batch: 0, family: 'deviceConfiguration' },
    { batch: 1, family: 'devices' },
    { batch: 2, family: 'devices' },
  ]);
});

test('a file in which families alternate is put together, and comes back in its own order', async () => {
  const { store } = await start();
  const inputs = rowsOf(50);
  const familyOf = (line: number): Family => (line % 2 === 0 ? 'deviceConfiguration' : 'devices');
  const first = await Staging.begin(store, identityOf({ runId: 'first' }), Date.now());
  const policyOf = (line: number): string => `${familyOf(line)} ${line}`;
  for (const input of inputs)
    await first.add({ input, policy: policyOf(input.line), family: familyOf(input.line) });
  await first.flush();
  expect(first.isScattered).toBe(true);
  await expect(first.publish({ sha256: 's', columns: [], leftOut: 0, again: true })).rejects.toThrow(
    'two families',
  );

  const rows: StagedRow[] = [];
  const groupOf = ({ line }: { line: number }) => ({ policy: policyOf(line), family: familyOf(line) });
  for await (const row of groupedByPolicy(first, groupOf)) rows.push(row);
  await publishRun(store, rows);
  const run = (await store.run('r1')) ?? expect.fail();
  expect(run).toMatchObject({ batches: 4, isRegrouped: true });
  for await (const batch of store.rowsByBatch(run))
    expect(new Set(batch.map(({ input }) => familyOf(input.line))).size).toBe(1);
  const lines: number[] = [];
  for await (const { input } of store.rows(run)) lines.push(input.line);
  expect(lines).toEqual(inputs.map(({ line }) => line));
});

test('each family has a limit, a budget and a backoff of its own', async () => {
  const { store, passes } = await start();
  await runAtWork(store, rowsIn(['deviceConfiguration', 10], ['devices', 10]));
  // What is full in one is free in the other.
  for (let batch = 0; batch < 10; batch += 1) {
    await write(store, batch, 'deviceConfiguration');
    await write(store, 10 + batch, 'devices');
    await passes(50);
  }
  expect(await chargedIn(store, 'deviceConfiguration')).toBe(100);
  expect(await chargedIn(store, 'devices')).toBe(200);

  await passes(1_100);
  expect(await write(store, 0, 'deviceConfiguration', { throttled: 5, backoffMs: 700 })).toBe(20);
  expect(await ask(store, 1, 'deviceConfiguration')).toMatchObject({ kind: 'wait', reason: 'throttled' });
  expect(await write(store, 10, 'devices')).toBe(20);
  await passes(800);
  await write(store, 2, 'deviceConfiguration');
  expect((await store.limiterNow(policyIn('deviceConfiguration'))).budget).toBeLessThan(100);
  expect((await store.limiterNow(policyIn('devices'))).budget).toBe(200);
});

test('the main family is charged where it always was', async () => {
  const { store } = await start();
  await runAtWork(store, rowsIn(['deviceConfiguration', 1], ['devices', 1]));
  await write(store, 0, 'deviceConfiguration');
  await write(store, 1, 'devices');
  const { prefix } = store.keys;
  expect(await record.redis.hget(`${prefix}:ledger`, 'w')).toBe('20');
  expect(await record.redis.hget(`${prefix}:limiter:devices`, 'w')).toBe('20');
});

test('kinds that are in no list of limits are charged in the main family as well, and back it off', async () => {
  const { store, passes } = await start();
  await runAtWork(store, rowsIn(['deviceConfiguration', 10], ['groupPolicy', 10]));
  let [main, own] = [0, 0];
  for (let batch = 0; batch < 9; batch += 1) {
    main += await write(store, batch, 'deviceConfiguration');
    await passes(50);
    own += await write(store, 10 + batch, 'groupPolicy');
    await passes(50);
  }
  expect([main + own, own > 0, main > 0]).toEqual([100, true, true]);
  expect(await chargedIn(store, 'deviceConfiguration')).toBe(100);
  expect(await chargedIn(store, 'groupPolicy')).toBe(own);
  expect(await ask(store, 19, 'groupPolicy')).toMatchObject({ kind: 'wait' });

  await passes(1_100);
  expect(await write(store, 14, 'groupPolicy', { throttled: 3, backoffMs: 500 })).toBe(20);
  expect(await ask(store, 5, 'deviceConfiguration')).toMatchObject({ kind: 'wait', reason: 'throttled' });
  await passes(600);
  await write(store, 16, 'groupPolicy');
  // Whose limit it was only the kinds of each tell.
  expect((await store.limiterNow(policyIn('groupPolicy'))).budget).toBeLessThan(100);
  expect((await store.limiterNow(policyIn('deviceConfiguration'))).budget).toBe(100);
});

test('what was not sent is given back in both limiters', async () => {
  const { store } = await start();
  await runAtWork(store, rowsIn(['groupPolicy', 2]));
  const permit = await ask(store, 0, 'groupPolicy');
  if (permit.kind !== 'granted') return expect.fail(permit.kind);
  await store.record({ runId: 'r1', batch: 0 }, pendingRows(...PLACES), policyIn('groupPolicy'), {
    ...NOTHING_SENT,
    ...{ token: 'of 0', chargeEnd: permit.chargeEnd, returned: permit.requests },
  });
  expect(await chargedIn(store, 'groupPolicy')).toBe(0);
  expect(await chargedIn(store, 'deviceConfiguration')).toBe(0);
});

test('the own limit of a run counts all of its families together', async () => {
  const { store, passes } = await start();
  await runAtWork(store, rowsIn(['deviceConfiguration', 10], ['devices', 10]), {
    options: { ...DEFAULT_OPTIONS, writesPerWindow: 30 },
  });
  const families: readonly Family[] = ['deviceConfiguration', 'devices'];
  let sent = 0;
  for (let i = 0; i < 20; i += 1) {
    sent += await write(store, i % 10, 'deviceConfiguration', { families });
    sent += await write(store, 10 + (i % 10), 'devices', { families });
    await passes(45);
  }
  expect(sent).toBe(30);
  expect(await ask(store, 3, 'devices', families)).toMatchObject({ kind: 'wait', reason: 'budget' });
  await passes(300);
  expect(await write(store, 4, 'devices', { families })).toBeGreaterThan(0);
});

test('five families side by side take the time of the slowest', async () => {
  const { store, passes } = await start();
  const families: readonly Family[] = [
    ...(['deviceConfiguration', 'deviceConfigurationV2', 'devices', 'applications', 'updates'] as const),
  ];
  const rows = rowsIn(...families.map((family) => [family, 20] as const));
  await runAtWork(store, rows);
  const ended = new Map<Family, number>();
  const left = new Map(families.map((family) => [family, 400]));
  for (let now = 0; ended.size < families.length; now = await passes(10)) {
    for (const [place, family] of families.entries()) {
      const open = left.get(family) ?? 0;
      if (open === 0) continue;
      // Batch by batch, each as far as it came.
      const batch = place * 20 + Math.floor((400 - open) / 20);
      const from = (400 - open) % 20;
      const permit = await store.permit(
        { runId: 'r1', batch },
        `of${batch}`,
        eachAlone(pendingRows(...PLACES.slice(from))),
        policyIn(family),
        families,
      );
      const written = await answer(store, { runId: 'r1', batch }, family, permit, { isDone: true });
      left.set(family, open - written);
      if (written === open) ended.set(family, now);
    }
  }
  // 400 writes at 100 a window are three windows after the first, at 200 one, which spacing makes a little longer.
  expect(ended.get('devices')).toBeLessThan(2.2 * WINDOW_MS);
  for (const family of families.filter((each) => each !== 'devices')) {
    expect(ended.get(family), family).toBeGreaterThanOrEqual(3 * WINDOW_MS);
    expect(ended.get(family), family).toBeLessThan(4.2 * WINDOW_MS);
  }
  expect((await store.run('r1'))?.counts).toMatchObject({ succeeded: 2_000, pending: 0 });
});

test('retry counts anew what is left in each family', async () => {
  const { store } = await start();
  await runAtWork(store, rowsIn(['deviceConfiguration', 1], ['devices', 1]));
  const failed = (n: number) =>
    PLACES.map((place) => ({
      ...{ place, state: place < n ? ('failed' as const) : ('succeeded' as const), attempts: 1 },
      detail: { errorCode: 'BadRequest' },
    }));
  await store.set('r1', { maxFailures: 'off' });
  await store.record({ runId: 'r1', batch: 0 }, failed(3), policyIn('deviceConfiguration'));
  expect((await store.run('r1'))?.byFamily).toMatchObject([{ left: 0 }, { left: 20 }]);
  await store.record({ runId: 'r1', batch: 1 }, failed(7), policyIn('devices'));
  expect(await store.retry('r1', { from: ['completed'], open: 'failed' })).toEqual({
    kind: 'done',
    rows: 10,
  });
  expect((await store.run('r1'))?.byFamily).toMatchObject([
    { family: 'deviceConfiguration', total: 20, left: 3 },
    { family: 'devices', total: 20, left: 7 },
  ]);
});

test('a top-up queues each family, in turns, and a full one hides none that is empty', async () => {
  const { store } = await start();
  const producer = new Producer(store, record.redis, identityOf().graphUrl);
  const queue = new Queue<BatchJob>(QUEUE_NAME, { connection: record.redis, prefix: store.keys.prefix });
  onTestFinished(async () => {
    await producer.close();
    await queue.close();
  });
  await publishRun(store, rowsIn(['deviceConfiguration', 150], ['devices', 150]));
  expect(await producer.topUp()).toBe(200);
  expect(producer.families).toEqual(['deviceConfiguration', 'devices']);
  const jobs = (await queue.getJobs(['wait'], 0, -1, true)).map(({ data }) => data);
  expect(jobs.slice(0, 3)).toEqual([
    { runId: 'r1', batch: 0 },
    { runId: 'r1', batch: 150, family: 'devices' },
    { runId: 'r1', batch: 1 },
  ]);
  // Those of scripts are through; the others wait for their budget.
  const done = PLACES.map((place) => ({ place, state: 'succeeded' as const, attempts: 1 }));
  for (const { batch, family } of jobs)
    if (family === 'devices') {
      await store.record({ runId: 'r1', batch }, done, policyIn('devices'));
      await queue.remove(`r1.${batch}.devices`);
    }
  await producer.topUpIfLow();
  const now = (await queue.getJobs(['wait'])).filter(({ data }) => data.family === 'devices');
  expect(now).toHaveLength(50);
});
