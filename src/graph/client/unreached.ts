import type { GraphError } from '../../assignments/changes/outcome.ts';
import { ProxyError } from './proxy.ts';
import { SEND_TOO_LATE } from './exchange.ts';

/** Why Graph was not reached, so that nothing was sent, and what to do about it. */
export interface Unreached extends GraphError {
  readonly remedy: string;
  /** False for what stays as it is until somebody mends it, as a certificate that is not trusted. */
  readonly passes: boolean;
}

/** Nothing of a call was written to a connection, so it may be tried again without a read. */
export class NotSentError extends Error {
  override readonly name = 'NotSentError';
  /** Node's or undici's: `ECONNREFUSED`, `UND_ERR_CONNECT_TIMEOUT`, … */
  readonly code: string;
  /** Where it ended, when that was a proxy. */
  readonly atProxy: ProxyError | undefined;

  constructor(cause: Error) {
    super(cause.message, { cause });
    this.code = 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name;
    this.atProxy = cause instanceof ProxyError ? cause : undefined;
  }

  /** Whether the next try may well do better, a moment later. */
  get isWorthATry(): boolean {
    return this.passes && this.code !== 'ENOTFOUND';
  }

  /** False for what stays as it is until somebody mends it. */
  get passes(): boolean {
    const status = this.atProxy?.status;
    return !isAboutCertificates(this.code) && (status === undefined || status >= 500);
  }
}

/** The one wording of why Graph at `origin` was not reached, and of what to check. */
export function unreachedError({ code, message, passes, atProxy }: NotSentError, origin: string): Unreached {
  const { host } = new URL(origin);
  return { code, passes, ...(atProxy ? wordsOfProxy(atProxy, host) : wordsFor(code, message, host)) };
}

type Words = Pick<Unreached, 'message' | 'remedy'>;

/** What a proxy did with a call to `host`, and what to do about it. */
export function wordsOfProxy(
  { code, status, proxy: { shown, setting } }: Pick<ProxyError, 'code' | 'status' | 'proxy'>,
  host: string,
): Words {
  if (status === undefined) {
    return isAboutCertificates(code)
      ? {
          message: `The certificate of the proxy ${shown} is not trusted (${code}).`,
          remedy: 'Name its CA file in NODE_EXTRA_CA_CERTS.',
        }
      : {
          message: `The proxy ${shown} of ${setting} can't be reached (${code}).`,
          remedy: `Correct ${setting}, or unset it; where ${host} is reached without a proxy, name it in NO_PROXY.`,
        };
  }
  if (status === 407) {
    return {
      message: `The proxy ${shown} of ${setting} wants a sign-in of its own (HTTP 407).`,
      remedy: `Put a user and password into ${setting}, as in http://user:password@proxy:8080. One that takes Kerberos or NTLM only needs a helper on this machine, such as px or cntlm, as the proxy.`,
    };
  }
  return {
    message: `The proxy ${shown} of ${setting} does not let ${host} through (HTTP ${status}).`,
    remedy: `Have it let CONNECT to ${host} through; where ${host} is reached without a proxy, name it in NO_PROXY.`,
  };
}

function wordsFor(code: string, message: string, host: string): Words {
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return {
        message: `The name ${host} could not be looked up (${code}).`,
        remedy:
          'Check the network, the DNS and RETARGET_GRAPH_URL; where only a proxy knows the way, set HTTPS_PROXY.',
      };
    case 'ECONNREFUSED':
      return {
        message: `${host} refused the connection (${code}).`,
        remedy: 'Check RETARGET_GRAPH_URL and the firewall.',
      };
    case 'ECONNRESET':
    case 'EPROTO':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
      return {
        message: `${host} ended the connection before there was TLS (${code}).`,
        remedy:
          'Check RETARGET_GRAPH_URL, and whether a proxy or firewall stands in between: HTTPS_PROXY names one.',
      };
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'ETIMEDOUT':
      return {
        message: `${host} did not take the connection in time (${code}).`,
        remedy: 'Check the network and the firewall; where only a proxy knows the way, set HTTPS_PROXY.',
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
