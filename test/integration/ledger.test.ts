import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { inVirtualTime, mostInWindow, play, type History, type Leaves } from '../support/ledgerModel.ts';
import { recordForTests, rowsOf, runAtWork } from '../support/record.ts';

// The scripts as they are, but for the clock and the server's name, which the model sets.
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const readFileSync = (path: URL | string, encoding: 'utf8'): string => {
    const text = fs.readFileSync(path, encoding);
    return String(path).endsWith('.lua') ? inVirtualTime(text) : text;
  };
  return { ...fs, readFileSync };
});

const record = recordForTests();
const BATCHES = 60;
const RUNS = { numRuns: 25 };

async function played(history: History): Promise<Leaves> {
  const store = record.store();
  await record.redis.mset('virtual:s', 1_800_000_000, 'virtual:us', 0, 'virtual:server', 'one');
  const runId = await runAtWork(store, rowsOf(20 * BATCHES));
  const leaves = await play(history, store, record.redis, runId, BATCHES);
  // Or the history would show nothing.
  expect(leaves.given.length).toBeGreaterThan(0);
  return leaves;
}

const CALM = { throttled: 0, unnamed: 0, dies: 0, lost: 0, latency: 0.2, holdWindows: 3, lengthWindows: 12 };

const history = (fixed: Partial<History>): fc.Arbitrary<History> =>
  fc
    .record({
      limit: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 13, max: 200 })),
      windowMs: fc.constantFrom(200, 1_000, 4_000, 20_000),
      timeout: fc.double({ min: 0.1, max: 3.5, noNaN: true }),
      workers: fc.integer({ min: 1, max: 4 }),
      seed: fc.integer(),
      throttled: fc.constantFrom(0, 0.1, 0.5),
      unnamed: fc.constantFrom(0, 0.5, 1),
      dies: fc.constantFrom(0, 0.1),
      lost: fc.constantFrom(0, 0.2),
      latency: fc.constantFrom(0.01, 0.3, 1),
    })
    .map(({ timeout, ...rest }) => ({
      lengthWindows: 8,
      holdWindows: 3,
      ...rest,
      timeoutMs: Math.ceil(timeout * rest.windowMs),
      ...fixed,
    }));

function expectHonest(leaves: Leaves): void {
  expect(leaves.wrong).toEqual([]);
  expect(mostInWindow(leaves)).toBeLessThanOrEqual(leaves.policy.limit);
  for (const { from, until, why } of leaves.closed) {
    // Redis counts in whole milliseconds.
    const early = leaves.given.filter(({ at }) => at > from && at < until - 1);
    expect({ why, from, until, early }).toMatchObject({ early: [] });
  }
}

function expectEven({ given, policy }: Leaves): void {
  for (const [i, first] of given.entries()) {
    let dueAt = first.at;
    for (const { at, n } of given.slice(i + 1, i + 30)) {
      expect(at).toBeGreaterThanOrEqual(dueAt - 1);
      dueAt += Math.floor((0.97 * n * policy.windowMs) / policy.limit) - 1;
    }
  }
}

test('however workers are answered, throttled, lost or killed, no window sees more writes than the limit', async () => {
  await fc.assert(
    fc.asyncProperty(history({}), async (each) => {
      const leaves = await played(each);
      expectHonest(leaves);
      expectEven(leaves);
      expect(leaves.chargedAtEnd).toBe(0);
    }),
    RUNS,
  );
});

test('a Redis that restarted counts as full until nothing sent before can count', async () => {
  await fc.assert(
    fc.asyncProperty(history({ restartAt: 0.4, lengthWindows: 12 }), async (each) =>
      expectHonest(await played(each)),
    ),
    RUNS,
  );
});

test.each([
  ['back by seconds', -3_000],
  ['back by a day', -86_400_000],
  ['forward by seconds', 5_000],
  ['forward by a day', 86_400_000],
])('a clock that steps %s neither frees the ledger early nor shortens a hold', async (_, ms) => {
  await fc.assert(
    // A step back shows in the record. One forward looks like a pause to a worker that never saw the clock before, so there
    // nobody dies. Holds are longer than the ledger counts as full.
    fc.asyncProperty(
      history({ step: { at: 0.4, ms }, lengthWindows: 20, holdWindows: 10, dies: ms < 0 ? 0.5 : 0 }),
      async (each) => expectHonest(await played(each)),
    ),
    { numRuns: 15 },
  );
});

test('the ledger of a quiet tenant uses nine tenths of the limit and more', async () => {
  for (const workers of [1, 3]) {
    const calm = {
      ...CALM,
      limit: 100,
      windowMs: 20_000,
      timeoutMs: 65_000,
      latency: 0.012,
      workers,
      seed: workers,
    };
    const leaves = await played({ ...calm, lengthWindows: 30 });
    const sent = leaves.given.reduce((sum, { n }) => sum + n, 0);
    expect(sent).toBeGreaterThan(0.9 * 30 * 100);
    expectHonest(leaves);
  }
});

test.each([
  ['back, though nobody has seen the clock before', -86_400_000, true],
  ['back', -86_400_000, false],
  ['forward', 86_400_000, false],
])(
  'after a step of a day %s work goes on as soon as it may, also when it was held',
  async (_, ms, unseen) => {
    const held = {
      ...CALM,
      throttled: 1,
      limit: 50,
      windowMs: 1_000,
      timeoutMs: 2_000,
      workers: 2,
      seed: 1,
    };
    const { given, closed, steppedAt } = await played({
      ...held,
      lengthWindows: 30,
      step: { at: 0.3, ms, unseen },
    });
    expect(closed.some(({ from, until }) => from <= steppedAt && until > steppedAt)).toBe(true);
    const next = given.find(({ at }) => at >= steppedAt);
    // Three windows of hold, and window and time-out for which it counts as full, told by two workers one after the other.
    expect(next?.at).toBeLessThan(steppedAt + 2 * 3_000 + 2 * 3_000);
  },
);
