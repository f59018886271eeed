import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keysOf } from '../../src/runs/keys.ts';
import { HOUR_MS } from '../../src/runs/run.ts';
import { withGuids } from '../support/guid.ts';
import { ANY_SIZE, plannedTenant, type PlannedTenant } from '../support/plannedTenant.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { groupTarget } from '../support/simulatorClient.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

/** A run that was planned and submitted so long ago. */
async function submitted(hours: number, how: 'file' | 'plan' = 'file'): Promise<PlannedTenant> {
  const here = await plannedTenant(redis.url, 10);
  const plan = join(here.dir, 'plan.ndjson');
  if (how === 'plan') await here.run(['plan', here.changes, ...ANY_SIZE, '-o', plan]);
  const file = how === 'plan' ? [plan] : [here.changes, ...ANY_SIZE];
  const ran = await here.run(['submit', ...file]);
  expect(ran, ran.stderr).toMatchObject({ exitCode: 0 });
  const client = new Redis(redis.socketPath);
  const { header } = keysOf(here.env['AZURE_TENANT_ID'] ?? '').run(ran.stdout.trim());
  await client.hset(header, { freshAt: Date.now() - hours * HOUR_MS });
  client.disconnect();
  return here;
}

const actions = async (here: PlannedTenant): Promise<[string, unknown][]> =>
  JSON.parse((await here.run(['log', '@last', '--json'])).stdout).map(
    ({ action, details }: { action: string; details: { differences?: unknown } }) => [
      action,
      details.differences,
    ],
  );

test.each(['file', 'plan'] as const)(
  'a run of a %s that is too old when it is due is planned anew, and begins by itself when nothing has changed',
  async (how) => {
    const here = await submitted(30, how);
    const worker = await here.run(['worker', '--until-idle']);
    expect(worker, worker.stderr).toMatchObject({ exitCode: 0 });
    expect(worker.stderr).toContain('its plan is 30 h old: it is planned anew');
    expect(await here.status()).toMatchObject({ state: 'completed', succeeded: here.rows });
    expect((await actions(here)).map(([action]) => action)).toContain('planned anew');
  },
);

test('what has changed in a list that no row is about keeps no run', async () => {
  const here = await submitted(30);
  here.simulator.edit(
    withGuids([
      {
        ...{ do: 'add', type: 'deviceConfiguration', policyId: 'c1' },
        assignment: { id: 'theirs', target: groupTarget('theirs') },
      },
    ]),
  );
  expect((await here.run(['worker', '--until-idle'])).exitCode).toBe(0);
  expect(await here.status()).toMatchObject({ state: 'completed', succeeded: here.rows });
});

test('when it comes to something else it pauses with the difference, writes nothing, and goes on by resume', async () => {
  const here = await submitted(30);
  here.changeByAnotherHand(2);
  const worker = await here.run(['worker', '--until-idle']);
  expect(worker.exitCode).toBe(3);
  expect(here.simulator.stats().writesArrived).toBe(0);
  const { state, reason, reasonText } = await here.status();
  expect({ state, reason }).toEqual({ state: 'paused', reason: 'age' });
  expect(reasonText).toContain('line 2: its assignment has changed since');
  expect(reasonText).toContain('line 6: its assignment has changed since');
  expect(await actions(here)).toContainEqual([
    'planned anew',
    expect.arrayContaining([expect.stringContaining('line 2')]),
  ]);
  expect((await here.run(['resume', '@last', '--work'])).exitCode).toBe(1);
  expect(await here.status()).toMatchObject({ state: 'completed', stale: 2, succeeded: here.rows - 2 });
});

test('a run that has begun is not planned anew: somebody has to look', async () => {
  const here = await submitted(30);
  const client = new Redis(redis.socketPath);
  const { runId } = await here.status();
  const { header } = keysOf(here.env['AZURE_TENANT_ID'] ?? '').run(String(runId));
  await client.hset(header, { startedAt: Date.now() });
  client.disconnect();
  expect((await here.run(['worker', '--until-idle'])).exitCode).toBe(3);
  expect(await here.status()).toMatchObject({ state: 'paused', reason: 'age' });
});
