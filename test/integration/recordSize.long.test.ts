import { randomBytes, randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { groupRow } from '../support/rows.ts';
import { publishRun, recordForTests, runAtWork, WIDE } from '../support/record.ts';

const record = recordForTests();
const ROWS = 100_000;

const bytesUsed = async (): Promise<number> =>
  Number(/used_memory:(\d+)/.exec(await record.redis.info('memory'))?.[1]);

test('a million planned rows fit in 100 MB of Redis when queued, and in 130 MB when all have ended', async () => {
  const store = record.store();
  // Loads scripts and buffers, which are no part of it.
  await publishRun(record.store(), [groupRow('c', 'a', 'g')]);
  const before = await bytesUsed();
  const policies = Array.from({ length: ROWS / 4 }, () => randomUUID());
  // Of a planned run. Where policies lie scattered in the file there are four bytes more, for the order.
  const rows = Array.from({ length: ROWS }, (_, i) => {
    const policy = policies[Math.floor(i / 4)] ?? '';
    const input = { ...groupRow(policy, randomUUID(), randomUUID()), line: i + 2 };
    return { input, policy, planned: randomBytes(8).toString('hex') };
  });
  await runAtWork(store, rows);
  expect(((await bytesUsed()) - before) / ROWS).toBeLessThan(100);

  for (let batch = 0; batch < ROWS / 20; batch += 1) {
    const ended = Array.from({ length: 20 }, (_, place) => ({
      place,
      state: 'succeeded' as const,
      attempts: 1,
      detail: { at: Date.now(), httpStatus: 200, requestId: randomUUID(), clientRequestId: randomUUID() },
    }));
    await store.record({ runId: 'r1', batch }, ended, WIDE);
  }
  expect((await store.run('r1'))?.state).toBe('completed');
  const perRow = ((await bytesUsed()) - before) / ROWS;
  expect(perRow).toBeLessThan(130);
  // Or it was not measured at all.
  expect(perRow).toBeGreaterThan(48);
});
