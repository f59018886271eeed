import type { GraphError } from '../assignments/changes/outcome.ts';
import { SEND_TOO_LATE } from './exchange.ts';

/** Nothing of a call was written to a connection, so it may be tried again without a look. */
export class NotSentError extends Error {
  override readonly name = 'NotSentError';
  /** Node's or undici's: `ECONNREFUSED`, `UND_ERR_CONNECT_TIMEOUT`, … */
  readonly code: string;

  constructor(cause: Error) {
    super(cause.message, { cause });
    this.code = 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name;
  }
}

/** Why Graph at `origin` was not reached, and what to check. */
export function unreachedError({ code, message }: NotSentError, origin: string): GraphError {
  return { code, message: `${sentenceFor(code, message, new URL(origin).host)} Nothing was sent.` };
}

function sentenceFor(code: string, message: string, host: string): string {
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `The name ${host} could not be looked up (${code}). Check the network, the DNS and RETARGET_GRAPH_URL.`;
    case 'ECONNREFUSED':
      return `${host} refused the connection (${code}). Check RETARGET_GRAPH_URL and the firewall.`;
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'ETIMEDOUT':
      return `${host} did not take the connection in time (${code}). Check the network and the firewall.`;
    case SEND_TOO_LATE:
    case 'OVERALL_TIMEOUT':
      return `There was no connection to ${host} in time (${code}). Check the network and this machine's load.`;
    default:
      return isAboutCertificates(code)
        ? `The certificate of ${host} is not trusted (${code}). If a proxy inspects TLS, name its CA file in NODE_EXTRA_CA_CERTS.`
        : `There is no connection to ${host} (${code}: ${message}). Check the network and RETARGET_GRAPH_URL.`;
  }
}

/** OpenSSL's names, as Node hands them on. */
const isAboutCertificates = (code: string): boolean => /CERT|UNABLE_TO_/.test(code);
