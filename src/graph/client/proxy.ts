import { isIPv6 } from 'node:net';
import { EXIT, UserError } from '../../errors.ts';
import { isLoopback } from '../auth/clouds.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What https goes through, on its way from here. */
export interface Proxy {
  /** With the user and password to it, if it has them. */
  readonly url: URL;
  /** The same without them. */
  readonly shown: string;
  /** The setting that names it, as it is spelled. */
  readonly setting: string;
}

/** In this order, each in small and in capital letters; as Azure's libraries do, HTTP_PROXY counts where no other does. */
const SETTINGS = ['HTTPS_PROXY', 'ALL_PROXY', 'HTTP_PROXY'] as const;

/**
 * The proxy to an address; undefined where the settings name none, or NO_PROXY names its host. This machine is never reached
 * through one, and plain http goes nowhere else.
 * @throws UserError (exit 2) for a setting that names no proxy over http or https
 */
export function proxyFor(address: string, env: Environment): Proxy | undefined {
  const target = new URL(address);
  return target.protocol === 'https:' ? proxyNamedBy(SETTINGS, target, env) : undefined;
}

/** The proxy to a server that is no web server, as for mail: what is meant for the web only is not meant for it. */
export const proxyForOther = (host: string, port: number, env: Environment): Proxy | undefined =>
  proxyNamedBy(['ALL_PROXY'], new URL(`tcp://${isIPv6(host) ? `[${host}]` : host}:${port}`), env);

function proxyNamedBy(
  settings: readonly (typeof SETTINGS)[number][],
  target: URL,
  env: Environment,
): Proxy | undefined {
  if (isLoopback(target.hostname) || isExempt(target, env)) return undefined;
  for (const name of settings) {
    const setting = [name.toLowerCase(), name].find((spelled) => env[spelled]?.trim());
    if (setting === undefined) continue;
    const text = env[setting]?.trim() ?? '';
    const url = URL.parse(text.includes('://') ? text : `http://${text}`);
    if (url !== null && (url.protocol === 'http:' || url.protocol === 'https:') && url.hostname !== '')
      return { url, shown: `${url.protocol}//${url.host}`, setting };
    // What is meant for everything need not be meant for http.
    if (name !== 'ALL_PROXY') throw noProxy(setting);
  }
  return undefined;
}

/** Whether any setting names a proxy, for whatever address. */
export const namesProxy = (env: Environment): boolean =>
  SETTINGS.some((name) => Boolean(env[name]?.trim() || env[name.toLowerCase()]?.trim()));

/** What NO_PROXY is known to be spelled like: hosts with or without port, `.example.com` and `example.com` for all below, `*`. */
function isExempt({ hostname, port }: URL, env: Environment): boolean {
  const host = plainHost(hostname);
  const list = env['no_proxy']?.trim() || env['NO_PROXY'] || '';
  return list.split(/[,\s]+/).some((entry) => {
    const [, name = '', wantedPort] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? [];
    const wanted = plainHost(name.replace(/^\*?\./, ''));
    if (wanted === '' || (wantedPort !== undefined && wantedPort !== (port || '443'))) return false;
    return wanted === '*' || host === wanted || host.endsWith(`.${wanted}`);
  });
}

const plainHost = (host: string): string => host.toLowerCase().replace(/\.$/, '');

/** Told without its text: it may hold a password. */
const noProxy = (setting: string): UserError =>
  new UserError(`${setting} is no address of a proxy over http or https.`, {
    remedy: `Write it as in ${setting}=http://proxy.example:8080, or unset it; NO_PROXY names hosts that are reached without one.`,
    exitCode: EXIT.badInput,
  });

/** Why a proxy did not let a call through; nothing of the call was sent. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError';
  readonly code: string;
  readonly proxy: Proxy;
  /** What it answered; undefined when it was not reached. */
  readonly status: number | undefined;

  constructor(proxy: Proxy, why: { readonly status: number } | { readonly cause: Error }) {
    super(`the proxy ${proxy.shown} let nothing through`, 'cause' in why ? { cause: why.cause } : {});
    this.proxy = proxy;
    this.status = 'status' in why ? why.status : undefined;
    this.code = 'status' in why ? `PROXY_${why.status}` : codeOf(why.cause);
  }
}

const codeOf = (error: Error): string =>
  'code' in error && typeof error.code === 'string' ? error.code : error.name;
