import { Queue } from 'bullmq';
import { NO_LOG } from '../../src/log.ts';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Producer, QUEUE_NAME, type BatchJob } from '../../src/worker/producer.ts';
import type { Reply } from '../../src/graph/client/batchEnvelope.ts';
import { startWorker, type BatchWorker } from '../../src/worker/worker.ts';
import { whyNotTaken } from '../../src/app/runs/whyWaiting.ts';
import type { WorkerDeps } from '../../src/worker/deps.ts';
import { processBatch } from '../../src/worker/processBatch.ts';
import { NOTHING_SENT } from '../../src/runs/permit.ts';
import type { RunStore } from '../../src/runs/runStore.ts';
import { untruths, world, type SimulatorState } from '../support/batchWorld.ts';
import { publishRun, recordForTests, rowsOf, WIDE } from '../support/record.ts';
import { groupRow, identityOf } from '../support/rows.ts';
import { groupTarget } from '../support/simulatorClient.ts';

const record = recordForTests();
const ROOT = identityOf().graphUrl;

function producerOf(runs: RunStore, graphUrl = ROOT): { producer: Producer; queue: Queue<BatchJob> } {
  const producer = new Producer(runs, record.redis, graphUrl);
  const queue = new Queue<BatchJob>(QUEUE_NAME, { connection: record.redis, prefix: runs.keys.prefix });
  onTestFinished(async () => {
    await producer.close();
    await queue.close();
  });
  return { producer, queue };
}

const queued = async (queue: Queue<BatchJob>): Promise<number[]> =>
  (await queue.getJobs(['wait'])).map(({ data }) => data.batch).toSorted((a, b) => a - b);

const settle = (runs: RunStore, batch: number) =>
  runs.record(
    { runId: 'r1', batch },
    Array.from({ length: 20 }, (_, place) => ({ place, state: 'succeeded' as const, attempts: 1 })),
    WIDE,
  );

test('a top-up sets the next run to work and queues its first batches, once each', async () => {
  const runs = record.store();
  const { producer, queue } = producerOf(runs);
  await publishRun(runs, rowsOf(20 * 250));
  expect(await Promise.all([producer.topUp(), producer.topUp()])).toEqual([200, 200]);
  expect(await producer.topUp()).toBe(200);
  expect(await queued(queue)).toEqual(Array.from({ length: 200 }, (_, i) => i));
  expect((await runs.run('r1'))?.state).toBe('running');
});

test('a top-up finds batches whose job was lost, and none that are settled', async () => {
  const runs = record.store();
  const { producer, queue } = producerOf(runs);
  await publishRun(runs, rowsOf(20 * 6));
  await producer.topUp();
  await settle(runs, 0);
  await settle(runs, 3);
  await queue.obliterate({ force: true });
  expect(await producer.topUp()).toBe(4);
  expect(await queued(queue)).toEqual([1, 2, 4, 5]);
});

test('a low queue is topped up, a deep one is left alone', async () => {
  const runs = record.store();
  const { producer, queue } = producerOf(runs);
  await publishRun(runs, rowsOf(20 * 250));
  await producer.topUp();
  const jobs = await queue.getJobs(['wait']);
  const taken = jobs.filter(({ data }) => data.batch < 150);
  for (const job of taken) await settle(runs, job.data.batch).then(() => job.remove());
  await producer.topUpIfLow();
  expect(await queued(queue)).toHaveLength(50);
  for (const job of jobs.filter(({ data }) => data.batch === 150))
    await settle(runs, 150).then(() => job.remove());
  await producer.topUpIfLow();
  expect(await queued(queue)).toEqual(Array.from({ length: 99 }, (_, i) => 151 + i));
});

test('runs of another root get no jobs from this one', async () => {
  const runs = record.store();
  const { producer } = producerOf(runs, 'http://other');
  await publishRun(runs, rowsOf(20));
  expect(await producer.topUp()).toBe(0);
  expect((await runs.run('r1'))?.state).toBe('queued');
});

/** A worker of its own Redis client, ended with the test. */
function workerOf(
  { deps }: SimulatorState,
  change: Partial<WorkerDeps> = {},
): { worker: BatchWorker; producer: Producer } {
  const connection = record.connect();
  const { producer } = producerOf(deps.runs, deps.graphUrl);
  const log = NO_LOG;
  const worker = startWorker({ ...deps, log, ...change }, producer, connection, { concurrency: 2 });
  onTestFinished(() => worker.stop());
  return { worker, producer };
}

const hasEnded = (each: SimulatorState): Promise<void> =>
  vi.waitFor(async () => expect((await each.run()).finishedAt).not.toBeNull(), {
    timeout: 20_000,
    interval: 20,
  });

test('a worker takes a run to its end, and is idle then', async () => {
  const each = await world(record, { alreadySo: [1] });
  const { worker } = workerOf(each);
  await hasEnded(each);
  await vi.waitFor(async () => expect(await worker.isIdle()).toBe(true));
  expect(await untruths(each)).toEqual([]);
  expect((await each.run()).counts).toMatchObject({ succeeded: 19, skipped: 1 });
});

test('a run that is resumed while its paused batch is still in hand goes on without waiting for the next minute', async () => {
  const each = await world(record);
  const { producer } = producerOf(each.runs, each.deps.graphUrl);
  const { limiter } = each.deps;
  const ask = limiter.permit.bind(limiter);
  const answers: string[] = [];
  vi.spyOn(limiter, 'permit').mockImplementation(async (...args) => {
    if (answers.length === 0) await each.runs.transition('r1', { to: 'paused', from: ['running'] });
    const answer = await ask(...args);
    if (answers.push(answer.kind) > 1) return answer;
    // Its job is still there, and would swallow one that is queued now.
    await each.runs.transition('r1', { to: 'queued', from: ['paused'] });
    await producer.topUp();
    return answer;
  });
  workerOf(each);
  await hasEnded(each);
  expect(answers).toEqual(['stopped', 'granted']);
  expect(await untruths(each)).toEqual([]);
});

test('a run of another record format is left alone, and so are its jobs, which lie in a queue of their own', async () => {
  const each = await world(record);
  const header = each.runs.keys.run('r1').header;
  await record.redis.hset(header, 'format', '2');
  const asItWas = await record.redis.hgetall(header);
  const prefix = each.runs.keys.prefix;
  const theirs = new Queue<BatchJob>('batches', { connection: record.redis, prefix });
  const { worker, producer } = workerOf(each);
  onTestFinished(() => theirs.close());
  await theirs.add('batch', { runId: 'r1', batch: 0 }, { jobId: 'r1.0' });
  // Also one that lies in our queue by mistake does no harm.
  expect(await processBatch({ runId: 'r1', batch: 0 }, each.deps, new AbortController().signal)).toEqual({
    kind: 'stopped',
  });
  expect(await producer.topUp()).toBe(0);
  expect(await worker.isIdle()).toBe(true);
  expect(await theirs.getJobCounts('wait', 'active')).toEqual({ wait: 1, active: 0 });
  expect(await record.redis.hgetall(header)).toEqual(asItWas);
  expect(each.graph.stats().envelopes).toBe(0);
  expect(whyNotTaken(await each.run(), { graphUrl: each.graph.url })).toMatchObject({
    reason: 'otherVersion',
    reasonText: expect.stringContaining('recorded by another version of retarget (format 2)'),
  });
});

test('a worker that is stopped while it waits for the tenant gives its job back, and another one ends the run', async () => {
  const each = await world(record);
  const policy = each.deps.limiter.policy();
  await each.runs.record({ runId: 'r1', batch: 0 }, [], policy, { ...NOTHING_SENT, backoffMs: 1_000 });
  const { worker, producer } = workerOf(each);
  const { queue } = producerOf(each.runs, each.deps.graphUrl);
  await vi.waitFor(async () => expect(await queue.getActiveCount()).toBe(1), { interval: 2 });
  await worker.stop();
  expect(await queue.getJobCounts('wait', 'active')).toEqual({ wait: 1, active: 0 });
  expect(each.graph.stats().envelopes).toBe(0);
  await producer.close();
  workerOf(each);
  await hasEnded(each);
  expect(each.graph.stats().writesArrived).toBe(20);
});

test('a batch with a row that has to wait long gives its place to the others', async () => {
  const batches = [0, 1, 2, 3, 4].map((batch) => Array.from({ length: 20 }, (_, i) => `${batch}-${i}`));
  const busy: Reply = { kind: 'answered', status: 503, retryAfterMs: 60_000, body: null };
  const each = await world(record, {
    instead: {
      policies: batches.map((ids, batch) => ({
        ...{ id: `c${batch}`, type: 'deviceConfiguration' },
        assignments: ids.map((id) => ({ id, target: groupTarget(`old-${id}`) })),
      })),
      rows: batches.flatMap((ids, batch) => ids.map((id) => groupRow(`c${batch}`, id, `new-${id}`))),
    },
    // The first write of each batch is answered with 503; a read has a reply for each list, here one.
    async intercept(_, pass) {
      const envelope = await pass();
      if (envelope.kind !== 'replies' || envelope.replies.length === 1) return envelope;
      return { ...envelope, replies: [busy, ...envelope.replies.slice(1)] };
    },
  });
  const { queue } = producerOf(each.runs, each.deps.graphUrl);
  workerOf(each);
  await vi.waitFor(
    async () =>
      expect(await queue.getJobCounts('active', 'wait', 'delayed')).toEqual({
        ...{ active: 0, wait: 0, delayed: 5 },
      }),
    { timeout: 20_000, interval: 20 },
  );
  expect(await each.run()).toMatchObject({ state: 'running', sent: 5, counts: { succeeded: 95 } });
});

test('a batch that fails by a bug is not asked for in a circle', async () => {
  let tries = 0;
  const each = await world(record);
  const change: Partial<WorkerDeps> = {
    graphOf: () => {
      tries += 1;
      throw new TypeError('a bug');
    },
  };
  const { worker } = workerOf(each, change);
  const { queue } = producerOf(each.runs, each.deps.graphUrl);
  await vi.waitFor(() => expect(tries).toBe(1), { interval: 2 });
  await vi.waitFor(async () => expect(await queue.getActiveCount()).toBe(0), { interval: 2 });
  // Only whoever asks for it again brings it back.
  expect(await queue.getJobCountByTypes('wait', 'delayed', 'failed')).toBe(0);
  expect(await worker.isIdle()).toBe(false);
  await vi.waitFor(() => expect(tries).toBe(2), { interval: 2 });
});
