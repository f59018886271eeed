import { setTimeout as sleep } from 'node:timers/promises';
import { awaitsSignIn } from '../../runs/run.ts';
import { pathIn } from '../pathIn.ts';
import type { Services } from '../services.ts';

/** The file with the token that whoever reads the metrics has to show; undefined: none is set. */
export function metricsTokenFile(services: Pick<Services, 'identity' | 'cwd' | 'env'>): string | undefined {
  const given = services.identity.config.env['RETARGET_METRICS_TOKEN_FILE'];
  return given === undefined ? undefined : pathIn(services, given);
}

/** A Redis that takes longer to answer is not there. */
export const REDIS_ANSWERS_MS = 5_000;

/** Whether a process can do what it is there for; why not is a sentence. */
export type Readiness = { readonly isReady: true } | { readonly isReady: false; readonly why: string };

export const READY: Readiness = { isReady: true };
export const notReady = (why: string): Readiness => ({ isReady: false, why });

/** Rejects when Redis gives no answer in time. A client that waits for Redis would wait for ever. */
export async function inTime<T>(work: () => Promise<T>): Promise<T> {
  const late = new AbortController();
  const tooLate = sleep(REDIS_ANSWERS_MS, undefined, { signal: late.signal, ref: false }).then(() => {
    throw new Error(`Redis has given no answer for ${REDIS_ANSWERS_MS / 1000} s`);
  });
  tooLate.catch(() => undefined);
  try {
    return await Promise.race([work(), tooLate]);
  } finally {
    late.abort();
  }
}

/** Pages and metrics need Redis, and nothing else. */
export async function redisReadiness({ redis }: Pick<Services, 'redis'>): Promise<Readiness> {
  try {
    await inTime(() => redis.ping());
    return READY;
  } catch (error) {
    return notReady(`Redis does not answer: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

/** What keeps a worker from its work, besides Redis. */
export interface WorkerSeen {
  /** Why Graph is out of its reach; undefined: it is not, as far as it was asked. */
  readonly graphAway: string | undefined;
}

/** A worker works when Redis answers, Graph is there and takes the sign-in, and it was not told to end. */
export async function workerReadiness(
  { graphAway }: WorkerSeen,
  services: Pick<Services, 'redis' | 'runs' | 'interrupted'>,
): Promise<Readiness> {
  if (services.interrupted.aborted) return notReady('It finishes what is in flight, and ends.');
  const redis = await redisReadiness(services);
  if (!redis.isReady) return redis;
  if (graphAway !== undefined) return notReady(`Graph is out of reach: ${graphAway}`);
  const waiting = (await inTime(() => services.runs.line())).find(awaitsSignIn);
  return waiting === undefined
    ? READY
    : notReady(`Run ${waiting.runId} waits for the sign-in (${waiting.reasonText ?? waiting.reason}).`);
}
