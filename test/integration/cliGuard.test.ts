import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ABOUT_TENANT, type GuardKind } from '../../src/assignments/guard/finding.ts';
import type { SettingsChange } from '../../src/simulator/settings.ts';
import type { SeedAssignment, SeedPolicy, TenantSeed } from '../../src/simulator/tenantFile.ts';
import { bench, csv, type Bench } from '../support/cli.ts';
import { ANY_SIZE, plannedTenant } from '../support/plannedTenant.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { groupTarget } from '../support/simulatorClient.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

type Target = SeedAssignment['target'];
type Cells = Readonly<Record<string, string>>;

const filtered = (target: Target, id: string, type: string): Target => ({
  ...target,
  deviceAndAppManagementAssignmentFilterId: id,
  deviceAndAppManagementAssignmentFilterType: type,
});
const excluded = (groupId: string): Target => ({
  '@odata.type': '#microsoft.graph.exclusionGroupAssignmentTarget',
  groupId,
});
const ALL_DEVICES: Target = { '@odata.type': '#microsoft.graph.allDevicesAssignmentTarget' };

/** One row that does what somebody should know of before; it is done to two policies. */
interface Danger {
  readonly before: Target;
  /** @param n of the policy, 1 or 2 */
  readonly desired: (n: number) => Cells;
  readonly found: string;
  readonly settings?: SettingsChange;
  /** It is the policy's only assignment, which makes it this kind too. */
  readonly alone?: GuardKind;
}

const toGroup =
  (groupId: string): Danger['desired'] =>
  () => ({ targetType: 'group', groupId });
const withFilter =
  (filterId: string, filterType = 'include'): Danger['desired'] =>
  () => ({ targetType: 'group', groupId: 'g', filterId, filterType });

const DANGERS: Readonly<Partial<Record<GuardKind, Danger>>> = {
  'filter-lost': {
    before: filtered(groupTarget('g'), 'windows-1', 'include'),
    desired: () => ({ targetType: 'group', groupId: 'g', filterType: 'none' }),
    found: 'the include filter windows-1 is lost, leaving group g.',
  },
  'filter-flipped': {
    before: filtered(groupTarget('g'), 'windows-1', 'include'),
    desired: withFilter('windows-1', 'exclude'),
    found: 'the include filter windows-1 is flipped to exclude.',
  },
  'filter-swapped': {
    before: filtered(groupTarget('g'), 'windows-1', 'include'),
    desired: withFilter('windows-2'),
    found: 'the include filter windows-1 gives way to the include filter windows-2.',
  },
  'exclusion-dropped': {
    before: excluded('x'),
    desired: () => ({ targetType: 'exclusionGroup', groupId: 'y' }),
    found: 'excluded group x is excluded no more.',
  },
  'exclusion-to-inclusion': {
    before: excluded('x'),
    desired: toGroup('g'),
    found: 'excluded group x becomes an assignment to group g.',
  },
  'inclusion-to-exclusion': {
    before: groupTarget('g'),
    desired: () => ({ targetType: 'exclusionGroup', groupId: 'g' }),
    found: 'the assignment to group g becomes excluded group g.',
  },
  'all-devices': {
    before: groupTarget('g'),
    desired: () => ({ targetType: 'allDevices' }),
    found: 'it is newly assigned to all devices.',
  },
  'all-users': {
    before: ALL_DEVICES,
    desired: () => ({ targetType: 'allLicensedUsers' }),
    found: 'it is newly assigned to all users.',
  },
  narrowed: {
    before: ALL_DEVICES,
    desired: toGroup('g'),
    found: 'the assignment to all devices is narrowed to group g.',
  },
  'intent-turned': {
    before: groupTarget('g'),
    desired: () => ({ targetType: 'group', groupId: 'g', intent: 'remove' }),
    found: 'the intent for group g turns from apply to remove.',
  },
  'no-inclusion': {
    before: groupTarget('g'),
    desired: () => ({ targetType: 'exclusionGroup', groupId: 'g' }),
    found: 'no inclusion is left, so nobody gets it.',
    alone: 'inclusion-to-exclusion',
  },
  'group-not-security': {
    before: groupTarget('g'),
    desired: toGroup('new'),
    found: 'group new is no security group.',
    settings: { groupsNotSecurity: ['new'] },
  },
  'group-empty': {
    before: groupTarget('g'),
    desired: toGroup('new'),
    found: 'group new has no members.',
    settings: { groupsEmpty: ['new'] },
  },
  'unchecked-groups': {
    before: groupTarget('g'),
    desired: (n) => ({ targetType: 'group', groupId: `new-${n}` }),
    found: 'could not be checked.',
    settings: { groupReadsRefused: true },
  },
  'filter-missing': {
    before: groupTarget('g'),
    desired: withFilter('windows-1'),
    found: 'filter windows-1 does not exist.',
    settings: { filtersMissing: ['windows-1'] },
  },
  'filter-platform': {
    before: groupTarget('g'),
    desired: withFilter('ios-1'),
    found: 'filter ios-1 is for iOS, the policy for windows10AndLater.',
  },
  'unchecked-filters': {
    before: groupTarget('g'),
    desired: (n) => ({ targetType: 'group', groupId: 'g', filterId: `windows-${n}`, filterType: 'include' }),
    found: 'could not be checked.',
    settings: { filterReadsRefused: true },
  },
};

const FILTERS: TenantSeed['filters'] = [
  { id: 'windows-1', displayName: 'Corporate', platform: 'windows10AndLater' },
  { id: 'windows-2', displayName: 'Kiosk', platform: 'windows10AndLater' },
  { id: 'ios-1', displayName: 'Phones', platform: 'iOS' },
];

async function site({
  before,
  desired,
  settings,
  alone,
}: Danger): Promise<Bench & { readonly changes: string }> {
  const policies = [1, 2].map((n): SeedPolicy => ({
    ...{ id: `c${n}`, type: 'deviceConfiguration', displayName: `Policy ${n}` },
    assignments: [
      { id: 'a', target: before },
      ...(alone === undefined ? [{ id: 'other', target: groupTarget('others') }] : []),
    ],
  }));
  const here = await bench(redis.url, { tenant: { policies, filters: FILTERS }, ...settings });
  const rows = [1, 2].map((n) => ({
    ...{ policyType: 'deviceConfiguration', policyId: `c${n}`, assignmentId: 'a' },
    ...{ targetType: '', groupId: '', filterId: '', filterType: '', intent: '', ...desired(n) },
  }));
  return { ...here, changes: here.file('changes.csv', csv(rows)) };
}

const runs = async (here: Bench): Promise<unknown> =>
  JSON.parse((await here.run(['status', '--json'])).stdout) as unknown;

describe('the guard', () => {
  test.each(Object.entries(DANGERS) as [GuardKind, Danger][])(
    'stops %s, names its rows, and lets through what is allowed by name and count',
    async (kind, danger) => {
      const here = await site(danger);
      const also = danger.alone === undefined ? [] : ['--allow', `${danger.alone}=2`];
      const apply = (...allow: string[]) =>
        here.run(['apply', here.changes, '--yes', ...ANY_SIZE, ...also, ...allow]);

      const stopped = await apply();
      expect(stopped).toMatchObject({ exitCode: 3, stdout: '' });
      expect(stopped.stderr).toContain(`  ${kind}: 2 findings, stops (0 allowed)\n`);
      // What is wrong with a group or a filter is told once, whatever policy it comes to.
      if (ABOUT_TENANT.has(kind)) expect(stopped.stderr).toContain(`    lines 2, 3: ${danger.found}`);
      for (const n of ABOUT_TENANT.has(kind) ? [] : [1, 2]) {
        const named = stopped.stderr.split('\n').filter((line) => line.startsWith(`    line ${n + 1}: `));
        expect(named.join('\n')).toContain(`Configuration "Policy ${n}": `);
        expect(named.join('\n')).toContain(danger.found);
      }
      expect(stopped.stderr).toContain(`If that is what you want, add: --allow ${kind}=2\n`);
      expect(await runs(here)).toEqual([]);

      const tooFew = await apply('--allow', `${kind}=1`);
      expect(tooFew.exitCode).toBe(3);
      expect(tooFew.stderr).toContain(`  ${kind}: 2 findings, stops (1 allowed)\n`);
      expect(await runs(here)).toEqual([]);
      const tooMany = await apply('--allow', `${kind}=3`);
      expect(tooMany.exitCode).toBe(3);
      expect(tooMany.stderr).toContain(`  ${kind}: 2 findings, stops (3 allowed)\n`);
      expect(await runs(here)).toEqual([]);
      expect(here.simulator.stats().writesArrived).toBe(0);

      const allowed = await apply('--allow', `${kind}=2`);
      expect(allowed.exitCode).toBe(0);
      expect(allowed.stderr).toContain(`  ${kind}: 2 findings, allowed\n`);
      expect(here.simulator.stats().writesDone).toBe(2);
    },
  );

  test('stops what was allowed and is not found: the plan is another one than that which was read', async () => {
    const here = await site({ before: groupTarget('g'), desired: toGroup('new'), found: '' });
    const stopped = await here.run(['apply', here.changes, '--yes', ...ANY_SIZE, '--allow', 'narrowed=2']);
    expect(stopped.exitCode).toBe(3);
    expect(stopped.stderr).toContain('  narrowed: 0 findings, stops (2 allowed)\n');
    expect(stopped.stderr).toContain('If that is what you want, add: --allow narrowed=0\n');
    expect(await runs(here)).toEqual([]);
  });

  test('lets nobody through who is assigned to a group that does not exist', async () => {
    const here = await site({
      before: groupTarget('g'),
      desired: toGroup('new'),
      found: '',
      settings: { groupsMissing: ['new'] },
    });
    const apply = (...allow: string[]) => here.run(['apply', here.changes, '--yes', ...ANY_SIZE, ...allow]);
    const stopped = await apply();
    expect(stopped.exitCode).toBe(3);
    expect(stopped.stderr).toContain('  group-missing: 2 findings, stops, and can not be allowed\n');
    expect(stopped.stderr).toContain('group new does not exist.');
    expect(stopped.stderr).toContain('Correct the ids of these groups, or take the rows out.\n');
    expect(stopped.stderr).not.toContain('add: --allow');
    const allowed = await apply('--allow', 'group-missing=2');
    expect(allowed.exitCode).toBe(2);
    expect(allowed.stderr).toContain("group-missing can't be allowed");
    expect(await runs(here)).toEqual([]);
  });

  test('stops every kind that a row can be, and one command line may allow several', async () => {
    const here = await site({
      before: filtered(ALL_DEVICES, 'windows-1', 'include'),
      desired: () => ({ targetType: 'group', groupId: 'new', filterType: 'none' }),
      found: '',
      settings: { groupsEmpty: ['new'] },
    });
    const planned = await here.run(['plan', here.changes, '--json', ...ANY_SIZE]);
    expect(planned.exitCode).toBe(3);
    expect(JSON.parse(planned.stdout)).toMatchObject({
      guard: { 'filter-lost': 2, narrowed: 2, 'group-empty': 2 },
      blocked: [{ kind: 'filter-lost' }, { kind: 'narrowed' }, { kind: 'group-empty' }],
    });
    const allow = ['--allow', 'filter-lost=2, narrowed=2', '--allow', 'group-empty=2'];
    expect((await here.run(['plan', here.changes, ...ANY_SIZE, ...allow])).exitCode).toBe(0);
  });

  test.each([
    [['all-device=1'], 'Did you mean "all-devices"?'],
    [['all-devices'], 'Write --allow all-devices=N'],
    [['all-devices=many'], '"many" is no count.'],
  ])('does not take --allow %j', async (allow, told) => {
    const here = await plannedTenant(redis.url, 1);
    const ran = await here.run(['plan', here.changes, '--allow', ...allow]);
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toContain(told);
  });
});

describe('a change that is larger than meant', () => {
  test('is stopped beyond --max-changes rows of a policy type, and goes with the count that was read', async () => {
    const here = await plannedTenant(redis.url, 2);
    const plan = (...flags: string[]) =>
      here.run(['plan', here.changes, '--json', '--max-changes-percent', 'off', ...flags]);
    const stopped = await plan('--max-changes', '3');
    expect(stopped.exitCode).toBe(3);
    expect(JSON.parse(stopped.stdout).blocked).toEqual([{ kind: 'max-changes', found: 4, allowed: 0 }]);
    expect((await plan('--max-changes', '3', '--allow', 'max-changes=3')).exitCode).toBe(3);
    expect((await plan('--max-changes', '3', '--allow', 'max-changes=4')).exitCode).toBe(0);
    expect((await plan('--max-changes', '4')).exitCode).toBe(0);
    expect((await plan('--max-changes', 'off')).exitCode).toBe(0);
  });

  test("is stopped beyond a share of the tenant's assignments of that type", async () => {
    const here = await plannedTenant(redis.url, 8);
    const [header = '', ...rows] = csv(
      Array.from({ length: 5 }, (_, n) => ({
        ...{ policyType: 'deviceConfiguration', policyId: `c${n}`, assignmentId: `c${n}-a0` },
        ...{ targetType: 'group', groupId: 'new' },
      })),
    ).split('\n');
    const plan = (count: number, ...flags: string[]) =>
      here.run(['plan', here.file('x.csv', [header, ...rows.slice(0, count)].join('\n')), ...flags]);
    expect((await plan(4)).exitCode).toBe(0);
    const stopped = await plan(5);
    expect(stopped.exitCode).toBe(3);
    expect(stopped.stderr).toMatch(/^ +max-changes: 5 findings, stops \(0 allowed\)/m);
    expect((await plan(5, '--max-changes-percent', '31')).exitCode).toBe(3);
    expect((await plan(5, '--max-changes-percent', '32%')).exitCode).toBe(0);
    expect((await plan(5, '--allow', 'max-changes=5')).exitCode).toBe(0);
  });

  test('is no concern of rows that are so already', async () => {
    const here = await plannedTenant(redis.url, 2);
    expect((await here.run(['apply', here.changes, '--yes', ...ANY_SIZE])).exitCode).toBe(0);
    expect((await here.run(['plan', here.changes, '--max-changes', '0'])).exitCode).toBe(0);
  });
});
