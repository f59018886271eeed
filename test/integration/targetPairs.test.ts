import { afterAll, beforeAll, test } from 'vitest';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { audience, type Cell, type Fate, type Way } from '../support/targetCells.ts';
import { expectAllCells } from '../support/targetPairs.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

/** Entries that no row is about. */
const OTHERS = ['B +f9', 'not C'];

/**
 * The cells of a table: what there is already of the group G (first column), what is wished for it (first line), and what becomes
 * of each row.
 */
function table(text: string, about: (there: string, wish: string) => Omit<Cell, 'fates'>): Cell[] {
  const [[, ...wishes] = [], ...lines] = text
    .trim()
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()));
  return lines.flatMap(([there = '', ...fates]) =>
    wishes.map((wish, i) => {
      const { list, rows } = about(there, wish);
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
  (there, wish) => ({ list: ['A +fx', there], rows: [`A → ${wish}`] }),
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
  (there, wish) => ({ list: ['not A', there], rows: [`not A → ${wish}`] }),
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
  (there, wish) => ({ list: ['A +fx', there], rows: [`add ${wish}`] }),
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
  (there, wish) => ({ list: [there], rows: [`${audience(there)} → ${wish}`] }),
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
  (there, wish) => ({ list: ['A +fx', there], rows: [`A → ${wish}`, AWAY[there] ?? 'G → H *'] }),
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
  (there, wish) => ({
    list: ['A +fx', there],
    rows: [`A → ${wish}`, there === 'not G' ? 'not G → not A' : 'G → A *'],
  }),
);

const CELLS = [
  ...[MOVED, EXCLUSION_MOVED, ADDED, CHANGED_IN_PLACE],
  ...[GIVES_WAY, TRADES_PLACES].map(inBothOrders),
].flat();

const BY_GROUP = { ids: 'byGroup', rekey: true } as const;
const OPAQUE = { ids: 'opaque', rekey: false } as const;

test.each<Way>([
  { ...BY_GROUP, strategy: 'patch', isPlanned: true },
  { ...BY_GROUP, strategy: 'assign', isPlanned: true },
  { ...BY_GROUP, strategy: 'patch', isPlanned: false },
  { ...OPAQUE, strategy: 'patch', isPlanned: true },
  { ...OPAQUE, strategy: 'assign', isPlanned: true },
  { ...OPAQUE, strategy: 'patch', isPlanned: false },
])('a policy ends as the plan shows and goes back to what it was: %j', (way) =>
  expectAllCells(redis.url, CELLS, way),
);

// Nothing in such a tenant tells that a group has one place: what includes and excludes it can't be told from what may stand.
test.each<Way>([
  { ids: 'opaque', rekey: true, strategy: 'patch', isPlanned: true },
  { ids: 'opaque', rekey: true, strategy: 'assign', isPlanned: true },
])('likewise where ids begin to be made of groups: %j', (way) =>
  expectAllCells(
    redis.url,
    CELLS.filter(({ fates }) => !fates.includes('both')),
    way,
  ),
);
