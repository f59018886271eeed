import { setTimeout as sleep } from 'node:timers/promises';
import { Queue, Worker, type Job } from 'bullmq';
import type { Log } from '../log.ts';
import type { RedisClient } from '../redis/connection.ts';
import type { RunEvent } from '../runs/runEvent.ts';
import type { RunStore } from '../runs/runStore.ts';
import { RECORD_FORMAT } from '../runs/run.ts';
import { closeInOrder } from './closeInOrder.ts';
import { LOCK_MS, STALLED_CHECK_MS, STALLED_COUNT_MAX } from './limiter/pace.ts';

/** Events that are queued at a time. */
const EVENTS_PER_LOOK = 100;
/** A channel that takes nothing is tried for about two days. */
const TRIES_MAX = 300;
/** The wait after the first try that failed, which doubles up to the second; in shares of a window, 1 s and 10 min for Intune's. */
const [FIRST_WAIT, LONGEST_WAIT] = [1 / 20, 30] as const;
/** How often it is looked for events, likewise. */
const LOOK_WAIT = 1 / 20;
/** Who is told again within this, as two workers have queued an event, is told once. */
const TOLD_KEPT = { age: 24 * 3600, count: 1000 };
const SETTLED_LOOK_MS = 50;

/** How channels are told; a test may be quicker. */
export interface TellingTerms {
  /** Names of the channels that this worker can tell. */
  readonly channels: readonly string[];
  /** Tells one; what it throws is why not, fit to be shown. False: it did not want to be told of this. */
  readonly tell: (channel: string, event: RunEvent, signal: AbortSignal) => Promise<boolean>;
  readonly windowMs: number;
  readonly log: Log;
}

/** What waits to be told to a channel. */
const queueName = (channel: string): string => `tell-${RECORD_FORMAT}-${channel}`;

/** Ids of jobs take no colon; those of events have none. */
const jobIdOf = (event: RunEvent, channel: string): string => `${event.id}.${channel}`;

const waitMs = (tries: number, windowMs: number): number =>
  Math.min(LONGEST_WAIT * windowMs, FIRST_WAIT * windowMs * 2 ** Math.min(tries - 1, 30));

/** A queue for each channel: one that takes nothing keeps no other waiting, and no run. */
class ChannelQueues {
  readonly #queues = new Map<string, Queue<RunEvent>>();
  readonly #runs: RunStore;
  readonly #connection: RedisClient;

  constructor(runs: RunStore, connection: RedisClient) {
    this.#runs = runs;
    this.#connection = connection;
  }

  of(channel: string): Queue<RunEvent> {
    const known = this.#queues.get(channel);
    if (known !== undefined) return known;
    const queue = new Queue<RunEvent>(queueName(channel), {
      connection: this.#connection,
      prefix: this.#runs.keys.prefix,
    });
    queue.on('error', () => undefined);
    this.#queues.set(channel, queue);
    return queue;
  }

  /** Queues what runs have told for the channels that they name. Answers whether all of it is queued. */
  async fill(): Promise<boolean> {
    const kept = await this.#runs.untoldEvents(EVENTS_PER_LOOK);
    for (const each of kept) {
      const { event } = each;
      for (const channel of event.channels)
        await this.of(channel).add(event.type, event, {
          jobId: jobIdOf(event, channel),
          // Who tries a channel sees what comes of it, and tries again himself.
          attempts: event.type === 'test' ? 1 : TRIES_MAX,
          backoff: { type: 'custom' },
          removeOnComplete: TOLD_KEPT,
          removeOnFail: TOLD_KEPT,
        });
      // Only now, or a process that dies in between would have told nobody.
      await this.#runs.takeOut(each);
    }
    return kept.length < EVENTS_PER_LOOK;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.close()));
  }
}

export interface Telling {
  /** Why an event could not be told to a channel the first time; null: it was told. Waits for that. */
  outcome(eventId: string, channel: string, signal: AbortSignal): Promise<string | null>;
  /** Waits until all that there is to be told was tried once, or was waited for long enough. */
  settle(maxMs: number): Promise<void>;
  /** Breaks off what is under way: it is told by the next worker. */
  close(): Promise<void>;
}

/** Tells the channels of this worker what runs of its tenant tell, at least once each, beside whatever else it does. */
export function startTelling(
  runs: RunStore,
  connection: RedisClient,
  { channels, tell, windowMs, log }: TellingTerms,
): Telling {
  const queues = new ChannelQueues(runs, connection);
  const closing = new AbortController();
  const workers = channels.map((channel) => {
    const worker = new Worker<RunEvent>(
      queueName(channel),
      (job) => tellOnce(job, channel, { runs, tell, log }, closing.signal),
      {
        connection,
        prefix: runs.keys.prefix,
        lockDuration: LOCK_MS,
        stalledInterval: STALLED_CHECK_MS,
        maxStalledCount: STALLED_COUNT_MAX,
        settings: { backoffStrategy: (tries) => waitMs(tries, windowMs) },
      },
    );
    worker.on('error', (error) => log.debug('channel', { err: error }));
    return worker;
  });
  const filling = fillRegularly(queues, LOOK_WAIT * windowMs, log, closing.signal);
  const isSettled = async (): Promise<boolean> => {
    if (!(await queues.fill())) return false;
    const left = await Promise.all(
      channels.map((channel) => queues.of(channel).getJobCounts('wait', 'active')),
    );
    return left.every(({ wait = 0, active = 0 }) => wait + active === 0);
  };
  return {
    async outcome(eventId, channel, signal) {
      const queue = queues.of(channel);
      while (!signal.aborted) {
        const job = await queue.getJob(`${eventId}.${channel}`);
        if (job?.finishedOn !== undefined && !job.failedReason) return null;
        if (job?.failedReason) return job.failedReason;
        await sleep(SETTLED_LOOK_MS, undefined, { signal }).catch(() => undefined);
      }
      return 'nobody has told it in time';
    },
    async settle(maxMs) {
      const until = performance.now() + maxMs;
      while (!(await isSettled()) && performance.now() < until) await sleep(SETTLED_LOOK_MS);
    },
    async close() {
      closing.abort();
      await filling;
      await Promise.all(workers.map(closeInOrder));
      await queues.close();
    },
  };
}

async function fillRegularly(
  queues: ChannelQueues,
  everyMs: number,
  log: Log,
  closing: AbortSignal,
): Promise<void> {
  while (!closing.aborted) {
    await queues
      .fill()
      .catch((error: unknown) => log.debug('What runs tell could not be queued.', { err: error }));
    await sleep(everyMs, undefined, { signal: closing }).catch(() => undefined);
  }
}

async function tellOnce(
  { data: event, attemptsMade, opts: { attempts = TRIES_MAX } }: Job<RunEvent>,
  channel: string,
  { runs, tell, log }: Pick<TellingTerms, 'tell' | 'log'> & { readonly runs: RunStore },
  signal: AbortSignal,
): Promise<void> {
  const { run, type } = event;
  try {
    if (!(await tell(channel, event, signal))) return;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    if (signal.aborted) throw error;
    await runs.channelFailed(channel, Date.now(), why);
    if (attemptsMade === 0) {
      const next = attempts > 1 ? ' It is tried again while a worker is there.' : '';
      log.warn(`Channel ${channel} could not be told (${type}): ${why}.${next}`, { run });
    }
    if (attemptsMade + 1 >= attempts) await logTold(runs, event, 'not told', { channel, why });
    throw error;
  }
  await runs.channelTold(channel, Date.now());
  await logTold(runs, event, 'told', { channel });
}

async function logTold(
  runs: RunStore,
  { run, type, id }: RunEvent,
  action: string,
  details: Readonly<Record<string, string>>,
): Promise<void> {
  const entry = {
    at: Date.now(),
    operator: 'the run itself',
    action,
    details: { event: type, id, ...details },
  };
  if (run === undefined) await runs.tellAll([], entry);
  else await runs.tell(run, entry);
}

/** How many events wait to be told to each of these channels. */
export async function waitingFor(
  channels: readonly string[],
  runs: RunStore,
  connection: RedisClient,
): Promise<ReadonlyMap<string, number>> {
  const queues = new ChannelQueues(runs, connection);
  try {
    const kept = await runs.untoldEvents(EVENTS_PER_LOOK);
    const waiting = channels.map(async (channel) => {
      const queued = await queues.of(channel).getJobCountByTypes('wait', 'active', 'delayed');
      const untold = kept.filter(({ event }) => event.channels.includes(channel)).length;
      return [channel, queued + untold] as const;
    });
    return new Map(await Promise.all(waiting));
  } finally {
    await queues.close();
  }
}
