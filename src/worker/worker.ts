import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { DelayedError, WaitingError, Worker, type Job } from 'bullmq';
import { MAIN_FAMILY } from '../assignments/kinds/family.ts';
import { UserError } from '../errors.ts';
import type { RedisClient } from '../redis/connection.ts';
import { redisFailure } from '../redis/failure.ts';
import {
  GIVEN_BACK_MS,
  JOBS_PER_DEPTH_CHECK,
  LOCK_MS,
  REDIS_REFUSED_WAIT_MS,
  STALLED_CHECK_MS,
  STALLED_COUNT_MAX,
  TOP_UP_MS,
  TURN_CHECK_MS,
  WAIT_INSIDE_MAX_MS,
} from './limiter/pace.ts';
import { closeInOrder } from './closeInOrder.ts';
import { isMeant, isOurs, type WorkerDeps, type Step } from './deps.ts';
import { FirstSteps } from './firstSteps.ts';
import { FamilyPlaces } from './familyPlaces.ts';
import type { LocksCut } from './locks.ts';
import { pauseForSignIn } from './pauseRun.ts';
import { processBatch } from './processBatch.ts';
import { QUEUE_NAME, workerName, type BatchJob, type Producer } from './producer.ts';
import { resumeWhenSignedIn, runsThatAwaitSignIn, SignInTries } from './signInReturn.ts';

export interface BatchWorker {
  /** True when there is neither a job nor a run that could bring one. */
  isIdle(): Promise<boolean>;
  /** True when a run would go on by itself if the sign-in worked. */
  awaitsSignIn(): Promise<boolean>;
  /** Ends the waits, lets what is under way end, gives its jobs back. */
  stop(): Promise<void>;
}

/** How long the other batches of a run wait for the first step of a worker for it, in windows: it may wait for a permit. */
const FIRST_STEP_WINDOWS = 0.1;

/**
 * Takes the tenant's jobs, `concurrency` of each family at a time, until it is stopped. With `deps.only` those of some runs: while another run is
 * at work, it waits for its turn.
 */
export function startWorker(
  deps: WorkerDeps,
  producer: Producer,
  connection: RedisClient,
  { concurrency }: { readonly concurrency: number },
): BatchWorker {
  const { runs, log } = deps;
  const stopping = new AbortController();
  const places = new FamilyPlaces(concurrency);
  const firstSteps = new FirstSteps(deps.limiter.pace.windowMs * FIRST_STEP_WINDOWS);
  // Every job that waits listens on it.
  setMaxListeners(0, stopping.signal);

  const worker: Worker<BatchJob> = new Worker(
    QUEUE_NAME,
    async (job, token = '') => {
      const { family = MAIN_FAMILY } = job.data;
      places.expect(producer.families);
      const isTaken = places.take(family, job.id ?? '');
      worker.concurrency = places.jobs;
      if (!isTaken) {
        // One that is stopping takes no more, and gives all back.
        if (stopping.signal.aborted) return giveBack(job, token);
        await job.moveToDelayed(Date.now() + GIVEN_BACK_MS, token);
        // It may be back by itself by then, or in other hands.
        const comeBack = (): void =>
          void job.promote().catch((error: unknown) => log.debug('job', { err: error }));
        places.whenFree(family, job.id ?? '', comeBack);
        throw new DelayedError();
      }
      try {
        const take = (): Promise<Step> => stepOf(job, deps, stopping.signal);
        const step = (): Promise<Step> =>
          firstSteps.take(`${job.data.runId} ${family}`, take, stopping.signal);
        await takeJob(job, token, step, deps, connection, stopping.signal, () => worker.pause(true));
      } finally {
        places.release(family);
        worker.concurrency = places.jobs;
      }
    },
    {
      ...workerName(producer.heart.id, deps.only),
      autorun: deps.only === undefined,
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
  worker.on('error', (error) => log.debug('queue', { err: error }));
  // The job is gone, its batch is not: the next top-up finds it open.
  worker.on('failed', (job, error) => {
    // That Redis refuses was said before the worker was told to end.
    if (redisFailure(error) === undefined)
      log.error('A batch failed by a bug; it will be tried again.', { err: error, job: job?.id });
  });

  const said = (error: unknown): void => log.warn('The queue could not be topped up.', { err: error });
  const topUpIfLow = (): void => void producer.topUpIfLow().catch(said);
  // How low the queue is costs a call to Redis, so that it is not asked after each job while there are others. After the job is
  // gone, or its batch, opened again by a `resume` meanwhile, could not be queued again.
  let [completed, hasDrained] = [0, false];
  worker.on('drained', () => (hasDrained = true));
  worker.on('active', () => (hasDrained = false));
  worker.on('completed', () => {
    completed += 1;
    if (!stopping.signal.aborted && (hasDrained || completed % JOBS_PER_DEPTH_CHECK === 0)) topUpIfLow();
  });
  const cutLongLocks = (): void =>
    void producer
      .cutLongLocks()
      .then((cut) => {
        if (cut !== undefined) log.warn(clockWentBack(cut), { ...cut });
      })
      .catch((error: unknown) => log.debug('locks', { err: error }));
  const beating = setInterval(() => {
    producer.beat().catch(said);
    topUpIfLow();
  }, producer.heart.beatMs);
  const regularly = setInterval(cutLongLocks, TOP_UP_MS);
  cutLongLocks();
  const takeOfEach = (): void => {
    places.expect(producer.families);
    worker.concurrency = places.jobs;
  };
  producer.topUp().then(takeOfEach, said);
  const signingIn = keepSigningIn(deps, producer, stopping.signal);
  const takingTurns = deps.only && takeTurns(worker, deps, producer, stopping.signal);

  return {
    async isIdle() {
      return (await producer.topUp()) === 0;
    },
    awaitsSignIn: async () => (await runsThatAwaitSignIn(deps)).length > 0,
    async stop() {
      clearInterval(regularly);
      clearInterval(beating);
      stopping.abort();
      await takingTurns;
      await Promise.all([closeInOrder(worker), signingIn]);
    },
  };
}

const clockWentBack = ({ jobs, stepMs }: LocksCut): string =>
  `Redis' clock has gone back by some ${Math.round(stepMs / 1000)} s. What a worker that ended had in hand (${jobs} locks) is taken up ` +
  'in seconds all the same.';

/**
 * Looks, from the start on, whether runs that wait for the sign-in may go on: a new worker may bring a new one. Where reads
 * are allowed and writes are refused again at once, the tries grow rarer, until a write goes through.
 */
async function keepSigningIn(deps: WorkerDeps, producer: Producer, stopping: AbortSignal): Promise<void> {
  const { signInRetryMs } = deps.limiter.pace;
  const tries = new SignInTries();
  while (!stopping.aborted) {
    try {
      const resumed = await resumeWhenSignedIn(deps, stopping);
      if (resumed.length > 0) await producer.topUp();
      tries.made(resumed);
    } catch (error) {
      if (stopping.aborted) return;
      deps.log.warn('Whether the sign-in works again could not be seen.', { err: error });
    }
    await sleep(signInRetryMs * tries.distance, undefined, { signal: stopping }).catch(() => undefined);
  }
}

/** Lets a worker of some runs take jobs while no other run is at work: the jobs of that one are for others. */
async function takeTurns(
  worker: Worker<BatchJob>,
  deps: WorkerDeps,
  producer: Producer,
  stopping: AbortSignal,
): Promise<void> {
  let isTurn: boolean | undefined;
  while (!stopping.aborted) {
    try {
      const line = await deps.runs.line();
      const isOthers = line.some(
        (run) => run.state === 'running' && isOurs(run, deps) && !isMeant(run.runId, deps),
      );
      // It may have paused by itself, when it came upon a job of another run.
      if (isOthers) await worker.pause(true);
      else if (isTurn !== true || worker.isPaused()) await worker.resume();
      const isMineAtWork = line.some((run) => run.state === 'running' && isMeant(run.runId, deps));
      if (isTurn === isOthers || !isMineAtWork) await producer.topUp();
      isTurn = !isOthers;
    } catch (error) {
      deps.log.debug('Whose turn it is could not be seen.', { err: error });
    }
    await sleep(TURN_CHECK_MS, undefined, { signal: stopping }).catch(() => undefined);
  }
}

async function takeJob(
  job: Job<BatchJob>,
  token: string,
  next: () => Promise<Step>,
  deps: WorkerDeps,
  connection: RedisClient,
  stopping: AbortSignal,
  rest: () => Promise<void>,
): Promise<void> {
  let told = '';
  for (;;) {
    try {
      const step = await next();
      switch (step.kind) {
        case 'done':
        case 'stopped':
          return;
        case 'notMeant':
          await rest();
          return await giveBack(job, token);
        case 'again':
          stopping.throwIfAborted();
          continue;
        case 'later':
          if (step.waitMs > WAIT_INSIDE_MAX_MS) await delay(job, token, step.waitMs);
          await sleep(Math.max(0, step.waitMs), undefined, { signal: stopping });
      }
    } catch (error) {
      if (error instanceof WaitingError) throw error;
      if (stopping.aborted && isAbort(error, stopping)) return giveBack(job, token);
      const refusal = redisFailure(error, connection);
      if (refusal === undefined || stopping.aborted) throw error;
      // A full Redis is mended by a person, and then the work goes on: a job that failed would wait for the next top-up.
      const { message, remedy } = refusal;
      if (message !== told) deps.log.warn(`${message} Trying again until it does.`, { remedy, job: job.id });
      told = message;
      if (!(await slept(REDIS_REFUSED_WAIT_MS, stopping))) throw error;
    }
  }
}

/** False when the worker was stopped meanwhile. */
const slept = (ms: number, signal: AbortSignal): Promise<boolean> =>
  sleep(ms, true, { signal }).catch(() => false);

/** What only a person can mend (the sign-in) must not burn through the queue. */
async function stepOf(job: Job<BatchJob>, deps: WorkerDeps, stopping: AbortSignal): Promise<Step> {
  try {
    return await processBatch(job.data, deps, stopping);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return pauseForSignIn(job.data, `${error.message} ${error.remedy}`, deps);
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
