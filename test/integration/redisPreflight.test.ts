import { expect, onTestFinished, test, vi } from 'vitest';
import { closeRedis, openRedis } from '../../src/redis/connection.ts';
import type { RedisTarget } from '../../src/redis/connection.ts';
import { preflight, refuseOnErrors } from '../../src/redis/preflight.ts';
import type { Finding } from '../../src/redis/preflight.ts';
import { startRedisServer } from '../support/redisServer.ts';

vi.setConfig({ testTimeout: 30_000 });

const DURABLE = ['--appendonly', 'yes'];
const log = { info: () => {}, warn: () => {} };

test('a Redis with an append-only file and without eviction is found good', async () => {
  expect(await findings(DURABLE)).toEqual([]);
});

test('a Redis that evicts is refused with the command that mends it', async () => {
  const found = await findings([...DURABLE, '--maxmemory-policy', 'allkeys-lru']);
  expect(found).toMatchObject([{ severity: 'error', message: expect.stringContaining('"allkeys-lru"') }]);
  expect(() => refuseOnErrors(found)).toThrow(
    expect.objectContaining({ exitCode: 4, remedy: expect.stringContaining('maxmemory-policy noeviction') }),
  );
});

test('the pasted remedy against eviction works', async () => {
  const server = await startRedisServer({ args: [...DURABLE, '--maxmemory-policy', 'volatile-ttl'] });
  onTestFinished(() => server.stop());
  const redis = await openRedis(server, { patience: 'failFast', name: 'test', log });
  const [finding] = await preflight(redis);
  const pasted = /`redis-cli ([^`]+)`/.exec(finding?.remedy ?? '')?.[1] ?? '';
  const [command = '', ...args] = pasted.split(' ');
  await redis.call(command, ...args);
  expect(await preflight(redis)).toEqual([]);
  await closeRedis(redis);
});

test('a Redis that keeps nothing, or only snapshots, is a warning and no refusal', async () => {
  const nothing = await findings([]);
  expect(nothing).toMatchObject([{ severity: 'warning', message: expect.stringContaining('keeps nothing') }]);
  expect(refuseOnErrors(nothing)).toEqual(nothing);
  expect(await findings(['--save', '3600', '1'])).toMatchObject([
    { severity: 'warning', message: expect.stringContaining('save "3600 1"') },
  ]);
});

test('a read-only replica is refused', async () => {
  expect(await findings([...DURABLE, '--replicaof', '127.0.0.1', '1'])).toMatchObject([
    { severity: 'error', message: expect.stringContaining('read-only replica') },
  ]);
});

test('a node of a cluster is refused', async () => {
  expect(await findings([...DURABLE, '--cluster-enabled', 'yes'], 'tcp')).toMatchObject([
    { severity: 'error', message: expect.stringContaining('Redis Cluster') },
  ]);
});

// Services and careful operators take CONFIG away; the policy then stands in INFO, and how data is kept nowhere.
test('where CONFIG is refused the eviction policy is found all the same', async () => {
  const careful = ['--rename-command', 'CONFIG', '', '--maxmemory-policy', 'allkeys-random'];
  expect(await findings(careful)).toMatchObject([{ message: expect.stringContaining('"allkeys-random"') }]);
});

async function findings(
  args: readonly string[],
  way: 'socket' | 'tcp' = 'socket',
): Promise<readonly Finding[]> {
  const server = await startRedisServer({ args, tcp: way === 'tcp' });
  onTestFinished(() => server.stop());
  const target: RedisTarget =
    server.url === undefined ? { socketPath: server.socketPath } : { url: server.url };
  const redis = await openRedis(target, { patience: 'failFast', name: 'test', log });
  try {
    return await preflight(redis);
  } finally {
    await closeRedis(redis);
  }
}
