import { afterAll, beforeAll, expect, test } from 'vitest';
import { ALLOW_ALL, bench, csv } from '../support/cli.ts';
import { guid } from '../support/guid.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { groupTarget } from '../support/simulatorClient.ts';
import { jwt, secondsFromNow } from '../support/token.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ tcp: true });
});
afterAll(() => redis.stop());

const TENANT = guid('the tenant');
const tokenOf = (name: string): string =>
  jwt({
    ...{ tid: TENANT, oid: guid(name), upn: `${name}@example.com`, appid: 'cli', exp: secondsFromNow(3600) },
    scp: 'User.Read DeviceManagementConfiguration.ReadWrite.All',
  });

// Nobody is there at the end of a temporary change: what was approved to end then ends.
test('a run that was approved with its end is taken back at that time, and one whose end was changed waits', async () => {
  const here = await bench(
    redis.url,
    {
      tenant: {
        policies: [
          { id: 'p1', type: 'deviceConfiguration', assignments: [{ id: 'a1', target: groupTarget('old') }] },
        ],
      },
    },
    { AZURE_TENANT_ID: TENANT, RETARGET_ACCESS_TOKEN: tokenOf('ada') },
  );
  const as = (name: string, argv: readonly string[]) =>
    here.run(argv, { env: { RETARGET_ACCESS_TOKEN: tokenOf(name) } });
  const runs = async (): Promise<Record<string, unknown>[]> =>
    JSON.parse((await here.run(['status', '--json'])).stdout) as Record<string, unknown>[];
  const changes = here.file(
    'changes.csv',
    csv([
      {
        ...{ policyType: 'deviceConfiguration', policyId: 'p1', assignmentId: 'a1' },
        ...{ targetType: 'group', groupId: 'new' },
      },
    ]),
  );
  expect((await as('ada', ['approval', '--require', '--reason', 'CHG-1'])).exitCode).toBe(0);
  const worker = here.start(['worker']);

  const temporary = async (): Promise<void> => {
    const made = await as('ada', ['submit', changes, '--again', '--revert-after', '15s', ...ALLOW_ALL]);
    expect(made, made.stderr).toMatchObject({ exitCode: 0 });
    const runId = made.stdout.trim();
    const { planFingerprint } = (await runs()).find((run) => run['runId'] === runId) ?? {};
    const yes = ['approve', runId, '--fingerprint', String(planFingerprint), '--reason', 'CHG-1'];
    expect((await as('bob', yes)).exitCode).toBe(0);
    const stateOf = async (): Promise<unknown> =>
      (await runs()).find((run) => run['runId'] === runId)?.['state'];
    await expect.poll(stateOf, { timeout: 10_000 }).toBe('completed');
  };
  await temporary();
  const written = here.simulator.stats().writesDone;
  await expect.poll(() => here.simulator.stats().writesDone, { timeout: 60_000 }).toBe(written + 1);

  await temporary();
  expect((await as('ada', ['update', '@last', '--revert-after', '1s'])).exitCode).toBe(0);
  const newest = async (): Promise<unknown> => (await runs())[0]?.['reason'];
  await expect.poll(newest, { timeout: 60_000 }).toBe('approval');
  const [rollback] = await runs();
  const plan = String(rollback?.['planFingerprint']);
  expect(plan).toMatch(/^[0-9a-f]{64}$/);
  const argv = ['approve', '@last', '--fingerprint', plan, '--reason', 'CHG-2'];
  expect((await as('ada', argv)).stderr).toContain('was made by you');
  expect((await as('bob', argv)).exitCode).toBe(0);
  await expect.poll(() => here.simulator.stats().writesDone, { timeout: 20_000 }).toBe(written + 3);
  worker.interrupt('SIGTERM');
  await worker.ended;
}, 180_000);
