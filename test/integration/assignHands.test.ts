import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EditInput } from '../../src/simulator/editSchema.ts';
import type { SimulatorOptions } from '../../src/simulator/simulator.ts';
import type { TenantSeed } from '../../src/simulator/tenantFile.ts';
import { APPLY, site, type Site, type Target } from '../support/assignSite.ts';
import { ALLOW_ALL, csv } from '../support/cli.ts';
import { excluded, filter, group } from '../support/graphShapes.ts';
import { ANY_SIZE } from '../support/plannedTenant.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

/** So few that the plan reads each list by itself. */
const POLICIES = 10;
const CHANGED = 4;
/** Another hand is at work on every third policy. */
const isChanged = (n: number): boolean => n % 3 === 0 && n / 3 < CHANGED;

const TENANT: TenantSeed = {
  filters: [{ id: 'f1', displayName: 'Corporate', platform: 'iOS' }],
  policies: Array.from({ length: POLICIES }, (_, n) => ({
    ...{ id: `p${n}`, type: 'deviceConfiguration' as const, displayName: `Policy ${n}` },
    odataType: '#microsoft.graph.iosWiFiConfiguration',
    assignments: [
      { id: `p${n}_a`, target: group(`a${n}`, filter('f1')) as Target },
      { id: `p${n}_b`, target: excluded(`b${n}`) as Target },
    ],
  })),
};

const CHANGES = csv(
  TENANT.policies.flatMap(({ id: policyId }, n) => {
    const row = { policyType: 'deviceConfiguration', policyId };
    return [
      { ...row, assignmentId: `p${n}_a`, action: 'set', targetType: 'group', groupId: `new-${n}` },
      { ...row, assignmentId: '', action: 'add', targetType: 'group', groupId: `more-${n}` },
    ];
  }),
);

const EDITS = TENANT.policies.flatMap(({ id: policyId, type }, n): EditInput[] =>
  isChanged(n)
    ? [{ do: 'add', type, policyId, assignment: { id: `p${n}_x`, target: excluded('theirs') as Target } }]
    : [],
);

const at = (options: SimulatorOptions = {}): Promise<Site> => site(redis.url, { tenant: TENANT, ...options });

async function planned(here: Site): Promise<string> {
  const plan = join(here.dir, 'plan.ndjson');
  const changes = here.file('changes.csv', CHANGES);
  await here.must(0, 'plan', changes, '--strategy', 'assign', '-o', plan, ...ANY_SIZE, ...ALLOW_ALL);
  return plan;
}

/** Each list that another hand has changed is as it was left; each other one is as the plan said. */
async function expectTheirsKept(here: Site): Promise<void> {
  expect(await here.status()).toMatchObject({
    ...{ state: 'completed', failed: 0, pending: 0 },
    ...{ stale: 2 * CHANGED, succeeded: 2 * (POLICIES - CHANGED) },
  });
  const held = here.held();
  for (const n of TENANT.policies.keys()) {
    const groups = held[`p${n}`]?.map((each) => (JSON.parse(each) as { target: Target }).target['groupId']);
    const expected = isChanged(n) ? [`a${n}`, `b${n}`, 'theirs'] : [`new-${n}`, `more-${n}`, `b${n}`];
    expect(groups?.toSorted()).toEqual(expected.toSorted());
  }
  for (const { row, status } of await here.results())
    expect([row, status]).toEqual([row, isChanged(Math.floor((row - 2) / 2)) ? 'stale' : 'succeeded']);
}

describe('an exclusion that another hand adds after the plan is not lost', () => {
  test('by apply of a saved plan', async () => {
    const here = await at();
    const plan = await planned(here);
    here.simulator.edit(EDITS);
    await here.must(1, 'apply', plan, '--yes', ...ALLOW_ALL);
    await expectTheirsKept(here);
  });

  test('by apply of a file, between its plan and its writes', async () => {
    // The first read counts the tenant, the second one is the plan.
    const here = await at({ concurrentEdits: EDITS.map((edit) => ({ afterReads: 2, edit })) });
    const changes = here.file('changes.csv', CHANGES);
    await here.must(1, ...APPLY, ...ANY_SIZE, changes, '--strategy', 'assign');
    await expectTheirsKept(here);
  });

  test('by submit and a worker', async () => {
    const here = await at();
    await here.must(0, 'submit', await planned(here), ...ALLOW_ALL);
    here.simulator.edit(EDITS);
    await here.must(1, 'worker', '--until-idle');
    await expectTheirsKept(here);
  });

  test('by a resume of what was paused', async () => {
    const here = await at();
    await here.must(0, 'submit', await planned(here), ...ALLOW_ALL);
    await here.must(0, 'pause', '@last');
    here.simulator.edit(EDITS);
    await here.must(1, 'resume', '@last', '--work');
    await expectTheirsKept(here);
  });
});

describe('an export of which one column was shuffled', () => {
  /** A tenant's own rows, as an export has them. */
  const EXPORT = TENANT.policies.flatMap(({ id: policyId, displayName = '', assignments }) =>
    assignments.map(({ id, target }, i) => ({
      ...{ policyType: 'deviceConfiguration', policyId, policyName: displayName, assignmentId: id },
      fromTargetType: i === 0 ? 'group' : 'exclusionGroup',
      fromGroupId: String(target['groupId']),
      ...{ targetType: 'group', groupId: `new-${policyId}-${i}` },
    })),
  );

  /** Each row has the cell of the row two further on, which is of another policy. */
  const shuffled = (column: keyof (typeof EXPORT)[number]): string =>
    csv(EXPORT.map((row, n) => ({ ...row, [column]: EXPORT[(n + 2) % EXPORT.length]?.[column] })));

  const ELSEWHERE = 'Expected the assignment p1_a in policy p0, found it in policy p1';
  const OTHER_NAME = 'Expected the policy "Policy 0", found "Policy 1"';
  const OTHER_GROUP = 'Expected group a1 under the id p0_a, found group a0';
  test.each([
    { column: 'assignmentId', strategy: 'assign', found: ELSEWHERE },
    { column: 'policyId', strategy: 'assign', found: OTHER_NAME },
    { column: 'policyName', strategy: 'assign', found: 'Expected the policy "Policy 1", found "Policy 0"' },
    { column: 'fromGroupId', strategy: 'assign', found: OTHER_GROUP },
    { column: 'assignmentId', strategy: 'patch', found: ELSEWHERE },
    { column: 'fromGroupId', strategy: 'patch', found: OTHER_GROUP },
  ] as const)('$column, by $strategy: every row is a problem, and nothing is queued', async (wrong) => {
    const { column, strategy, found } = wrong;
    const here = await at();
    const file = here.file('export.csv', shuffled(column));
    const ran = await here.must(2, ...APPLY, ...ANY_SIZE, file, '--strategy', strategy);
    expect(ran.stderr).toContain(`${EXPORT.length} problems`);
    for (const line of EXPORT.keys()) expect(ran.stderr).toContain(`:${line + 2}:`);
    expect(ran.stderr).toContain(found);
    expect(JSON.parse((await here.run(['status', '--json'])).stdout)).toEqual([]);
    expect(here.simulator.stats().writesArrived).toBe(0);
  });
});
