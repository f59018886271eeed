import { Queue } from 'bullmq';
import type { RedisClient } from '../redis/connection.ts';
import { RECORD_FORMAT } from '../runs/run.ts';
import type { RunStore } from '../runs/runStore.ts';
import { cutLongLocks, type LocksCut } from './locks.ts';
import { QUEUE_DEPTH, QUEUE_LOW_MARK } from './limiter/pace.ts';

/** What a job says: "look at this batch". What is left to do is read from the record. */
export interface BatchJob {
  readonly runId: string;
  readonly batch: number;
}

/** A worker takes what it finds in its queue: one of another record format looks into another queue. */
export const QUEUE_NAME = `batches-${RECORD_FORMAT}`;

const WORKS_ONLY_ON = 'only-on-';

/** What a worker calls itself towards Redis, so that others see what it is there for. */
export const workerName = (only: ReadonlySet<string> | undefined): { name?: string } =>
  only === undefined ? {} : { name: `${WORKS_ONLY_ON}${[...only].join(',')}` };

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
  #running: Promise<number> | undefined;

  /**
   * @param connection a client that may be shared; it is not closed here
   * @param isWorker only a worker sets a run to work: until one is there it is queued, and its time does not run
   * @param only the runs that it is for; undefined: all of the tenant
   */
  constructor(
    runs: RunStore,
    connection: RedisClient,
    graphUrl: string,
    isWorker = true,
    only?: ReadonlySet<string>,
  ) {
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
    if ((await this.#queue.getWaitingCount()) < QUEUE_LOW_MARK) await this.topUp();
  }

  /** Has the record know that somebody is at work on the run at work. */
  async beat(): Promise<void> {
    await this.#toWorkOn();
  }

  /** Whether a worker of this tenant is there to take jobs: of all runs or, when one is given, of that one. */
  async hasWorkers(runId?: string): Promise<boolean> {
    const workers = await this.#queue.getWorkers();
    return workers.some(({ rawname = '' }) => {
      const [, only] = rawname.split(WORKS_ONLY_ON);
      return only === undefined || (runId !== undefined && only.split(',').includes(runId));
    });
  }

  /** See `cutLongLocks`. */
  async cutLongLocks(): Promise<LocksCut | undefined> {
    return cutLongLocks(this.#queue, this.#connection);
  }

  async close(): Promise<void> {
    await this.#queue.close();
  }

  async #topUp(): Promise<number> {
    let depth = await this.#depth();
    for (const runId of await this.#toWorkOn()) {
      const run = await this.#runs.run(runId);
      if (run === undefined || depth >= QUEUE_DEPTH) continue;
      const batches = await this.#runs.openBatches(run, QUEUE_DEPTH);
      await this.#queue.addBulk(
        batches.map((batch) => ({
          name: 'batch',
          data: { runId, batch },
          opts: { jobId: `${runId}.${batch}` },
        })),
      );
      depth = await this.#depth();
    }
    return depth;
  }

  #toWorkOn(): Promise<string[]> {
    return this.#runs.runsToWorkOn(this.#graphUrl, Date.now(), this.#isWorker, this.#only);
  }

  async #depth(): Promise<number> {
    return this.#queue.getJobCountByTypes('wait', 'active', 'delayed', 'prioritized');
  }
}
