import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { bench } from '../support/cli.ts';
import { guid } from '../support/guid.ts';
import { HOSTILE_FILES } from '../support/hostileFiles.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const HEAD = 'policyType,policyId,assignmentId,targetType,groupId,note\n';
const GOOD = `deviceConfiguration,c1,a1,group,${guid('g7')},=1+1\n`;

/** Of all of them, that there is a problem and that it can be read: test/unit/formats/hostileFiles.test.ts. */
const SAMPLES = [
  'gzip named JSON',
  'a quote that stays open',
  '__proto__ within a body',
  'terminal controls',
];

test('of a hostile file nothing is queued and nothing stays in Redis, whatever it is called', async () => {
  const here = await bench(redis.url);
  const client = new Redis({ path: redis.socketPath });
  onTestFinished(() => client.disconnect());
  // What a command leaves there that is none of the file's.
  await here.run(['submit', '--no-plan', here.file('wrong.csv', 'colour\nred\n')]);
  const before = await client.keys('*');
  const samples = HOSTILE_FILES.filter(({ what }) => SAMPLES.includes(what));
  expect(samples).toHaveLength(SAMPLES.length);
  for (const { what, content, format } of samples) {
    const file = here.file(`hostile.${format ?? 'txt'}`, content);
    const { exitCode, stdout, stderr } = await here.run(['submit', '--no-plan', file]);
    expect({ what, exitCode, stdout }).toEqual({ what, exitCode: 2, stdout: '' });
    expect(stderr).toContain('nothing was queued');
    // eslint-disable-next-line no-control-regex -- what could steer a terminal
    expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e]/);
    expect({ what, keys: (await client.keys('*')).toSorted() }).toEqual({ what, keys: before.toSorted() });
  }
});

test('what is written is for its owner only, and a file that was there keeps its mode', async () => {
  const here = await bench(redis.url);
  await here.run(['submit', '--no-plan', here.file('changes.csv', HEAD + GOOD)]);
  await here.run(['results', '@last', '-o', 'new.csv']);
  expect(statSync(join(here.dir, 'new.csv')).mode & 0o777).toBe(0o600);
  const shared = join(here.dir, 'shared.csv');
  writeFileSync(shared, '');
  chmodSync(shared, 0o644);
  await here.run(['results', '@last', '-o', shared]);
  expect(statSync(shared).mode & 0o777).toBe(0o644);
});

test('a formula goes through results and back as it was', async () => {
  const here = await bench(redis.url);
  const columns = HEAD.trim();
  await here.run(['submit', '--no-plan', here.file('changes.csv', HEAD + GOOD)]);
  const first = await here.run(['results', '@last']);
  expect(first.stdout).toContain(`${columns},`);
  expect(first.stdout).toContain(",'=1+1,pending");
  await here.run(['submit', '--no-plan', here.file('again.csv', first.data)]);
  const json = JSON.parse((await here.run(['results', '@last', '--format', 'json'])).stdout) as unknown[];
  expect(json).toEqual([expect.objectContaining({ note: '=1+1' })]);
  expect((await here.run(['results', '@last'])).stdout).toContain(",'=1+1,pending");
});
