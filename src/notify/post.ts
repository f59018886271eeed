import { Agent, ProxyAgent, request, type Dispatcher } from 'undici';
import { proxyFor, type Proxy } from '../graph/client/proxy.ts';
import { NotTold, notTold } from './notTold.ts';

const CONNECT_MS = 5_000;
const ANSWER_MS = 10_000;
/** Nobody reads what is answered. */
const ANSWER_BYTES_MAX = 64 * 1024;

export interface Call {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** PEM; undefined: those of the system. */
  readonly ca: string | undefined;
}

export interface CallTerms {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Breaks it off. */
  readonly signal: AbortSignal;
}

/**
 * Makes one call, on a connection of its own: they are rare. A redirect is not followed: the answer has to come from where the file says.
 * @throws NotTold for any answer but a 2xx, and for none
 */
export async function call(
  { url, method, headers, body, ca }: Call,
  { env, signal }: CallTerms,
): Promise<void> {
  const { host } = url;
  const proxy = proxyFor(url.href, env);
  const dispatcher = dispatcherFor(proxy, ca);
  try {
    const answer = await request(url, {
      ...{ method, dispatcher, headersTimeout: ANSWER_MS, bodyTimeout: ANSWER_MS },
      signal: AbortSignal.any([signal, AbortSignal.timeout(CONNECT_MS + ANSWER_MS)]),
      ...(headers && { headers }),
      ...(body !== undefined && { body }),
    });
    await answer.body.dump({ limit: ANSWER_BYTES_MAX });
    if (answer.statusCode < 200 || answer.statusCode > 299)
      throw new NotTold(`${host} answered with HTTP ${answer.statusCode}`);
  } catch (error) {
    throw notTold(error, host, proxy);
  } finally {
    await dispatcher.destroy();
  }
}

function dispatcherFor(proxy: Proxy | undefined, ca: string | undefined): Dispatcher {
  const connect = { timeout: CONNECT_MS, ...(ca !== undefined && { ca }) };
  return proxy === undefined
    ? new Agent({ connect })
    : new ProxyAgent({ uri: proxy.url.href, requestTls: connect, proxyTls: { timeout: CONNECT_MS } });
}
