import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { closeRedis, describeTarget, openRedis } from '../../src/redis/connection.ts';
import type { RedisPatience, RedisClient, RedisTarget } from '../../src/redis/connection.ts';
import { preflight } from '../../src/redis/preflight.ts';
import { newGroups, startRun } from '../support/redisRun.ts';
import { REDIS_PASSWORD, SENTINEL_PASSWORD, startSentinel } from '../support/redisSentinel.ts';
import type { TestSentinel } from '../support/redisSentinel.ts';
import { freePort } from '../support/redisServer.ts';

vi.setConfig({ testTimeout: 60_000 });
const WAIT = { timeout: 20_000, interval: 20 };
const ROWS = 200;

test('a worker survives a failover: the master is killed, and no row is lost', async () => {
  const redis = await start();
  const log = listen();
  const run = await startRun((patience) => open({ url: redis.url }, patience, log), { rows: ROWS });
  await run.settled(40);
  // Replication lags behind: a run that the replica has never heard of would be gone, and that is another matter.
  const client = await open({ url: redis.url }, 'failFast');
  await client.set('told', 'everything up to here');
  expect(await client.wait(1, 5_000)).toBe(1);
  await redis.master.kill('SIGKILL');
  expect(await run.ended()).toMatchObject({ state: 'completed' });
  expect(run.tenant().groups).toEqual(newGroups(ROWS));
  // What the replica had not been told yet was looked at again: done, and found to be so.
  expect((await run.states()).filter((state) => state !== 'succeeded' && state !== 'skipped')).toEqual([]);
  // The client of a command had errors meanwhile, and serves again.
  await vi.waitUntil(async () => (await run.runs.runs().catch(() => [])).length === 1, WAIT);
  expect(log.lines.filter((line) => line.includes('out of reach')).length).toBeGreaterThan(0);
  expect(log.lines.join('\n')).not.toMatch(secrets);
});

test('the master is written to, not the replica, and its preflight is that of one server', async () => {
  const redis = await start();
  const client = await open({ url: redis.url }, 'failFast');
  expect(await client.info('replication')).toContain('role:master');
  expect(await preflight(client)).toMatchObject([
    { severity: 'warning', message: expect.stringContaining('keeps nothing on disk') },
  ]);
});

test('both passwords may come from files, and a sentinel that is away is passed over', async () => {
  const redis = await start();
  const [data, watch] = [join(redis.master.dir, 'data'), join(redis.master.dir, 'watch')];
  writeFileSync(data, `${REDIS_PASSWORD}\n`);
  writeFileSync(watch, SENTINEL_PASSWORD);
  const url = `redis+sentinel://127.0.0.1:${await freePort()},127.0.0.1:${redis.sentinelPort}/mymaster/2`;
  const files = { REDIS_PASSWORD_FILE: data, REDIS_SENTINEL_PASSWORD_FILE: watch };
  const client = await open({ url, files }, 'failFast');
  expect(await client.client('INFO')).toContain(' db=2 ');
});

test('what is wrong with an address is told apart, without a password', async () => {
  const redis = await start();
  const wrong: [string, string | RegExp, string][] = [
    [redis.url.replace('data-', 'wrong-data-'), 'WRONGPASS', 'those of the sentinels behind'],
    [redis.url.replace('watch-', 'wrong-watch-'), 'WRONGPASS', 'those of the sentinels behind'],
    [redis.url.replace('mymaster', 'other'), 'No such master', 'sentinel masters'],
    [redis.url.replace(`${redis.sentinelPort}`, `${await freePort()}`), 'ECONNREFUSED', 'Start the Redis at'],
  ];
  for (const [url, message, remedy] of wrong) {
    const error: unknown = await open({ url }, 'failFast').catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      exitCode: 4,
      message: expect.stringMatching(message),
      remedy: expect.stringContaining(remedy),
    });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toMatch(secrets);
  }
});

test('a patient client says once that no sentinel answers, waits, and stops waiting when it is called off', async () => {
  const calledOff = new AbortController();
  const log = listen();
  const target = { url: `redis+sentinel://:data-hunter2@127.0.0.1:${await freePort()}/mymaster` };
  const opening = openRedis(target, { patience: 'wait', name: 'test', log, signal: calledOff.signal });
  // Checked below; it must not be unhandled until then.
  opening.catch(() => {});
  await vi.waitUntil(() => log.lines.length > 0, WAIT);
  calledOff.abort(new Error('asked to stop'));
  await expect(opening).rejects.toThrow('asked to stop');
  expect(log.lines).toEqual([
    `Redis at ${describeTarget(target)} is out of reach (no sentinel answers what it is asked). Trying again until it is there.`,
  ]);
});

const secrets = /p(@|%40)ss|hunter2/;

async function start(): Promise<TestSentinel> {
  const redis = await startSentinel();
  onTestFinished(() => redis.stop());
  return redis;
}

async function open(target: RedisTarget, patience: RedisPatience, log = listen()): Promise<RedisClient> {
  const redis = await openRedis(target, { patience, name: 'test', log });
  onTestFinished(() => closeRedis(redis));
  return redis;
}

function listen() {
  const lines: string[] = [];
  const add = (message: string): void => void lines.push(message);
  return { lines, info: add, warn: add };
}
