import type { Proxy } from '../graph/client/proxy.ts';

/** Why a channel could not be told, fit to be shown: no address, no secret, nothing that the other side has said. */
export class NotTold extends Error {
  override readonly name = 'NotTold';
}

/**
 * What was thrown on the way to a host, in words. Errors of libraries may hold addresses: only their codes are shown.
 * @param proxy that is before the host, if any: codes of a connection do not tell which of both it is
 */
export function notTold(error: unknown, host: string, proxy: Pick<Proxy, 'setting'> | undefined): NotTold {
  if (error instanceof NotTold) return error;
  const code = codeOf(error);
  return new NotTold(`${wordsOf(code, host, proxy)} (${code})`);
}

function wordsOf(code: string, host: string, proxy: Pick<Proxy, 'setting'> | undefined): string {
  const either = proxy === undefined ? host : `${host}, or the proxy of ${proxy.setting} before it,`;
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EDNS':
      return `the name ${either} could not be looked up`;
    case 'ECONNREFUSED':
      return `${either} refused the connection`;
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'ETIMEDOUT':
    case 'UND_ERR_HEADERS_TIMEOUT':
    case 'UND_ERR_BODY_TIMEOUT':
    case 'TimeoutError':
    case 'ETIMEOUT':
      return `${either} did not answer in time`;
    case 'AbortError':
      return `${host} had not answered when this process ended`;
    case 'EAUTH':
    case 'ENOAUTH':
      return `${host} refused the sign-in`;
    case 'EPROXY':
      return `the proxy of ${proxy?.setting ?? 'ALL_PROXY'} let nothing through to ${host}`;
    case 'ETLS':
      return `${host} offers no TLS, or none that is trusted`;
    default:
      return /CERT|UNABLE_TO_/.test(code)
        ? `the certificate of ${host} is not trusted`
        : `${either} could not be told`;
  }
}

/** The innermost code: libraries wrap what the socket has said. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const inner = error.cause instanceof Error ? codeOf(error.cause) : undefined;
  if (inner !== undefined && inner !== 'Error') return inner;
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
