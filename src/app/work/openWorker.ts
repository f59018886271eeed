import type { ApiVersion } from '../../assignments/values/apiVersion.ts';
import { tellReach } from '../../graph/client/tellReach.ts';
import { Heart } from '../../worker/heart.ts';
import { Producer } from '../../worker/producer.ts';
import { SignIn } from '../../worker/workerSignIn.ts';
import { startWorker, type BatchWorker } from '../../worker/worker.ts';
import { RunStore } from '../../runs/runStore.ts';
import { graphOf } from '../graphOf.ts';
import { signedIn } from '../identity.ts';
import type { Services } from '../services.ts';
import { PlanningAnew } from './planningAnew.ts';
import { endedInTime, type Ending } from './waitForShutdown.ts';

/** The time to record what was broken off. */
const RECORD_LOST_MS = 500;

/**
 * Starts a worker of this process: its Redis clients wait for Redis, for it works overnight.
 * @param only the runs that it works on; undefined: all of the tenant
 */
export async function openWorker(
  services: Services,
  only?: ReadonlySet<string>,
): Promise<BatchWorker & AsyncDisposable> {
  const { identity, log, events, redactor, breakOff } = services;
  const { credentials } = signedIn(identity);
  const redis = await services.open('wait', 'worker');
  const runs = new RunStore(redis, identity.tenant);
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
    redacted: redactor.redacted,
    now: Date.now,
    random: Math.random,
  };
  const worker = startWorker(deps, producer, redis, { concurrency: identity.config.concurrency });
  const planning = new PlanningAnew({ ...services, runs }, only, () => producer.topUp());
  const stop = async (): Promise<void> => {
    const ended = Promise.all([worker.stop(), planning.stop()]).then(async () => {
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
  const isIdle = async (): Promise<boolean> => (await worker.isIdle()) && !(await planning.isDue());
  return { ...worker, isIdle, stop, [Symbol.asyncDispose]: stop };
}

const LEFT: Readonly<Record<Exclude<Ending, 'ended'>, string>> = {
  redisAway: 'Redis is out of reach: leaving without it. The next worker looks at what was in flight.',
  late: 'What is in flight did not end in time: leaving without it. The next worker looks at it.',
};
