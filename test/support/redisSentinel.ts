import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePort, startRedisServer } from './redisServer.ts';
import type { TestRedis } from './redisServer.ts';

export interface TestSentinel {
  readonly master: TestRedis;
  readonly replica: TestRedis;
  readonly sentinel: TestRedis;
  readonly sentinelPort: number;
  /** For REDIS_URL. All three have passwords. */
  readonly url: string;
  stop(): Promise<void>;
}

export const REDIS_PASSWORD = 'data-p@ss';
export const SENTINEL_PASSWORD = 'watch-p@ss';
const KNOWN_MAX_MS = 20_000;
const KNOWN_PAUSE_MS = 50;

/** A master, its replica and a sentinel that puts the replica in the place of a master that is away for half a second. */
export async function startSentinel(): Promise<TestSentinel> {
  const servers: TestRedis[] = [];
  const start = async (options: Parameters<typeof startRedisServer>[0]): Promise<TestRedis> => {
    const server = await startRedisServer(options);
    servers.push(server);
    return server;
  };
  const stop = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.stop()));
  };
  try {
    const [masterPort, replicaPort, sentinelPort] = await Promise.all([freePort(), freePort(), freePort()]);
    const passwords = ['--requirepass', REDIS_PASSWORD, '--masterauth', REDIS_PASSWORD];
    const atOnce = ['--repl-diskless-sync-delay', '0'];
    const master = await start({ args: ['--port', `${masterPort}`, ...passwords, ...atOnce] });
    const replica = await start({
      args: ['--port', `${replicaPort}`, ...passwords, '--replicaof', `127.0.0.1 ${masterPort}`],
    });
    const sentinel = await start({
      args: ['--sentinel', '--port', `${sentinelPort}`],
      config: [
        `sentinel monitor mymaster 127.0.0.1 ${masterPort} 1`,
        `sentinel auth-pass mymaster ${REDIS_PASSWORD}`,
        'sentinel down-after-milliseconds mymaster 500',
        'sentinel failover-timeout mymaster 2000',
        `requirepass ${SENTINEL_PASSWORD}`,
        '',
      ].join('\n'),
    });
    await replicaIsKnown(sentinelPort);
    const user = `:${encodeURIComponent(REDIS_PASSWORD)}`;
    const settings = `sentinel_password=${encodeURIComponent(SENTINEL_PASSWORD)}`;
    const url = `redis+sentinel://${user}@127.0.0.1:${sentinelPort}/mymaster?${settings}`;
    return { master, replica, sentinel, sentinelPort, url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A sentinel that has not heard of the replica yet would have nobody to put in the master's place. */
async function replicaIsKnown(port: number): Promise<void> {
  const sentinel = new Redis({ port, password: SENTINEL_PASSWORD });
  try {
    const deadline = performance.now() + KNOWN_MAX_MS;
    for (;;) {
      const replicas = await sentinel.call('SENTINEL', 'replicas', 'mymaster');
      if (JSON.stringify(replicas).includes('"master-link-status","ok"')) return;
      if (performance.now() > deadline)
        throw new Error(`the sentinel knows no replica: ${JSON.stringify(replicas)}`);
      await sleep(KNOWN_PAUSE_MS);
    }
  } finally {
    sentinel.disconnect();
  }
}
