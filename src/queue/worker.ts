import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { DelayedError, WaitingError, Worker, type Job } from 'bullmq';
import { UserError } from '../errors.ts';
import type { RedisClient } from '../redis/connection.ts';
import { LOCK_MS, STALLED_CHECK_MS, STALLED_COUNT_MAX, TOP_UP_MS, WAIT_INSIDE_MAX_MS } from './limits.ts';
import type { Edges, Step } from './edges.ts';
import { pauseRun } from './pauseRun.ts';
import { processBatch } from './processBatch.ts';
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
  connection: RedisClient,
  { concurrency }: { readonly concurrency: number },
): BatchWorker {
  const { runs, log } = edges;
  const stopping = new AbortController();
  // Every job that waits listens on it.
  setMaxListeners(0, stopping.signal);

  const worker = new Worker<BatchJob>(
    QUEUE_NAME,
    (job, token) => takeJob(job, token ?? '', edges, stopping.signal),
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

  const said = (error: unknown): void => log.warn({ err: error }, 'The queue could not be topped up.');
  const topUp = (): void => void producer.topUp().catch(said);
  // After the job is gone, or its batch, opened again by a `resume` meanwhile, could not be queued again.
  worker.on('completed', () => {
    if (!stopping.signal.aborted) producer.topUpIfLow().catch(said);
  });
  const regularly = setInterval(topUp, TOP_UP_MS);
  topUp();

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
      const step = await stepOf(job, edges, stopping);
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
      throw error;
    }
  }
}

/** What only a person can mend (the sign-in) must not burn through the queue. */
async function stepOf(job: Job<BatchJob>, edges: Edges, stopping: AbortSignal): Promise<Step> {
  try {
    return await processBatch(job.data, edges, stopping);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return pauseRun(job.data, `sign-in: ${error.message} ${error.remedy}`, edges);
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
