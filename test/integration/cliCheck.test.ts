import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { bench, csv, type Bench } from '../support/cli.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { SMALL_TENANT } from '../support/simulatorClient.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const CHANGES = csv(
  [
    ['c1', 'a1'],
    ['c2', 'a3'],
  ].map(([policyId, assignmentId]) => ({
    ...{ policyType: 'deviceConfiguration', policyId, assignmentId },
    ...{ targetType: 'group', groupId: 'new' },
  })),
);

interface Site extends Bench {
  /** Submits the changes and answers the id of the run. */
  submit(): Promise<string>;
  check(...more: string[]): Promise<{ readonly exitCode: number; readonly line: string }>;
}

async function site(): Promise<Site> {
  const here = await bench(redis.url, { tenant: SMALL_TENANT });
  const file = here.file('big.csv', CHANGES);
  return {
    ...here,
    submit: async () =>
      (await here.run(['submit', '--no-plan', '--again', '--max-failures', 'off', file])).stdout.trim(),
    async check(...more) {
      const { exitCode, stdout } = await here.run(['status', '--check', ...more]);
      return { exitCode, line: stdout.trimEnd() };
    },
  };
}

test('a run that is fresh is fine, one that somebody has paused is stopped, one that was cancelled is fine', async () => {
  const here = await site();
  const runId = await here.submit();
  expect(await here.check()).toEqual({ exitCode: 0, line: 'fine: 1 open run, 0 of 2 rows' });
  await here.run(['pause', runId.slice(-4), '--reason', 'lunch']);
  expect(await here.check()).toEqual({
    exitCode: 3,
    line: expect.stringMatching(new RegExp(`^stopped: ${runId} big.csv 0/2, paused: by ada@desk: lunch$`)),
  });
  await here.run(['cancel', runId]);
  expect(await here.check()).toEqual({ exitCode: 0, line: 'fine: no run is open' });
});

test('rows that failed are told, for all and for the run alone, until they are tried again or taken back', async () => {
  const here = await site();
  here.simulator.reconfigure({ forbidden: ['a1'] });
  const failed = await here.submit();
  await here.run(['worker', '--until-idle']);
  const told = {
    exitCode: 1,
    line: expect.stringMatching(/^failed rows: \S+ big.csv 2\/2, 1 did not come through$/),
  };
  expect(await here.check()).toEqual(told);
  expect(await here.check(failed)).toEqual(told);
  const json = await here.run(['status', '--check', '--json']);
  expect(json.exitCode).toBe(1);
  expect(JSON.parse(json.stdout)).toMatchObject({
    ...{ exitCode: 1, stopped: null },
    runs: [{ runId: failed, health: 'failedRows', rows: 1 }],
  });
  // Another day nobody wants to hear of it any more, but who asks for the run does.
  const client = new Redis({ path: redis.socketPath });
  onTestFinished(() => client.disconnect());
  const header = `retarget:{${here.env['AZURE_TENANT_ID']}}:run:${failed}`;
  await client.hincrby(header, 'finishedAt', -25 * 3_600_000);
  expect((await here.check()).exitCode).toBe(0);
  expect(await here.check(failed)).toEqual(told);
  await client.hincrby(header, 'finishedAt', 25 * 3_600_000);
  here.simulator.reconfigure({ forbidden: [] });
  await here.run(['retry', failed, '--work']);
  expect((await here.check()).exitCode).toBe(0);
});

test('a run that nobody takes is stalled when that has lasted for too long', async () => {
  const here = await site();
  await here.submit();
  await expect
    .poll(() => here.check('--stalled-after', '0.5s'), { timeout: 20_000 })
    .toEqual({
      exitCode: 3,
      line: expect.stringMatching(
        /^stalled for \d s: \S+ big.csv 0\/2, no worker since \d\d:\d\d: start one/,
      ),
    });
  expect((await here.check()).exitCode).toBe(0);
});

test('--stalled-after says something about a check only, and takes a time', async () => {
  const here = await site();
  for (const argv of [
    ['status', '--stalled-after', '5m'],
    ['status', '--check', '--stalled-after', '5'],
  ])
    expect(await here.run(argv)).toMatchObject({ exitCode: 2, stdout: '' });
});
