import { hash } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateTenant } from '../../src/simulator/generateTenant.ts';
import type { SimulatorOptions } from '../../src/simulator/simulator.ts';
import type { TenantSeed } from '../../src/simulator/tenantFile.ts';
import { site, type Site } from '../support/assignSite.ts';
import { isWritten } from '../support/kindsCycle.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { sized } from '../support/thoroughness.ts';

// A migration: policies of every kind are in both tenants, under ids that have nothing in common, and groups under other names.
let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const GUIDS = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
const EVERYBODY = /^(acacacac|adadadad)-/;

/** Another id for each, everybody's left out. */
const foreignIds = (text: string): string =>
  text.replace(GUIDS, (id) =>
    EVERYBODY.test(id) ? id : hash('md5', `other ${id}`).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
  );

const perKind = sized(3, 12);
const MADE = generateTenant({
  ...{ configurations: perKind, compliancePolicies: perKind, kinds: perKind },
  ...{ assignmentsPerPolicy: 3, seed: 12, nested: false },
});
/** Collections of ConfigMgr have no names. */
const OURS: TenantSeed = {
  ...MADE,
  policies: MADE.policies.map((policy) => ({
    ...policy,
    assignments: policy.assignments.filter(({ target }) => target['collectionId'] === undefined),
  })),
};
const THEIRS = JSON.parse(foreignIds(JSON.stringify(OURS))) as TenantSeed;

const groupIds = (tenant: TenantSeed): readonly string[] => [
  ...new Set(
    tenant.policies.flatMap(({ assignments }) =>
      assignments.flatMap(({ target }) =>
        typeof target['groupId'] === 'string' && !EVERYBODY.test(target['groupId'])
          ? [target['groupId']]
          : [],
      ),
    ),
  ),
];
const groupsOf = (tenant: TenantSeed, land: string): SimulatorOptions['groups'] =>
  groupIds(tenant).map((id, n) => ({ id, displayName: `${land} Gruppe ${n}, "Süd"` }));

const quoted = (cell: string): string => `"${cell.replaceAll('"', '""')}"`;
const RENAMES = [
  'old;new',
  ...(groupsOf(OURS, 'DE') ?? []).map(({ displayName }) =>
    [displayName, displayName.replace('DE', 'US')].map(quoted).join(';'),
  ),
].join('\r\n');

/** The tenant with what a function makes of the lists of kinds that are written. */
const withLists = (
  tenant: TenantSeed,
  of: (list: TenantSeed['policies'][number]['assignments'], n: number) => typeof list,
): TenantSeed => ({
  ...tenant,
  policies: tenant.policies.map((policy, n) =>
    isWritten(policy.type) ? { ...policy, assignments: of(policy.assignments, n) } : policy,
  ),
});

/** Both tenants, and what is given besides to commands that go from one to the other. */
async function both(there: TenantSeed): Promise<{ here: Site; there: Site; by: readonly string[] }> {
  const here = await site(redis.url, { tenant: OURS, groups: groupsOf(OURS, 'DE') ?? [] });
  const other = await site(redis.url, { tenant: there, groups: groupsOf(THEIRS, 'US') ?? [] });
  return { here, there: other, by: ['--by-name', '--rename', other.file('groups.csv', RENAMES)] };
}

/** Whatever the guard finds is allowed, with its exact counts. */
async function allowing(
  at: Site,
  exitCodes: readonly number[],
  ...plan: readonly string[]
): Promise<string[]> {
  const ran = await at.run([...plan, '--json']);
  expect(exitCodes, ran.stderr).toContain(ran.exitCode);
  const { guard } = JSON.parse(ran.stdout) as { guard: object };
  const counts = Object.entries(guard).map(([kind, n]) => `${kind}=${n}`);
  return counts.length === 0 ? [] : ['--allow', counts.join(',')];
}

describe('two tenants of the same policies of every kind', () => {
  test('are equal by diff once an export of the one was applied to the other by name, as it stands', async () => {
    // Some lists are empty, some have lost their first entry, some are whole.
    const { here, there, by } = await both(
      withLists(THEIRS, (list, n) => (n % 3 === 0 ? [] : n % 3 === 1 ? list.slice(1) : list)),
    );
    const exported = join(here.dir, 'export.csv');
    await here.must(0, 'export', '-o', exported);
    const snapshot = join(here.dir, 'de.json');
    await here.must(0, 'snapshot', '-o', snapshot);
    expect((await there.must(1, 'diff', snapshot, 'now', ...by)).stderr).toMatch(
      /policies with other assign/,
    );

    const allow = await allowing(there, [0, 3], 'plan', exported, ...by);
    const applied = await there.must(0, 'apply', exported, ...by, '--yes', ...allow);
    expect(applied.stderr).toMatch(/rows without an action: what they say is added where it is not there/);
    const diff = await there.must(0, 'diff', snapshot, 'now', ...by);
    expect(diff).toMatchObject({ stdout: '' });
    expect(diff.stderr).toContain(`No difference in ${OURS.policies.length} policies.`);
    // Without the other names of groups they are not.
    await there.must(1, 'diff', snapshot, 'now', '--by-name');
    // A second time nothing is left to do.
    const again = await there.must(0, 'plan', exported, ...by, '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({ writes: 0, refused: 0 });
  }, 120_000);

  test('are equal by diff once a snapshot of the one was restored to the other by name, whatever that had', async () => {
    const { here, there, by } = await both(
      withLists(THEIRS, (list, n) => (n % 4 === 0 ? [] : n % 4 === 1 ? list.slice(0, 1) : list)),
    );
    const snapshot = join(here.dir, 'de.json');
    await here.must(0, 'snapshot', '-o', snapshot);
    // What the other has besides goes.
    await there.must(2, 'restore', snapshot, '--dry-run');
    const allow = await allowing(there, [0, 3], 'restore', snapshot, '--dry-run', ...by);
    await there.must(0, 'restore', snapshot, '--yes', ...by, ...allow);
    expect(await there.must(0, 'diff', snapshot, 'now', ...by)).toMatchObject({ stdout: '' });
  }, 120_000);

  test('do not share collections, which have no names: such rows are problems', async () => {
    const { there, by } = await both(THEIRS);
    const row = 'deviceConfiguration,Configuration 1,add,configurationManagerCollection,c0ffee';
    const header = 'policyType,policyName,action,targetType,collectionId';
    const { stderr } = await there.must(2, 'plan', there.file('sccm.csv', `${header}\n${row}\n`), ...by);
    expect(stderr).toContain(
      ':2:5 collectionId: With --by-name the collectionId of another tenant says nothing, and there is no name for it.',
    );
  });

  test('differ in a filter of another rule though it is called the same', async () => {
    const rule = '(device.model -eq "Kiosk")';
    const filters = (THEIRS.filters ?? []).map((filter) => ({ ...filter, rule }));
    const { here, there, by } = await both({ ...THEIRS, filters });
    const snapshot = join(here.dir, 'de.json');
    await here.must(0, 'snapshot', '-o', snapshot);
    const diff = await there.must(1, 'diff', snapshot, 'now', ...by);
    expect(diff.stdout).toMatch(/Filter "Filter for .*": another rule/);
    const restore = await there.must(2, 'restore', snapshot, '--dry-run', ...by);
    expect(restore.stderr).toMatch(/The filter "Filter for .*" has another rule here/);
    expect(there.simulator.stats().writesArrived).toBe(0);
  }, 60_000);
});
