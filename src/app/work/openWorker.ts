import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiVersion } from '../../assignments/values/apiVersion.ts';
import { tellReach } from '../../graph/client/tellReach.ts';
import { Heart } from '../../worker/heart.ts';
import { Producer } from '../../worker/producer.ts';
import { SignIn } from '../../worker/workerSignIn.ts';
import { startWorker, type BatchWorker } from '../../worker/worker.ts';
import type { RedisClient } from '../../redis/connection.ts';
import { RunStore } from '../../runs/runStore.ts';
import { graphOf } from '../graphOf.ts';
import { signedIn } from '../identity.ts';
import { notifyFileOf } from '../notify/channels.ts';
import { openTelling, startPulse, TELL_AT_END_MS } from '../notify/openTelling.ts';
import type { Services } from '../services.ts';
import { PlanningAnew } from './planningAnew.ts';
import { restsWith } from './restsWith.ts';
import { Reverting } from './reverting.ts';
import { endedInTime, type Ending } from './waitForShutdown.ts';

/** A Redis that takes longer to answer is not there. */
const REDIS_ANSWERS_MS = 5_000;
/** The time to record what was broken off. */
const RECORD_LOST_MS = 500;

export interface OpenWorker extends Omit<BatchWorker, 'stop'> {
  /** @param last done when nothing is under way any more, and before channels are told for the last time */
  stop(last?: () => Promise<void>): Promise<void>;
}

/**
 * Starts a worker of this process: its Redis clients wait for Redis, for it works overnight.
 * @param only the runs that it works on; undefined: all of the tenant
 */
export async function openWorker(
  services: Services,
  only?: ReadonlySet<string>,
): Promise<OpenWorker & AsyncDisposable> {
  const { identity, log, events, redactor, breakOff } = services;
  const { credentials } = signedIn(identity);
  const notifyFile = notifyFileOf(services);
  const redis = await services.open('wait', 'worker');
  const runs = new RunStore(redis, identity.tenant, identity.config.approval);
  const heart = new Heart({ host: services.user.host, silentMs: identity.pace.silentMs });
  const producer = new Producer(runs, redis, identity.config.graphUrl, true, only, heart);
  // A run keeps the version it was submitted with.
  const told = tellReach((reach) => {
    events.emit('graphReach', reach);
    heart.graphAway = reach.isReached ? undefined : redactor.redacted(reach.message);
    producer.beat().catch((error: unknown) => log.debug('heartbeat', { err: error }));
  });
  const graphs = {
    beta: told(graphOf(identity, services, 'beta')),
    'v1.0': told(graphOf(identity, services, 'v1.0')),
  };
  const deps = {
    runs,
    graphUrl: identity.config.graphUrl,
    only,
    graphOf: (version: ApiVersion) => graphs[version],
    ...{ log, events },
    limiter: services.limiterOn(runs),
    signIn: new SignIn(credentials),
    planReads: services.planReads,
    redacted: redactor.redacted,
    now: Date.now,
    random: Math.random,
  };
  const worker = startWorker(deps, producer, redis, { concurrency: identity.config.concurrency });
  const planning = new PlanningAnew({ ...services, runs }, only, () => producer.topUp());
  // Who works on some runs only would not work on what it makes either.
  const reverting =
    only === undefined ? new Reverting({ ...services, runs }, () => producer.topUp()) : undefined;
  const telling = openTelling(notifyFile, runs, redis, services);
  const pulse = startPulse(notifyFile, () => isWell(heart, redis), services);
  const stop = async (last?: () => Promise<void>): Promise<void> => {
    await pulse.stop();
    const ended = Promise.all([worker.stop(), planning.stop(), reverting?.stop()]).then(async () => {
      await last?.().catch((error: unknown) => log.debug('worker', { err: error }));
      await telling?.settle(TELL_AT_END_MS);
      await telling?.close();
      // Who does not take note of it sees in a minute that nobody is there.
      await producer.farewell().catch((error: unknown) => log.debug('heartbeat', { err: error }));
      await producer.close();
    });
    const ending = await endedInTime(ended, redis, breakOff);
    if (ending !== 'ended') log.warn(LEFT[ending]);
    await Promise.all([graphs.beta.close(), graphs['v1.0'].close()]);
    // What was broken off is lost now. Once that is recorded, the next worker need not wait until its time is over.
    if (ending === 'late') await endedInTime(ended, redis, AbortSignal.timeout(RECORD_LOST_MS));
  };
  const due = [() => planning.isDue(), async () => (await reverting?.isDue()) ?? false];
  const isIdle = (): Promise<boolean> => restsWith(() => worker.isIdle(), due);
  return { ...worker, isIdle, stop, [Symbol.asyncDispose]: () => stop() };
}

/** Redis, too, has to be there: without it nothing is written. */
async function isWell(heart: Heart, redis: RedisClient): Promise<boolean> {
  if (heart.self.graphAway !== undefined) return false;
  const answered = redis.ping().then(
    () => true,
    () => false,
  );
  return Promise.race([answered, sleep(REDIS_ANSWERS_MS, false, { ref: false })]);
}

const LEFT: Readonly<Record<Exclude<Ending, 'ended'>, string>> = {
  redisAway: 'Redis is out of reach: leaving without it. The next worker looks at what was in flight.',
  late: 'What is in flight did not end in time: leaving without it. The next worker looks at it.',
};
