import { isIP } from 'node:net';
import type { ClusterOptions, RedisOptions } from 'ioredis';
import { describeAddress, parseAddress } from './address.ts';
import type { HostAddress, RedisAddress, SentinelAddress, SingleAddress } from './address.ts';
import { passwordFrom, tlsOptions } from './files.ts';
import type { RedisFiles } from './files.ts';

/** Connecting, with the loading of the data and the sign-in: a command without Redis ends within 5 s. */
export const CONNECT_MAX_MS = 4_000;
/** A command that got no answer for so long means a half-open connection: it is cut and made anew. Longer than any
 *  script or blocking read we send (BullMQ blocks for 10 s at most). */
const REPLY_MAX_MS = 30_000;
/** How often a server that reads its data from disk is asked whether it is done. */
const LOADING_PAUSE_MS = 250;
/** Sentinels are asked one after the other, and a host that is gone never answers: two of them must fit into CONNECT_MAX_MS. */
const SENTINEL_ANSWER_MAX_MS = 1_500;
/** Short, because a client that waits here cannot be called off. */
const SENTINEL_PAUSE_MS = 500;
/** The same for the nodes of a cluster that are asked where the slots are. */
const SLOTS_ANSWER_MAX_MS = 1_000;
/** A failover takes seconds; this often a command is tried again while it lasts. */
const FAILOVER_PAUSE_MS = 200;

/** Where a Redis is: its address in REDIS_URL's forms (see address.ts) with what files there are for it, or a Unix socket. */
export type RedisTarget =
  { readonly url: string; readonly files?: RedisFiles | undefined } | { readonly socketPath: string };

/**
 * `failFast` for commands: an error at once when Redis is away, at the start and later; replies that are lost are not
 * asked for again. `wait` for workers and BullMQ: commands wait until Redis is there, those in flight when the connection
 * broke or its server stepped down are sent again, so they may run twice.
 */
export type RedisPatience = 'failFast' | 'wait';

/** ioredis gives clients another type by this one option, which is left at its default. */
type NodeOptions = Omit<RedisOptions, 'replyMapping'>;

/** What ioredis makes a client from. `seed` is one sentinel, or one node: asked alone it says why it cannot be asked. */
export type ClientPlan =
  | { readonly kind: 'node'; readonly seed: NodeOptions | undefined; readonly options: NodeOptions }
  | {
      readonly kind: 'cluster';
      readonly seed: NodeOptions;
      readonly nodes: readonly HostAddress[];
      readonly options: Omit<ClusterOptions, 'redisOptions'> & {
        redisOptions: Omit<NonNullable<ClusterOptions['redisOptions']>, 'replyMapping'>;
      };
    };

/** The target as it may be shown: no user, no password. */
export function describeTarget(target: RedisTarget): string {
  return 'socketPath' in target ? target.socketPath : describeAddress(parseAddress(target.url));
}

/** For clients that would rather have an error than wait. */
const ASKS_ONCE = { maxRetriesPerRequest: 0, autoResendUnfulfilledCommands: false } as const;
/** What such a client needs besides, but the nodes of a cluster must not have. `lazyConnect` lets us wait for the first connection. */
const CONNECTS_ONCE = { lazyConnect: true, enableOfflineQueue: false } as const;

/**
 * @param mayTryAgain whether a connection that failed is tried again; asked each time
 * @throws UserError (exit 2) when the address is none, or its files are not what they should be.
 */
export function clientPlan(
  target: RedisTarget,
  name: string,
  patience: RedisPatience,
  mayTryAgain: () => boolean,
): ClientPlan {
  const common = {
    connectionName: name,
    // Its commands came with Redis 7.2: a user's rules could not allow them on an older one.
    disableClientInfo: true,
    connectTimeout: CONNECT_MAX_MS,
    socketTimeout: REPLY_MAX_MS,
    maxLoadingRetryTime: LOADING_PAUSE_MS,
    // BullMQ demands null of a client that waits.
    ...(patience === 'wait' ? { maxRetriesPerRequest: null } : ASKS_ONCE),
  };
  const opening = patience === 'wait' ? {} : CONNECTS_ONCE;
  if ('socketPath' in target)
    return { kind: 'node', seed: undefined, options: { path: target.socketPath, ...common, ...opening } };
  const address = parseAddress(target.url);
  const files = target.files ?? {};
  switch (address.kind) {
    case 'single':
      return {
        kind: 'node',
        seed: undefined,
        options: { ...common, ...opening, ...signIn(address, files), ...single(address, files) },
      };
    case 'sentinel': {
      const { seed, options } = sentinel(address, files, patience, mayTryAgain);
      return {
        kind: 'node',
        seed,
        options: { ...common, ...opening, ...signIn(address, files), ...options },
      };
    }
    case 'cluster': {
      const names = address.hosts.map(({ host }) => host);
      const tls = tlsOptions(address.isTls, names, files);
      const redisOptions = { ...common, ...signIn(address, files), ...(tls && { tls }) };
      return {
        kind: 'cluster',
        seed: { ...redisOptions, ...address.hosts[0] },
        nodes: address.hosts,
        options: { ...(patience === 'wait' ? CLUSTER_WAITS : CLUSTER_ASKS_ONCE), ...CLUSTER, redisOptions },
      };
    }
  }
}

function signIn(address: RedisAddress, files: RedisFiles): Pick<NodeOptions, 'username' | 'password'> {
  const { username } = address;
  const password = passwordFrom('REDIS_PASSWORD_FILE', files, address.password);
  return { ...(username === undefined ? {} : { username }), ...(password === undefined ? {} : { password }) };
}

function single({ host: { host, port }, db, isTls }: SingleAddress, files: RedisFiles): NodeOptions {
  const tls = tlsOptions(isTls, [host], files);
  // A certificate is for a name, and names are asked for in the handshake; an address must not be.
  return { host, port, db, ...(tls && { tls: isIP(host) ? tls : { ...tls, servername: host } }) };
}

function sentinel(
  address: SentinelAddress,
  files: RedisFiles,
  patience: RedisPatience,
  mayTryAgain: () => boolean,
): { readonly seed: NodeOptions; readonly options: NodeOptions } {
  const { hosts, masterName, db, isTls, sentinelUsername } = address;
  const names = hosts.map(({ host }) => host);
  const tls = tlsOptions(isTls, names, files);
  const password = passwordFrom('REDIS_SENTINEL_PASSWORD_FILE', files, address.sentinelPassword);
  const user = {
    ...(sentinelUsername === undefined ? {} : { username: sentinelUsername }),
    ...(password === undefined ? {} : { password }),
  };
  return {
    seed: { ...hosts[0], ...user, ...(tls && { tls }) },
    options: {
      sentinels: hosts.map(({ host, port }) => ({ host, port })),
      name: masterName,
      db,
      connectTimeout: SENTINEL_ANSWER_MAX_MS,
      sentinelCommandTimeout: SENTINEL_ANSWER_MAX_MS,
      // Without a strategy ioredis gives up for good when no sentinel knows a master, and in a failover none does.
      sentinelRetryStrategy: () => (mayTryAgain() ? SENTINEL_PAUSE_MS : null),
      // A master that was stepped down says so to the next write; its connection may live on.
      reconnectOnError: ({ message }) =>
        message.startsWith('READONLY') ? (patience === 'wait' ? 2 : 1) : false,
      ...(sentinelUsername === undefined ? {} : { sentinelUsername }),
      ...(password === undefined ? {} : { sentinelPassword: password }),
      ...(tls && { tls, sentinelTLS: tls, enableTLSForSentinelMode: true }),
    },
  };
}

const CLUSTER = {
  // Whether all slots are served is for the preflight to say: ioredis would try again without a word.
  enableReadyCheck: false,
  slotsRefreshTimeout: SLOTS_ANSWER_MAX_MS,
  // ioredis would connect to the address behind a name, and a certificate is for the name.
  dnsLookup: (host, callback) => callback(null, host),
} as const satisfies ClusterOptions;

const CLUSTER_WAITS = {
  enableOfflineQueue: true,
  retryDelayOnFailover: FAILOVER_PAUSE_MS,
  retryDelayOnClusterDown: FAILOVER_PAUSE_MS,
  retryDelayOnTryAgain: FAILOVER_PAUSE_MS,
  // Each of these tries counts as a redirection, and a failover may take many.
  maxRedirections: Number.MAX_SAFE_INTEGER,
} as const satisfies ClusterOptions;

const CLUSTER_ASKS_ONCE = {
  ...CONNECTS_ONCE,
  retryDelayOnFailover: 0,
  retryDelayOnClusterDown: 0,
} as const satisfies ClusterOptions;
