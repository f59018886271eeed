import { setTimeout as sleep } from 'node:timers/promises';
import { DelayedError, WaitingError, Worker, type Job } from 'bullmq';
import type { Redis } from 'ioredis';
import { UserError } from '../errors.ts';
import { LOCK_MS, STALLED_CHECK_MS, STALLED_COUNT_MAX, TOP_UP_MS, WAIT_INSIDE_MAX_MS } from './limits.ts';
import { processBatch, type Edges } from './processBatch.ts';
import { QUEUE_NAME, type BatchJob, type Producer } from './producer.ts';

export interface BatchWorker {
  /** True when there is neither a job nor a run that could bring one. */
  isIdle(): Promise<boolean>;
  /** Ends the waits, lets what is under way end, gives its jobs back. */
  stop(): Promise<void>;
}

/** Takes the tenant's jobs, `concurrency` at a time, until it is stopped. */
export function startWorker(
  edges: Edges,
  producer: Producer,
  connection: Redis,
  { concurrency }: { readonly concurrency: number },
): BatchWorker {
  const { runs, log } = edges;
  const stopping = new AbortController();

  const worker = new Worker<BatchJob>(
    QUEUE_NAME,
    async (job, token) => {
      await takeJob(job, token ?? '', edges, stopping.signal);
      if (!stopping.signal.aborted) await producer.topUpIfLow();
    },
    {
      connection,
      prefix: runs.keys.prefix,
      concurrency,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_CHECK_MS,
      maxStalledCount: STALLED_COUNT_MAX,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    },
  );
  worker.on('error', (error) => log.debug({ err: error }, 'queue'));
  // The job is gone, its batch is not: the next top-up finds it open.
  worker.on('failed', (job, error) =>
    log.error({ err: error, job: job?.id }, 'A batch failed by a bug; it will be tried again.'),
  );

  const topUp = async (): Promise<void> => {
    await producer
      .topUp()
      .catch((error: unknown) => log.warn({ err: error }, 'The queue could not be topped up.'));
  };
  const regularly = setInterval(() => void topUp(), TOP_UP_MS);
  void topUp();

  return {
    async isIdle() {
      return (await producer.topUp()) === 0;
    },
    async stop() {
      clearInterval(regularly);
      stopping.abort();
      await worker.close();
    },
  };
}

async function takeJob(
  job: Job<BatchJob>,
  token: string,
  edges: Edges,
  stopping: AbortSignal,
): Promise<void> {
  for (;;) {
    try {
      const step = await processBatch(job.data, edges, stopping);
      switch (step.kind) {
        case 'done':
        case 'stopped':
          return;
        case 'again':
          stopping.throwIfAborted();
          continue;
        case 'later':
          if (step.waitMs > WAIT_INSIDE_MAX_MS) await delay(job, token, step.waitMs);
          await sleep(Math.max(0, step.waitMs), undefined, { signal: stopping });
      }
    } catch (error) {
      if (stopping.aborted && isAbort(error, stopping)) return giveBack(job, token);
      if (!(error instanceof UserError)) throw error;
      // What only a person can mend (the sign-in) must not burn through the queue.
      edges.log.error({ run: job.data.runId, remedy: error.remedy }, `Run paused. ${error.message}`);
      await edges.runs.transition(job.data.runId, 'paused', `sign-in: ${error.message}`, ['running']);
      return;
    }
  }
}

const isAbort = (error: unknown, signal: AbortSignal): boolean =>
  error === signal.reason || (error instanceof Error && error.name === 'AbortError');

async function delay(job: Job<BatchJob>, token: string, waitMs: number): Promise<never> {
  await job.moveToDelayed(Date.now() + waitMs, token);
  throw new DelayedError();
}

async function giveBack(job: Job<BatchJob>, token: string): Promise<never> {
  await job.moveToWait(token);
  throw new WaitingError();
}
