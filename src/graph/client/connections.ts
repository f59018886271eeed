import { Pool, ProxyAgent, type Dispatcher } from 'undici';
import { ProxyError, type Proxy } from './proxy.ts';

/** Time for name, connection and TLS. */
export const CONNECT_TIMEOUT_MS = 10_000;
/** Time from the sent request to the reply's headers: Graph answers a batch only when its slowest request is through. */
export const HEADERS_TIMEOUT_MS = 60_000;
/** Time between two pieces of a reply. */
export const BODY_TIMEOUT_MS = 15_000;
/** Bytes of one envelope: 20 lists of some thousand assignments have room in it. */
export const REPLY_BYTES_MAX = 32 * 1024 * 1024;

/** A tenant at its limit sends a batch every 4 s: longer than that, or every batch pays for a TLS handshake. */
const KEEP_ALIVE_MS = 30_000;

export interface ConnectionLimits {
  readonly connectMs: number;
  readonly headersMs: number;
  readonly bodyMs: number;
  readonly replyBytes: number;
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  connectMs: CONNECT_TIMEOUT_MS,
  headersMs: HEADERS_TIMEOUT_MS,
  bodyMs: BODY_TIMEOUT_MS,
  replyBytes: REPLY_BYTES_MAX,
};

export interface Connections {
  /** Where the next call goes: the present pool. */
  readonly pool: Dispatcher;
  /** Gives the next calls new connections. What is under way ends on the old ones. */
  renew(): void;
  /** Breaks off what is still under way. */
  close(): Promise<void>;
}

/** Kept-alive connections to one origin. HTTP/1.1: one carries one call at a time, and breaking a call off ends it. */
export function openConnections(
  origin: string,
  limits: ConnectionLimits,
  proxy: Proxy | undefined,
): Connections {
  const options = {
    allowH2: false,
    pipelining: 1,
    headersTimeout: limits.headersMs,
    bodyTimeout: limits.bodyMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxResponseSize: limits.replyBytes,
  };
  const connect = { timeout: limits.connectMs, allowH2: false };
  const newPool = (): Dispatcher =>
    proxy === undefined
      ? new Pool(origin, { ...options, connect })
      : new ProxyAgent({
          ...options,
          uri: proxy.url.href,
          requestTls: connect,
          proxyTls: connect,
          clientFactory: (url, given) => tunnels(proxy, url, { ...given, headersTimeout: limits.connectMs }),
        });
  let pool = newPool();
  const leaving = new Set<Dispatcher>();
  return {
    get pool() {
      return pool;
    },
    renew() {
      const old = pool;
      pool = newPool();
      leaving.add(old);
      void old.close().finally(() => leaving.delete(old));
    },
    // Not `close()`: that waits for a connection which nobody needs any more until its time is over.
    async close() {
      await Promise.all([pool, ...leaving].map((each) => each.destroy()));
    },
  };
}

/** The way to a proxy. What it refuses is told as such, and not in undici's prose. */
function tunnels(proxy: Proxy, url: URL, options: object): Dispatcher {
  const pool = new Pool(url, options);
  const ask: (given: Dispatcher.ConnectOptions) => Promise<Dispatcher.ConnectData> = pool.connect;
  const connect = async (given: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData> => {
    const tunnel = await ask.call(pool, given).catch((error: unknown) => {
      throw new ProxyError(proxy, { cause: error instanceof Error ? error : new Error(String(error)) });
    });
    if (tunnel.statusCode === 200) return tunnel;
    tunnel.socket.on('error', () => undefined).destroy();
    throw new ProxyError(proxy, { status: tunnel.statusCode });
  };
  return Object.assign(pool, { connect });
}
