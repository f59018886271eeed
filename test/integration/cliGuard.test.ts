import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GuardKind } from '../../src/assignments/guard/finding.ts';
import type { SettingsChange } from '../../src/simulator/settings.ts';
import type { SeedAssignment, SeedPolicy, TenantSeed } from '../../src/simulator/tenantFile.ts';
import { bench, csv, type Bench, type Ran } from '../support/cli.ts';
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
  /** What the policies are. */
  readonly odataType?: string;
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
    found: 'include Corporate (windows-1) → none, leaving group g.',
  },
  'filter-flipped': {
    before: filtered(groupTarget('g'), 'windows-1', 'include'),
    desired: withFilter('windows-1', 'exclude'),
    found: 'include Corporate (windows-1) → exclude.',
  },
  'filter-swapped': {
    before: filtered(groupTarget('g'), 'windows-1', 'include'),
    desired: withFilter('windows-2'),
    found: 'include Corporate (windows-1) → include Kiosk (windows-2).',
  },
  'exclusion-swapped': {
    before: excluded('x'),
    desired: () => ({ targetType: 'exclusionGroup', groupId: 'y' }),
    found: 'group x is excluded no more, group y is.',
  },
  'cuts-off': {
    before: groupTarget('g'),
    desired: toGroup('new'),
    found: 'Wi-Fi (windows10AndLater) is lost for group g.',
    odataType: '#microsoft.graph.windowsWifiConfiguration',
  },
  'exclusion-to-inclusion': {
    before: excluded('x'),
    desired: toGroup('g'),
    found: 'excluded group x → group g.',
  },
  'inclusion-to-exclusion': {
    before: groupTarget('g'),
    desired: () => ({ targetType: 'exclusionGroup', groupId: 'g' }),
    found: 'group g → excluded group g.',
  },
  'all-devices': {
    before: groupTarget('g'),
    desired: () => ({ targetType: 'allDevices' }),
    found: 'all devices newly.',
  },
  'all-users': {
    before: ALL_DEVICES,
    desired: () => ({ targetType: 'allLicensedUsers' }),
    found: 'all users newly.',
  },
  narrowed: {
    before: ALL_DEVICES,
    desired: toGroup('g'),
    found: 'all devices → group g.',
  },
  'intent-turned': {
    before: groupTarget('g'),
    desired: () => ({ targetType: 'group', groupId: 'g', intent: 'remove' }),
    found: 'group g: apply → remove.',
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
    found: 'Phones (ios-1) is for iOS, the policy for windows10AndLater.',
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
  odataType,
  alone,
}: Danger): Promise<Bench & { readonly changes: string }> {
  const policies = [1, 2].map((n): SeedPolicy => ({
    ...{ id: `c${n}`, type: 'deviceConfiguration', displayName: `Policy ${n}` },
    ...(odataType !== undefined && { odataType }),
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
        here.run(['apply', here.changes, '--yes', '--details', ...ANY_SIZE, ...also, ...allow]);

      const stopped = await apply();
      expect(stopped).toMatchObject({ exitCode: 3, stdout: '' });
      expect(stopped.stderr).toContain(`  ${kind}=2\n`);
      // Rows that do the same are told of together, each with its policy.
      expect(stopped.stderr).toContain(danger.found);
      for (const n of [1, 2]) expect(stopped.stderr).toContain(`      line ${n + 1}  Policy ${n}\n`);
      expect(stopped.stderr).toContain(`If that is what you want, add: --allow ${kind}=2\n`);
      expect(await runs(here)).toEqual([]);

      const tooFew = await apply('--allow', `${kind}=1`);
      expect(tooFew.exitCode).toBe(3);
      expect(tooFew.stderr).toContain(`  ${kind}=2 (1 allowed)\n`);
      expect(await runs(here)).toEqual([]);
      const tooMany = await apply('--allow', `${kind}=3`);
      expect(tooMany.exitCode).toBe(3);
      expect(tooMany.stderr).toContain(`  ${kind}=2 (3 allowed)\n`);
      expect(await runs(here)).toEqual([]);
      expect(here.simulator.stats().writesArrived).toBe(0);

      const allowed = await apply('--allow', `${kind}=2`);
      expect(allowed.exitCode).toBe(0);
      expect(allowed.stderr).toContain(`  ${kind}=2 (allowed)\n`);
      expect(here.simulator.stats().writesDone).toBe(2);
    },
  );

  test('stops what was allowed and is not found: the plan is another one than that which was read', async () => {
    const here = await site({ before: groupTarget('g'), desired: toGroup('new'), found: '' });
    const stopped = await here.run(['apply', here.changes, '--yes', ...ANY_SIZE, '--allow', 'narrowed=2']);
    expect(stopped.exitCode).toBe(3);
    expect(stopped.stderr).toContain('  narrowed=0 (2 allowed)\n');
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
    expect(stopped.stderr).toContain('  group-missing=2 (never)  ');
    expect(stopped.stderr).toContain('group new does not exist: lines 2, 3\n');
    expect(stopped.stderr).toContain('Correct the ids of the missing groups, or take their rows out.\n');
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

describe('on a terminal apply asks of each kind that stops it', () => {
  const DANGER: Danger = {
    before: filtered(ALL_DEVICES, 'windows-1', 'include'),
    desired: () => ({ targetType: 'group', groupId: 'new', filterType: 'none' }),
    found: '',
  };
  const typed = async (here: Awaited<ReturnType<typeof site>>, ...answers: string[]): Promise<Ran> => {
    const stdin = new PassThrough();
    const applied = here.start(['apply', here.changes, ...ANY_SIZE], { isTerminal: true, stdin });
    const questions = ['Type 2 to go on', 'Is that meant? [y]es', 'Change 2 assignments'];
    let asked = 0;
    for (const answer of answers) {
      await applied.said(questions[asked] ?? '');
      stdin.write(`${answer}\n`);
      // Then it is asked again.
      if (answer === 's') await applied.said('Policy 2\n  Is that meant? Type 2');
      else asked += 1;
    }
    stdin.end();
    return applied.ended;
  };

  test('a grave one by its count, another by a yes, then whether to change, and the log tells what was let through', async () => {
    const here = await site(DANGER);
    const ran = await typed(here, '2', 'y', 'y');
    expect(ran.exitCode).toBe(0);
    expect(here.simulator.stats().writesDone).toBe(2);
    expect(ran.stderr).not.toContain('add: --allow');
    const log = JSON.parse((await here.run(['log', '@last', '--json'])).stdout) as { details: object }[];
    expect(log[0]?.details).toMatchObject({ allow: ['filter-lost=2', 'narrowed=2'] });
  });

  test('and goes no further at a yes, another count or nothing where the count is asked for', async () => {
    for (const answer of ['y', '3', '']) {
      const here = await site(DANGER);
      const ran = await typed(here, answer);
      expect(ran.exitCode).toBe(3);
      expect(ran.stderr).toContain('Nothing was changed.\n');
      expect(ran.stderr).not.toContain('  narrowed=2  all devices → group new: lines 2, 3\n  Is that');
      expect(await runs(here)).toEqual([]);
    }
  });

  test('shows every row of it first, where that is wanted', async () => {
    const here = await site(DANGER);
    const ran = await typed(here, 's', '2', 'n');
    expect(ran.exitCode).toBe(3);
    expect(ran.stderr).toContain('      line 2  Policy 1\n      line 3  Policy 2\n');
    expect(await runs(here)).toEqual([]);
  });

  test('but nothing where a group does not exist: nobody can allow that', async () => {
    const here = await site({ ...DANGER, settings: { groupsMissing: ['new'] } });
    const ran = await here.run(['apply', here.changes, ...ANY_SIZE], { isTerminal: true, stdin: '2\n2\n' });
    expect(ran.exitCode).toBe(3);
    expect(ran.stderr).not.toContain('Is that meant?');
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
    expect(stopped.stderr).toMatch(/^ +max-changes=5  rows of a type/m);
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
