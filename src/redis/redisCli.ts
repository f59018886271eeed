import type { Cluster, Redis } from 'ioredis';
import { parseAddress, type HostAddress, type RedisAddress } from './address.ts';
import type { RedisTarget } from './clientOptions.ts';
import type { RedisFiles } from './files.ts';

/**
 * How redis-cli is told to go where a client of ours goes, for remedies that are pasted: without it they would change
 * whatever listens on 127.0.0.1:6379. A password is asked for (`--askpass`), never told.
 */
export interface RedisCli {
  /** For a command to the server; behind sentinels to the master, to any node of a cluster. */
  readonly server: string;
  /** The same for somebody with more rights than we have: no user is named. */
  readonly admin: string;
  /** For a command to every node of a cluster, before the words `config set …`; else the same as `server`. */
  readonly every: string;
  /** For a look at a cluster from one of its nodes. */
  readonly check: string;
  /** For a command to a sentinel; else the same as `server`. */
  readonly sentinel: string;
  /** The name that we sign in with, or NAME. */
  readonly user: string;
  /** Where a setting is changed whose service does not take CONFIG SET. */
  readonly service: string;
}

const targets = new WeakMap<Redis | Cluster, RedisTarget>();

/** To be called for each client that is made. */
export const rememberTarget = (redis: Redis | Cluster, target: RedisTarget): void =>
  void targets.set(redis, target);

/** @param redis none, or one that was not made by `openRedis`: then nothing is known of where it goes */
export function redisCliOf(redis: Redis | Cluster | undefined): RedisCli {
  const target = redis && targets.get(redis);
  return target === undefined ? alike('redis-cli', 'NAME', '') : redisCli(target, redis && masterOf(redis));
}

/** @param master the server behind sentinels, as far as it is known */
export function redisCli(target: RedisTarget, master?: HostAddress): RedisCli {
  if ('socketPath' in target) return alike(`redis-cli -s ${quoted(target.socketPath)}`, 'NAME', '');
  const address = parseAddress(target.url);
  const files = target.files ?? {};
  const [first = { host: '127.0.0.1', port: 6379 }] = address.kind === 'single' ? [] : address.hosts;
  const host = address.kind === 'single' ? address.host : address.kind === 'cluster' ? first : master;
  const user = userFlags(address, files);
  const tls = tlsFlags(address, files);
  const server = host === undefined ? SOME_MASTER(address.isTls) : addressFlags(host, address.isTls);
  const cli = alike(
    words('redis-cli', server, tls, user),
    address.username ?? 'NAME',
    host?.host ?? '',
    words('redis-cli', server, tls, user === '' ? '' : '--askpass'),
  );
  if (address.kind === 'sentinel') {
    const password = address.sentinelPassword ?? files.REDIS_SENTINEL_PASSWORD_FILE;
    const signIn = signInFlags(address.sentinelUsername, password !== undefined);
    return { ...cli, sentinel: words('redis-cli', addressFlags(first, address.isTls), tls, signIn) };
  }
  if (address.kind !== 'cluster') return cli;
  const node = `${first.host.includes(':') ? `[${first.host}]` : first.host}:${first.port}`;
  const flags = words('redis-cli', address.isTls ? '--tls' : '', tls, user);
  return { ...cli, every: `${flags} --cluster call ${node}`, check: `${flags} --cluster check ${node}` };
}

const alike = (server: string, user: string, host: string, admin = server): RedisCli => ({
  ...{ server, admin, user, every: server, check: server, sentinel: server },
  service: serviceOf(host),
});

/** Where the setting is, by the names that providers give their servers. */
const SERVICES: readonly (readonly [RegExp, string])[] = [
  [/\.cache\.amazonaws\.com(\.cn)?$/, 'in the parameter group of the ElastiCache cluster'],
  [/\.memorydb\.[\w-]+\.amazonaws\.com$/, 'in the parameter group of the MemoryDB cluster'],
  [
    /\.redis\.(cache\.windows\.net|cache\.usgovcloudapi\.net|cache\.chinacloudapi\.cn|azure\.net)$/,
    'in the Azure portal, under Advanced settings of the cache',
  ],
  [/\.(redis-cloud|redislabs|cloud\.redislabs)\.com$/, 'in the settings of the database in Redis Cloud'],
];

const serviceOf = (host: string): string =>
  SERVICES.find(([names]) => names.test(host.toLowerCase()))?.[1] ??
  'in the settings of your Redis service (its parameter group, its portal)';

function userFlags({ username, password }: RedisAddress, files: RedisFiles): string {
  return signInFlags(username, (password ?? files.REDIS_PASSWORD_FILE) !== undefined);
}

/** redis-cli takes a user only together with a password. */
const signInFlags = (username: string | undefined, hasPassword: boolean): string =>
  hasPassword ? words(username === undefined ? '' : `--user ${quoted(username)}`, '--askpass') : '';

function tlsFlags({ isTls }: RedisAddress, files: RedisFiles): string {
  if (!isTls) return '';
  const flag = (name: string, file: string | undefined): string =>
    file === undefined ? '' : `--${name} ${quoted(file)}`;
  return words(
    flag('cacert', files.REDIS_TLS_CA_FILE),
    flag('cert', files.REDIS_TLS_CERT_FILE),
    flag('key', files.REDIS_TLS_KEY_FILE),
  );
}

/** The brackets of an IPv6 address redis-cli does not read in a URL. */
function addressFlags({ host, port }: HostAddress, isTls: boolean): string {
  if (host.includes(':')) return `-h ${host} -p ${port}${isTls ? ' --tls' : ''}`;
  return `-u ${isTls ? 'rediss' : 'redis'}://${host}:${port}`;
}

const SOME_MASTER = (isTls: boolean): string => `-u ${isTls ? 'rediss' : 'redis'}://MASTER:PORT`;

/** The server that a client behind sentinels is connected to now. */
function masterOf(redis: Redis | Cluster): HostAddress | undefined {
  // By a name and not by its class: `--version` is to load nothing of ioredis.
  const stream: unknown = 'stream' in redis ? redis.stream : undefined;
  const { remoteAddress: host, remotePort: port } = (stream ?? {}) as {
    remoteAddress?: string;
    remotePort?: number;
  };
  return host === undefined || port === undefined ? undefined : { host, port };
}

const words = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join(' ');

/** As a shell reads it. */
const quoted = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
