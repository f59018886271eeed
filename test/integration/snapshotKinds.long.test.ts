import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { KINDS } from '../../src/assignments/kinds/registry.ts';
import type { EditInput } from '../../src/simulator/editSchema.ts';
import { generateTenant } from '../../src/simulator/generateTenant.ts';
import type { TenantSeed } from '../../src/simulator/tenantFile.ts';
import { APPLY, site } from '../support/assignSite.ts';
import { guid } from '../support/guid.ts';
import { heldIn, isWritten } from '../support/kindsCycle.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { groupTarget } from '../support/simulatorClient.ts';
import { sized } from '../support/thoroughness.ts';

// A week of work on policies of every kind, by a run and by another hand, and the snapshot of Friday.
let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const perKind = sized(6, 24);
const made = generateTenant({
  ...{ configurations: perKind, compliancePolicies: perKind, kinds: perKind },
  ...{ assignmentsPerPolicy: 3, seed: 41, nested: false },
});
/** Of each kind one policy that nobody gets. */
const TENANT: TenantSeed = {
  ...made,
  policies: made.policies.map((policy, n) => (n % perKind === 0 ? { ...policy, assignments: [] } : policy)),
};

/** The counts that the guard found, as they are allowed. */
const allowance = (json: string): readonly string[] => {
  const { guard } = JSON.parse(json) as { readonly guard: Readonly<Record<string, number>> };
  const counts = Object.entries(guard).map(([kind, n]) => `${kind}=${n}`);
  return counts.length === 0 ? [] : ['--allow', counts.join(',')];
};

/** What the other hand does to the lists by turns: empties them, takes one away and brings another, or leaves them to the run. */
function edits({ policies }: TenantSeed): EditInput[] {
  return policies.flatMap(({ type, id: policyId, assignments }, n): EditInput[] => {
    const at = { type, policyId };
    if (!isWritten(type) || n % 4 === 0) return [];
    const gone = n % 4 === 1 ? assignments : assignments.slice(0, 1);
    const extra = type === 'mobileApp' ? { intent: 'uninstall' as const } : {};
    const other = { id: `hand-${n}`, target: groupTarget(guid(`hand-${n}`)), ...extra };
    return [
      ...gone.map(({ id: assignmentId }): EditInput => ({ do: 'remove', ...at, assignmentId })),
      ...(n % 4 === 3 ? [{ do: 'add' as const, ...at, assignment: other }] : []),
    ];
  });
}

test('policies of every kind are as in the snapshot again, value for value, whoever has changed them', async () => {
  const here = await site(redis.url, { tenant: TENANT, pageSize: 7 });
  // Lists of endpoint security are empty where such a policy is expanded by itself.
  expect(JSON.stringify(TENANT.policies)).toContain('endpointSecurity');
  const before = heldIn(here.simulator.snapshot());
  const friday = join(here.dir, 'friday.json');
  const taken = await here.must(0, 'snapshot', '-o', friday, '--json');
  const { kinds, notRead } = JSON.parse(taken.stdout) as {
    readonly kinds: readonly {
      readonly type: string;
      readonly policies: number;
      readonly unassigned: number;
    }[];
    readonly notRead: readonly unknown[];
  };
  // Those that are only read are in it, too.
  expect(kinds.map(({ type }) => type)).toEqual(KINDS.map(({ policyType }) => policyType));
  for (const { type, policies, unassigned } of kinds) {
    const ofKind = TENANT.policies.filter((policy) => policy.type === type);
    const empty = ofKind.filter(({ assignments }) => assignments.length === 0).length;
    expect([type, policies, unassigned]).toEqual([type, ofKind.length, empty]);
    expect(empty).toBeGreaterThan(0);
  }
  expect(notRead).toEqual([]);
  expect(JSON.parse(readFileSync(friday, 'utf8').split('\n', 1)[0] ?? '')).toMatchObject({
    kind: 'snapshot',
    kinds: KINDS.map(({ policyType }) => policyType),
  });

  // A run moves what the other hand leaves alone.
  const exported = JSON.parse((await here.must(0, 'export', '--format', 'json')).data) as Record<
    string,
    string
  >[];
  const turns = new Map(TENANT.policies.map(({ id }, n) => [id, n % 4] as const));
  const moves = exported.filter(
    ({ action, policyType = '', policyId = '', targetType }) =>
      isWritten(policyType) && action !== 'none' && turns.get(policyId) === 0 && targetType === 'group',
  );
  expect(moves.length).toBeGreaterThan(20);
  const rows = moves.map(({ groupName: _name, ...row }, n) => ({ ...row, groupId: guid(`moved-${n}`) }));
  await here.must(0, ...APPLY, here.file('moves.json', JSON.stringify(rows)));
  here.simulator.edit(edits(here.simulator.snapshot()));
  expect(heldIn(here.simulator.snapshot())).not.toEqual(before);
  await here.must(1, 'diff', friday, 'now');

  const dry = await here.run(['restore', friday, '--dry-run', '--json']);
  await here.must(0, 'restore', friday, '--yes', ...allowance(dry.stdout));
  expect(heldIn(here.simulator.snapshot())).toEqual(before);
  expect(await here.must(0, 'diff', friday, 'now')).toMatchObject({ stdout: '' });
}, 120_000);
