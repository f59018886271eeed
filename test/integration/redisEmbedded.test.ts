import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { closeRedis, openRedis } from '../../src/redis/connection.ts';
import type { RedisLog } from '../../src/redis/connection.ts';
import { hasServer } from '../../src/redis/dataDir.ts';
import { useEmbeddedRedis } from '../../src/redis/embedded.ts';
import type { EmbeddedRedis } from '../../src/redis/embedded.ts';
import { Limiter } from '../../src/worker/limiter/limiter.ts';
import { paceOf } from '../../src/worker/limiter/pace.ts';
import { RunStore } from '../../src/runs/runStore.ts';
import { startRedisServer } from '../support/redisServer.ts';

const silent: RedisLog = { info: () => {}, warn: () => {} };
/** For what happens soon, but on a busy machine not within the second that is the default. */
const WAIT = { timeout: 15_000 };
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });
let root: string;
let dataDir: string;
let users: ChildProcess[];
/** Those of this process: one that is forgotten would start its server again and again. */
let joined: EmbeddedRedis[];

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'retarget-test-')));
  dataDir = join(root, 'data');
  users = [];
  joined = [];
});

afterEach(async () => {
  for (const user of users) user.kill('SIGKILL');
  for (const user of joined) await user.release();
  if (isServed()) process.kill(serverPid(), 'SIGKILL');
  await vi.waitUntil(() => !isServed(), WAIT);
  rmSync(root, { recursive: true });
});

test('the last user stops the server, and the next one finds the data again', async () => {
  const first = await use();
  const second = await use();
  const redis = await open(first);
  await redis.set('kept', 'yes');
  await closeRedis(redis);
  await first.release();
  expect(isServed()).toBe(true);
  await second.release();
  expect(isServed()).toBe(false);
  const third = await use();
  expect(await ask(third, (client) => client.get('kept'))).toBe('yes');
  await third.release();
});

test('the server keeps to its owner, its socket and its append-only file', async () => {
  const user = await use();
  const settings = await ask(user, async (client) => {
    const wanted = ['port', 'appendonly', 'appendfsync', 'save', 'maxmemory-policy', 'unixsocketperm'];
    const replies = await Promise.all(wanted.map((name) => client.config('GET', name)));
    return Object.fromEntries(replies as [string, string][]);
  });
  expect(settings).toEqual({
    port: '0',
    appendonly: 'yes',
    appendfsync: 'everysec',
    save: '',
    'maxmemory-policy': 'noeviction',
    unixsocketperm: '700',
  });
  expect(statSync(dataDir).mode & 0o777).toBe(0o700);
  expect(statSync(join(dataDir, 'redis.sock')).mode & 0o077).toBe(0);
  await user.release();
});

test.runIf(process.platform === 'linux')('the server listens on no TCP port', async () => {
  const reachable = await startRedisServer({ tcp: true });
  expect(tcpListeners(reachable.pid)).toBe(1); // the way of looking finds what there is
  await reachable.stop();
  const user = await use();
  expect(tcpListeners(serverPid())).toBe(0);
  await user.release();
});

test.runIf(process.platform === 'linux')(
  'the server is out of reach of Ctrl-C and knows nothing of our environment',
  async () => {
    process.env['RETARGET_TEST_SECRET'] = 'hunter2';
    const user = await use();
    delete process.env['RETARGET_TEST_SECRET'];
    const group = execFileSync('ps', ['-o', 'pgid=,sid=', '-p', `${serverPid()}`], { encoding: 'utf8' });
    expect(group.trim().split(/\s+/)).toEqual([`${serverPid()}`, `${serverPid()}`]);
    expect(readFileSync(`/proc/${serverPid()}/environ`, 'utf8')).not.toContain('hunter2');
    await user.release();
  },
);

test('three commands that start at once share one server, and three that leave at once stop it', async () => {
  const started = await Promise.all([startUser(), startUser(), startUser()]);
  expect(readFileSync(join(dataDir, 'redis.log'), 'utf8').match(/is starting oO0/g)).toHaveLength(1);
  await Promise.all(started.map(finish));
  expect(isServed()).toBe(false);
});

test('a killed user does not keep the others from stopping the server', async () => {
  const killed = await startUser();
  const user = await use();
  await kill(killed);
  await vi.waitUntil(async () => (await usersOf(user)) === 1, WAIT); // until the server has read that it is gone
  await user.release();
  expect(isServed()).toBe(false);
});

test('after a kill of everybody the server stays, and the next command uses it and stops it', async () => {
  const killed = await startUser();
  const pid = serverPid();
  await kill(killed);
  expect(isServed()).toBe(true);
  const user = await use();
  expect(serverPid()).toBe(pid);
  await user.release();
  expect(isServed()).toBe(false);
});

test('a server that is killed under its users is started again with what was written', async () => {
  const warnings: string[] = [];
  const log = { ...silent, warn: (message: string) => void warnings.push(message) };
  const [user, other] = await Promise.all([use(log), startUser()]);
  const redis = await openRedis(user, { patience: 'wait', name: 'test', log: silent });
  await redis.config('SET', 'appendfsync', 'always'); // the last second is not what this is about
  await redis.set('kept', 'yes');
  const back = once(redis, 'ready');
  process.kill(serverPid(), 'SIGKILL');
  await back;
  expect(await redis.get('kept')).toBe('yes');
  expect(warnings).toEqual([expect.stringContaining('ended by itself')]);
  await closeRedis(redis);
  await vi.waitUntil(async () => (await usersOf(user)) === 2, WAIT);
  await user.release();
  expect(isServed()).toBe(true);
  await finish(other);
  expect(isServed()).toBe(false);
});

/** Kills the server under its only user, who starts it again. */
async function killServer(user: EmbeddedRedis): Promise<void> {
  const redis = await openRedis(user, { patience: 'wait', name: 'test', log: silent });
  const back = once(redis, 'ready');
  process.kill(serverPid(), 'SIGKILL');
  await back;
  await closeRedis(redis);
  await vi.waitUntil(async () => (await usersOf(user)) === 1, WAIT);
}

/** The limiter of a tenant asks for a permit for a read, which is answered: why it has to wait, or undefined. */
const whyHeld = (user: EmbeddedRedis): Promise<string | undefined> =>
  ask(user, async (client) => {
    const limiter = new Limiter(new RunStore(client, 'contoso.com'), paceOf(100, 20_000), user);
    const store = new RunStore(client, 'contoso.com');
    const answer = await store.readPermit(1, true, limiter.policy());
    if (answer.kind === 'wait') return answer.reason;
    if (answer.kind === 'granted') await store.readReply(1, answer.chargeEnd, 0, limiter.policy());
    return undefined;
  });

test('a Redis that was stopped in order has lost nothing, so the next command need not wait', async () => {
  for (let i = 0; i < 3; i += 1) {
    const first = await use();
    const second = await use();
    expect(await whyHeld(first)).toBeUndefined();
    expect(await whyHeld(second)).toBeUndefined();
    await first.release();
    await second.release();
    expect(isServed()).toBe(false);
  }
});

test('a Redis that was killed may have lost what still counts, so that all has to wait', async () => {
  const first = await use();
  expect(await whyHeld(first)).toBeUndefined();
  await first.release();
  const second = await use();
  expect(await whyHeld(second)).toBeUndefined();
  await killServer(second);
  expect(await whyHeld(second)).toBe('restarted');
  await second.release();
  expect(await whyHeld(await use())).toBe('restarted');
});

test('a kill is not taken for an order when the record has lost all since the start', async () => {
  const first = await use();
  expect(await whyHeld(first)).toBeUndefined();
  await first.release();
  const second = await use();
  // The limiter's last word is of the first server, as if the second had been killed before it wrote anything to disk.
  await killServer(second);
  const third = await use();
  expect(await whyHeld(third)).toBe('restarted');
});

test('a server whose start nobody saw to its end names no successor, nor does the one after it', async () => {
  const first = await use();
  expect(await whyHeld(first)).toBeUndefined();
  await first.release();
  const half = spawnUser({ PATH: folderWithServer('sleep 0.5; exec redis-server "$@"') });
  await vi.waitUntil(isServed, WAIT);
  await kill(half);
  const second = await use();
  await killServer(second);
  expect(await whyHeld(await use())).toBe('restarted');
});

test('a server that was only half started by a killed command is waited for, not doubled', async () => {
  // A redis-server that comes up late, started by somebody who is gone: the lifeline alone tells of it.
  const half = spawnUser({ PATH: folderWithServer('sleep 1; exec redis-server "$@"') });
  await vi.waitUntil(isServed, WAIT);
  await kill(half);
  expect(existsSync(join(dataDir, 'redis.sock'))).toBe(false);
  const user = await use();
  expect(readFileSync(join(dataDir, 'redis.log'), 'utf8').match(/is starting oO0/g)).toHaveLength(1);
  await user.release();
  expect(isServed()).toBe(false);
});

test('a server that is still reading its data is waited for', async () => {
  const first = await use();
  await ask(first, async (client) => {
    await client.call('DEBUG', 'POPULATE', '200').catch(() => {}); // refused by newer servers: then there is less to read
    await client.set('kept', 'yes');
  });
  await first.release();
  // The server stops for a moment at each key that it reads.
  const slow = 'exec redis-server "$@" --key-load-delay 500000 --loading-process-events-interval-bytes 1024';
  const user = await use(silent, { PATH: folderWithServer(slow) });
  expect(await ask(user, (client) => client.get('kept'))).toBe('yes');
  await user.release();
});

test('a stale socket file is no obstacle', async () => {
  await kill(await startUser());
  process.kill(serverPid(), 'SIGKILL');
  await vi.waitUntil(() => !isServed(), WAIT);
  expect(existsSync(join(dataDir, 'redis.sock'))).toBe(true);
  const user = await use();
  expect(await ask(user, (client) => client.ping())).toBe('PONG');
  await user.release();
});

test.each(['redis.sock', 'redis.alive'])('a foreign file called %s is left alone and named', async (name) => {
  mkdirSync(dataDir, { mode: 0o700 });
  writeFileSync(join(dataDir, name), 'precious');
  await expect(use()).rejects.toMatchObject({
    exitCode: 4,
    message: expect.stringContaining(join(dataDir, name)),
    remedy: expect.stringContaining('mv '),
  });
  expect(readFileSync(join(dataDir, name), 'utf8')).toBe('precious');
  rmSync(join(dataDir, name));
});

test('a data directory with a path too long for a socket works, and leaves nothing behind', async () => {
  dataDir = join(root, 'a'.repeat(100), 'ü'.repeat(60));
  const aliases = () =>
    readdirSync(tmpdir())
      .map((name) => join(tmpdir(), name, 'd'))
      .filter((path) => existsSync(path) && realpathSync(path) === dataDir);
  const user = await use();
  const other = await startUser();
  expect(aliases()).toHaveLength(2);
  expect(statSync(join(user.socketPath, '../..')).mode & 0o077).toBe(0);
  expect(await ask(user, (client) => client.ping())).toBe('PONG');
  await finish(other);
  await user.release();
  expect(isServed()).toBe(false);
  expect(aliases()).toEqual([]);
});

test('without a redis-server the remedy says how to get one', async () => {
  const nowhere = use(silent, { PATH: root });
  await expect(nowhere).rejects.toMatchObject({
    exitCode: 4,
    message: expect.stringContaining('no redis-server'),
    remedy: expect.stringMatching(/install redis.*REDIS_URL/),
  });
});

test('a server that cannot start is told with the end of its log', async () => {
  const first = await use();
  await ask(first, (client) => client.set('kept', 'yes'));
  await first.release();
  const files = join(dataDir, 'appendonlydir');
  const increment = readdirSync(files).find((name) => name.endsWith('incr.aof')) ?? '';
  writeFileSync(
    join(files, increment),
    '*1\r\n$4\r\nPING\r\nnonsense and more of it\r\n*1\r\n$4\r\nPING\r\n',
  );
  await expect(use()).rejects.toMatchObject({
    exitCode: 4,
    message: expect.stringContaining('Bad file format'),
    remedy: expect.stringContaining('redis.log'),
  });
});

test('a directory that others can look into is refused unless it is empty', async () => {
  mkdirSync(dataDir);
  chmodSync(dataDir, 0o755);
  await (await use()).release();
  expect(statSync(dataDir).mode & 0o777).toBe(0o700);
  chmodSync(dataDir, 0o750);
  await expect(use()).rejects.toMatchObject({ exitCode: 4, remedy: expect.stringContaining('chmod 700') });
});

// A look at results between two runs starts and stops a Redis, too, and asks the limiter nothing.
test('servers that ended in order one after the other are all named, in their order, with the one that is there', async () => {
  const named: string[][] = [];
  for (let i = 0; i < 3; i += 1) {
    const user = await use();
    named.push((user.endedInOrder ?? '').split(' '));
    await user.release();
  }
  expect(named.map((servers) => servers.length)).toEqual([1, 2, 3]);
  expect(named[2]?.slice(0, 2)).toEqual(named[1]);
});

async function use(log = silent, env: NodeJS.ProcessEnv = process.env): Promise<EmbeddedRedis> {
  const user = await useEmbeddedRedis({ dataDir, env, log });
  joined.push(user);
  return user;
}

function open(user: EmbeddedRedis) {
  return openRedis(user, { patience: 'failFast', name: 'test', log: silent });
}

async function ask<T>(
  user: EmbeddedRedis,
  question: (client: Awaited<ReturnType<typeof open>>) => Promise<T>,
): Promise<T> {
  const client = await open(user);
  try {
    return await question(client);
  } finally {
    await closeRedis(client);
  }
}

function usersOf(user: EmbeddedRedis): Promise<number> {
  return ask(
    user,
    async (client) => [...String(await client.client('LIST')).matchAll(/name=retarget-user-/g)].length,
  );
}

function isServed(): boolean {
  return hasServer({ lifeline: join(dataDir, 'redis.alive') });
}

/** A PATH on which `redis-server` is a script that ends in the real one. */
function folderWithServer(script: string): string {
  const folder = join(root, 'bin');
  mkdirSync(folder);
  const lines = ['#!/bin/sh', `PATH='${process.env['PATH']}'`, script, ''];
  writeFileSync(join(folder, 'redis-server'), lines.join('\n'), { mode: 0o755 });
  return folder;
}

function serverPid(): number {
  return Number(readFileSync(join(dataDir, 'redis.pid'), 'utf8'));
}

function spawnUser(env: NodeJS.ProcessEnv = process.env): ChildProcess {
  const script = fileURLToPath(new URL('../support/embeddedUser.ts', import.meta.url));
  const user = spawn(process.execPath, [script, dataDir], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  users.push(user);
  return user;
}

/** Resolves when it has joined. */
async function startUser(): Promise<ChildProcess> {
  const user = spawnUser();
  await line(user, 'joined');
  return user;
}

async function finish(user: ChildProcess): Promise<void> {
  const left = line(user, 'left');
  const ended = once(user, 'exit');
  user.stdin?.end();
  await left;
  expect(await ended).toEqual([0, null]);
}

async function kill(user: ChildProcess): Promise<void> {
  const ended = once(user, 'exit');
  user.kill('SIGKILL');
  await ended;
}

async function line(user: ChildProcess, wanted: string): Promise<void> {
  if (user.stdout === null) throw new Error('its output is not read');
  for await (const text of createInterface({ input: user.stdout, terminal: false })) {
    if (text === wanted) return;
  }
  throw new Error(`it ended without having said "${wanted}"`);
}

/** How many TCP sockets a process listens on. Source: proc(5), state 0A is LISTEN. */
function tcpListeners(pid: number): number {
  const listening = ['/proc/net/tcp', '/proc/net/tcp6']
    .filter((path) => existsSync(path))
    .flatMap((path) => readFileSync(path, 'utf8').trim().split('\n').slice(1))
    .map((row) => row.trim().split(/\s+/))
    .filter((fields) => fields[3] === '0A')
    .map((fields) => fields[9]);
  const opened = execFileSync('ls', ['-l', `/proc/${pid}/fd`], { encoding: 'utf8' });
  return [...opened.matchAll(/socket:\[(\d+)\]/g)].filter(([, inode]) => listening.includes(inode)).length;
}
