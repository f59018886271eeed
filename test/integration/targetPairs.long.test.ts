import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { APPLY, site, type Target } from '../support/assignSite.ts';
import { csv } from '../support/cli.ts';
import { excluded, group } from '../support/graphShapes.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { audience, type Cell, type Fate, type Way } from '../support/targetCells.ts';
import { expectAllCells, expectLossTold } from '../support/targetPairs.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

/** Entries that no row is about. */
const OTHERS = ['B +f9', 'not C'];

/**
 * The cells of a table: what there is already of the group G (first column), what is wanted for it (first line), and what becomes
 * of each row.
 */
function table(text: string, about: (there: string, desired: string) => Omit<Cell, 'fates'>): Cell[] {
  const [[, ...desires] = [], ...lines] = text
    .trim()
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()));
  return lines.flatMap(([there = '', ...fates]) =>
    desires.map((desired, i) => {
      const { list, rows } = about(there, desired);
      return {
        list: [...list.filter((entry) => entry !== 'none'), ...OTHERS],
        rows,
        fates: (fates[i]?.split(' ') ?? []) as Fate[],
      };
    }),
  );
}

/** Two rows, as the file may have them. */
const inBothOrders = (cells: readonly Cell[]): Cell[] =>
  cells.flatMap((cell) => [cell, { ...cell, rows: cell.rows.toReversed(), fates: cell.fates.toReversed() }]);

const MOVED = table(
  `
  there        | G     | G +f1 | G -f2 | G *   | not G
  none         | go    | go    | go    | go    | go
  G            | taken | taken | taken | taken | both
  G +f1        | taken | taken | taken | taken | both
  G -f2        | taken | taken | taken | taken | both
  not G        | both  | both  | both  | both  | taken
  G of set     | taken | taken | taken | taken | both
  not G of set | both  | both  | both  | both  | taken
  `,
  (there, desired) => ({ list: ['A +fx', there], rows: [`A → ${desired}`] }),
);

const EXCLUSION_MOVED = table(
  `
  there        | G     | G +f1 | not G
  none         | go    | go    | go
  G            | taken | taken | both
  G -f2        | taken | taken | both
  not G        | both  | both  | taken
  G of set     | taken | taken | both
  not G of set | both  | both  | taken
  `,
  (there, desired) => ({ list: ['not A', there], rows: [`not A → ${desired}`] }),
);

const ADDED = table(
  `
  there        | G    | G +f1 | G -f2 | not G
  none         | go   | go    | go    | go
  G            | so   | there | there | both
  G +f1        | there| so    | there | both
  G -f2        | there| there | so    | both
  not G        | both | both  | both  | so
  G of set     | so   | there | there | both
  not G of set | both | both  | both  | so
  `,
  (there, desired) => ({ list: ['A +fx', there], rows: [`add ${desired}`] }),
);

const CHANGED_IN_PLACE = table(
  `
  there        | G     | G +f1 | G -f2 | G *   | not G
  G            | so    | go    | go    | so    | go
  G +f1        | go    | so    | go    | so    | go
  G -f2        | go    | go    | so    | so    | go
  not G        | go    | go    | go    | go    | so
  G of set     | so    | owned | owned | so    | owned
  not G of set | owned | owned | owned | owned | so
  `,
  (there, desired) => ({ list: [there], rows: [`${audience(there)} → ${desired}`] }),
);

const AWAY: Readonly<Record<string, string>> = {
  'not G': 'not G → not H',
  'not G of set': 'not G → H',
};
const GIVES_WAY = table(
  `
  there        | G           | G +f1       | G *         | not G
  G            | go go       | go go       | go go       | go go
  G +f1        | go go       | go go       | go go       | go go
  G -f2        | go go       | go go       | go go       | go go
  not G        | go go       | go go       | go go       | go go
  G of set     | taken owned | taken owned | taken owned | both owned
  not G of set | both owned  | both owned  | both owned  | taken owned
  `,
  (there, desired) => ({ list: ['A +fx', there], rows: [`A → ${desired}`, AWAY[there] ?? 'G → H *'] }),
);

const TRADES_PLACES = table(
  `
  there        | G           | G +f1       | G -f2       | G *         | not G
  G            | go go       | go go       | go go       | go go       | go go
  G +f1        | go go       | go go       | go go       | go go       | go go
  G -f2        | go go       | go go       | go go       | go go       | go go
  G +fx        | go go       | go go       | go go       | so so       | go go
  not G        | go go       | go go       | go go       | go go       | go go
  `,
  (there, desired) => ({
    list: ['A +fx', there],
    rows: [`A → ${desired}`, there === 'not G' ? 'not G → not A' : 'G → A *'],
  }),
);

const cell = (list: string, rows: string, fates: string): Cell => ({
  list: [...list.split(', '), ...OTHERS],
  rows: rows.split('; '),
  fates: fates.split(' ') as Fate[],
});

const TWO_TO_ONE = [
  // The first row wins.
  cell('A +fx, D', 'A → G; D → G', 'go taken'),
  cell('A +fx, D', 'D → G; A → G *', 'go taken'),
  cell('A +fx, D', 'A → G +f1; D → G -f2', 'go taken'),
  cell('A +fx, not D', 'A → not G; not D → not G', 'go taken'),
  cell('A +fx', 'add G; A → G', 'go taken'),
  cell('A +fx', 'A → G; add G +f1', 'go taken'),
  // Both are taken where the group is there.
  cell('A +fx, D, G', 'A → G; D → G', 'taken taken'),
  // One includes and one excludes it.
  cell('A +fx, D', 'A → G; D → not G', 'held/both both'),
  cell('A +fx, not D', 'not D → not G; A → G', 'go/both both'),
  cell('A +fx', 'add G; add not G', 'held/both both'),
];

const IN_THE_WAY = [
  // What stays with another filter keeps its place.
  cell('A +fx, G', 'G → G +f1; A → G', 'go taken'),
  cell('A +fx, G', 'A → G; G → G +f1', 'taken go'),
  cell('A +fx, G', 'G → not G; A → G', 'go/both taken/both'),
  // All devices are a place like a group.
  cell('A +fx', 'A → all', 'go'),
  cell('A +fx, all -f2', 'A → all', 'taken'),
  cell('A +fx, all', 'add all +f1', 'there'),
  cell('A +fx, all -f2', 'A → all; all → G *', 'go go'),
  cell('A +fx, all -f2', 'all → A *; A → all *', 'go go'),
  cell('A +fx, all', 'remove all; A → all', 'go taken'),
];

const SHIFTED = [
  cell('A +fx, G', 'A → G *; G → H *', 'go go'),
  cell('A +fx, G', 'G → H *; A → G *', 'go go'),
  cell('A +fx, G +f1, H -f2', 'A → G *; G → H *; H → I *', 'go go go'),
  cell('A +fx, G +f1, H -f2', 'H → I *; G → H *; A → G *', 'go go go'),
  cell('A +fx, G +f1, H -f2', 'G → H *; A → G *; H → I *', 'go go go'),
  // The ring closes.
  cell('A +fx, G +f1, H -f2', 'A → G *; G → H *; H → A *', 'go go go'),
  cell('A +fx, G +f1, H -f2', 'H → A *; G → H *; A → G *', 'go go go'),
  // The last one has no room, and so nobody has.
  cell('A +fx, G, H +f1', 'A → G *; G → H *', 'taken taken'),
  cell('A +fx, G, H +f1', 'G → H *; A → G *', 'taken taken'),
  cell('A +fx, G, H of set', 'A → G *; G → H *', 'taken taken'),
];

const TAKEN_AWAY = [
  // Read again after a lost reply, the row that removes would take what the other one has brought.
  cell('A +fx, G', 'remove G; A → G', 'go taken'),
  cell('A +fx, G +f1', 'A → G; remove G', 'taken go'),
  cell('A +fx, not G', 'remove not G; A → not G', 'held taken'),
  cell('A +fx, not G', 'remove not G; A → G', 'go taken/go'),
  cell('A +fx, G', 'A → not G; remove G', 'taken/go go'),
  cell('A +fx, G of set', 'remove G; A → G', 'owned taken'),
  cell('A +fx, G', 'remove G; add G +f1', 'go there'),
  { ...cell('A +fx', 'add G; remove G', 'taken so'), by: 'target' as const },
  // What a row wants is not cleared.
  cell('A +fx, G +f1', 'clear; A → G', 'go taken'),
  cell('A +fx, G +f1', 'clear; add G', 'go go'),
  cell('A +fx, not G', 'clear; A → G', 'go taken/go'),
  cell('A +fx, G of set', 'clear; add G', 'go so'),
];

/** What only a tenant has that tells the entries of a group apart. */
const TOGETHER_BEFORE = [
  cell('A +fx, not A', 'A → G *', 'go'),
  cell('A +fx, not A', 'not A → not G', 'go'),
  cell('A +fx, not A', 'A → not G', 'go'),
  cell('A +fx, not A', 'A → not A', 'taken'),
  cell('A +fx, not A', 'remove not A', 'go'),
  cell('A +fx, not A, G', 'A → G', 'taken'),
  cell('A +fx, not A', 'A → G; not A → A', 'go go'),
  cell('A +fx, not A', 'clear', 'go'),
  cell('A +fx, A of set', 'A → G *', 'go'),
  cell('A +fx, A of set', 'A → A', 'go'),
  cell('A +fx, A of set', 'A → not G', 'go'),
  { ...cell('A +fx, A of set', 'remove A', 'go'), by: 'id' as const },
  // It would still be there, for the policy set.
  { ...cell('A +fx, A of set', 'remove A', 'owned'), by: 'target' as const },
  cell('A +fx, A of set', 'clear', 'go'),
  cell('A +fx, not A of set', 'A → G *', 'go'),
];

const CELLS = [
  ...[TWO_TO_ONE, IN_THE_WAY, SHIFTED, TAKEN_AWAY],
  ...[MOVED, EXCLUSION_MOVED, ADDED, CHANGED_IN_PLACE],
  ...[GIVES_WAY, TRADES_PLACES].map(inBothOrders),
].flat();

const BY_GROUP = { ids: 'byGroup', rekey: true } as const;
const OPAQUE = { ids: 'opaque', rekey: false } as const;

const BOTH = CELLS.filter(({ fates }) => fates.some((fate) => fate.includes('both')));

test.each<Way>([
  { ...BY_GROUP, strategy: 'patch', isPlanned: true },
  { ...BY_GROUP, strategy: 'assign', isPlanned: true },
  { ...OPAQUE, strategy: 'patch', isPlanned: true },
  { ...OPAQUE, strategy: 'assign', isPlanned: true },
])('a policy ends as the plan shows and goes back to what it was: %j', (way) =>
  expectAllCells(redis.url, way.rekey ? CELLS : [...CELLS, ...TOGETHER_BEFORE], way),
);

test('nobody has allowed without a plan that a group is included and excluded', () =>
  expectAllCells(redis.url, BOTH, { ...OPAQUE, strategy: 'patch', isPlanned: false }));

describe('where ids begin to be made of groups with the first write', () => {
  const way = { ids: 'opaque', rekey: true, isPlanned: true } as const;

  test.each(['patch', 'assign'] as const)('it is likewise: %s', (strategy) =>
    expectAllCells(
      redis.url,
      CELLS.filter((each) => !BOTH.includes(each)),
      { ...way, strategy },
    ),
  );

  test.each([
    cell('A +fx, not G', 'A → G', 'both'),
    cell('A +fx, D', 'A → G; D → not G', 'both both'),
    cell('A +fx, G of set', 'A → not G', 'both'),
  ])('what includes and excludes a group is not lost in silence: $list, $rows', (lossy) =>
    expectLossTold(redis.url, lossy, { ...way, strategy: 'patch' }),
  );
});

// The id of the exclusion that is removed is that of the group which comes in its place: the read after the lost reply finds that.
test('a lost reply to the rollback of a rollback does not remove what was put in the place of an exclusion', async () => {
  const type = 'deviceConfiguration' as const;
  const assignments = [
    { id: 'p0-0', target: group('A') as Target },
    { id: 'p0-1', target: excluded('G') as Target },
  ];
  const here = await site(redis.url, {
    tenant: { policies: [{ id: 'p0', type, assignments }] },
    rekey: true,
  });
  const policy = { policyType: type, policyId: 'p0' };
  const rows = csv([
    { ...policy, action: 'remove', assignmentId: 'p0-1', targetType: '', groupId: '' },
    { ...policy, action: 'set', assignmentId: 'p0-0', targetType: 'group', groupId: 'G' },
  ]);
  await here.must(0, ...APPLY, here.file('x.csv', rows));
  const meant = here.held();
  await here.must(0, 'rollback', '@last', '--yes', '--work');
  here.simulator.reconfigure({ faults: { lost: 1 } });
  const back = here.run(['rollback', '@last', '--yes', '--work']);
  await vi.waitFor(() => expect(here.simulator.stats().faults).toMatchObject({ lost: expect.any(Number) }));
  here.simulator.reconfigure({ faults: {} });
  expect(await back).toMatchObject({ exitCode: 0 });
  expect(here.held()).toEqual(meant);
});
