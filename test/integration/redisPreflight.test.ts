import { execFileSync } from 'node:child_process';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { closeRedis, openRedis } from '../../src/redis/connection.ts';
import type { RedisTarget } from '../../src/redis/connection.ts';
import { preflight, refuseOnErrors } from '../../src/redis/preflight.ts';
import type { PreflightFinding } from '../../src/redis/preflight.ts';
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

describe('the pasted remedies work as they stand in a shell, on the Redis that they are about', () => {
  const PASSWORD = 's3cret';
  const pastedFrom = (remedy: string | undefined): string => /`([^`]+)`/.exec(remedy ?? '')?.[1] ?? '';

  test.each(['socket', 'tcp', 'password'] as const)('by %s', async (way) => {
    const secret = way === 'password' ? ['--requirepass', PASSWORD] : [];
    const args = ['--maxmemory-policy', 'volatile-ttl', ...secret];
    const server = await startRedisServer({ args, tcp: way !== 'socket' });
    onTestFinished(() => server.stop());
    const url = server.url?.replace('//', way === 'password' ? `//:${PASSWORD}@` : '//');
    const redis = await openRedis(url === undefined ? server : { url }, {
      ...{ patience: 'failFast', name: 'test', log },
    });
    const found = await preflight(redis);
    expect(found).toHaveLength(2);
    for (const { remedy } of found) {
      const pasted = pastedFrom(remedy);
      expect(pasted).not.toContain(PASSWORD);
      // `--askpass` reads it from a terminal, or from here.
      execFileSync('sh', ['-c', pasted], { input: `${PASSWORD}\n` });
    }
    expect(await preflight(redis)).toEqual([]);
    await closeRedis(redis);
  });
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
  const [finding, ...others] = await findings(careful);
  expect(others).toEqual([]);
  expect(finding?.message).toContain('"allkeys-random"');
  // A command that is refused is no remedy: it comes second, for whoever may give it.
  expect(finding?.remedy).toMatch(
    /^Set maxmemory-policy to noeviction in the settings of your Redis service \(its parameter group/,
  );
});

async function findings(
  args: readonly string[],
  way: 'socket' | 'tcp' = 'socket',
): Promise<readonly PreflightFinding[]> {
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
