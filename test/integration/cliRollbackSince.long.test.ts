import { afterAll, beforeAll, expect, test } from 'vitest';
import { ALLOW_ALL, bench, csv, type Bench } from '../support/cli.ts';
import { named } from '../support/guid.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { groupTarget } from '../support/simulatorClient.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ tcp: true });
});
afterAll(() => redis.stop());

const POLICIES = [0, 1, 2];

const tenant = (): Promise<Bench> =>
  bench(redis.url, {
    tenant: {
      policies: POLICIES.map((n) => ({
        ...{ id: `c${n}`, type: 'deviceConfiguration', displayName: `Policy ${n}` },
        assignments: [{ id: `c${n}-a`, target: groupTarget(`old${n}`) }],
      })),
    },
  });

const fileFor = (here: Bench, groupId: string, policies: readonly number[]): string =>
  here.file(
    `${groupId}.csv`,
    csv(
      policies.map((n) => ({
        ...{ policyType: 'deviceConfiguration', policyId: `c${n}`, assignmentId: `c${n}-a` },
        ...{ targetType: 'group', groupId },
      })),
    ),
  );

async function move(here: Bench, groupId: string, policies: readonly number[]): Promise<string> {
  const ran = await here.run(['apply', fileFor(here, groupId, policies), '--yes', ...ALLOW_ALL]);
  expect(ran, ran.stderr).toMatchObject({ exitCode: 0 });
  return lastRun(here);
}

const lastRun = async (here: Bench): Promise<string> =>
  (JSON.parse((await here.run(['status', '@last', '--json'])).stdout) as { runId: string }).runId;

const groups = (here: Bench): unknown[] =>
  [...here.simulator.tenant.every()].map(({ assignment }) => named(String(assignment.target['groupId'])));

test('runs are taken back from the newest on, also where they are about the same policies', async () => {
  const here = await tenant();
  const first = await move(here, 'new', [0, 1, 2]);
  const second = await move(here, 'newer', [1]);
  const ran = await here.run(['rollback', '--since', '1h', '--yes', '--work', '--json']);
  expect(ran, ran.stderr).toMatchObject({ exitCode: 0 });
  expect(groups(here)).toEqual(['old0', 'old1', 'old2']);
  const made = JSON.parse(ran.stdout) as { state: string }[];
  expect(made.map(({ state }) => state)).toEqual(['completed', 'completed']);
  const [byFirst = '', bySecond = ''] = await Promise.all(
    [first, second].map(async (runId) => {
      const log = JSON.parse((await here.run(['log', runId, '--json'])).stdout) as {
        readonly action: string;
        readonly at: string;
      }[];
      return log.find(({ action }) => action === 'rolled back')?.at;
    }),
  );
  expect(bySecond !== '' && bySecond < byFirst).toBe(true);
  expect(ran.stderr).toContain('1 assignment of policies that a newer one of these runs has written as well');
});

test('what began before stays', async () => {
  const here = await tenant();
  await move(here, 'new', [0]);
  const between = new Date().toISOString();
  await move(here, 'newer', [1]);
  await here.run(['rollback', '--since', between, '--yes', '--work']);
  expect(groups(here)).toEqual(['new', 'old1', 'old2']);
});

test('--dry-run shows each plan and changes nothing', async () => {
  const here = await tenant();
  await move(here, 'new', [0, 1]);
  await move(here, 'newer', [2]);
  const ran = await here.run(['rollback', '--since', '1h', '--dry-run', '--json']);
  expect(ran, ran.stderr).toMatchObject({ exitCode: 0 });
  expect((JSON.parse(ran.stdout) as { plan: { writes: number } }[]).map(({ plan }) => plan.writes)).toEqual([
    1, 2,
  ]);
  expect(groups(here)).toEqual(['new', 'new', 'newer']);
});

test('given again, it does what is left, and then nothing', async () => {
  const here = await tenant();
  const first = await move(here, 'new', [0, 1]);
  const second = await move(here, 'newer', [2]);
  await here.run(['rollback', second, '--yes', '--work']);
  const ran = await here.run(['rollback', '--since', '1h', '--yes', '--work']);
  expect(ran, ran.stderr).toMatchObject({ exitCode: 0 });
  expect(ran.stderr).toContain(`Nothing of ${second} is to be put back.`);
  expect(groups(here)).toEqual(['old0', 'old1', 'old2']);
  const again = await here.run(['rollback', '--since', '1h', '--yes', '--work']);
  expect(again.exitCode).toBe(0);
  expect(again.stderr).toContain(`Nothing of ${first} is to be put back.`);
});

test('one that was cut off goes on with the rollback that it had made', async () => {
  const here = await tenant();
  await move(here, 'new', [0]);
  const second = await move(here, 'newer', [1]);
  // Nobody works on what it makes, and a signal ends the waiting.
  const cut = here.start(['rollback', '--since', '1h', '--yes']);
  await cut.said('Run 2');
  cut.interrupt('SIGTERM');
  expect((await cut.ended).exitCode).not.toBe(0);
  expect(groups(here)).toEqual(['new', 'newer', 'old2']);
  const ran = await here.run(['rollback', '--since', '1h', '--yes', '--work']);
  expect(ran, ran.stderr).toMatchObject({ exitCode: 0 });
  expect(ran.stderr).toContain(`takes ${second} back and has not ended: it goes on first`);
  expect(groups(here)).toEqual(['old0', 'old1', 'old2']);
});

test('a run that has not ended is named, and nothing is taken back', async () => {
  const here = await tenant();
  await move(here, 'new', [0]);
  await here.run(['submit', fileFor(here, 'newer', [1]), ...ALLOW_ALL]);
  const open = await lastRun(here);
  const ran = await here.run(['rollback', '--since', '1h', '--yes', '--work']);
  expect(ran).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(`${open} (queued)`) });
  expect(groups(here)).toEqual(['new', 'old1', 'old2']);
});

test('a run beside --since is a contradiction', async () => {
  const here = await tenant();
  const ran = await here.run(['rollback', '@last', '--since', '1h']);
  expect(ran).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('either --since, or the run') });
});
