import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { format } from 'prettier';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { closeRedis, openRedis } from '../../src/redis/connection.ts';
import { preflight } from '../../src/redis/preflight.ts';
import { bench } from '../support/cli.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';

// As far as that goes without Docker: what the file says is read, and its commands are run here.

const FILE = readFileSync(fileURLToPath(new URL('../../docker-compose.yml', import.meta.url)), 'utf8');

/** The words of a list in one line: `name: [a, 'b c']`. */
const listAfter = (name: string): string[] =>
  (new RegExp(`^ *${name}: \\[(.*)\\]$`, 'm').exec(FILE)?.[1] ?? '')
    .split(/, (?=(?:[^']*'[^']*')*[^']*$)/)
    .map((word) => word.replace(/^'(.*)'$/, '$1'));

describe('docker-compose.yml', () => {
  test('is YAML', async () => {
    await expect(format(FILE, { parser: 'yaml' })).resolves.toContain('services:');
    await expect(format(`${FILE}\n  - x: [`, { parser: 'yaml' })).rejects.toThrow(/./);
  });

  test('pins each image to a version', () => {
    const images = [...FILE.matchAll(/^ *(?:image:|FROM) (\S+)/gm)].map(([, image = '']) => image);
    expect(images.length).toBeGreaterThanOrEqual(3);
    expect(images.filter((image) => !/^[a-z]+:\d+\.\d+\.\d+-[a-z-]+$/.test(image))).toEqual([]);
  });

  test('gives the worker its secret as a file that is declared, and none in its environment', () => {
    const [secret = ''] = listAfter('secrets');
    expect(FILE).toContain(`AZURE_CLIENT_SECRET_FILE: /run/secrets/${secret}\n`);
    expect(FILE).toMatch(new RegExp(`^secrets:\\n  ${secret}:\\n    file: \\./secrets/${secret}$`, 'm'));
    expect(FILE).not.toMatch(/^ *(RETARGET_ACCESS_TOKEN|AZURE_CLIENT_SECRET):/m);
  });

  let redis: TestRedis;
  beforeAll(async () => {
    const [server, ...args] = listAfter('command');
    if (server !== 'redis-server') throw new Error(`Redis is started with ${server}`);
    redis = await startRedisServer({ args, tcp: true });
  });
  afterAll(() => redis.stop());

  test('starts a Redis that nothing is wrong with, and sees that it lives', async () => {
    const client = await openRedis(
      { url: redis.url ?? '' },
      { patience: 'failFast', name: 'test', log: { info: () => undefined, warn: () => undefined } },
    );
    onTestFinished(() => closeRedis(client));
    expect(await preflight(client)).toEqual([]);
    const [shell, check = ''] = listAfter('test');
    expect(shell).toBe('CMD-SHELL');
    const asked = check.replace('redis-cli', `redis-cli -s ${redis.socketPath}`);
    await promisify(execFile)('sh', ['-c', asked]);
    await expect(
      promisify(execFile)('sh', ['-c', check.replace('redis-cli', 'redis-cli -p 1')]),
    ).rejects.toThrow('Command failed');
  });

  test('names commands that there are, and looks after a worker with one that needs no sign-in', async () => {
    const here = await bench(
      redis.url,
      {},
      { RETARGET_ACCESS_TOKEN: '', AZURE_CLIENT_SECRET_FILE: '/nowhere', AZURE_CLIENT_ID: 'app' },
    );
    expect(FILE).toContain('entrypoint: [node, dist/main.js]');
    const [, status = ''] = /test: \[CMD, node, dist\/main\.js, (\w+)\]/.exec(FILE) ?? [];
    const tenant = { AZURE_TENANT_ID: '5c0a1f3e-2f58-4a0c-9b1e-7c1d2b3a4f50' };
    expect((await here.run([status], { env: tenant })).exitCode).toBe(0);
    const named = [...FILE.matchAll(/docker compose run .*?worker (\w+)/g)].map(([, name = '']) => name);
    expect(named).toContain('submit');
    for (const name of [...named, 'worker']) expect((await here.run([name, '--help'])).exitCode).toBe(0);
  });
});
