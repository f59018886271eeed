import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SeedPolicy, TenantSeed } from '../../src/simulator/tenantFile.ts';
import { ALLOW_ALL, bench, type Bench, type Ran } from '../support/cli.ts';
import { guid } from '../support/guid.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { groupTarget } from '../support/simulatorClient.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

type Target = SeedPolicy['assignments'][number]['target'];
type Seed = readonly Target[];

const included = (id: string, filter?: string): Target => ({
  ...groupTarget(id),
  ...(filter !== undefined && {
    deviceAndAppManagementAssignmentFilterId: filter,
    deviceAndAppManagementAssignmentFilterType: 'include' as const,
  }),
});
const excluded = (id: string): Target => ({
  '@odata.type': '#microsoft.graph.exclusionGroupAssignmentTarget',
  groupId: id,
});
const everyDevice: Target = { '@odata.type': '#microsoft.graph.allDevicesAssignmentTarget' };

const GROUPS = [
  { id: 'a', displayName: 'Old, Clients' },
  { id: 'b', displayName: 'New Clients' },
  { id: 'x', displayName: 'VIP' },
];

/** So many policies of each sort, and what is to become of their lists. */
const SORTS: readonly {
  readonly name: string;
  readonly n: number;
  readonly has: Seed;
  readonly gets: Seed;
}[] = [
  {
    name: 'WIN - Base',
    n: 120,
    has: [included('a', 'f1'), excluded('c')],
    gets: [included('b', 'f1'), excluded('c')],
  },
  { name: 'WIN - Rest', n: 60, has: [everyDevice], gets: [everyDevice] },
  { name: 'MAC - Except', n: 9, has: [everyDevice, excluded('a')], gets: [everyDevice, excluded('b')] },
  { name: 'WIN - Both', n: 4, has: [included('a'), included('b')], gets: [included('b')] },
  { name: 'WIN - Kiosk', n: 7, has: [included('a')], gets: [included('a')] },
  { name: 'iOS', n: 100, has: [included('c', 'f1')], gets: [included('c', 'f1')] },
];

const tenantOf = (sorts: typeof SORTS): TenantSeed => ({
  policies: sorts.flatMap(({ name, n, has }, s) =>
    Array.from({ length: n }, (_, i): SeedPolicy => {
      const id = `p${s}_${i}`;
      return {
        ...{ id, displayName: `${name} ${i}` },
        type: (s + i) % 2 === 0 ? 'deviceConfiguration' : 'deviceCompliancePolicy',
        assignments: has.map((target, t) => ({ id: `${id}_${t}`, target })),
      };
    }),
  ),
});

/** Each policy's list as an export shows it: its targets in words, by the policy's name. */
async function listsOf(here: Bench): Promise<Record<string, string[]>> {
  const ran = await here.run(['export', '--format', 'json']);
  const lists: Record<string, string[]> = {};
  for (const row of JSON.parse(ran.data) as Record<string, string | null>[])
    (lists[row['policyName'] ?? ''] ??= []).push(wordsOf(row));
  for (const list of Object.values(lists)) list.sort();
  return lists;
}

const wordsOf = (row: Record<string, string | null>): string =>
  [row['targetType'], row['groupId'] ?? '-', row['filterId'] ?? '-'].join(' ');

const desiredLists = (sorts: typeof SORTS): Record<string, string[]> =>
  Object.fromEntries(
    sorts.flatMap(({ name, n, gets }) =>
      Array.from({ length: n }, (_, i) => [
        `${name} ${i}`,
        gets
          .map((target) => {
            const { groupId, deviceAndAppManagementAssignmentFilterId: filter } = target as Record<
              string,
              string
            >;
            const type = String(target['@odata.type']).replace(/.*\.(\w+)AssignmentTarget$/, '$1');
            return [
              type,
              groupId === undefined ? '-' : guid(groupId),
              filter === undefined ? '-' : guid(filter),
            ].join(' ');
          })
          .toSorted(),
      ]),
    ),
  );

const SWAP = [
  'generate',
  'swap',
  '--from',
  'Old, Clients',
  '--to',
  'new clients',
  '--where',
  'policyName!=*Kiosk*',
];

describe('a swap of a group over 300 policies', () => {
  test('is three commands, of which one writes; all lists are then as they shall be, and generated again there is nothing', async () => {
    const here = await bench(redis.url, { tenant: tenantOf(SORTS), groups: GROUPS });
    const file = join(here.dir, 'changes.csv');
    const made = await here.run([...SWAP, '-o', file]);
    expect(made, made.stderr).toMatchObject({ exitCode: 0, stdout: '' });
    expect(made.stderr).toContain('129 assignments to be moved to the new group\n');
    expect(made.stderr).toContain('4 assignments to be removed, as the new group is there');
    expect(made.stderr).toContain('7 assignments not selected by --where\nnot swapped: 7\n');
    expect(made.stderr).toContain('Wrote 133 rows for 133 policies to ');
    expect(here.simulator.stats().writesArrived).toBe(0);
    expect(readFileSync(file, 'utf8').split('\n')[0]).toContain(
      'fromTargetType,fromGroupId,fromFilterId,policyName,groupName,filterName,fromGroupName,fromFilterName',
    );
    const planned = await here.run(['plan', file, '--json', ...ALLOW_ALL]);
    expect(JSON.parse(planned.stdout)).toMatchObject({ rows: 133, refused: 0, alreadySo: 0 });
    const done = await here.run(['apply', file, '--yes', ...ALLOW_ALL]);
    expect(done, done.stderr).toMatchObject({ exitCode: 0 });
    expect(await listsOf(here)).toEqual(desiredLists(SORTS));
    const again = await here.run([...SWAP, '-o', file]);
    expect(again.stderr).toContain('Wrote 0 rows for 0 policies');
  }, 60_000);

  test('can go through a pipe, and a column that is sorted alone is found out', async () => {
    const here = await bench(redis.url, { tenant: tenantOf(SORTS), groups: GROUPS });
    const made = await here.run(SWAP);
    const planned = await here.run(['plan', '-', '--json'], { stdin: made.data });
    expect(JSON.parse(planned.stdout), planned.stderr).toMatchObject({ rows: 133, refused: 0 });
    const [head = '', ...rows] = made.data.trimEnd().split('\n');
    const at = head.split(',').indexOf('policyId');
    const ids = rows.map((row) => row.split(',')[at] ?? '');
    const shuffled = rows.map((row, i) =>
      row
        .split(',')
        .with(at, ids[(i + 7) % ids.length] ?? '')
        .join(','),
    );
    const refused = await here.run(['plan', here.file('s.csv', [head, ...shuffled, ''].join('\n'))]);
    expect(refused.exitCode).toBe(2);
  }, 60_000);
});

const MIXED = tenantOf([
  { name: 'WIN - Filter', n: 1, has: [included('a', 'f1'), included('b', 'f2')], gets: [] },
  { name: 'WIN - Nobody', n: 1, has: [], gets: [] },
  { name: 'WIN - VIP', n: 1, has: [included('x')], gets: [] },
  { name: 'Test', n: 1, has: [everyDevice], gets: [] },
]);

const FILTERS = [
  { id: 'f1', displayName: 'Filter f1', platform: 'iOS' },
  { id: 'f2', displayName: 'Corporate', platform: 'windows10AndLater' },
];

const mixed = (): Promise<Bench> =>
  bench(redis.url, { tenant: { ...MIXED, filters: FILTERS }, groups: GROUPS });

const rowsOf = (ran: Ran): Record<string, string | null>[] => JSON.parse(ran.stdout);

describe('generate', () => {
  test('shows both entries where a swap is not simple, writes nothing, and does what it is told', async () => {
    const here = await mixed();
    const file = join(here.dir, 'changes.json');
    const swap = ['generate', 'swap', '--from', guid('a'), '--to', 'New Clients'];
    const refused = await here.run([...swap, '-o', file]);
    expect(refused).toMatchObject({ exitCode: 2 });
    expect(refused.stderr).toContain('"WIN - Filter 0" (p0_0): It has group a, include filter f1');
    expect(refused.stderr).toContain('and group b, include filter f2');
    expect(() => readFileSync(file)).toThrow('ENOENT');
    const kept = await here.run([...swap, '--format', 'json', '--on-conflict', 'keep']);
    expect(rowsOf(kept)).toMatchObject([
      { action: 'remove', groupName: 'Old, Clients', filterName: 'Filter f1' },
    ]);
  });

  test('excludes a group, and counts by reason where it does not', async () => {
    const here = await mixed();
    const made = await here.run(['generate', 'exclude', '--group', 'VIP', '--format', 'json']);
    expect(rowsOf(made).map(({ policyName, targetType }) => [policyName, targetType])).toEqual([
      ['WIN - Filter 0', 'exclusionGroup'],
      ['Test 0', 'exclusionGroup'],
    ]);
    expect(made.stderr).toMatch(
      /1 policy including the group\n.*1 policy that nobody gets\nnot excluded: 2\n$/,
    );
    const file = here.file('x.json', made.data);
    expect((await here.run(['apply', file, '--yes', ...ALLOW_ALL])).exitCode).toBe(0);
    const again = await here.run(['generate', 'exclude', '--group', 'VIP', '--format', 'json']);
    expect(rowsOf(again)).toEqual([]);
  });

  test('removes a target, copies a group, includes one, sets a filter', async () => {
    const here = await mixed();
    const made = async (...argv: string[]): Promise<unknown[][]> => {
      const ran = await here.run(['generate', ...argv, '--format', 'json']);
      expect(ran, ran.stderr).toMatchObject({ exitCode: 0 });
      return rowsOf(ran).map(({ policyName, action, targetType, groupName, filterName }) => [
        ...[policyName, action ?? 'set', targetType, groupName, filterName],
      ]);
    };
    expect(await made('remove', '--target', 'allDevices', '--where', 'policyName=Test*')).toEqual([
      ['Test 0', 'remove', 'allDevices', undefined, undefined],
    ]);
    expect(await made('copy', '--from', 'VIP', '--to', 'New Clients')).toEqual([
      ['WIN - VIP 0', 'add', 'group', 'New Clients', undefined],
    ]);
    expect(await made('include', '--group', 'VIP', '--where', 'policyName=*Nobody*')).toEqual([
      ['WIN - Nobody 0', 'add', 'group', 'VIP', undefined],
    ]);
    expect(
      await made(
        'filter',
        '--filter',
        'corporate',
        '--filter-type',
        'exclude',
        '--where',
        'targetType=allDevices',
      ),
    ).toEqual([['Test 0', 'set', 'allDevices', undefined, 'Corporate']]);
  });

  test('says that nothing fits, as where a word of --where is mistaken', async () => {
    const here = await mixed();
    const none = await here.run(['generate', 'exclude', '--group', 'VIP', '--where', 'policyName=[a-z]*']);
    expect(none).toMatchObject({ exitCode: 0 });
    expect(none.stderr).toContain('Nothing that the rule is about fits --where');
    const nothing = await here.run(['generate', 'remove', '--target', 'allLicensedUsers']);
    expect(nothing.stderr).toContain('The tenant has nothing that the rule is about.');
  });

  test('takes pairs from a file', async () => {
    const here = await mixed();
    const pairs = here.file('pairs.csv', 'from;to\nVIP;New Clients\n');
    const made = await here.run(['generate', 'swap', '--pairs', pairs, '--format', 'json']);
    expect(rowsOf(made)).toMatchObject([
      { policyName: 'WIN - VIP 0', groupName: 'New Clients', fromGroupName: 'VIP' },
    ]);
  });

  test('--excel writes semicolons and a byte order mark, which plan reads', async () => {
    const here = await mixed();
    const file = join(here.dir, 'changes.csv');
    await here.run(['generate', 'exclude', '--group', 'VIP', '-o', file, '--excel']);
    expect(readFileSync(file, 'utf8')).toMatch(/^\ufeffpolicyType;policyId;/);
    const planned = await here.run(['plan', file, '--json', ...ALLOW_ALL]);
    expect(JSON.parse(planned.stdout)).toMatchObject({ rows: 2, writes: 2 });
  });

  test.each([
    [['swop'], '"swop" is no rule.', 'Did you mean swap?'],
    [['swap', '--from', 'VIP'], 'needs --to', 'Write --to'],
    [['swap', '--from', 'VIP', '--to', 'vip'], 'is the old and the new group', 'Write another'],
    [
      ['swap', '--from', 'VIP', '--to', 'New Client'],
      'There is no group "New Client"',
      'Did you mean "New Clients"?',
    ],
    [['exclude', '--group', 'VIP', '--to', 'x'], 'takes no --to', '--group'],
    [['exclude', '--group', 'VIP', '--where', 'targetType=group'], 'no column targetType', 'policyName'],
    [['remove'], 'Nothing says what is to be removed', '--target allDevices'],
    [['remove', '--target', 'allDevices', '--group', 'VIP'], 'is no group', 'Leave --group'],
    [['filter', '--filter', 'Filter f1'], 'needs --filter-type', 'include or exclude'],
    [['filter', '--filter-type', 'none', '--filter', 'x'], 'takes filters off', 'Leave --filter out'],
    [
      ['copy', '--from', 'VIP', '--to', 'New Clients', '--api-version', 'v1.0'],
      'beta',
      'Leave --api-version',
    ],
    [['exclude', '--group', 'VIP', '--excel', '--format', 'json'], '--excel is for CSV', 'Leave --excel'],
  ])('generate %j is no rule, and says what would be one', async (argv, message, remedy) => {
    const here = await mixed();
    const ran = await here.run(['generate', ...argv]);
    expect(ran).toMatchObject({ exitCode: 2, stdout: '' });
    expect(ran.stderr).toContain(message);
    expect(ran.stderr).toContain(remedy);
  });

  test('never takes the first of several groups of one name', async () => {
    const groups = [...GROUPS, { id: 'y', displayName: 'VIP' }];
    const here = await bench(redis.url, { tenant: MIXED, groups });
    const ran = await here.run(['generate', 'exclude', '--group', 'VIP']);
    expect(ran).toMatchObject({ exitCode: 2, stdout: '' });
    expect(ran.stderr).toContain('2 groups are called "VIP": ');
  });
});
