import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bench, csv } from '../support/cli.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { SMALL_TENANT } from '../support/simulatorClient.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const row = (policyId: string, assignmentId: string): Record<string, string> => ({
  ...{ policyType: 'deviceConfiguration', policyId, assignmentId },
  ...{ targetType: 'group', groupId: 'new' },
});
const DOUBT = /Not one of the 2 rows finds its assignment in tenant .*: is this the right tenant\?/;

test('a file of which nothing is in the tenant makes the command ask whether it is the right one', async () => {
  const here = await bench(redis.url, { tenant: SMALL_TENANT });
  const file = here.file('theirs.csv', csv([row('x1', 'y1'), row('x2', 'y2')]));
  const blocked = await here.run(['apply', file, '--yes']);
  expect(blocked.exitCode).toBe(3);
  expect(blocked.stderr).toMatch(DOUBT);
  expect(blocked.stderr).toContain('--tenant or its sign-in');
  const stopped = await here.run(['apply', file, '--yes', '--json']);
  expect(stopped.exitCode).toBe(3);
  expect(JSON.parse(stopped.stdout)).toMatchObject({ gone: 2, blocked: [{ kind: 'gone', found: 2 }] });
  const { doubt } = JSON.parse((await here.run(['plan', file, '--json'])).stdout);
  expect(doubt).toMatch(DOUBT);
  const stdin = new PassThrough();
  const asking = here.start(['apply', file, '--allow', 'gone=2'], { isTerminal: true, stdin });
  await asking.said('Go on? [y/N]');
  expect(asking.text()).toMatch(new RegExp(`${DOUBT.source} This is .*plan`));
  stdin.write('n\n');
  expect((await asking.ended).exitCode).toBe(3);
  expect((await here.run(['status', '--json'])).stdout).toBe('[]\n');
});

test('one row that is there is no reason to ask', async () => {
  const here = await bench(redis.url, { tenant: SMALL_TENANT });
  const file = here.file('mixed.csv', csv([row('c1', 'a1'), row('x2', 'y2')]));
  expect(JSON.parse((await here.run(['plan', file, '--json'])).stdout)).toMatchObject({
    gone: 1,
    doubt: null,
  });
});
