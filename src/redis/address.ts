import { EXIT, UserError } from '../errors.ts';

/** Where a Redis is, as it was written. */
export type RedisAddress = SingleAddress | SentinelAddress | ClusterAddress;

interface AnyAddress {
  readonly isTls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

/** `redis://user:password@host:port/db` */
export interface SingleAddress extends AnyAddress {
  readonly kind: 'single';
  readonly host: HostAddress;
  readonly db: number;
}

/** `redis+sentinel://user:password@host:port,host:port/master-name/db`: the hosts are sentinels, the user is Redis' own.
 *  The sentinels' user and password stand behind it, as `?sentinel_username=…&sentinel_password=…`. */
export interface SentinelAddress extends AnyAddress {
  readonly kind: 'sentinel';
  readonly hosts: readonly HostAddress[];
  readonly masterName: string;
  readonly db: number;
  readonly sentinelUsername: string | undefined;
  readonly sentinelPassword: string | undefined;
}

/** `redis+cluster://user:password@host:port,host:port`: any nodes of it, the others are found from there. */
export interface ClusterAddress extends AnyAddress {
  readonly kind: 'cluster';
  readonly hosts: readonly HostAddress[];
}

export interface HostAddress {
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  readonly port: number;
}

const PORT = 6379;
const SENTINEL_PORT = 26_379;

/** scheme, kind, what stands before `@`, hosts, path, what stands after `?` */
const SHAPE = /^(rediss?)(?:\+(sentinel|cluster))?:\/\/(?:([^/?#]*)@)?([^/?#@]+)(\/[^?#]*)?(?:\?([^#]*))?$/i;
/** What stands after `?` is refused elsewhere, not ignored: ioredis would take any of its options there, `keyPrefix` too. */
const SENTINEL_SETTINGS = ['sentinel_username', 'sentinel_password'];

/** @throws UserError (exit 2) that does not repeat the text, as a password may be in it. */
export function parseAddress(text: string): RedisAddress {
  const address = read(text.trim());
  if (address !== undefined) return address;
  throw new UserError('The address of Redis is not of the form redis://user:password@host:port/db.', {
    remedy:
      'Write REDIS_URL (or --redis-url) like redis://127.0.0.1:6379/0, redis+sentinel://host:26379,host:26379/master-name ' +
      'or redis+cluster://host:6379,host:6379, each with rediss for TLS. In user and password percent-encode every ' +
      'character that is no letter or digit: `node -p "encodeURIComponent(\'p@ss\')"`.',
    exitCode: EXIT.badInput,
  });
}

/** The address as it may be shown: no user, no password. */
export function describeAddress(address: RedisAddress): string {
  const scheme = address.isTls ? 'rediss' : 'redis';
  switch (address.kind) {
    case 'single':
      return `${scheme}://${hostText(address.host)}${address.db === 0 ? '' : `/${address.db}`}`;
    case 'sentinel': {
      const path = `${address.masterName}${address.db === 0 ? '' : `/${address.db}`}`;
      return `${scheme}+sentinel://${address.hosts.map(hostText).join(',')}/${path}`;
    }
    case 'cluster':
      return `${scheme}+cluster://${address.hosts.map(hostText).join(',')}`;
  }
}

const hostText = ({ host, port }: HostAddress): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;

function read(text: string): RedisAddress | undefined {
  const [, scheme, kind, signIn, hostList = '', path = '', settings] = SHAPE.exec(text) ?? [];
  const user = userOf(signIn);
  if (scheme === undefined || user === undefined) return undefined;
  const any = { isTls: scheme.toLowerCase() === 'rediss', ...user };
  const hosts = hostsOf(hostList, kind?.toLowerCase() === 'sentinel' ? SENTINEL_PORT : PORT);
  const [host] = hosts ?? [];
  if (hosts === undefined || host === undefined) return undefined;
  switch (kind?.toLowerCase()) {
    case 'sentinel': {
      const [, name, db] = /^\/([^/]+)(?:\/(\d*))?$/.exec(path) ?? [];
      const masterName = decoded(name);
      const sentinels = sentinelSettings(settings);
      if (!masterName || sentinels === undefined) return undefined;
      return { kind: 'sentinel', ...any, hosts, masterName, db: Number(db ?? 0), ...sentinels };
    }
    case 'cluster':
      // A cluster has no databases but the first.
      return /^\/?0?$/.test(path) && settings === undefined ? { kind: 'cluster', ...any, hosts } : undefined;
    default:
      if (!/^\/?\d*$/.test(path) || settings !== undefined || hosts.length > 1) return undefined;
      return { kind: 'single', ...any, host, db: Number(path.slice(1)) };
  }
}

function userOf(signIn: string | undefined): Pick<AnyAddress, 'username' | 'password'> | undefined {
  if (signIn === undefined) return { username: undefined, password: undefined };
  const colon = signIn.indexOf(':');
  const username = decoded(colon < 0 ? signIn : signIn.slice(0, colon));
  const password = decoded(colon < 0 ? '' : signIn.slice(colon + 1));
  if (username === undefined || password === undefined) return undefined;
  return { username: username || undefined, password: password || undefined };
}

function hostsOf(list: string, port: number): readonly HostAddress[] | undefined {
  const hosts = list.split(',').map((text) => hostOf(text, port));
  return hosts.every((host) => host !== undefined) ? hosts : undefined;
}

function hostOf(text: string, port: number): HostAddress | undefined {
  // `redis:` is none of the schemes that URL knows, so the host may be anything that a host may be, and no port is dropped.
  const url = URL.parse(`redis://${text}`);
  if (url === null || url.hostname === '') return undefined;
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? port : Number(url.port) };
}

function sentinelSettings(
  text: string | undefined,
): Pick<SentinelAddress, 'sentinelUsername' | 'sentinelPassword'> | undefined {
  const found = new Map<string, string>();
  for (const setting of text === undefined ? [] : text.split('&')) {
    const equals = setting.indexOf('=');
    const name = setting.slice(0, Math.max(0, equals));
    const value = decoded(setting.slice(equals + 1));
    if (!SENTINEL_SETTINGS.includes(name) || found.has(name) || value === undefined) return undefined;
    found.set(name, value);
  }
  return {
    sentinelUsername: found.get('sentinel_username') || undefined,
    sentinelPassword: found.get('sentinel_password') || undefined,
  };
}

/** Undefined when it is not percent-encoded as it should be. */
function decoded(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
