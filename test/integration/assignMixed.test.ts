import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TenantSeed } from '../../src/simulator/tenantFile.ts';
import { APPLY, site } from '../support/assignSite.ts';
import { ALLOW_ALL, csv } from '../support/cli.ts';
import { ANY_SIZE } from '../support/plannedTenant.ts';
import { groupTarget } from '../support/simulatorClient.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const POLICIES = 200;

/** Every other policy is of the type whose assignments take no PATCH. */
const TENANT: TenantSeed = {
  policies: Array.from({ length: POLICIES }, (_, n) => ({
    id: `p${n}`,
    type: n % 2 === 0 ? ('deviceConfiguration' as const) : ('deviceCompliancePolicy' as const),
    assignments: [0, 1].map((i) => ({ id: `p${n}-a${i}`, target: groupTarget(`old-${n}-${i}`) })),
  })),
};
const CHANGES = csv(
  TENANT.policies.map(({ id, type }, n) => ({
    ...{ policyType: type, policyId: id, assignmentId: `${id}-a0` },
    ...{ targetType: 'group', groupId: `new-${n}` },
  })),
);

describe('a tenant of which one policy type refuses PATCH', () => {
  test('costs one batch, and goes on by writing whole lists', async () => {
    const here = await site(redis.url, { tenant: TENANT, refusePatch: ['deviceCompliancePolicy'] });
    const before = here.held();
    const stopped = await here.must(3, ...APPLY, ...ANY_SIZE, here.file('changes.csv', CHANGES));
    const { runId, pending, failed, succeeded } = await here.status();
    expect(stopped.stderr).toContain(`retarget resume ${String(runId)} --strategy assign --work`);
    expect({ failed, succeeded, pending }).toEqual({ failed: 0, succeeded: 10, pending: POLICIES - 10 });
    expect(here.simulator.stats().writesArrived).toBe(20);

    await here.must(0, 'resume', String(runId), '--strategy', 'assign', '--work');
    expect(await here.status()).toMatchObject({ state: 'completed', succeeded: POLICIES, failed: 0 });
    const held = here.held();
    for (const n of TENANT.policies.keys())
      expect(held[`p${n}`]).toEqual([
        expect.stringContaining(`"new-${n}"`),
        expect.stringContaining(`"old-${n}-1"`),
      ]);
    // What was written by PATCH is not written again.
    expect(here.simulator.stats().writesArrived).toBe(20 + POLICIES - 10);

    await here.must(0, 'rollback', String(runId), '--yes', '--work');
    expect(here.held()).toEqual(before);
  });

  test('takes the run back in the same way when only the plan is left', async () => {
    const here = await site(redis.url, { tenant: TENANT, refusePatch: ['deviceCompliancePolicy'] });
    const before = here.held();
    const plan = `${here.dir}/plan.ndjson`;
    await here.must(0, 'plan', here.file('changes.csv', CHANGES), '-o', plan, ...ANY_SIZE, ...ALLOW_ALL);
    await here.must(3, ...APPLY, plan);
    await here.must(0, 'resume', '@last', '--strategy', 'assign', '--work');
    const stopped = await here.must(3, 'rollback', '--from', plan, '--yes', '--work');
    expect(stopped.stderr).toContain('--strategy assign --work');
    await here.must(0, 'resume', '@last', '--strategy', 'assign', '--work');
    expect(here.held()).toEqual(before);
  });
});

// There is no assign for a list behind a policy; that of the policy itself must not be taken for it.
test('a list behind its policy is not written by assign, and the rest goes on', async () => {
  const nested = { id: 'p0', type: 'deviceConfiguration' as const, via: 'rootCertificate' };
  const target = groupTarget('old');
  const tenant: TenantSeed = {
    policies: [
      ...TENANT.policies.slice(0, 2),
      {
        ...nested,
        assignments: [
          { id: 'n-a', target },
          { id: 'n-b', target: groupTarget('new-b') },
        ],
      },
    ],
  };
  const here = await site(redis.url, {
    tenant,
    refusePatch: ['deviceConfiguration', 'deviceCompliancePolicy'],
  });
  const before = here.held();
  const row = (policyType: string, policyId: string, via: string, assignmentId: string, groupId: string) => ({
    ...{ policyType, policyId, via, assignmentId, targetType: 'group', groupId },
  });
  const changes = csv([
    row('deviceConfiguration', 'p0', 'rootCertificate', 'n-a', 'new-a'),
    row('deviceConfiguration', 'p0', 'rootCertificate', 'n-b', 'new-b'),
    row('deviceCompliancePolicy', 'p1', '', 'p1-a0', 'new'),
  ]);
  await here.must(3, ...APPLY, ...ANY_SIZE, here.file('changes.csv', changes));
  await here.must(1, 'resume', '@last', '--strategy', 'assign', '--work');
  expect(await here.results()).toMatchObject([
    { status: 'failed', errorCode: 'NeedsPatch' },
    { status: 'skipped' },
    { status: 'succeeded' },
  ]);
  expect(here.held()).toEqual({ ...before, p1: here.held()['p1'] });

  here.simulator.reconfigure({ refusePatch: [] });
  await here.must(0, 'retry', '@last', '--strategy', 'patch', '--work');
  expect(here.held()['p0 rootCertificate']?.join()).toContain('new-a');
  // Both strategies had a part in it.
  await here.must(0, 'rollback', '@last', '--yes', '--work');
  expect(here.held()).toEqual(before);
});
