import type { FastifyRequest } from 'fastify';
import { isLoopbackHost, type WebAddress } from './address.ts';

/** It changes nothing here. */
export const isSafe = ({ method }: Pick<FastifyRequest, 'method'>): boolean =>
  method === 'GET' || method === 'HEAD';

/** Somebody looks at it as a page, and not a script at its answer. */
export const isNavigation = ({ headers, method }: FastifyRequest): boolean =>
  method === 'GET' &&
  (headers['sec-fetch-mode'] === 'navigate' ||
    (headers['sec-fetch-mode'] === undefined && /\btext\/html\b/.test(headers.accept ?? '')));

/** Why a request did not come the way it has to; undefined: it did. */
export function whyNotHere(request: FastifyRequest, address: WebAddress): string | undefined {
  const { headers, raw } = request;
  const host = headers.host ?? '';
  if (address.kind === 'link') {
    // A name of somebody else's that leads here (DNS rebinding) would make his pages ours in a browser's eyes.
    return isLoopbackHost(host.replace(/:\d{1,5}$/, ''))
      ? undefined
      : 'this server answers to names of this machine only';
  }
  const { origin, proxies, tls } = address;
  if (proxies !== undefined) {
    const isProxied = proxies.has(raw.socket.remoteAddress);
    if (!isProxied && tls === undefined) return 'this server is reached through its proxy only';
    if (isProxied && headers['x-forwarded-proto'] !== 'https')
      return 'the proxy does not say that it was reached by https (X-Forwarded-Proto)';
  }
  // Some say the port as well that goes without saying.
  const named = host.toLowerCase().replace(origin.startsWith('https:') ? /:443$/ : /:80$/, '');
  return named === new URL(origin).host ? undefined : `this server is reached as ${origin} only`;
}

/** Why an act, or what a page shows, may not be asked for from where it is; undefined: it may. */
export function whyFromElsewhere(request: FastifyRequest, address: WebAddress): string | undefined {
  const { headers } = request;
  const site = headers['sec-fetch-site'];
  // `same-site` is another port of this machine: somebody else's server.
  const isOurs = site === undefined || site === 'same-origin' || site === 'none';
  if (isSafe(request))
    return isOurs || headers['sec-fetch-mode'] === 'navigate'
      ? undefined
      : 'another site asks for what a page shows';
  const own = address.kind === 'link' ? ownOrigins(headers.host ?? '') : [address.origin];
  const { origin } = headers;
  if (origin === undefined && site === undefined) return 'it is not said which page asks for it';
  if (!isOurs || (origin !== undefined && !own.includes(origin))) return 'another site asks for it';
  return undefined;
}

/** With or without TLS, as the page was opened. */
const ownOrigins = (host: string): string[] => [
  `http://${host.toLowerCase()}`,
  `https://${host.toLowerCase()}`,
];
