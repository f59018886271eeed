import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster, Redis } from 'ioredis';
import { clientPlan, CONNECT_MAX_MS, describeTarget } from './clientOptions.ts';
import type { ClientPlan, RedisPatience, RedisTarget } from './clientOptions.ts';
import { tellLossAndReturn } from './loss.ts';
import type { RedisLog } from './loss.ts';
import { outOfReach, reasonOf } from './reach.ts';
import { rememberTarget } from './redisCli.ts';

export { describeTarget } from './clientOptions.ts';
export type { RedisPatience, RedisTarget } from './clientOptions.ts';
export type { RedisLog } from './loss.ts';

const RECONNECT_PAUSE_MIN_MS = 50;
const RECONNECT_PAUSE_MAX_MS = 2_000;
const QUIT_MAX_MS = 1_000;
/** With CONNECT_MAX_MS it stays below the 5 s in which a command without Redis ends. */
const SEED_ANSWER_MAX_MS = 700;

/** A client of one Redis, of whoever is master behind sentinels, or of a cluster. All keys of a tenant are in one slot. */
export type RedisClient = Redis | Cluster;

export interface RedisClientOptions {
  readonly patience: RedisPatience;
  /** Shown by `redis-cli client list`. No spaces. */
  readonly name: string;
  /** Told once when the connection is lost and once when it is back. */
  readonly log: RedisLog;
  /** Ends the waiting of `wait` for a Redis that is not there yet. */
  readonly signal?: AbortSignal;
}

/**
 * A client that is ready. It may be given to BullMQ, and duplicated; a duplicate needs an `error` listener of its own.
 * @throws UserError (exit 4) when `failFast` finds no usable Redis within CONNECT_MAX_MS; (exit 2) when the address is none or
 *   a file of it is not what it should be; the signal's reason when it is aborted.
 */
export async function openRedis(target: RedisTarget, options: RedisClientOptions): Promise<RedisClient> {
  return options.patience === 'wait' ? openWaiting(target, options) : openFailingFast(target, options);
}

/** Closes a client, whatever its state, within QUIT_MAX_MS. Due replies are waited for as long; later ones are errors. */
export async function closeRedis(redis: RedisClient): Promise<void> {
  if (redis.status === 'end') return;
  const ended = new Promise<void>((resolve) => redis.once('end', () => resolve()));
  // A cluster forgets its nodes when it is told to disconnect.
  const nodes = redis instanceof Cluster ? redis.nodes() : [redis];
  if (redis.status === 'ready') {
    redis.quit().catch(() => redis.disconnect());
  } else {
    const wasBetweenTries = redis.status === 'reconnecting';
    redis.disconnect();
    // Between two tries ioredis neither ends nor answers what waits in its queue. One more try, called off, does both.
    if (wasBetweenTries) redis.connect().catch(() => {});
    if (wasBetweenTries) redis.disconnect();
  }
  const deadline = new AbortController();
  await Promise.race([ended, sleep(QUIT_MAX_MS, undefined, { signal: deadline.signal }).catch(() => {})]);
  deadline.abort();
  if (!isEnded(redis)) {
    redis.disconnect();
    for (const node of nodes) node.stream?.destroy(); // a half-open connection never answers the end that `disconnect` sends
  }
}

/**
 * A client for one connection: ready within `readyMaxMs`, and ended when that connection ends.
 * @throws Error with the reason as its message.
 */
export async function connectOnce(
  target: { readonly socketPath: string },
  { name, readyMaxMs }: { readonly name: string; readonly readyMaxMs: number },
): Promise<Redis> {
  const plan = clientPlan(target, name, 'failFast', () => false);
  if (plan.kind === 'cluster') throw new Error('a socket is no cluster');
  const redis = new Redis({ ...plan.options, retryStrategy: null });
  await connectWithin(readyMaxMs, redis);
  return redis;
}

async function openWaiting(
  target: RedisTarget,
  { name, log, signal }: RedisClientOptions,
): Promise<RedisClient> {
  signal?.throwIfAborted();
  const redis = clientFrom(target, name, 'wait', () => true);
  tellLossAndReturn(redis, describeTarget(target), log);
  try {
    await untilReady(redis, signal);
  } catch (error) {
    redis.disconnect();
    throw error;
  }
  return redis;
}

async function openFailingFast(target: RedisTarget, { name, log }: RedisClientOptions): Promise<RedisClient> {
  let wasReady = false;
  const redis = clientFrom(target, name, 'failFast', () => wasReady);
  tellLossAndReturn(redis, describeTarget(target), log);
  try {
    await connectWithin(CONNECT_MAX_MS, redis);
  } catch (error) {
    const { seed } = clientPlan(target, name, 'failFast', () => false);
    throw outOfReach(target, isVague(error) && seed ? await reasonOfSeed(seed, error) : reasonOf(error));
  }
  wasReady = true;
  return redis;
}

/** Of sentinels and of nodes that are asked for the others ioredis tells no more than this. */
const isVague = (error: unknown): boolean =>
  /^(Connection is closed\.|no sentinel answers what it is asked)$/.test(reasonOf(error));

async function reasonOfSeed(seed: ClientPlan['seed'], vague: unknown): Promise<string> {
  const redis = new Redis({ ...seed, lazyConnect: true, retryStrategy: null });
  try {
    await connectWithin(SEED_ANSWER_MAX_MS, redis);
    await closeRedis(redis);
    return reasonOf(vague);
  } catch (error) {
    return reasonOf(error);
  }
}

function clientFrom(
  target: RedisTarget,
  name: string,
  patience: RedisPatience,
  mayTryAgain: () => boolean,
): RedisClient {
  const plan = clientPlan(target, name, patience, mayTryAgain);
  const pause = (times: number): number | null => (mayTryAgain() ? reconnectPause(times) : null);
  const redis =
    plan.kind === 'node'
      ? new Redis({ ...plan.options, retryStrategy: pause })
      : new Cluster([...plan.nodes], { ...plan.options, clusterRetryStrategy: pause });
  rememberTarget(redis, target);
  return redis;
}

/** @throws Error with the reason as its message; the client is closed then. */
async function connectWithin(maxMs: number, redis: RedisClient): Promise<void> {
  let reason: string | undefined;
  const note = (error: unknown): void => {
    reason = reasonOf(error);
  };
  redis.on('error', note);
  const late = Promise.withResolvers<never>();
  const deadline = setTimeout(() => {
    reason ??= `no answer within ${maxMs / 1000} s, or it is still reading its data`;
    late.reject(new Error(reason));
  }, maxMs);
  const nodes = redis instanceof Cluster ? [] : [redis];
  try {
    await Promise.race([connectAll(redis), late.promise]);
  } catch (error) {
    redis.disconnect();
    for (const node of nodes) node.stream?.destroy(); // what `disconnect` sends would wait for an answer
    throw new Error(reason ?? reasonOf(error), { cause: error });
  } finally {
    clearTimeout(deadline);
    redis.off('error', note);
  }
}

/** The nodes of a cluster connect with their first command, and refuse those that come before they are ready. */
async function connectAll(redis: RedisClient): Promise<void> {
  await redis.connect();
  // ioredis asks for the database as well, and stays in the first one without a word when it is refused.
  if (redis instanceof Redis && redis.options.db) await redis.select(redis.options.db);
  if (redis instanceof Cluster) await Promise.all(redis.nodes('master').map(readyNode));
}

async function readyNode(node: Redis): Promise<void> {
  if (node.status === 'wait') await node.connect();
  else if (node.status !== 'ready')
    await new Promise<void>((resolve, reject) => {
      node.once('ready', resolve);
      node.once('end', () => reject(new Error('the connection was closed')));
    });
}

function reconnectPause(times: number): number {
  return Math.min(RECONNECT_PAUSE_MIN_MS * 2 ** Math.min(times, 10), RECONNECT_PAUSE_MAX_MS);
}

function untilReady(redis: RedisClient, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    redis.once('ready', () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
  });
}

// Apart, because TypeScript believes that a status it has seen cannot change while we wait.
function isEnded(redis: RedisClient): boolean {
  return redis.status === 'end';
}
