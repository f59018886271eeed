import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { Queue, Worker } from 'bullmq';
import { expect, onTestFinished, test, vi } from 'vitest';
import { closeRedis, openRedis } from '../../src/redis/connection.ts';
import type { RedisPatience, RedisTarget } from '../../src/redis/connection.ts';
import { redisFailure } from '../../src/redis/failure.ts';
import { startRedisServer } from '../support/redisServer.ts';
import type { TestRedis } from '../support/redisServer.ts';

/** A command without Redis ends within 5 s; the rest of a second is for what it does besides. */
const FAIL_FAST_MAX_MS = 4_900;
/** For what happens soon, but on a busy machine not within the second that is the default. */
const WAIT = { timeout: 15_000 };
vi.setConfig({ testTimeout: 30_000 });

test('over TCP and over a socket, the client that comes back is ready and named', async () => {
  const server = await start({ tcp: true });
  for (const target of [{ url: `${server.url}/3` }, { socketPath: server.socketPath }]) {
    const redis = await open(target, 'failFast');
    expect(redis.status).toBe('ready');
    expect(await redis.client('INFO')).toMatch(
      'url' in target ? / name=test .* db=3 / : / name=test .* db=0 /,
    );
    await closeRedis(redis);
  }
});

test('user and password come from the address, percent-decoded', async () => {
  const server = await start({ tcp: true, args: ['--user', 'ann', 'on', '>p@ss/w:rd', '~*', '&*', '+@all'] });
  const redis = await open({ url: String(server.url).replace('//', '//ann:p%40ss%2Fw%3Ard@') }, 'failFast');
  expect(await redis.acl('WHOAMI')).toBe('ann');
  await closeRedis(redis);
});

test('a refused connection ends a command at once, with the address and what to do', async () => {
  const port = await closedPort();
  await expect(open({ url: `redis://127.0.0.1:${port}/2` }, 'failFast')).rejects.toMatchObject({
    exitCode: 4,
    message: expect.stringMatching(new RegExp(`redis://127.0.0.1:${port}/2: .*ECONNREFUSED`)),
    remedy: expect.stringMatching(/Start .* set REDIS_URL .* unset it/),
  });
});

test('a database that is not there is no other one', async () => {
  const server = await start({ tcp: true });
  await expect(open({ url: `${server.url}/20` }, 'failFast')).rejects.toMatchObject({
    exitCode: 4,
    message: `Cannot use Redis at ${server.url}/20: ERR DB index is out of range.`,
    remedy: expect.stringContaining('Put the number of a database that is there'),
  });
});

test('a server that accepts and never answers ends a command within 5 s', async () => {
  const mute = createServer(() => {}).listen(0, '127.0.0.1');
  await once(mute, 'listening');
  onTestFinished(() => void mute.close());
  const { port } = mute.address() as AddressInfo; // it listens on an address, not on a pipe
  const start = performance.now();
  await expect(open({ url: `redis://127.0.0.1:${port}` }, 'failFast')).rejects.toMatchObject({
    exitCode: 4,
    message: expect.stringContaining('no answer within'),
  });
  expect(performance.now() - start).toBeLessThan(FAIL_FAST_MAX_MS);
});

test('a wrong password is told apart, and shown nowhere', async () => {
  const server = await start({ tcp: true, args: ['--requirepass', 'right'] });
  const error: unknown = await open(
    { url: String(server.url).replace('//', '//:hunter2@') },
    'failFast',
  ).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ exitCode: 4, message: expect.stringMatching(/WRONGPASS.*[^.]\.$/) });
  expect(error).toMatchObject({ remedy: expect.stringContaining('user and password') });
  expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('hunter2');
});

test('when Redis goes away a fast client fails at once and its owner is told what to do', async () => {
  const server = await start();
  const log = listen();
  const redis = await openRedis(server, { patience: 'failFast', name: 'test', log });
  const lost = once(redis, 'close');
  await server.kill('SIGKILL');
  await lost;
  const error: unknown = await redis.ping().catch((reason: unknown) => reason);
  expect(redisFailure(error)).toMatchObject({
    exitCode: 4,
    remedy: expect.stringContaining('redis-cli ping'),
  });
  await closeRedis(redis);
});

test('a loss and the return are one line each, however many tries are between', async () => {
  const server = await start();
  const log = listen();
  const redis = await openRedis(server, { patience: 'wait', name: 'test', log });
  await server.kill('SIGKILL');
  let tries = 0;
  redis.on('reconnecting', () => tries++);
  await vi.waitUntil(() => tries >= 3, WAIT);
  const answer = redis.ping();
  await server.restart();
  expect(await answer).toBe('PONG');
  expect(log.lines).toEqual([
    `warn Redis at ${server.socketPath} is out of reach (the connection was closed). Trying again until it is there.`,
    `info Redis at ${server.socketPath} is there again.`,
  ]);
  await closeRedis(redis);
});

test('a patient client waits for a Redis that comes later', async () => {
  const server = await start();
  await server.kill('SIGKILL');
  const log = listen();
  const opening = openRedis(server, { patience: 'wait', name: 'test', log });
  await vi.waitUntil(() => log.lines.length > 0, WAIT);
  expect(log.lines).toEqual([expect.stringMatching(/^warn .* out of reach \(connect ECONNREFUSED/)]);
  await server.restart();
  const redis = await opening;
  expect(await redis.ping()).toBe('PONG');
  await closeRedis(redis);
});

test('a patient client that is called off stops waiting', async () => {
  const calledOff = new AbortController();
  const log = listen();
  const target = { url: `redis://127.0.0.1:${await closedPort()}` };
  const opening = openRedis(target, { patience: 'wait', name: 'test', log, signal: calledOff.signal });
  await vi.waitUntil(() => log.lines.length > 0, WAIT);
  calledOff.abort(new Error('asked to stop'));
  await expect(opening).rejects.toThrow('asked to stop');
});

test('closing while Redis is away answers the commands that still wait', async () => {
  const server = await start();
  const redis = await open(server, 'wait');
  const tryAgain = once(redis, 'reconnecting');
  await server.kill('SIGKILL');
  await tryAgain;
  // eslint-disable-next-line vitest/valid-expect -- it is awaited once the client is closed
  const waiting = expect(redis.ping()).rejects.toThrow('Connection is closed');
  await closeRedis(redis);
  await waiting;
  expect(redis.status).toBe('end');
});

test.each(['failFast', 'wait'] as const)(
  'closing a client of the kind %s ends although Redis is mute',
  async (patience) => {
    const server = await start();
    const redis = await open(server, patience);
    await server.kill('SIGSTOP');
    await closeRedis(redis);
    await vi.waitUntil(() => redis.status === 'end', WAIT);
    await closeRedis(redis); // a second time does nothing
  },
);

test('both kinds serve BullMQ', async () => {
  const server = await start();
  const [fast, patient] = await Promise.all([open(server, 'failFast'), open(server, 'wait')]);
  const queue = new Queue('work', { connection: fast });
  const worker = new Worker('work', async () => 'done', { connection: patient });
  const completed = once(worker, 'completed');
  await queue.add('look', {});
  expect((await completed)[1]).toBe('done');
  await worker.close();
  await queue.close();
  await Promise.all([closeRedis(fast), closeRedis(patient)]);
});

async function start(options: Parameters<typeof startRedisServer>[0] = {}): Promise<TestRedis> {
  const server = await startRedisServer(options);
  onTestFinished(() => server.stop());
  return server;
}

function open(target: RedisTarget, patience: RedisPatience) {
  return openRedis(target, { patience, name: 'test', log: listen() });
}

function listen() {
  const lines: string[] = [];
  return {
    lines,
    info: (message: string) => void lines.push(`info ${message}`),
    warn: (message: string) => void lines.push(`warn ${message}`),
  };
}

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // it listens on an address, not on a pipe
  server.close();
  await once(server, 'close');
  return port;
}
