import { execFile } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Random } from '../../src/simulator/random.ts';
import type { RedisClient } from '../../src/redis/connection.ts';
import { embeddedPid, type RedisSite, type Site } from './site.ts';
import type { Incident } from './workerIncidents.ts';

/** How long Redis is away or unwilling. */
const awayMs = (random: Random): number => 500 + random() * 4_000;
/** What `appendfsync everysec` may lose, by Redis' own word. */
const LAST_SECOND_MS = 1_000;
/** A client notices a half-open connection after 30 s without a reply; then the worker has its drain to do. */
const HALF_OPEN_END_MAX_MS = 45_000;

const atMoment =
  (incident: (site: Site, redis: RedisSite, random: Random) => Promise<void>): Incident =>
  async (site, random) => {
    if (site.redis === undefined) throw new Error('this deed needs a Redis of its own');
    if (!(await site.untilWritten(site.plan.moment))) return false;
    await incident(site, site.redis, random);
    return true;
  };

/** Makes Redis unwilling, waits, and mends it. */
const unwilling = (
  spoil: (redis: RedisClient) => Promise<unknown>,
  mend: (redis: RedisClient) => Promise<unknown>,
): Incident =>
  atMoment(async (site, _redis, random) => {
    const client = await site.watcher();
    await spoil(client);
    await sleep(awayMs(random));
    await mend(client);
  });

/** A snapshot that can't be written makes Redis refuse writes until one could. */
async function failSnapshot(redis: RedisClient): Promise<void> {
  await redis.config('SET', 'save', '3600 1');
  await redis.config('SET', 'dir', '/proc');
  await snapshotEnds(redis, 'err');
}

async function snapshotEnds(redis: RedisClient, status: 'ok' | 'err'): Promise<void> {
  for (;;) {
    await redis.bgsave().catch(() => undefined);
    await sleep(100);
    const info = await redis.info('persistence');
    if (info.includes('rdb_bgsave_in_progress:0') && info.includes(`rdb_last_bgsave_status:${status}`))
      return;
  }
}

const misconfigured: Incident = atMoment(async (site, { server }, random) => {
  const client = await site.watcher();
  await failSnapshot(client);
  await sleep(awayMs(random));
  await client.config('SET', 'dir', server.dir);
  await snapshotEnds(client, 'ok');
  await client.config('SET', 'save', '');
});

/** No file of Redis may grow any more, its append-only file least of all. */
const diskFull: Incident = atMoment(async (site, { server }, random) => {
  const mayGrowTo = (bytes: string): Promise<unknown> =>
    promisify(execFile)('prlimit', ['--pid', String(server.pid), `--fsize=${bytes}:unlimited`]);
  await mayGrowTo('1');
  const client = await site.watcher();
  const status = async (): Promise<boolean> =>
    (await client.info('persistence')).includes('aof_last_write_status:err');
  await site.until(status);
  await sleep(awayMs(random));
  await mayGrowTo('unlimited');
});

/** Copies the append-only file. Answers how to put the copy in its place. */
function copyOfData(dir: string): () => void {
  const [data, copy] = [join(dir, 'appendonlydir'), join(dir, 'copy')];
  cpSync(data, copy, { recursive: true });
  return () => {
    rmSync(data, { recursive: true });
    cpSync(copy, data, { recursive: true });
  };
}

/** The record as it was a while ago: whoever restores a copy must not make the tenant pay for it. */
const olderRecord: Incident = async (site) => {
  if (site.redis === undefined || !(await site.untilWritten(site.plan.moment / 2))) return false;
  const { server } = site.redis;
  // What is copied while it is written to may end in mid-command, as a real copy does.
  await sleep(1_100);
  const restore = copyOfData(server.dir);
  const hasGoneOn = await site.untilWritten(site.plan.moment / 2 + 0.3);
  await server.kill('SIGKILL');
  restore();
  await server.restart();
  return hasGoneOn;
};

const awayAtStart: Incident = atMoment(async (site, { proxy }, random) => {
  const before = site.workers.length;
  await Promise.all(site.workers.map((worker) => site.endWorker(worker)));
  await proxy.cut();
  for (let i = 0; i < before; i += 1) site.startWorker();
  await Promise.all(site.workers.map((worker) => worker.said('is out of reach')));
  await sleep(awayMs(random));
  await proxy.restore();
});

const awayAtShutdown: Incident = atMoment(async (site, { proxy }) => {
  await proxy.cut();
  await Promise.all(site.workers.map((worker) => site.endWorker(worker)));
  await proxy.restore();
  site.startWorker();
});

/** Connections that carry nothing any more, with work in flight: others take over, and the deaf one must get away. */
const halfOpen: Incident = atMoment(async (site, { proxy }) => {
  const deaf = site.workers;
  proxy.freeze();
  site.startWorker();
  await Promise.all(deaf.map((worker) => site.endWorker(worker, 'SIGTERM', HALF_OPEN_END_MAX_MS)));
});

function killEmbedded(site: Site): void {
  const pid = embeddedPid(site.dir);
  if (pid === undefined) throw new Error('there is no embedded Redis');
  process.kill(pid, 'SIGKILL');
}

/** All that was recorded in the last second is gone, as after a loss of power: the tenant has it, and the record does not. */
const losesLastSecond: Incident = atMoment(async (_site, { server }) => {
  const restore = copyOfData(server.dir);
  await sleep(LAST_SECOND_MS);
  await server.kill('SIGKILL');
  restore();
  await server.restart();
});

export const REDIS_INCIDENTS = {
  redisLosesLastSecond: losesLastSecond,
  redisKilled: atMoment(async (_site, { server }, random) => {
    await server.kill('SIGKILL');
    await sleep(random() * 1_500);
    await server.restart();
  }),
  redisAway: atMoment(async (_site, { proxy }, random) => {
    await proxy.cut();
    // Now and then as long as an operator takes to restart a machine.
    await sleep(random() < 0.1 ? 20_000 : awayMs(random));
    await proxy.restore();
  }),
  redisFull: unwilling(
    (redis) => redis.config('SET', 'maxmemory', '1'),
    (redis) => redis.config('SET', 'maxmemory', '0'),
  ),
  redisReadOnly: unwilling(
    (redis) => redis.call('REPLICAOF', '127.0.0.1', '1'),
    (redis) => redis.call('REPLICAOF', 'NO', 'ONE'),
  ),
  redisMisconfigured: misconfigured,
  redisDiskFull: diskFull,
  redisAwayAtStart: awayAtStart,
  redisAwayAtShutdown: awayAtShutdown,
  redisHalfOpen: halfOpen,
  olderRecord,
  embeddedKilled: async (site) => {
    const hasCome = await site.untilWritten(site.plan.moment);
    if (hasCome) killEmbedded(site);
    return hasCome;
  },
  embeddedAllKilled: async (site) => {
    if (!(await site.untilWritten(site.plan.moment))) return false;
    for (const worker of site.workers) worker.kill('SIGKILL');
    killEmbedded(site);
    await Promise.all(site.processes.all.filter(({ name }) => name === 'worker').map(({ ended }) => ended));
    for (let i = 0; i < site.plan.workers; i += 1) site.startWorker();
    return true;
  },
} satisfies Record<string, Incident>;
