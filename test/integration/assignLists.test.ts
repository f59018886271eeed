import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateTenant } from '../../src/simulator/generateTenant.ts';
import type { SeedPolicy, TenantSeed } from '../../src/simulator/tenantFile.ts';
import { guid } from '../support/guid.ts';
import { APPLY, site } from '../support/assignSite.ts';
import { csv } from '../support/cli.ts';
import { ANY_SIZE } from '../support/plannedTenant.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { sized } from '../support/thoroughness.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const LIST_MAX = 40;
/** At least one list of each length, of both kinds of policies. */
const SIZE = {
  configurations: sized(LIST_MAX, 5 * LIST_MAX),
  compliancePolicies: sized(LIST_MAX, 3 * LIST_MAX),
};

/** Lists of 1 to 40 assignments of every kind, of policy sets, with targets nobody has heard of, intents and sources. */
function tenantOfManyLists(seed: number): TenantSeed {
  const { policies, ...others } = generateTenant({
    ...SIZE,
    ...{ assignmentsPerPolicy: LIST_MAX, seed },
    ...{ nested: false, policySetShare: 0.1, unknownTargetShare: 0.1 },
  });
  const cut = (policy: SeedPolicy, n: number): SeedPolicy => ({
    ...policy,
    assignments: policy.assignments.slice(0, 1 + (n % LIST_MAX)).map((assignment, i) => ({
      ...assignment,
      ...(policy.type === 'deviceConfiguration' && i % 5 === 1 && { intent: 'remove' }),
      ...(policy.type === 'deviceCompliancePolicy' && i % 5 === 1 && { sourceId: `source-${i}` }),
    })),
  });
  return { ...others, policies: policies.map(cut) };
}

const ACTIONS = ['set', 'add', 'remove'] as const;

/** Rows for some assignments of a list, and which those are. */
function rowsOf({ id: policyId, type: policyType, assignments }: SeedPolicy, n: number) {
  const direct = assignments.filter(({ source }) => source !== 'policySets');
  const named = direct.filter((_, i) => (i + n) % 4 === 0);
  const rows = named.map(({ id: assignmentId }, i) => {
    const action = ACTIONS[(n + i) % 3] ?? 'set';
    const isNamed = action !== 'add';
    return {
      ...{ policyType, policyId, assignmentId: isNamed ? assignmentId : '', action },
      ...(action === 'remove'
        ? { targetType: '', groupId: '' }
        : { targetType: 'group', groupId: guid(`new-${n}-${i}`) }),
    };
  });
  const gone = new Set(rows.map(({ assignmentId }) => assignmentId));
  const brought = rows.flatMap(({ groupId }) => (groupId === '' ? [] : [groupId]));
  return { rows, gone, brought };
}

describe.each([
  { rekey: true, assignReply: 'null' },
  { rekey: false, assignReply: 'list' },
] as const)('ids given anew: $rekey', (answers) => {
  test('lists of 1 to 40: but for the rows each assignment is value for value what it was', async () => {
    const tenant = tenantOfManyLists(answers.rekey ? 3 : 4);
    const here = await site(redis.url, { tenant, ...answers });
    const wholes = here.simulator.snapshot().policies;
    const asked = wholes.map(rowsOf);
    const rows = asked.flatMap((each) => each.rows);
    const changes = here.file('changes.csv', csv(rows));
    await here.must(0, ...APPLY, ...ANY_SIZE, changes, '--strategy', 'assign');
    expect(await here.status()).toMatchObject({ total: rows.length, succeeded: rows.length });

    const now = here.simulator.snapshot().policies;
    for (const [n, { assignments }] of wholes.entries()) {
      const { gone = new Set(), brought = [] } = asked[n] ?? {};
      const left = new Map(now[n]?.assignments.map((each) => [each.id, each]));
      for (const each of assignments.filter(({ id }) => !gone.has(id))) {
        expect(left.get(each.id)).toEqual(each);
        left.delete(each.id);
      }
      const rest = [...left.values()].map(({ target }) => target['groupId']);
      expect(rest.toSorted()).toEqual(brought.toSorted());
    }
    const written = asked.filter((each) => each.rows.length > 0);
    const { assignsPerPolicy, writesArrived, replies } = here.simulator.stats();
    expect(Object.values(assignsPerPolicy)).toEqual(written.map(() => 1));
    expect(writesArrived).toBe(written.length);
    expect(Object.keys(replies)).toEqual(['200']);
  });
});

test('a batch of rows for one list is one write, also for the most rows that a policy can have', async () => {
  const tenant = { policies: [{ id: 'p', type: 'deviceConfiguration' as const, assignments: [] }] };
  const here = await site(redis.url, { tenant });
  const row = (n: number) => ({
    ...{ policyType: 'deviceConfiguration', policyId: 'p', action: 'add' },
    ...{ targetType: 'group', groupId: `g${n}` },
  });
  const rows = Array.from({ length: 200 }, (_, n) => row(n));
  await here.must(0, ...APPLY, ...ANY_SIZE, here.file('changes.csv', csv(rows)));
  expect(await here.status()).toMatchObject({ succeeded: 200 });
  expect(here.held()['p']).toHaveLength(200);
  expect(here.simulator.stats().writesArrived).toBe(1);
});
