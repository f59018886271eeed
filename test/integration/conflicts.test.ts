import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EditInput } from '../../src/simulator/editSchema.ts';
import type { SimulatorOptions } from '../../src/simulator/simulator.ts';
import type { TenantSeed } from '../../src/simulator/tenantFile.ts';
import { APPLY, site, type Site, type Target } from '../support/assignSite.ts';
import { csv } from '../support/cli.ts';
import { group } from '../support/graphShapes.ts';
import { guid } from '../support/guid.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const POLICIES = 10;
const TENANT: TenantSeed = {
  policies: Array.from({ length: POLICIES }, (_, n) => ({
    ...{ id: `p${n}`, type: 'deviceConfiguration' as const },
    assignments: [{ id: `p${n}_a`, target: group('old') as Target }],
  })),
};
const ROWS = csv(
  TENANT.policies.map(({ id }) => ({
    ...{ policyType: 'deviceConfiguration', policyId: id, assignmentId: `${id}_a` },
    ...{ targetType: 'group', groupId: 'new' },
  })),
);
const at = (options: SimulatorOptions): Promise<Site> =>
  site(redis.url, { tenant: TENANT, ...options }, { RETARGET_WINDOW_MS: '200' });

const WAYS = ['patch', 'assign'] as const;
const PASSING = [409, 412, 404] as const;
const CASES = PASSING.flatMap((status) => WAYS.map((strategy) => ({ status, strategy })));

test.each(CASES)(
  'a $status that passes is read again and sent again: by $strategy',
  async ({ status, strategy }) => {
    const here = await at({ firstWrites: [{ status, times: 2 }] });
    await here.must(0, ...APPLY, here.file('rows.csv', ROWS), '--strategy', strategy);
    expect(await here.status()).toMatchObject({ state: 'completed', succeeded: POLICIES, failed: 0 });
    expect(here.simulator.stats().writesArrived).toBe(3 * POLICIES);
  },
);

test.each([
  { status: 409, code: 'Conflict' },
  { status: 412, code: 'PreconditionFailed' },
  { status: 404, code: 'ResourceNotFound' },
] as const)(
  'a $status that stays is sent four times, and fails with Graph’s code',
  async ({ status, code }) => {
    const here = await at({ firstWrites: [{ status, times: 99 }] });
    await here.must(1, ...APPLY, here.file('rows.csv', ROWS), '--max-failures', 'off');
    for (const result of await here.results())
      expect(result).toMatchObject({ status: 'failed', errorCode: code, httpStatus: status, attempts: 4 });
  },
);

test('what somebody has changed meanwhile is not sent again', async () => {
  const here = await at({ firstWrites: [{ status: 409, times: 1 }] });
  const plan = `${here.dir}/plan.ndjson`;
  await here.must(0, 'plan', here.file('rows.csv', ROWS), '-o', plan, ...APPLY.slice(2));
  here.simulator.reconfigure({
    // Read by the worker, and once more after the conflict: not by the plan, which is made already.
    concurrentEdits: TENANT.policies.map(({ id }) => ({
      afterReads: 1,
      edit: {
        ...{ do: 'change', type: 'deviceConfiguration', policyId: id, assignmentId: `${id}_a` },
        target: group(guid('theirs')) as Target,
      },
    })),
  });
  await here.must(1, ...APPLY, plan);
  for (const result of await here.results()) expect(result).toMatchObject({ status: 'stale', attempts: 1 });
  expect(Object.values(here.held()).flat().join()).not.toContain('"new"');
});

/** A run that no plan was made of, whose every first write meets a conflict, after which somebody has edited the policies. */
async function editedAfterConflict(
  rows: string,
  edit: (policyId: string) => EditInput,
  strategy: (typeof WAYS)[number],
): Promise<Site> {
  const here = await at({
    firstWrites: [{ status: 409, times: 1 }],
    concurrentEdits: TENANT.policies.map(({ id }) => ({ afterReads: 1, edit: edit(id) })),
  });
  const flags = ['--no-plan', '--max-failures', 'off', '--strategy', strategy];
  await here.must(0, 'submit', here.file('rows.csv', rows), ...flags);
  await here.run(['worker', '--until-idle']);
  return here;
}

const theirs = (policyId: string): EditInput => ({
  ...{ do: 'change', type: 'deviceConfiguration', policyId, assignmentId: `${policyId}_a` },
  target: group(guid('theirs')) as Target,
});
const oneMore = (policyId: string): EditInput => ({
  ...{ do: 'add', type: 'deviceConfiguration', policyId },
  assignment: { id: `${policyId}_b`, target: group(guid('theirs')) as Target },
});

test.each(WAYS)('nor is it without a plan, whose first read still holds: by %s', async (strategy) => {
  const here = await editedAfterConflict(ROWS, theirs, strategy);
  for (const result of await here.results())
    expect(result).toMatchObject({
      ...{ status: 'stale', errorCode: 'Stale', attempts: 1 },
      errorMessage: expect.stringContaining('Changed since it was sent: now it is group'),
    });
  expect(Object.values(here.held()).flat().join()).not.toContain('"new"');
});

test.each([
  ['clear', 'stale'],
  ['remove', 'succeeded'],
] as const)('what somebody has added meanwhile is not taken away by %s', async (action, status) => {
  const rows = csv(
    TENANT.policies.map(({ id }) => ({
      ...{ policyType: 'deviceConfiguration', policyId: id, action },
      ...(action === 'remove' && { assignmentId: `${id}_a` }),
    })),
  );
  const here = await editedAfterConflict(rows, oneMore, 'assign');
  for (const result of await here.results()) expect(result).toMatchObject({ status });
  for (const held of Object.values(here.held())) expect(held.join()).toContain('"theirs"');
});
