import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SimulatorOptions } from '../../src/simulator/simulator.ts';
import type { TenantSeed } from '../../src/simulator/tenantFile.ts';
import { APPLY, site, type Site, type Target } from '../support/assignSite.ts';
import { csv } from '../support/cli.ts';
import { excluded, group } from '../support/graphShapes.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const HOUR_MS = 3_600_000;
const WINDOW_MS = 400;
const POLICIES = 25;
const TENANT: TenantSeed = {
  policies: Array.from({ length: POLICIES }, (_, n) => ({
    ...{ id: `p${n}`, type: 'deviceConfiguration' as const },
    assignments: [
      { id: `p${n}_a`, target: group('old') as Target },
      { id: `p${n}_b`, target: excluded('kept') as Target },
    ],
  })),
};
const rows = (groupId: string) =>
  csv(
    TENANT.policies.map(({ id }) => ({
      ...{ policyType: 'deviceConfiguration', policyId: id, assignmentId: `${id}_a` },
      ...{ targetType: 'group', groupId },
    })),
  );
const at = (options: SimulatorOptions): Promise<Site> =>
  site(redis.url, { tenant: TENANT, ...options }, { RETARGET_WINDOW_MS: String(WINDOW_MS) });
const holds = (here: Site, groupId: string): boolean =>
  Object.values(here.held()).every((list) => list.some((entry) => entry.includes(`"${groupId}"`)));

describe.each([['--verify'], ['--strategy', 'assign']])('a run with %s', (...flags) => {
  test.each([0.15, 0.3, 1.2])('comes through where reads lag %d of a window behind', async (windows) => {
    const here = await at({ readLagMs: windows * WINDOW_MS });
    await here.must(0, ...APPLY, here.file('new.csv', rows('new')), ...flags);
    expect(await here.status()).toMatchObject({ state: 'completed', succeeded: POLICIES, failed: 0 });
    expect(here.simulator.stats().writesArrived).toBe(POLICIES);
  });
});

test('a tenant that goes on to show what was there before a write has not been written, as far as one can see', async () => {
  const here = await at({ readLagMs: HOUR_MS });
  await here.must(1, ...APPLY, here.file('new.csv', rows('new')), '--verify', '--max-failures', 'off');
  for (const result of await here.results())
    expect(result).toMatchObject({ status: 'failed', errorCode: 'VerifyMismatch' });
});

describe('a rollback right after its run', () => {
  test('puts everything back where reads lag behind for a while', async () => {
    const here = await at({ readLagMs: WINDOW_MS });
    const before = here.held();
    await here.must(0, ...APPLY, here.file('new.csv', rows('new')));
    expect(holds(here, 'new')).toBe(true);
    await here.must(0, 'rollback', '@last', '--yes', '--work');
    expect(here.held()).toEqual(before);
  });

  test('does not say "as before" where they lag for longer, and says when to come again', async () => {
    const here = await at({ readLagMs: HOUR_MS });
    const before = here.held();
    await here.must(0, ...APPLY, here.file('new.csv', rows('new')));
    const { runId } = await here.status();
    const ran = await here.must(1, 'rollback', '@last', '--yes', '--work');
    expect(ran.stderr).toContain(`${POLICIES} assignments still read as before they were written`);
    expect(ran.stderr).toMatch(/roll back again in \d/);
    expect(ran.stderr).not.toContain('as before already');
    here.simulator.reconfigure({ readLagMs: 0 });
    await here.must(0, 'rollback', String(runId), '--yes', '--work');
    expect(here.held()).toEqual(before);
    // Now it is as before, and a further one says so at once.
    const again = await here.must(0, 'rollback', String(runId), '--yes', '--work');
    expect(again.stderr).toContain('as before already');
  });
});

test('no plan is made of what a copy shows that lags behind', async () => {
  const here = await at({ readLagMs: HOUR_MS });
  await here.must(0, ...APPLY, here.file('new.csv', rows('new')));
  const { runId } = await here.status();
  const refused = await here.must(4, ...APPLY, here.file('newer.csv', rows('newer')));
  expect(refused.stderr).toContain('as they were before they were written');
  expect(refused.stderr).toMatch(/Start again in \d/);
  expect(await here.status()).toMatchObject({ runId });
  here.simulator.reconfigure({ readLagMs: 0 });
  await here.must(0, ...APPLY, here.file('newer.csv', rows('newer')));
  expect(holds(here, 'newer')).toBe(true);
});

test('no worker writes a list from it: it waits until the write before is seen', async () => {
  const here = await at({ readLagMs: HOUR_MS });
  await here.must(0, ...APPLY, here.file('new.csv', rows('new')));
  const adds = TENANT.policies.map(({ id: policyId }) => ({
    ...{ policyType: 'deviceConfiguration', policyId, action: 'add', targetType: 'group', groupId: 'added' },
  }));
  await here.must(0, 'submit', '--no-plan', here.file('adds.csv', csv(adds)));
  const written = here.simulator.stats().writesArrived;
  const reads = (): number => here.simulator.stats().requests['GET'] ?? 0;
  const readBefore = reads();
  const worker = here.start(['worker', '--until-idle']);
  while (reads() < readBefore + 2 * POLICIES) await sleep(10);
  await sleep(WINDOW_MS);
  expect(here.simulator.stats().writesArrived).toBe(written);
  here.simulator.reconfigure({ readLagMs: 0 });
  expect(await worker.ended).toMatchObject({ exitCode: 0 });
  expect(holds(here, 'new') && holds(here, 'added')).toBe(true);
});
