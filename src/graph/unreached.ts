import type { GraphError } from '../assignments/changes/outcome.ts';
import { SEND_TOO_LATE } from './exchange.ts';

/** Why Graph was not reached, so that nothing was sent, and what to do about it. */
export interface Unreached extends GraphError {
  readonly remedy: string;
  /** False for what stays as it is until somebody mends it, as a certificate that is not trusted. */
  readonly passes: boolean;
}

/** Nothing of a call was written to a connection, so it may be tried again without a look. */
export class NotSentError extends Error {
  override readonly name = 'NotSentError';
  /** Node's or undici's: `ECONNREFUSED`, `UND_ERR_CONNECT_TIMEOUT`, … */
  readonly code: string;

  constructor(cause: Error) {
    super(cause.message, { cause });
    this.code = 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name;
  }

  /** Whether the next try may well do better, a moment later. */
  get isWorthATry(): boolean {
    return this.code !== 'ENOTFOUND' && !isAboutCertificates(this.code);
  }
}

/** The one wording of why Graph at `origin` was not reached, and of what to check. */
export function unreachedError({ code, message }: NotSentError, origin: string): Unreached {
  const { host } = new URL(origin);
  const passes = !isAboutCertificates(code);
  return { code, passes, ...wordsFor(code, message, host) };
}

function wordsFor(
  code: string,
  message: string,
  host: string,
): { readonly message: string; readonly remedy: string } {
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return {
        message: `The name ${host} could not be looked up (${code}).`,
        remedy: 'Check the network, the DNS and RETARGET_GRAPH_URL.',
      };
    case 'ECONNREFUSED':
      return {
        message: `${host} refused the connection (${code}).`,
        remedy: 'Check RETARGET_GRAPH_URL and the firewall.',
      };
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'ETIMEDOUT':
      return {
        message: `${host} did not take the connection in time (${code}).`,
        remedy: 'Check the network and the firewall.',
      };
    case SEND_TOO_LATE:
    case 'OVERALL_TIMEOUT':
      return {
        message: `There was no connection to ${host} in time (${code}).`,
        remedy: "Check the network and this machine's load.",
      };
    default:
      return isAboutCertificates(code)
        ? { message: `The certificate of ${host} is not trusted (${code}).`, remedy: certificateRemedy(code) }
        : {
            message: `There is no connection to ${host} (${code}: ${message}).`,
            remedy: 'Check the network and RETARGET_GRAPH_URL.',
          };
  }
}

/** What is signed by nobody known comes mostly from a proxy that looks into TLS. */
const certificateRemedy = (code: string): string =>
  code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID'
    ? "Set this machine's clock right; if it is, something in between shows a certificate out of its time."
    : 'If a proxy inspects TLS, name its CA file in NODE_EXTRA_CA_CERTS.';

/** OpenSSL's names, as Node hands them on. */
const isAboutCertificates = (code: string): boolean => /CERT|UNABLE_TO_/.test(code);
