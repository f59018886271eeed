import { MAIN_FAMILY } from '../../src/assignments/kinds/family.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { InputRow } from '../../src/assignments/rows/row.ts';
import { groupedByPolicy } from '../../src/runs/grouped.ts';
import { Staging, type StagedRow } from '../../src/runs/staging.ts';
import type { RunStore } from '../../src/runs/runStore.ts';
import { copyOfRecord } from '../support/olderRecord.ts';
import { publishRun, recordForTests, rowsOf, WIDE } from '../support/record.ts';
import { groupRow, identityOf } from '../support/rows.ts';

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
    [0, 1, 2].map(async (batch) => (await store.batch({ runId, batch }))?.rows.length),
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
  expect(await store.runsToWorkOn(identityOf().graphUrl)).toEqual([]);
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
  expect(
    await store.publish({ runId: 'r1', fileSha256: 'sha', writes: 1, again: true, fields: { total: 1 } }),
  ).toEqual({
    kind: 'lost',
  });
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

test.each([
  [
    'rows',
    async (staging: Staging) => {
      for (const input of rowsOf(500)) await staging.add({ input });
    },
  ],
  [
    'what the plan saw',
    (staging: Staging) => staging.keepFingerprints(3, Array<string>(20).fill('0123456789ab')),
  ],
  ['what it is called', (staging: Staging) => staging.keepNames(3, Array(20).fill({ policy: 'VPN' }))],
])('a staging of which Redis has lost %s while it went on does not become a run', async (_what, lost) => {
  const store = record.store();
  const staging = await staged(store, 520);
  const comeBackOlder = await copyOfRecord(record.redis, store);
  await lost(staging);
  await comeBackOlder();
  for (const input of rowsOf(520)) await staging.add({ input });
  await staging.flush();
  expect(await staging.publish(PUBLISH)).toEqual({ kind: 'lost' });
  expect(await keysOf(store)).toEqual([]);
});

test('rows that Redis has lost are not left out of what is planned', async () => {
  const store = record.store();
  const staging = await staged(store, 520);
  const comeBackOlder = await copyOfRecord(record.redis, store);
  for (const input of rowsOf(500)) await staging.add({ input });
  await comeBackOlder();
  for (const input of rowsOf(520)) await staging.add({ input });
  await staging.flush();
  const read = async (): Promise<void> => {
    for await (const rows of staging.rowsByBatch()) expect(rows.length).toBeGreaterThan(0);
  };
  await expect(read).rejects.toThrow('gone from Redis');
  await expect(staging.readBatches([30])).rejects.toThrow('gone from Redis');
  await staging.discard();
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
  await store.transition('r1', { to: 'cancelled', from: ['queued'] });
  await expect(publish('r4', 'http://one', false)).rejects.toThrow('sameFile');
  await store.transition('r2', { to: 'cancelled', from: ['queued'] });
  await publish('r5', 'http://one', false);
  expect((await store.runs()).map(({ runId, state }) => `${runId} ${state}`).toSorted()).toEqual([
    'r1 cancelled',
    'r2 cancelled',
    'r3 queued',
    'r5 queued',
  ]);
});

test('rows that want the same again are skipped from the start, with the line they repeat', async () => {
  const store = record.store();
  const rows = rowsOf(41);
  const repeated = rows.map((input, i) => (i >= 20 && i < 40 ? { input, duplicateOf: 2 } : { input }));
  const runId = await publishRun(store, repeated);
  const run = await store.run(runId);
  expect(run).toMatchObject({ total: 41, counts: { pending: 21, skipped: 20 } });
  const [duplicate] = (await store.batch({ runId, batch: 1 }))?.rows ?? [];
  expect(duplicate).toMatchObject({ state: 'skipped', detail: { errorCode: 'DuplicateRow' } });
  expect(duplicate?.detail.errorMessage).toContain('Line 2');
  // Nothing is left to do in a batch of duplicates.
  if (run)
    expect(await store.openBatches({ ...run, state: 'running' }, 10)).toMatchObject([
      { batch: 0 },
      { batch: 2 },
    ]);
  for (const batch of [0, 2]) {
    const open = (await store.batch({ runId, batch }))?.rows ?? [];
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

describe('rows of one policy', () => {
  const policyOf = ({ cells }: InputRow): string => String(cells.get('policyId'));
  /** A file whose rows are for these policies, in this order. */
  const fileOf = (policies: readonly string[]): InputRow[] =>
    policies.map((policy, i) => ({ ...groupRow(policy, `a${i}`, `g${i}`), line: i + 2 }));
  const repeated = (policy: string, times: number): string[] => Array.from({ length: times }, () => policy);

  async function stagedAs(
    store: RunStore,
    rows: AsyncIterable<StagedRow> | Iterable<StagedRow>,
    runId = 'r1',
  ) {
    const staging = await Staging.begin(store, identityOf({ runId }), Date.now());
    for await (const row of rows) await staging.add(row);
    await staging.flush();
    return staging;
  }
  /** Keeps that many of each text. */
  const atMost = (max: number) => {
    const seen = new Map<string, number>();
    return (id: string): boolean => {
      seen.set(id, (seen.get(id) ?? 0) + 1);
      return (seen.get(id) ?? 0) <= max;
    };
  };
  const asRead = (policies: readonly string[]): StagedRow[] =>
    fileOf(policies).map((input) => ({ input, policy: policyOf(input) }));

  /** The policies of each batch, with how many rows each has there. */
  async function batchesOf(staging: Staging): Promise<Map<string, number>[]> {
    const batches: Map<string, number>[] = [];
    for await (const rows of staging.rowsByBatch()) {
      const counts = new Map<string, number>();
      for (const row of rows) counts.set(policyOf(row), (counts.get(policyOf(row)) ?? 0) + 1);
      batches.push(counts);
    }
    return batches;
  }

  test.each([
    [
      [...repeated('a', 5), ...repeated('b', 15), ...repeated('c', 3)],
      [
        ['a', 5, 'b', 15],
        ['c', 3],
      ],
    ],
    // The twentieth row would part b.
    [
      [...repeated('a', 5), ...repeated('b', 16), ...repeated('c', 3)],
      [
        ['a', 5],
        ['b', 16, 'c', 3],
      ],
    ],
    [
      [...repeated('a', 45), ...repeated('b', 2)],
      [
        ['a', 45],
        ['b', 2],
      ],
    ],
    [
      [...repeated('a', 7), ...repeated('b', 30), 'c'],
      [
        ['a', 7],
        ['b', 30],
        ['c', 1],
      ],
    ],
    [repeated('a', 200), [['a', 200]]],
  ])(
    'lie in one batch, which holds more than twenty only when it is theirs alone (%#)',
    async (policies, batches) => {
      const staging = await stagedAs(record.store(), asRead(policies));
      expect((await batchesOf(staging)).map((counts) => [...counts].flat())).toEqual(batches);
      expect(staging.isScattered).toBe(false);
      await staging.discard();
    },
  );

  test.each([
    [['a', ...repeated('b', 20), 'a']],
    [[...repeated('a', 30), 'b', ...repeated('a', 30)]],
    [['a', 'b', ...repeated('c', 30), ...repeated('b', 150)]],
  ])('that lie in several batches are found out (%#)', async (policies) => {
    const staging = await stagedAs(record.store(), asRead(policies));
    expect(staging.isScattered).toBe(true);
    await staging.discard();
  });

  test('that stand apart within one batch need no other order', async () => {
    const staging = await stagedAs(record.store(), asRead(['a', 'b', 'a', 'b']));
    expect(staging.isScattered).toBe(false);
    await staging.discard();
  });

  test('that lie scattered are put together, and come back in the order of the file', async () => {
    const policy = fc.nat({ max: 30 }).map((i) => `p${i}`);
    const stretch = fc.tuple(
      policy,
      fc.oneof(
        { weight: 9, arbitrary: fc.integer({ min: 1, max: 30 }) },
        { weight: 1, arbitrary: fc.integer({ min: 100, max: 200 }) },
      ),
    );
    const file = fc.array(stretch, { minLength: 1, maxLength: 35 });
    await fc.assert(
      fc.asyncProperty(file, async (stretches) => {
        const policies = stretches.flatMap(([id, times]) => repeated(id, times)).filter(atMost(200));
        const store = record.store();
        const first = await stagedAs(store, asRead(policies), 'first');
        const grouped = await stagedAs(
          store,
          groupedByPolicy(first, (row) => ({ policy: policyOf(row), family: MAIN_FAMILY })),
        );
        expect(grouped.rows).toBe(policies.length);
        expect(grouped.isScattered).toBe(false);

        const batches = await batchesOf(grouped);
        const rowsOfPolicy = new Map<string, number[]>();
        for (const counts of batches) {
          const rows = [...counts.values()].reduce((sum, n) => sum + n, 0);
          expect(rows).toBeLessThanOrEqual(counts.size === 1 ? 200 : 20);
          for (const [id, n] of counts) rowsOfPolicy.set(id, [...(rowsOfPolicy.get(id) ?? []), n]);
        }
        for (const [id, parts] of rowsOfPolicy) expect(parts, id).toHaveLength(1);

        expect(await grouped.publish({ ...PUBLISH, again: true })).toEqual({ kind: 'published' });
        const run = (await store.run('r1')) ?? expect.fail('gone');
        expect(run).toMatchObject({ isRegrouped: true, total: policies.length, batches: batches.length });
        const read: InputRow[] = [];
        for await (const row of store.rows(run)) {
          const there = (await store.batch({ runId: 'r1', batch: row.batch }))?.rows[row.place];
          if (read.length % 50 === 0) expect(there?.input).toEqual(row.input);
          read.push(row.input);
        }
        expect(read).toEqual(fileOf(policies));
        await first.discard();
      }),
      { numRuns: 15 },
    );
  });

  test('keep what the plan saw of them and what they repeat, wherever they lie', async () => {
    const store = record.store();
    const planned = (i: number): string => String(i).padStart(16, '0').replace(/^0/, 'f');
    const rows = fileOf(['a', 'b', 'a']).map((input, i): StagedRow => ({
      ...{ input, policy: policyOf(input), rank: 2 - i, planned: planned(i) },
      ...(i === 1 && { duplicateOf: 9 }),
    }));
    await publishRun(store, rows);
    const run = (await store.run('r1')) ?? expect.fail('gone');
    const lines: number[] = [];
    for await (const { input } of store.rows(run)) lines.push(input.line);
    expect(lines).toEqual([4, 3, 2]);
    const view = (await store.batch({ runId: 'r1', batch: 0 }))?.rows ?? [];
    expect(view.map((row) => [row.planned, row.state])).toEqual([
      [planned(0), 'pending'],
      [planned(1), 'skipped'],
      [planned(2), 'pending'],
    ]);
  });

  test('of which the plan saw something only in part say so row by row', async () => {
    const store = record.store();
    const staging = await staged(store, 3);
    await staging.flush();
    await staging.keepFingerprints(0, ['0123456789abcdef', undefined, 'fedcba9876543210']);
    await staging.publish(PUBLISH);
    const view = (await store.batch({ runId: 'r1', batch: 0 }))?.rows ?? [];
    expect(view.map((row) => row.planned)).toEqual(['0123456789abcdef', undefined, 'fedcba9876543210']);
  });
});
