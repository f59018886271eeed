import { readFileSync } from 'node:fs';
import { BlockList, isIP } from 'node:net';
import type { Config, Environment } from '../../config.ts';
import { EXIT, UserError } from '../../errors.ts';
import { entraIssuer, type OpenIdSettings } from '../../app/openId.ts';

/** The flags of `serve`; what they leave out the settings say. */
export interface WebFlags {
  readonly host?: string | undefined;
  readonly port: number;
  /** What people type: the address of a proxy, or of this server. */
  readonly url?: string | undefined;
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
  /** Addresses of proxies that may say how a request came to them. */
  readonly trustedProxy?: string | undefined;
}

/** PEM. */
export interface Tls {
  readonly cert: string;
  readonly key: string;
}

/** Who is an operator, who a reader: values of app roles, or ids of groups. */
export interface RoleNames {
  readonly operators: readonly string[];
  readonly readers: readonly string[];
}

/** Where the pages are reached, and how those who reach them are known. */
export type WebAddress = {
  readonly host: string;
  readonly port: number;
  readonly tls: Tls | undefined;
} & (
  | { readonly kind: 'link' }
  | {
      readonly kind: 'openid';
      /** Scheme, host and port that people come by; nothing a request says counts for it. */
      readonly origin: string;
      /** Undefined: requests come straight here. */
      readonly proxies: Proxies | undefined;
      readonly openId: Omit<OpenIdSettings, 'tenant'>;
      readonly roles: RoleNames;
    }
);

export interface Proxies {
  /** As they were given, for fastify's `trustProxy`. */
  readonly addresses: readonly string[];
  has(address: string | undefined): boolean;
}

/** Paths that the provider sends people back to. */
export const CALLBACK_PATH = '/sign-in/callback';

const HOST = '127.0.0.1';
const ROLES: RoleNames = { operators: ['retarget.operator'], readers: ['retarget.reader'] };

/**
 * Decides who may look: on this machine's own address whoever has the link that `serve` prints; anywhere else whoever signs in, behind
 * TLS.
 * @param keep is told the client secret, which nothing may show
 * @throws UserError (exit 2) for anything else, with the reason
 */
export function webAddress(
  flags: WebFlags,
  { env, cloud, tenant }: Pick<Config, 'env' | 'cloud' | 'tenant'>,
  keep: (secret: string) => void,
): WebAddress {
  const host = flags.host ?? HOST;
  const { port } = flags;
  const tls = tlsFrom(flags, env);
  const proxies = proxiesFrom(flags.trustedProxy ?? env['RETARGET_WEB_PROXIES']);
  const clientId = env['RETARGET_OIDC_CLIENT_ID'];
  const url = flags.url ?? env['RETARGET_WEB_URL'];
  if (clientId === undefined) {
    if (!isLoopbackAddress(host)) throw everybody(host);
    if (url !== undefined || proxies !== undefined) throw noSignIn(url ?? 'a proxy');
    return { kind: 'link', host, port, tls };
  }
  const origin = originFrom(url);
  const isHere = isLoopbackHost(new URL(origin).hostname);
  if (!isHere && tls === undefined && proxies === undefined) throw inPlainText(origin);
  if (isHere && !isLoopbackAddress(host)) throw anotherUrl(host, origin);
  const secret = secretFrom(env);
  if (secret !== undefined) keep(secret);
  return {
    ...{ kind: 'openid', host, port, tls, origin, proxies },
    openId: {
      ...{ issuer: issuerFrom(env, cloud, tenant), clientId, clientSecret: secret },
      redirectUri: `${origin}${CALLBACK_PATH}`,
    },
    roles: {
      operators: namesIn(env['RETARGET_OIDC_OPERATORS']) ?? ROLES.operators,
      readers: namesIn(env['RETARGET_OIDC_READERS']) ?? ROLES.readers,
    },
  };
}

/** A name that leads to this machine, as a browser's address bar and a Host header spell it. */
export const isLoopbackHost = (hostname: string): boolean =>
  /^(localhost|\[::1\]|127(\.\d{1,3}){3})$/i.test(hostname);

const isLoopbackAddress = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);

/** The origin of an address without a path: one tenant's pages stand at the root. */
function originFrom(url: string | undefined): string {
  const read = url === undefined ? null : URL.parse(url.trim());
  const isFit =
    read !== null &&
    (read.protocol === 'https:' || (read.protocol === 'http:' && isLoopbackHost(read.hostname))) &&
    read.pathname === '/' &&
    `${read.search}${read.hash}${read.username}${read.password}` === '';
  if (read !== null && isFit) return read.origin;
  throw new UserError(
    url === undefined
      ? 'RETARGET_OIDC_CLIENT_ID is set, and what people type to come here is not said.'
      : `--url (RETARGET_WEB_URL) is "${url}", which is no https address of a server.`,
    {
      remedy: `Give it with --url, as in --url https://retarget.example.com; the app registration needs the redirect URI https://retarget.example.com${CALLBACK_PATH} (platform Web).`,
      exitCode: EXIT.badInput,
    },
  );
}

function tlsFrom({ tlsCert, tlsKey }: WebFlags, env: Environment): Tls | undefined {
  const certPath = tlsCert ?? env['RETARGET_WEB_TLS_CERT_FILE'];
  const keyPath = tlsKey ?? env['RETARGET_WEB_TLS_KEY_FILE'];
  if (certPath === undefined && keyPath === undefined) return undefined;
  if (certPath === undefined || keyPath === undefined)
    throw new UserError('Of certificate and key for TLS only one is given.', {
      remedy:
        'Give both: --tls-cert (RETARGET_WEB_TLS_CERT_FILE) and --tls-key (RETARGET_WEB_TLS_KEY_FILE), PEM files.',
      exitCode: EXIT.badInput,
    });
  return { cert: contentOf(certPath), key: contentOf(keyPath) };
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UserError(`${path} can't be read: ${error instanceof Error ? error.message : String(error)}.`, {
      remedy: 'Correct the path, or give this user the right to read it.',
      exitCode: EXIT.badInput,
    });
  }
}

function secretFrom(env: Environment): string | undefined {
  const [text, path] = [env['RETARGET_OIDC_CLIENT_SECRET'], env['RETARGET_OIDC_CLIENT_SECRET_FILE']];
  if (text !== undefined && path !== undefined)
    throw new UserError('RETARGET_OIDC_CLIENT_SECRET and RETARGET_OIDC_CLIENT_SECRET_FILE are both set.', {
      remedy: 'Unset one of them.',
      exitCode: EXIT.badInput,
    });
  const secret = (path === undefined ? text : contentOf(path))?.trim();
  return secret === '' ? undefined : secret;
}

/** @throws UserError (exit 2) for one that is no https address, as what decides who somebody is can't come in plain text */
function issuerFrom(env: Environment, cloud: Config['cloud'], tenant: string | undefined): string {
  const isId = tenant !== undefined && /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(tenant);
  const given = env['RETARGET_OIDC_ISSUER'];
  const issuer = given ?? (isId ? entraIssuer(cloud, tenant) : undefined);
  const url = issuer === undefined ? null : URL.parse(issuer);
  if (
    issuer !== undefined &&
    url !== null &&
    (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackHost(url.hostname)))
  )
    return issuer;
  throw new UserError(
    issuer === undefined
      ? 'Who signs people in is not said.'
      : `RETARGET_OIDC_ISSUER is "${issuer}", which is no https address.`,
    {
      remedy:
        'Give the tenant id with --tenant (AZURE_TENANT_ID), or RETARGET_OIDC_ISSUER, as in https://login.microsoftonline.us/TENANT_ID/v2.0.',
      exitCode: EXIT.badInput,
    },
  );
}

function proxiesFrom(text: string | undefined): Proxies | undefined {
  const addresses = namesIn(text);
  if (addresses === undefined) return undefined;
  const list = new BlockList();
  for (const address of addresses) {
    const [ip = '', bits] = address.split('/');
    const version = isIP(ip);
    const most = version === 4 ? 32 : 128;
    const width = bits === undefined ? most : Number(bits);
    // All of the world is nobody's proxy.
    if (version === 0 || !Number.isInteger(width) || width < 8 || width > most) throw noProxyAddress(address);
    list.addSubnet(ip, width, version === 4 ? 'ipv4' : 'ipv6');
  }
  return {
    addresses,
    has(address = '') {
      const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
      const version = isIP(plain);
      return version !== 0 && list.check(plain, version === 4 ? 'ipv4' : 'ipv6');
    },
  };
}

const namesIn = (text: string | undefined): string[] | undefined => {
  const names = text?.split(/[,\s]+/).filter(Boolean) ?? [];
  return names.length === 0 ? undefined : names;
};

const noProxyAddress = (address: string): UserError =>
  new UserError(
    `--trusted-proxy (RETARGET_WEB_PROXIES) names "${address}", which is no address of a proxy.`,
    {
      remedy: 'Write addresses or networks, as in 127.0.0.1 or 10.1.2.0/24, with commas between them.',
      exitCode: EXIT.badInput,
    },
  );

const SIGN_IN =
  'Let people sign in: register an app in Entra with the app roles retarget.operator and retarget.reader, set RETARGET_OIDC_CLIENT_ID, RETARGET_OIDC_CLIENT_SECRET_FILE and --url, and TLS by --tls-cert and --tls-key or a proxy (--trusted-proxy).';

const everybody = (host: string): UserError =>
  new UserError(
    `Everybody who reaches ${host} could see the tenant's runs and stop them: nobody would have to sign in.`,
    {
      remedy: `${SIGN_IN} Or leave --host out, and come through an ssh tunnel: \`ssh -L 8900:127.0.0.1:8900 HOST\`.`,
      exitCode: EXIT.badInput,
    },
  );

const noSignIn = (what: string): UserError =>
  new UserError(`The pages would be reached by ${what}, and nobody would have to sign in.`, {
    remedy: `${SIGN_IN} Or leave --url and --trusted-proxy out.`,
    exitCode: EXIT.badInput,
  });

const inPlainText = (origin: string): UserError =>
  new UserError(
    `${origin} needs TLS: otherwise whoever is on the way reads sessions and acts in their names.`,
    {
      remedy:
        'Give --tls-cert and --tls-key, or with --trusted-proxy the addresses of the proxy that does TLS and sets X-Forwarded-Proto.',
      exitCode: EXIT.badInput,
    },
  );

const anotherUrl = (host: string, origin: string): UserError =>
  new UserError(`${host} is reached from other machines, and ${origin} leads to this one only.`, {
    remedy: 'Give with --url the https address that people come by, or leave --host out.',
    exitCode: EXIT.badInput,
  });
