import { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { RedisOptions } from 'ioredis';
import { EXIT, UserError } from '../errors.ts';

/** Connecting, with the loading of the data and the sign-in: a command without Redis ends within 5 s. */
const CONNECT_MAX_MS = 4_000;
/** A command that got no answer for so long means a half-open connection: it is cut and made anew. Longer than any
 *  script or blocking read we send (BullMQ blocks for 10 s at most). */
const REPLY_MAX_MS = 30_000;
const RECONNECT_PAUSE_MIN_MS = 50;
const RECONNECT_PAUSE_MAX_MS = 2_000;
/** How often a server that reads its data from disk is asked whether it is done. */
const LOADING_PAUSE_MS = 250;
const QUIT_MAX_MS = 1_000;
const PORT = 6379;

/** For clients that would rather have an error than wait. */
const ASKS_ONCE = {
  lazyConnect: true,
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
} as const;

/** Where a Redis is: `redis://user:password@host:port/db`, the same with `rediss://` for TLS, or a Unix socket. */
export type RedisTarget = { readonly url: string } | { readonly socketPath: string };

/**
 * `failFast` for commands: an error at once when Redis is away, at the start and later; replies that are lost are not
 * asked for again. `wait` for workers and BullMQ: commands wait until Redis is there, and those in flight when the
 * connection broke are sent again, so they may run twice.
 */
export type Patience = 'failFast' | 'wait';

export interface RedisLog {
  info(message: string): void;
  warn(message: string): void;
}

export interface RedisClientOptions {
  readonly patience: Patience;
  /** Shown by `redis-cli client list`. No spaces. */
  readonly name: string;
  /** Told once when the connection is lost and once when it is back. */
  readonly log: RedisLog;
  /** Ends the waiting of `wait` for a Redis that is not there yet. */
  readonly signal?: AbortSignal;
}

/**
 * A client that is ready. It may be given to BullMQ, and duplicated; a duplicate needs an `error` listener of its own.
 * @throws UserError (exit 4) when `failFast` finds no usable Redis within CONNECT_MAX_MS; (exit 2) when the URL is none;
 *   the signal's reason when it is aborted.
 */
export async function openRedis(target: RedisTarget, options: RedisClientOptions): Promise<Redis> {
  return options.patience === 'wait' ? openWaiting(target, options) : openFailingFast(target, options);
}

/** Closes a client, whatever its state, within QUIT_MAX_MS. Due replies are waited for as long; later ones are errors. */
export async function closeRedis(redis: Redis): Promise<void> {
  if (redis.status === 'end') return;
  const ended = new Promise<void>((resolve) => redis.once('end', () => resolve()));
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
    redis.stream?.destroy(); // a half-open connection never answers the end that `disconnect` sends
  }
}

/** The target as it may be shown: no user, no password. */
export function describeTarget(target: RedisTarget): string {
  if ('socketPath' in target) return target.socketPath;
  const { protocol, host, pathname } = parseUrl(target.url);
  return `${protocol}//${host}${pathname}`;
}

/**
 * A client for one connection: ready within `readyMaxMs`, and ended when that connection ends.
 * @throws Error with the reason as its message.
 */
export async function connectOnce(
  target: RedisTarget,
  { name, readyMaxMs }: { readonly name: string; readonly readyMaxMs: number },
): Promise<Redis> {
  const redis = new Redis({ ...baseOptions(target, name), ...ASKS_ONCE, retryStrategy: null });
  await connectWithin(readyMaxMs, redis);
  return redis;
}

async function openWaiting(target: RedisTarget, { name, log, signal }: RedisClientOptions): Promise<Redis> {
  signal?.throwIfAborted();
  const redis = new Redis({
    ...baseOptions(target, name),
    maxRetriesPerRequest: null, // BullMQ demands it
    retryStrategy: reconnectPause,
  });
  tellLossAndReturn(redis, target, log);
  try {
    await untilReady(redis, signal);
  } catch (error) {
    redis.disconnect();
    throw error;
  }
  return redis;
}

async function openFailingFast(target: RedisTarget, { name, log }: RedisClientOptions): Promise<Redis> {
  let wasReady = false;
  const redis = new Redis({
    ...baseOptions(target, name),
    ...ASKS_ONCE,
    retryStrategy: (times) => (wasReady ? reconnectPause(times) : null),
  });
  tellLossAndReturn(redis, target, log);
  try {
    await connectWithin(CONNECT_MAX_MS, redis);
  } catch (error) {
    throw outOfReach(target, reasonOf(error));
  }
  wasReady = true;
  return redis;
}

/** @throws Error with the reason as its message; the client is closed then. */
async function connectWithin(maxMs: number, redis: Redis): Promise<void> {
  let reason: string | undefined;
  redis.on('error', (error: Error) => {
    reason = reasonOf(error);
  });
  const deadline = setTimeout(() => {
    reason ??= `no answer within ${maxMs / 1000} s, or it is still reading its data`;
    redis.disconnect();
    redis.stream?.destroy(); // what `disconnect` sends would wait for an answer
  }, maxMs);
  try {
    await redis.connect();
  } catch {
    redis.disconnect();
    throw new Error(reason ?? 'the connection was closed');
  } finally {
    clearTimeout(deadline);
  }
}

/** ioredis gives clients another type by this one option, which is left at its default. */
type ClientOptions = Omit<RedisOptions, 'replyMapping'>;

function baseOptions(target: RedisTarget, name: string): ClientOptions {
  return {
    ...('socketPath' in target ? { path: target.socketPath } : urlOptions(target.url)),
    connectionName: name,
    connectTimeout: CONNECT_MAX_MS,
    socketTimeout: REPLY_MAX_MS,
    maxLoadingRetryTime: LOADING_PAUSE_MS,
  };
}

function urlOptions(text: string): ClientOptions {
  const url = parseUrl(text);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return {
    host,
    port: url.port === '' ? PORT : Number(url.port),
    ...(url.username === '' ? {} : { username: decodeURIComponent(url.username) }),
    ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
    db: Number(url.pathname.slice(1)),
    // A certificate is for a name, and names are asked for in the handshake; an address must not be.
    ...(url.protocol === 'rediss:' ? { tls: isIP(host) ? {} : { servername: host } } : {}),
  };
}

/** Settings after a `?` are refused, not ignored: ioredis would take any of its options there, `keyPrefix` too. */
function parseUrl(text: string): URL {
  const url = URL.parse(text);
  const isGood =
    url !== null &&
    /^rediss?:$/.test(url.protocol) &&
    url.hostname !== '' &&
    /^\/?\d*$/.test(url.pathname) &&
    url.search === '' &&
    url.hash === '' &&
    isPercentEncoded(url.username + url.password);
  if (isGood) return url;
  // The text is not repeated: a password may be in it.
  throw new UserError('The address of Redis is not of the form redis://user:password@host:port/db.', {
    remedy:
      'Write REDIS_URL (or --redis-url) like redis://127.0.0.1:6379/0, or with rediss:// for TLS. In user and password ' +
      'percent-encode every character that is no letter or digit: `node -p "encodeURIComponent(\'p@ss\')"`.',
    exitCode: EXIT.badInput,
  });
}

function isPercentEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

function reconnectPause(times: number): number {
  return Math.min(RECONNECT_PAUSE_MIN_MS * 2 ** Math.min(times, 10), RECONNECT_PAUSE_MAX_MS);
}

function untilReady(redis: Redis, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    redis.once('ready', () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
  });
}

/** ioredis emits `reconnecting` before each try, and never after a wanted close. */
function tellLossAndReturn(redis: Redis, target: RedisTarget, log: RedisLog): void {
  const where = describeTarget(target);
  let isLost = false;
  let reason = 'the connection was closed';
  redis.on('error', (error: Error) => {
    reason = reasonOf(error);
  });
  redis.on('reconnecting', () => {
    if (!isLost) log.warn(`Redis at ${where} is out of reach (${reason}). Trying again until it is there.`);
    isLost = true;
  });
  redis.on('ready', () => {
    if (isLost) log.info(`Redis at ${where} is there again.`);
    isLost = false;
    reason = 'the connection was closed';
  });
}

/** Only the text: ioredis hangs the command on its errors, and for a sign-in that is the password. */
function reasonOf(error: unknown): string {
  // A name with several addresses, all refused, gives an AggregateError with an empty message.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return first instanceof Error && first.message !== '' ? first.message : 'no answer';
}

function outOfReach(target: RedisTarget, reason: string): UserError {
  const where = describeTarget(target);
  const isRefused = /^(NOAUTH|WRONGPASS|NOPERM|ERR invalid password)/.test(reason);
  const remedy = isRefused
    ? 'Put the right user and password into REDIS_URL: redis://user:password@host:port/db, each percent-encoded.'
    : 'socketPath' in target
      ? 'Start it, or set REDIS_URL to another one.'
      : `Start the Redis at ${where}, set REDIS_URL (or --redis-url) to another one, or unset it to use the embedded one.`;
  return new UserError(`Cannot use Redis at ${where}: ${reason}.`, { remedy, exitCode: EXIT.environment });
}

// Apart, because TypeScript believes that a status it has seen cannot change while we wait.
function isEnded(redis: Redis): boolean {
  return redis.status === 'end';
}
