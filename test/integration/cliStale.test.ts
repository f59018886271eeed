import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMPARED_LISTS } from '../../src/graph/reads/policyLists.ts';
import { resealed } from '../support/seal.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ANY_SIZE, editsOfAnotherHand, plannedTenant, type PlannedTenant } from '../support/plannedTenant.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

/** So few that each is read by itself. */
const POLICIES = COMPARED_LISTS;
const CHANGED = POLICIES / 2;

async function planOf(here: PlannedTenant): Promise<string> {
  const plan = join(here.dir, 'plan.ndjson');
  expect((await here.run(['plan', here.changes, ...ANY_SIZE, '-o', plan])).exitCode).toBe(0);
  return plan;
}

/** What another hand changed is as it left it, row by row `stale`; all else is as the plan said. */
async function expectOnlyTheseStale(here: PlannedTenant): Promise<void> {
  expect(await here.status()).toMatchObject({
    ...{ state: 'completed', stale: CHANGED, succeeded: here.rows - CHANGED, failed: 0, pending: 0 },
  });
  const isChanged = (n: number): boolean => n % 4 === 0 && n / 4 < CHANGED;
  expect(here.groups()).toEqual(here.groups().map((_, n) => (isChanged(n) ? 'elsewhere' : `new-${n}`)));
  const stale = await here.run(['results', '@last', '--only', 'stale', '--format', 'json']);
  expect(JSON.parse(stale.stdout)).toMatchObject(
    Array.from({ length: CHANGED }, (_, n) => ({
      ...{ row: 4 * n + 2, status: 'stale', errorCode: 'Stale' },
      errorMessage: expect.stringContaining('now it is group elsewhere'),
    })),
  );
}

describe('what another hand has changed since the plan is left alone, and only that', () => {
  test('by apply of a saved plan', async () => {
    const here = await plannedTenant(redis.url, POLICIES);
    const plan = await planOf(here);
    here.changeByAnotherHand(CHANGED);
    const applied = await here.run(['apply', plan, '--yes']);
    expect(applied.exitCode).toBe(1);
    expect(applied.stderr).toContain(`${here.rows - CHANGED} succeeded, ${CHANGED} stale`);
    await expectOnlyTheseStale(here);
  });

  test('by apply of a file, between its plan and its writes', async () => {
    // The first read counts the tenant, the second one is the plan.
    const concurrentEdits = editsOfAnotherHand(CHANGED).map((edit) => ({ afterReads: 2, edit }));
    // The reads that follow take longer than what the plan has read is believed.
    const here = await plannedTenant(redis.url, POLICIES, { concurrentEdits, latencyMs: 300 });
    expect((await here.run(['apply', here.changes, '--yes', ...ANY_SIZE])).exitCode).toBe(1);
    await expectOnlyTheseStale(here);
  });

  test('by submit and a worker', async () => {
    const here = await plannedTenant(redis.url, POLICIES);
    const plan = await planOf(here);
    expect((await here.run(['submit', plan])).exitCode).toBe(0);
    here.changeByAnotherHand(CHANGED);
    expect((await here.run(['worker', '--until-idle'])).exitCode).toBe(1);
    await expectOnlyTheseStale(here);
  });

  test('by a retry of what failed the first time', async () => {
    const here = await plannedTenant(redis.url, POLICIES);
    const plan = await planOf(here);
    here.simulator.reconfigure({ forbidden: Array.from({ length: POLICIES }, (_, n) => `c${n}`) });
    expect((await here.run(['apply', plan, '--yes', '--max-failures', 'off'])).exitCode).toBe(1);
    expect(await here.status()).toMatchObject({ failed: here.rows });
    here.simulator.reconfigure({ forbidden: [] });
    here.changeByAnotherHand(CHANGED);
    expect((await here.run(['retry', '@last', '--work'])).exitCode).toBe(1);
    await expectOnlyTheseStale(here);
  });

  test('by a resume of what was paused', async () => {
    const here = await plannedTenant(redis.url, POLICIES);
    const plan = await planOf(here);
    await here.run(['submit', plan]);
    expect((await here.run(['pause', '@last'])).exitCode).toBe(0);
    here.changeByAnotherHand(CHANGED);
    expect((await here.run(['resume', '@last', '--work'])).exitCode).toBe(1);
    await expectOnlyTheseStale(here);
  });
});

test('a plan that is too old, and would come to something else, waits for whoever says that it still holds', async () => {
  const here = await plannedTenant(redis.url, 2);
  const text = readFileSync(await planOf(here), 'utf8');
  const aDayAgo = new Date(Date.now() - 24 * 3_600_000 - 1).toISOString();
  const old = text.replace(/"createdAt":"[^"]+"/, `"createdAt":"${aDayAgo}"`);
  const tenant = here.env['AZURE_TENANT_ID'] ?? '';
  const plan = here.file('old.ndjson', await resealed(old, redis.url ?? '', tenant));
  here.changeByAnotherHand(1);
  const applied = await here.run(['apply', plan, '--yes']);
  expect(applied.exitCode).toBe(3);
  expect(await here.status()).toMatchObject({ state: 'paused', reason: 'age', pending: here.rows });
  expect(here.simulator.stats().writesArrived).toBe(0);
  expect((await here.run(['resume', '@last', '--work'])).exitCode).toBe(1);
  expect(await here.status()).toMatchObject({ state: 'completed', stale: 1 });
});
