import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { closeRedis, openRedis } from '../../src/redis/connection.ts';
import type { RedisPatience, RedisClient } from '../../src/redis/connection.ts';
import { redisFailure } from '../../src/redis/failure.ts';
import { preflight } from '../../src/redis/preflight.ts';
import { keysOf } from '../../src/runs/keys.ts';
import { startCluster } from '../support/redisCluster.ts';
import type { TestCluster } from '../support/redisCluster.ts';
import { newGroups, startRun } from '../support/redisRun.ts';
import { freePort, startRedisServer } from '../support/redisServer.ts';

vi.setConfig({ testTimeout: 60_000 });
const ROWS = 200;
const WAIT = { timeout: 20_000, interval: 20 };
const { prefix } = keysOf('contoso.com');
const DURABLE = ['--appendonly', 'yes'];

// The tests take it apart one after the other, in their order.
let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster({ replicaForKey: prefix, args: DURABLE });
});
afterAll(() => cluster.stop());

test('a good cluster is found good, and one setting of one node is found and mended by the pasted remedy', async () => {
  const redis = await open('failFast');
  expect(await preflight(redis)).toEqual([]);
  // It is the replica that is not asked for anything before it takes its master's place.
  const replica = await openAlone(cluster.replica?.server.socketPath ?? '');
  await replica.config('SET', 'maxmemory-policy', 'allkeys-lru');
  const [finding, ...others] = await preflight(redis);
  expect(others).toEqual([]);
  expect(finding).toMatchObject({
    severity: 'error',
    message: expect.stringContaining(`(Node 127.0.0.1:${cluster.replica?.port}.)`),
  });
  expect(finding?.remedy).toMatch(
    /`redis-cli --cluster call 127\.0\.0\.1:\d+ config set maxmemory-policy noeviction`/,
  );
  await replica.config('SET', 'maxmemory-policy', 'noeviction');
  expect(await preflight(redis)).toEqual([]);
});

test('a node that is addressed as if it were alone is refused with the address that works', async () => {
  const redis = await openAlone(cluster.masters[0]?.server.socketPath ?? '');
  expect(await preflight(redis)).toMatchObject([
    { severity: 'error', remedy: expect.stringContaining('redis+cluster://') },
  ]);
});

test('a Redis without cluster support is told apart from one that is away', async () => {
  const alone = await startRedisServer({ tcp: true });
  onTestFinished(() => alone.stop());
  await expect(open('failFast', String(alone.url).replace('redis', 'redis+cluster'))).rejects.toMatchObject({
    exitCode: 4,
    remedy: expect.stringContaining('redis:// instead of redis+cluster://'),
  });
  await expect(open('failFast', `redis+cluster://127.0.0.1:${await freePort()}`)).rejects.toMatchObject({
    exitCode: 4,
    message: expect.stringContaining('ECONNREFUSED'),
  });
});

test('a fast client takes several commands at once from the start', async () => {
  const redis = await open('failFast');
  const keys = Array.from({ length: 30 }, (_, i) => `{k${i}}`);
  expect(await Promise.all(keys.map((key) => redis.set(key, '1')))).toEqual(keys.map(() => 'OK'));
});

test('a worker survives a failover: the master of the tenant is killed, and no row is lost', async () => {
  const log = listen();
  const master = await cluster.masterOf(prefix);
  const run = await startRun((patience) => open(patience, cluster.url, log), { rows: ROWS });
  await run.settled(40);
  await master.server.kill('SIGKILL');
  expect(await run.ended()).toMatchObject({ state: 'completed' });
  expect(run.tenant().groups).toEqual(newGroups(ROWS));
  // The client of a command had errors meanwhile, and serves again.
  await vi.waitUntil(async () => (await run.runs.runs().catch(() => [])).length === 1, WAIT);
  expect(log.lines).toContainEqual(expect.stringContaining(`node 127.0.0.1:${master.port} is out of reach`));
});

test('a fast client fails at once when its node goes away, and its owner is told what to do', async () => {
  const redis = await open('failFast');
  // Masters without a replica: their slots are gone with them.
  const other = cluster.masters.find(({ server }) => server.isAlive);
  await other?.server.kill('SIGKILL');
  const keys = Array.from({ length: 30 }, (_, i) => `{k${i}}`);
  const results = await Promise.allSettled(keys.map((key) => redis.get(key)));
  const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  expect(errors.length).toBeGreaterThan(0);
  for (const error of errors) expect(redisFailure(error)).toMatchObject({ exitCode: 4 });
});

async function open(patience: RedisPatience, url = cluster.url, log = listen()): Promise<RedisClient> {
  const redis = await openRedis({ url }, { patience, name: 'test', log });
  onTestFinished(() => closeRedis(redis));
  return redis;
}

async function openAlone(socketPath: string): Promise<RedisClient> {
  const redis = await openRedis({ socketPath }, { patience: 'failFast', name: 'test', log: listen() });
  onTestFinished(() => closeRedis(redis));
  return redis;
}

function listen() {
  const lines: string[] = [];
  const add = (message: string): void => void lines.push(message);
  return { lines, info: add, warn: add };
}
