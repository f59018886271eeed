import { Queue, type JobType } from 'bullmq';
import { MAIN_FAMILY, type Family } from '../assignments/kinds/family.ts';
import type { RedisClient } from '../redis/connection.ts';
import { intervalsOf, RECORD_FORMAT } from '../runs/run.ts';
import type { OpenBatch } from '../runs/runReader.ts';
import type { RunStore } from '../runs/runStore.ts';
import { Heart } from './heart.ts';
import { cutLongLocks, type LocksCut } from './locks.ts';
import { FAMILY_QUEUE_DEPTH_MIN, QUEUE_DEPTH, QUEUE_LOW_MARK, TOP_UP_MS } from './limiter/pace.ts';

/** What a job says: "look at this batch". What is left to do is read from the record. */
export interface BatchJob {
  readonly runId: string;
  readonly batch: number;
  /** Whose limiter it needs; left out: the main one's. */
  readonly family?: Family;
}

/** Ids tell the family, so that the jobs of each can be counted without a look at them. */
const jobIdOf = (runId: string, { batch, family }: OpenBatch): string =>
  `${runId}.${batch}${family === MAIN_FAMILY ? '' : `.${family}`}`;

const familyOfJob = (id: string): string => id.split('.')[2] ?? MAIN_FAMILY;

const UNFINISHED = ['wait', 'active', 'delayed', 'prioritized'] as const;
const WAITING = ['wait', 'delayed', 'prioritized'] as const;

/** A worker takes what it finds in its queue: one of another record format looks into another queue. */
export const QUEUE_NAME = `batches-${RECORD_FORMAT}`;

const WORKER = ':w:worker-';
const WORKS_ONLY_ON = '-only-on-';

/** What a worker calls itself towards Redis, so that others see that it is there, and what for. */
export const workerName = (id: string, only: ReadonlySet<string> | undefined): { name: string } => ({
  name: `worker-${id}${only === undefined ? '' : `${WORKS_ONLY_ON}${[...only].join(',')}`}`,
});

/**
 * Keeps the tenant's queue filled, and shallow. A top-up asks the record for open batches, so it repairs what a crash
 * left out as well as it begins a run: nothing is kept about which jobs were made.
 */
export class Producer {
  readonly #runs: RunStore;
  readonly #queue: Queue<BatchJob>;
  readonly #connection: RedisClient;
  readonly #graphUrl: string;
  readonly #isWorker: boolean;
  readonly #only: ReadonlySet<string> | undefined;
  readonly heart: Heart;
  #running: Promise<number> | undefined;
  #families: readonly Family[] = [MAIN_FAMILY];
  #windowsKeptUntil = 0;

  /**
   * @param connection a client that may be shared; it is not closed here
   * @param isWorker only a worker sets a run to work: until one is there it is queued, and its time does not run
   * @param only the runs that it is for; undefined: all of the tenant
   * @param heart of the worker
   */
  constructor(
    runs: RunStore,
    connection: RedisClient,
    graphUrl: string,
    isWorker = true,
    only?: ReadonlySet<string>,
    heart = new Heart(),
  ) {
    this.heart = heart;
    this.#isWorker = isWorker;
    this.#only = only;
    this.#runs = runs;
    this.#connection = connection;
    this.#graphUrl = graphUrl;
    this.#queue = new Queue(QUEUE_NAME, {
      connection,
      prefix: runs.keys.prefix,
      // A job that stays would swallow a later one of the same batch.
      defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
    });
    // Commands reject by themselves; without a listener the same error would end the process.
    this.#queue.on('error', () => undefined);
  }

  /** Queues the next batches of the run that is next, which a worker sets to work when none is. Answers how many jobs there are then. */
  async topUp(): Promise<number> {
    // Calls that come while one is under way get that one's answer: it reads what they would read.
    this.#running ??= this.#topUp().finally(() => (this.#running = undefined));
    return this.#running;
  }

  async topUpIfLow(): Promise<void> {
    if (await this.#isLow()) await this.topUp();
  }

  /** Families of what the last top-up found to do. */
  get families(): readonly Family[] {
    return this.#families;
  }

  /** Has the record know that somebody is at work on the run at work. */
  async beat(): Promise<void> {
    await this.#toWorkOn();
  }

  /** Whether a worker of this tenant is there to take jobs: of all runs or, when one is given, of that one. */
  async hasWorkers(runId?: string): Promise<boolean> {
    return (await this.#workerNames()).some((name) => {
      const [, only] = name.split(WORKS_ONLY_ON);
      return only === undefined || (runId !== undefined && only.split(',').includes(runId));
    });
  }

  /** The ids of the workers that are connected to Redis. One that was killed is not, whenever it was heard of last. */
  async connectedWorkers(): Promise<ReadonlySet<string>> {
    const ids = (await this.#workerNames()).map((name) => name.split(WORKER)[1]?.split(WORKS_ONLY_ON)[0]);
    return new Set(ids.filter((id) => id !== undefined));
  }

  async #workerNames(): Promise<string[]> {
    return (await this.#queue.getWorkers()).map(({ rawname = '' }) => rawname);
  }

  /** See `cutLongLocks`. */
  async cutLongLocks(): Promise<LocksCut | undefined> {
    return cutLongLocks(this.#queue, this.#connection);
  }

  /** The worker is at work on no run any more. */
  async farewell(): Promise<void> {
    await this.#runs.farewell(this.heart.id);
  }

  async close(): Promise<void> {
    await this.#queue.close();
  }

  async #topUp(): Promise<number> {
    let queued = await this.#jobs(UNFINISHED);
    const found = new Set<Family>();
    for (const runId of await this.#toWorkOn()) {
      const run = await this.#runs.run(runId);
      if (run === undefined) continue;
      const depth = depthOf(run.families);
      const isShort = new Set(run.families.filter((family) => countOf(queued, family) < depth));
      if (isShort.size === 0) continue;
      const batches = await this.#runs.openBatches(run, depth);
      for (const { family } of batches) found.add(family);
      await this.#queue.addBulk(
        batches
          .filter(({ family }) => isShort.has(family))
          .map((open) => ({
            name: 'batch',
            data: {
              ...{ runId, batch: open.batch },
              ...(open.family !== MAIN_FAMILY && { family: open.family }),
            },
            opts: { jobId: jobIdOf(runId, open) },
          })),
      );
      queued = await this.#jobs(UNFINISHED);
    }
    if (found.size > 0) this.#families = [...found];
    return queued.length;
  }

  /** One family's full queue must not hide that another's is empty. */
  async #isLow(): Promise<boolean> {
    if (this.#families.length < 2) return (await this.#queue.getWaitingCount()) < QUEUE_LOW_MARK;
    const waiting = await this.#jobs(WAITING);
    const mark = (depthOf(this.#families) * QUEUE_LOW_MARK) / QUEUE_DEPTH;
    return this.#families.some((family) => countOf(waiting, family) < mark);
  }

  async #toWorkOn(): Promise<string[]> {
    const worker = this.#isWorker ? this.heart.self : undefined;
    const next = (): Promise<string[]> =>
      this.#runs.runsToWorkOn(this.#graphUrl, this.#isWorker, this.#only, worker);
    const runs = await next();
    return (await this.#keepWindowsAhead()) ? next() : runs;
  }

  /**
   * Scripts know no time zones: they are told when windows are open, by Redis' clock, whatever this process believes. Answers whether
   * that changed what they knew.
   */
  async #keepWindowsAhead(): Promise<boolean> {
    if (performance.now() < this.#windowsKeptUntil) return false;
    this.#windowsKeptUntil = performance.now() + TOP_UP_MS;
    const line = (await this.#runs.line()).filter(({ options }) => options.windows.length > 0);
    if (line.length === 0) return false;
    const now = await this.#runs.now();
    const kept = await Promise.all(
      line.map(async (run) => {
        const intervals = intervalsOf(run.options, now);
        if (JSON.stringify(intervals) === JSON.stringify(run.openIntervals)) return false;
        return this.#runs.keepIntervals(run, intervals);
      }),
    );
    return kept.includes(true);
  }

  #jobs(states: readonly JobType[]): Promise<string[]> {
    return this.#queue.getRanges([...states], 0, -1);
  }
}

/** Jobs of each family that the queue holds for a run. */
const depthOf = (families: readonly Family[]): number =>
  families.length < 2
    ? QUEUE_DEPTH
    : Math.max(FAMILY_QUEUE_DEPTH_MIN, Math.floor(QUEUE_DEPTH / families.length));

const countOf = (jobIds: readonly string[], family: Family): number =>
  jobIds.filter((id) => familyOfJob(id) === family).length;
