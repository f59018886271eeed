import { afterAll, beforeAll, expect, test } from 'vitest';
import { generateTenant } from '../../src/simulator/generateTenant.ts';
import type { SeedAssignment } from '../../src/simulator/assignmentSeed.ts';
import type { SeedPolicy, TenantSeed } from '../../src/simulator/tenantFile.ts';
import { guid } from '../support/guid.ts';
import { APPLY, site, type Result, type Site } from '../support/assignSite.ts';
import { csv } from '../support/cli.ts';
import { ANY_SIZE } from '../support/plannedTenant.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { sized } from '../support/thoroughness.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

type Row = Readonly<
  Record<'policyType' | 'policyId' | 'assignmentId' | 'action' | 'targetType' | 'groupId', string>
>;

/** Per list one row that sets, one that adds, and one that removes; for every eighth a clear instead. */
function rowsOf({ id: policyId, type: policyType, assignments }: SeedPolicy, n: number): Row[] {
  const [first, second] = assignments;
  const row = (action: string, assignmentId = '', groupId = ''): Row => ({
    ...{ policyType, policyId, assignmentId, action },
    ...{ targetType: groupId === '' ? '' : 'group', groupId: guid(groupId) },
  });
  if (n % 8 === 0) return [row('clear'), row('add', '', `more-${n}`)];
  return [row('set', first?.id, `new-${n}`), row('add', '', `more-${n}`), row('remove', second?.id)];
}

const listOf = ({ policies }: TenantSeed, policyId: string): readonly SeedAssignment[] =>
  policies.find(({ id }) => id === policyId)?.assignments ?? [];

/** Whether a list is as a row wants it, told by what the rows above can want. */
function isDone(
  { action, assignmentId, groupId }: Row,
  was: readonly SeedAssignment[],
  now: readonly SeedAssignment[],
) {
  const keys = (list: readonly SeedAssignment[]) => list.map(({ target }) => JSON.stringify(target));
  const isThere = (id: string): boolean => {
    const target = was.find((each) => each.id === id)?.target;
    return keys(now).includes(JSON.stringify(target));
  };
  switch (action) {
    case 'set':
      return now.some(({ target }) => target['groupId'] === groupId) && !isThere(assignmentId);
    case 'add':
      return now.some(({ target }) => target['groupId'] === groupId);
    case 'remove':
      return !isThere(assignmentId);
    default:
      return was.every(({ id }) => !isThere(id));
  }
}

/** Every row that is said to be done is, and of a list without one nothing has changed. */
function expectTruth(
  rows: readonly Row[],
  results: readonly Result[],
  before: TenantSeed,
  { simulator }: Site,
): void {
  const now = simulator.snapshot();
  for (const [i, row] of rows.entries()) {
    const { status, errorCode } = results[i] ?? {};
    const done = isDone(row, listOf(before, row.policyId), listOf(now, row.policyId));
    expect([i, row.action, status, errorCode, done]).toEqual([
      i,
      row.action,
      status,
      errorCode,
      status === 'succeeded',
    ]);
  }
  for (const { id } of before.policies) {
    const ofList = results.filter(({ policyId }) => policyId === id);
    if (ofList.every(({ status }) => status !== 'succeeded'))
      expect(listOf(now, id)).toEqual(listOf(before, id));
  }
}

test.each([
  {
    seed: 1,
    rekey: true,
    assignReply: 'null',
    faults: { lost: 0.1, error500Applied: 0.1, resetAfter: 0.05 },
  },
  {
    seed: 2,
    rekey: false,
    assignReply: 'list',
    faults: { lostUnapplied: 0.1, error500: 0.1, cutJson: 0.05 },
  },
  { seed: 3, rekey: true, assignReply: 'list', faults: { ignored: 0.15, withoutId: 0.1, shuffled: 0.3 } },
  {
    seed: 4,
    rekey: true,
    assignReply: 'null',
    faults: { slowApply: 0.1, unavailable503: 0.1, html502: 0.05 },
  },
  { seed: 5, rekey: false, assignReply: 'null', faults: { error500: 0.5, lost: 0.2, halfOpen: 0.01 } },
] as const)('no row is succeeded that the tenant does not hold: seed $seed, $faults', async (given) => {
  const tenant = generateTenant({
    ...{ configurations: sized(24, 100), compliancePolicies: sized(8, 28) },
    ...{ assignmentsPerPolicy: 4, nested: false },
    ...{ seed: given.seed, unknownTargetShare: 0.1 },
  });
  const here = await site(
    redis.url,
    { tenant, slowMs: 300, ...given, faults: {} },
    { RETARGET_WINDOW_MS: '100' },
  );
  const before = here.simulator.snapshot();
  const rows = before.policies.flatMap(rowsOf);
  const plan = `${here.dir}/plan.ndjson`;
  const changes = here.file('changes.csv', csv(rows));
  await here.must(0, 'plan', changes, '--strategy', 'assign', '-o', plan, ...APPLY.slice(2), ...ANY_SIZE);
  here.simulator.reconfigure({ faults: given.faults, forbidden: [before.policies[1]?.id ?? ''] });
  await here.must(1, ...APPLY, plan, '--max-failures', 'off');
  const results = await here.results();
  expectTruth(rows, results, before, here);
  expect(results.filter(({ status }) => status === 'succeeded').length).toBeGreaterThan(rows.length / 4);
  expect(new Set(results.map(({ status }) => status))).not.toContain('pending');
});
