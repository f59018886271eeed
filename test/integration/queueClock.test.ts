import { Queue, Worker } from 'bullmq';
import { createLog } from '../../src/log.ts';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { LOCK_MS, STALLED_CHECK_MS } from '../../src/worker/limiter/pace.ts';
import { Producer, QUEUE_NAME, type BatchJob } from '../../src/worker/producer.ts';
import { startWorker } from '../../src/worker/worker.ts';
import type { RunStore } from '../../src/runs/runStore.ts';
import { untruths, world } from '../support/batchWorld.ts';
import { publishRun, recordForTests, rowsOf } from '../support/record.ts';
import { identityOf } from '../support/rows.ts';

// Locks of two seconds, so that nobody waits for ten.
vi.mock('../../src/worker/limiter/pace.ts', async (original) => ({
  ...(await original<object>()),
  LOCK_MS: 2_000,
  STALLED_CHECK_MS: 1_000,
}));

const record = recordForTests();

function producerOf(runs: RunStore, graphUrl: string): { producer: Producer; queue: Queue<BatchJob> } {
  const producer = new Producer(runs, record.redis, graphUrl);
  const queue = new Queue<BatchJob>(QUEUE_NAME, { connection: record.redis, prefix: runs.keys.prefix });
  onTestFinished(async () => {
    await producer.close();
    await queue.close();
  });
  return { producer, queue };
}

describe("when Redis' clock was set back", () => {
  /** A batch in the hands of a worker that is no more, whose lock lasts for so long. */
  async function deadWorker(queue: Queue<BatchJob>, runs: RunStore, lockMs: number): Promise<string> {
    const dead = new Worker(QUEUE_NAME, null, {
      ...{ connection: record.connect(), prefix: runs.keys.prefix, lockDuration: LOCK_MS },
    });
    onTestFinished(() => dead.close(true));
    const job = await dead.getNextJob('dead');
    const key = `${queue.toKey(job?.id ?? '')}:lock`;
    expect(await record.redis.pexpire(key, lockMs)).toBe(1);
    return key;
  }

  test('locks of workers that are no more end as soon as they would have, and the look for them goes on', async () => {
    const runs = record.store();
    const { producer, queue } = producerOf(runs, identityOf().graphUrl);
    await publishRun(runs, rowsOf(20 * 3));
    await producer.topUp();
    const long = await deadWorker(queue, runs, 120_000 + LOCK_MS);
    const fresh = await deadWorker(queue, runs, LOCK_MS - 500);
    await record.redis.set(queue.toKey('stalled-check'), '1', 'PX', 120_000 + STALLED_CHECK_MS - 500);
    const cut = await producer.cutLongLocks();
    expect(cut).toMatchObject({ jobs: 1 });
    expect(Math.round((cut?.stepMs ?? 0) / 1_000)).toBe(120);
    expect(await record.redis.pttl(long)).toBeLessThanOrEqual(LOCK_MS);
    expect(await record.redis.pttl(fresh)).toBeLessThanOrEqual(LOCK_MS - 500);
    expect(await record.redis.pttl(queue.toKey('stalled-check'))).toBeLessThanOrEqual(STALLED_CHECK_MS);
    expect(await producer.cutLongLocks()).toBeUndefined();
  });

  test('a worker takes up what another one had in hand, in seconds, and says why', async () => {
    const each = await world(record);
    const { producer, queue } = producerOf(each.runs, each.deps.graphUrl);
    await producer.topUp();
    await deadWorker(queue, each.runs, 120_000 + LOCK_MS);
    const said: string[] = [];
    const log = createLog((line) => void said.push(line));
    const worker = startWorker({ ...each.deps, log }, producer, record.connect(), { concurrency: 2 });
    onTestFinished(() => worker.stop());
    await vi.waitFor(async () => expect((await each.run()).finishedAt).not.toBeNull(), {
      ...{ timeout: 10_000, interval: 20 },
    });
    expect(said.filter((line) => line.includes("Redis' clock has gone back by some 120 s"))).toHaveLength(1);
    expect(await untruths(each)).toEqual([]);
  });
});
