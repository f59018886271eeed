import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SeedPolicy, TenantSeed } from '../../src/simulator/tenantFile.ts';
import { APPLY, site, type Site } from '../support/assignSite.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { sized } from '../support/thoroughness.ts';
import { groupTarget } from '../support/simulatorClient.ts';

// A file as German Excel saves it, against a tenant as large and as badly named as they are.
let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const POLICIES = sized(900, 3_000);
/** Names that two or three policies have. */
const SHARED = 219;
const MOVED = sized(93, 393);

/** Every fourth name has a comma, a quote, an umlaut, or a blank at its end, or all of them. */
function nameOf(n: number): string {
  const odd = ['', ', strict', ' "Kiosk"', ' für Köln', ' ', '; Straße "ß", '][n % 7] ?? '';
  return `WIN - Policy ${n}${odd}`;
}

const policies: readonly SeedPolicy[] = Array.from({ length: POLICIES }, (_, i) => {
  // The first ones have the names of the last ones.
  const name = i < SHARED ? nameOf(POLICIES - 1 - (i % SHARED)) : nameOf(i);
  const isFiltered = i % 5 === 0;
  return {
    type: i % 3 === 0 ? 'deviceCompliancePolicy' : 'deviceConfiguration',
    id: `p${i}`,
    displayName: name,
    assignments: [
      {
        id: `a${i}`,
        target: {
          ...groupTarget('old'),
          ...(isFiltered && {
            deviceAndAppManagementAssignmentFilterId: 'f1',
            deviceAndAppManagementAssignmentFilterType: 'exclude',
          }),
        } as ReturnType<typeof groupTarget>,
      },
      ...(i % 4 === 0 ? [{ id: `b${i}`, target: groupTarget('labs') }] : []),
      ...(i % 6 === 0
        ? [
            {
              id: `c${i}`,
              target: {
                ...groupTarget('kiosks'),
                '@odata.type': '#microsoft.graph.exclusionGroupAssignmentTarget' as const,
              } as ReturnType<typeof groupTarget>,
            },
          ]
        : []),
    ],
  };
});
const TENANT: TenantSeed = {
  policies: [...policies],
  filters: [{ id: 'f1', displayName: 'Corporate; "owned"', platform: 'windows10AndLater' }],
};
const GROUPS = ['old', 'new', 'labs', 'kiosks'].map((id) => ({ id, displayName: `GRP ${id}` }));
const tenant = (): Promise<Site> => site(redis.url, { tenant: TENANT, groups: GROUPS });

const quoted = (cell: string): string => (/[;"\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
const german = (rows: readonly (readonly string[])[]): string =>
  `\ufeff${rows.map((row) => row.map(quoted).join(';')).join('\r\n')}\r\n`;

const moved = policies.slice(SHARED, SHARED + MOVED);
const OLD_NEW = ['GRP old', 'GRP new'];
const good = moved.map(({ displayName = '' }) => [displayName, ...OLD_NEW]);
const bad = [
  ...[0, 1, 2, 3].map((n) => [nameOf(POLICIES - 1 - n), ...OLD_NEW]),
  ['WIN - Polcy 500', ...OLD_NEW],
  ['Nobody calls anything so', ...OLD_NEW],
  [moved[7]?.displayName ?? '', 'GRP old', 'GRP nwe'],
];
const COLUMNS = ['--columns', 'OldGroup=fromGroupName,NewGroup=groupName'];
const HEADER = ['PolicyName', 'OldGroup', 'NewGroup'];

test('all rows but seven are found, these told with candidates and remedy; the same by a template gives the same tenant', async () => {
  const here = await tenant();
  const before = here.held();
  // One of them wants a group that nobody has, in the place of a good one for its policy.
  const whole = [...good.filter((_, i) => i !== 7), [nameOf(POLICIES - SHARED - 50), ...OLD_NEW], ...bad];
  const file = here.file('moves.csv', german([HEADER, ...whole]));
  const open = join(here.dir, 'open.csv');
  const { stderr } = await here.must(2, 'apply', '--yes', file, ...COLUMNS, '--problems', open);
  expect(stderr.match(/:\d+:1 policyName: 2 policies are called .*p\d+.*; p\d+.*Write the id/g)).toHaveLength(
    4,
  );
  expect(stderr.match(/:\d+:1 policyName: There is no policy .*(Did you mean|Write the name)/g)).toHaveLength(
    2,
  );
  expect(
    stderr.match(/:\d+:3 groupName: There is no group "GRP nwe"\. Did you mean .*"GRP new"/g),
  ).toHaveLength(1);
  expect(stderr).toContain(`moves.csv has 7 problems in 7 of ${MOVED + 7} rows; nothing was queued.`);
  expect(here.simulator.stats().writesArrived).toBe(0);
  expect(here.held()).toEqual(before);

  const mended = here.file('mended.csv', german([HEADER, ...good]));
  await here.must(0, ...APPLY, mended, ...COLUMNS, '--max-failures', '1');
  const after = here.held();
  const changed = Object.keys(after).filter((id) => JSON.stringify(after[id]) !== JSON.stringify(before[id]));
  expect(changed.toSorted()).toEqual(moved.map(({ id }) => id).toSorted());

  const there = await tenant();
  const template = [
    ['PolicyName', 'GroupName', 'AssignmentDirection', 'AssignmentAction', 'FilterName', 'FilterType'],
    ...moved.flatMap(({ displayName = '', assignments: [first] }) => {
      const { deviceAndAppManagementAssignmentFilterId: id } = (first?.target ?? {}) as Record<
        string,
        unknown
      >;
      const filter = id === undefined ? ['', ''] : ['Corporate; "owned"', 'Exclude'];
      return [
        [displayName, 'GRP new', 'Include', 'Add', ...filter],
        [displayName, 'GRP old', 'Include', 'Remove', ...filter],
      ];
    }),
  ];
  await there.must(0, ...APPLY, there.file('template.csv', german(template)), '--max-failures', '1');
  expect(there.held()).toEqual(after);
}, 180_000);

test('rows whose names nobody has, or several, are left out with every policy that may be meant', async () => {
  const here = await tenant();
  const before = here.held();
  const near = good[12] ?? [];
  const file = here.file(
    'moves.csv',
    german([HEADER, ...good.slice(0, 20), ...bad.slice(0, 1), [`${near[0]?.trim()}x`, ...OLD_NEW]]),
  );
  const { stderr } = await here.must(1, ...APPLY, file, ...COLUMNS, '--skip-invalid');
  expect(stderr).toMatch(/Left out: \d+ rows of \d+ policies with problems/);
  const after = here.held();
  const changed = Object.keys(after).filter((id) => JSON.stringify(after[id]) !== JSON.stringify(before[id]));
  expect(changed.length).toBeGreaterThan(10);
  expect(changed).not.toContain(moved[12]?.id);
}, 60_000);

test('a swap by rule, and the same by a template with ids beside the names, give the same tenant', async () => {
  const { including, excluding, both, kiosks } = sized(
    { including: 120, excluding: 9, both: 4, kiosks: 7 },
    { including: 1_200, excluding: 90, both: 40, kiosks: 70 },
  );
  const ends = [
    including,
    including + excluding,
    including + excluding + both,
    including + excluding + both + kiosks,
  ];
  /** What the n-th policy has of the old group, the new one, and others. */
  const swapped = Array.from({ length: including + excluding + both + kiosks + 50 }, (_, n) => {
    const place = ends.findIndex((end) => n < end);
    const isKiosk = place === 3;
    const excluded = (id: string): ReturnType<typeof groupTarget> => ({
      ...groupTarget(id),
      '@odata.type': '#microsoft.graph.exclusionGroupAssignmentTarget' as never,
    });
    const targets = [
      [groupTarget('old'), groupTarget('labs')],
      [excluded('old'), groupTarget('labs')],
      [groupTarget('old'), groupTarget('new')],
      [groupTarget('old')],
      [groupTarget('labs')],
    ][place === -1 ? 4 : place];
    return {
      policy: {
        type: n % 3 === 0 ? ('deviceCompliancePolicy' as const) : ('deviceConfiguration' as const),
        id: `s${n}`,
        // Each name stands for two policies.
        displayName: `${isKiosk ? 'Kiosk' : 'WIN'} ${Math.floor(n / 2)}`,
        assignments: (targets ?? []).map((target, i) => ({ id: `s${n}-${i}`, target })),
      },
      place,
    };
  });
  const of = (): Promise<Site> =>
    site(redis.url, { tenant: { policies: swapped.map(({ policy }) => policy) }, groups: GROUPS });
  const byRule = await of();
  const changes = join(byRule.dir, 'changes.csv');
  const swap = ['generate', 'swap', '--from', 'GRP old', '--to', 'GRP new', '--where', 'policyName!=*Kiosk*'];
  await byRule.must(0, ...swap, '-o', changes);
  await byRule.must(0, ...APPLY, changes);

  const byTemplate = await of();
  const rows = swapped.flatMap(({ policy: { displayName, id }, place }) => {
    const direction = place === 1 ? 'Exclude' : 'Include';
    const removed = [displayName, 'GRP old', direction, 'Remove', id];
    const added = [displayName, 'GRP new', direction, 'Add', id];
    return place === -1 || place === 3 ? [] : place === 2 ? [removed] : [added, removed];
  });
  const header = ['PolicyName', 'GroupName', 'AssignmentDirection', 'AssignmentAction', 'PolicyId'];
  await byTemplate.must(0, ...APPLY, byTemplate.file('template.csv', german([header, ...rows])));
  expect(byTemplate.held()).toEqual(byRule.held());
  const left = Object.values(byRule.held())
    .flat()
    .filter((each) => each.includes('"groupId":"old"'));
  expect(left).toHaveLength(kiosks);
}, 180_000);
