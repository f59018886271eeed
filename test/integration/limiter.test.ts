import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { LEARNING } from '../../src/runs/learning.ts';
import { NOTHING_SENT } from '../../src/runs/permit.ts';
import { DEFAULT_OPTIONS, type RunOptions } from '../../src/runs/run.ts';
import type { RunStore } from '../../src/runs/runStore.ts';
import { cutsWithoutBackoff, overBudget } from '../support/limiterChecks.ts';
import { inVirtualTime, play, type History, type Permits } from '../support/limiterModel.ts';
import { recordForTests, rowsOf, runAtWork, WIDE } from '../support/record.ts';
import { eachAlone, pendingRows } from '../support/rows.ts';
import { sized } from '../support/thoroughness.ts';
import { longestStandstill, type TenantRule } from '../support/tenantModel.ts';

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
const RUNS = { numRuns: sized(8, 40) };

async function played(history: History): Promise<Permits> {
  const store = record.store();
  await record.redis.mset('virtual:s', 1_800_000_000, 'virtual:us', 0, 'virtual:server', 'one');
  const runId = await runAtWork(store, rowsOf(20 * BATCHES));
  const permits = await play(history, store, record.redis, runId, BATCHES);
  // Or the history would show nothing.
  expect(permits.given.length).toBeGreaterThan(0);
  return permits;
}

const CALM = {
  throttled: 0,
  unnamed: 0,
  dies: 0,
  lost: 0,
  latency: 0.2,
  backoffWindows: 3,
  lengthWindows: 12,
};

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
      backoffWindows: 3,
      ...rest,
      timeoutMs: Math.ceil(timeout * rest.windowMs),
      ...fixed,
    }));

function expectHonest(permits: Permits): void {
  expect(permits.wrong).toEqual([]);
  expect(overBudget(permits)).toEqual([]);
  expect(cutsWithoutBackoff(permits)).toEqual([]);
  for (const { from, until, why } of permits.closed) {
    // Redis counts in whole milliseconds.
    const early = permits.given.filter(({ at }) => at > from && at < until - 1);
    expect({ why, from, until, early }).toMatchObject({ early: [] });
  }
}

/** Permits are spaced evenly from the first 429 on, and in a run that takes longer than anybody waits for from its start on. */
function expectEven({ given: all, closed, policy }: Permits): void {
  const isAwaited = 20 * BATCHES <= LEARNING.awaitedWindows * policy.limit;
  const throttledAt = Math.min(...closed.filter(({ why }) => why.endsWith('named')).map(({ from }) => from));
  const given = all.filter(({ at }) => !isAwaited || at > throttledAt);
  for (const [i, first] of given.entries()) {
    let dueAt = first.at;
    for (const { at, n, budget } of given.slice(i + 1, i + 30)) {
      expect(at).toBeGreaterThanOrEqual(dueAt - 1);
      dueAt += Math.floor((0.97 * n * policy.windowMs) / budget) - 1;
    }
  }
}

test('however workers are answered, throttled, lost or killed, no window sees more writes than the budget', async () => {
  await fc.assert(
    fc.asyncProperty(history({}), async (each) => {
      const permits = await played(each);
      expectHonest(permits);
      expectEven(permits);
      expect(permits.chargedAtEnd).toBe(0);
    }),
    RUNS,
  );
});

test('whatever the limit is configured to meanwhile, the scripts learn what the policy says, and keep to it', async () => {
  const later = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(history({ throttled: 0.1, lengthWindows: 16 }), later, async (each, limitsLater) => {
      const permits = await played({ ...each, limitsLater });
      expectHonest(permits);
    }),
    RUNS,
  );
});

const tenant: fc.Arbitrary<TenantRule> = fc.record({
  kind: fc.constantFrom('fixed', 'sliding', 'bucket'),
  limits: fc.array(fc.constantFrom(0, 1, 4, 10, 30, 100, 250), { minLength: 1, maxLength: 5 }),
  countsRefused: fc.boolean(),
  retryAfter: fc.constantFrom('exact', 'short', 'window', 'missing'),
});

test('whatever the tenant takes, and however it moves, the run goes on as soon as it takes anything', async () => {
  const steady = { throttled: 0, unnamed: 0, dies: 0, lost: 0, latency: 0.02, lengthWindows: 60 };
  await fc.assert(
    fc.asyncProperty(history(steady), tenant, async (each, rule) => {
      const permits = await played({ ...each, tenant: rule });
      expectHonest(permits);
      if (permits.tenant === undefined) throw new Error('there is no tenant');
      const standstill = longestStandstill(permits.tenant, each.windowMs, permits.start, permits.end);
      // The longest unnamed wait is three windows, and what is left of a window may be refused once more.
      expect(standstill).toBeLessThan(7);
    }),
    RUNS,
  );
});

test.each<[TenantRule['kind'], number]>([
  ['sliding', 0.93],
  ['fixed', 0.93],
  ['bucket', 0.85],
])('a tenant with a %s limit of half of what is configured is used to %f and more', async (kind, share) => {
  const limits = [100];
  const rule: TenantRule = { kind, limits, countsRefused: false, retryAfter: 'exact' };
  const shape = { ...CALM, limit: 200, windowMs: 20_000, timeoutMs: 65_000, latency: 0.012, workers: 3 };
  const permits = await played({ ...shape, seed: 1, lengthWindows: 60, tenant: rule });
  const accepted = (permits.tenant?.accepted ?? []).reduce((sum, { n }) => sum + n, 0);
  const sent = permits.given.reduce((sum, { n }) => sum + n, 0);
  expect(accepted).toBeGreaterThan(share * 60 * 100);
  expect(sent - accepted).toBeLessThan(0.05 * accepted);
  expectHonest(permits);
});

test.each([
  ['one that ended in order', 'one two', ''],
  ['some that ended in order, one after the other', 'zero one other two', ''],
  ['one whose name only begins like theirs', 'on one1 two', 'restarted'],
  ['one that was killed', '', 'restarted'],
  ['one that was killed after one that ended in order', 'zero one', 'restarted'],
  ['one that was killed, when a third followed, which the record does not know', 'one three', 'restarted'],
])('after %s a Redis is trusted accordingly', async (_, endedInOrder, reason) => {
  const store = record.store();
  const policy = { ...WIDE, windowMs: 1_000, endedInOrder };
  await record.redis.mset('virtual:s', 1_800_000_000, 'virtual:us', 0, 'virtual:server', 'one');
  expect(await store.readPermit(1, true, policy)).toMatchObject({ kind: 'granted', event: '' });
  await record.redis.set('virtual:server', 'two');
  const after = await store.readPermit(1, true, policy);
  if (reason === '') expect(after).toMatchObject({ kind: 'granted', event: '' });
  else expect(after).toMatchObject({ kind: 'wait', waitMs: 61_000, reason, event: 'full 61000' });
});

test('after a restart all families wait out one time together, also one that comes to it late', async () => {
  const store = record.store();
  const main = { ...WIDE, windowMs: 1_000 };
  const policies = {
    main,
    applications: { ...main, family: 'applications' as const },
    books: { ...main, family: 'books' as const },
  };
  const at = (ms: number, server = 'two'): Promise<unknown> =>
    record.redis.mset(
      ...['virtual:s', 1_800_000_000 + Math.floor(ms / 1_000), 'virtual:us', (ms % 1_000) * 1_000],
      ...['virtual:server', server],
    );
  const ask = (family: keyof typeof policies) => store.readPermit(1, true, policies[family]);
  await at(0, 'one');
  for (const family of ['main', 'applications', 'books'] as const)
    expect(await ask(family)).toMatchObject({ kind: 'granted' });
  await at(5_000);
  expect(await ask('applications')).toMatchObject({ kind: 'wait', waitMs: 61_000, reason: 'restarted' });
  await at(45_000);
  expect(await ask('main')).toMatchObject({ kind: 'wait', waitMs: 21_000, event: 'full 21000' });
  await at(66_001);
  for (const family of ['books', 'main', 'applications'] as const)
    expect(await ask(family)).toMatchObject({ kind: 'granted', event: '' });
  // A clock that steps back says nothing of how long ago the restart was.
  await at(70_000, 'three');
  expect(await ask('applications')).toMatchObject({ kind: 'wait', waitMs: 61_000 });
  await at(40_000, 'three');
  expect(await ask('applications')).toMatchObject({ kind: 'wait', waitMs: 61_000 });
  await at(100_000, 'three');
  expect(await ask('books')).toMatchObject({ kind: 'wait', waitMs: 1_000 });
});

test('writes count for one window from their answer, not from when it was recorded', async () => {
  const store = record.store();
  const policy = { ...WIDE, limit: 3, windowMs: 1_000 };
  const at = (ms: number): Promise<unknown> =>
    record.redis.mset('virtual:s', 1_800_000_000, 'virtual:us', ms * 1_000, 'virtual:server', 'one');
  await at(0);
  await runAtWork(store, rowsOf(3));
  const permit = await store.permit({ runId: 'r1', batch: 0 }, 'me', eachAlone(pendingRows(0, 1, 2)), policy);
  if (permit.kind !== 'granted') throw new Error(permit.kind);
  await at(190);
  const { chargeEnd } = permit;
  const settlement = { ...NOTHING_SENT, token: 'me', chargeEnd, answered: 3, answeredAgoMs: 90 };
  await store.record({ runId: 'r1', batch: 0 }, [], policy, settlement);
  await record.redis.mset('virtual:s', 1_800_000_001, 'virtual:us', 100_000);
  expect((await store.limiterNow(policy)).charged).toBe(3);
  await record.redis.mset('virtual:us', 101_000);
  await store.readPermit(1, true, policy);
  expect((await store.limiterNow(policy)).charged).toBe(0);
});

test('reads whose answer is told with a later call count for one window from that call, and no longer', async () => {
  const store = record.store();
  const policy = { ...WIDE, limitAll: 4, windowMs: 1_000 };
  const at = (ms: number): Promise<unknown> =>
    record.redis.mset('virtual:s', 1_800_000_000, 'virtual:us', ms * 1_000, 'virtual:server', 'one');
  await at(0);
  const permit = await store.readPermit(4, true, policy);
  if (permit.kind !== 'granted') throw new Error(permit.kind);
  await at(100);
  const answered = [[permit.chargeEnd, 4]] as const;
  expect(await store.readPermit(4, true, { ...policy, answered })).toMatchObject({ kind: 'wait' });
  await at(900);
  expect(await store.readPermit(4, true, policy)).toMatchObject({ kind: 'wait', waitMs: 201 });
  await record.redis.mset('virtual:s', 1_800_000_001, 'virtual:us', 101_000);
  expect(await store.readPermit(4, true, policy)).toMatchObject({ kind: 'granted' });
  // One that has ended is gone, and telling it again gives nobody anything.
  expect(await store.readPermit(1, true, { ...policy, answered })).toMatchObject({ kind: 'wait' });
});

test('a backoff is told once: not again for replies that were under way, but for one that asks for far longer', async () => {
  const store = record.store();
  const policy = { ...WIDE, windowMs: 1_000 };
  const throttledAt = async (ms: number, backoffMs: number): Promise<string> => {
    await record.redis.mset('virtual:s', 1_800_000_000, 'virtual:us', ms * 1_000, 'virtual:server', 'one');
    const settlement = { ...NOTHING_SENT, answered: 1, throttled: 1, backoffMs };
    return (await store.record({ runId: 'r1', batch: 0 }, [], policy, settlement)).event;
  };
  expect(await throttledAt(0, 300)).toBe('backoff 300');
  expect(await throttledAt(50, 300)).toBe('');
  expect(await throttledAt(60, 200)).toBe('');
  expect(await throttledAt(70, 900)).toBe('backoff 900');
  expect((await store.limiterNow(policy)).backoffUntil).toBe(1_800_000_000_970);
  // After it the next one is a backoff of its own, however short.
  expect(await throttledAt(980, 5)).toBe('backoff 5');
});

test('a jump of the clock that several workers have seen is told once', async () => {
  const store = record.store();
  const jumped = { ...WIDE, windowMs: 1_000, jumpedFrom: 1_700_000_000_000 };
  await record.redis.mset('virtual:s', 1_800_000_000, 'virtual:us', 0, 'virtual:server', 'one');
  expect((await store.readPermit(1, true, jumped)).event).toBe('full 61000');
  await record.redis.set('virtual:us', 300_000);
  expect(await store.readPermit(1, true, jumped)).toMatchObject({ kind: 'wait', waitMs: 61_000, event: '' });
});

describe('what is learned of a tenant', () => {
  const POLICY = { ...WIDE, limit: 100, windowMs: 1_000, timeoutMs: 3_000 };
  const PLACES = Array.from({ length: 20 }, (_, place) => place);
  let ms = 0;
  const passes = async (more: number): Promise<void> => {
    ms += more;
    await record.redis.mset(
      ...['virtual:s', 1_800_000_000 + Math.floor(ms / 1000), 'virtual:us', (ms % 1000) * 1000],
      ...['virtual:server', 'one'],
    );
  };
  /** A permit for as many of twenty writes as there is room for, answered at once; how many they were. */
  const write = async (store: RunStore, throttled = 0): Promise<number> => {
    const ref = { runId: 'r1', batch: 0 };
    const answer = await store.permit(ref, 'me', eachAlone(pendingRows(...PLACES)), POLICY);
    if (answer.kind !== 'granted') return 0;
    const { chargeEnd, requests } = answer;
    const accepted = requests - throttled;
    const backoffMs = throttled > 0 ? 500 : 0;
    const settlement = { ...NOTHING_SENT, token: 'me', chargeEnd, answered: requests };
    const rows = answer.places.map((place) => ({ place, state: 'pending' as const, attempts: 0 }));
    await store.record(ref, rows, POLICY, { ...settlement, accepted, throttled, backoffMs });
    return requests;
  };
  /** Writes whenever it may, for so long; how many in all. */
  const writes = async (store: RunStore, forMs: number): Promise<number> => {
    let sum = 0;
    for (const end = ms + forMs; ms < end; await passes(10)) sum += await write(store);
    return sum;
  };
  const budgetOf = async (store: RunStore): Promise<number> => (await store.limiterNow(POLICY)).budget;
  /** A run on a tenant that is known to take half of what is configured. */
  const onHalf = async (options: Partial<RunOptions> = {}): Promise<RunStore> => {
    await passes(100_000);
    const store = record.store();
    await runAtWork(store, rowsOf(20), { options: { ...DEFAULT_OPTIONS, ...options } });
    await record.redis.hset(store.keys.limiter, {
      ...{ budget: 50, base: 50, quietWindows: 2, quiet: 0, probe: 0 },
      ...{ stepAt: 1_800_000_000_000 + ms, cutDue: 0, estimate: 0 },
    });
    return store;
  };

  test('is not the own limit of a run: that caps its permits, and ends with it', async () => {
    const store = await onHalf({ writesPerWindow: 10 });
    expect(await writes(store, 5_000)).toBeLessThanOrEqual(60);
    expect(await budgetOf(store)).toBe(50);
    await store.set('r1', { writesPerWindow: null });
    await passes(1_000);
    expect(await writes(store, 1_000)).toBeGreaterThan(40);
  });

  test('is what the tenant took, also of a run that has a limit of its own', async () => {
    const store = await onHalf({ writesPerWindow: 20 });
    await write(store, 2);
    await passes(600);
    await write(store);
    // What it took: 18 of 20, and nothing was learned before of less than that.
    expect(await budgetOf(store)).toBe(18);
  });

  test('is capped by the configured limit, whatever a run allows itself', async () => {
    await passes(100_000);
    const store = record.store();
    await runAtWork(store, rowsOf(20), { options: { ...DEFAULT_OPTIONS, writesPerWindow: 1_000 } });
    expect(await writes(store, 3_000)).toBeLessThanOrEqual(310);
  });

  test('stays after a night in which nothing was sent', async () => {
    const store = await onHalf();
    await passes(12 * 3_600_000);
    expect(await write(store)).toBe(20);
    expect(await budgetOf(store)).toBe(50);
    await passes(12 * 3_600_000);
    await write(store);
    expect(await budgetOf(store)).toBe(50);
  });

  test('stays while a trickle is sent, and rises when all of it is used', async () => {
    const store = await onHalf();
    for (let windows = 0; windows < 30; windows += 1) {
      expect(await write(store)).toBe(20);
      await passes(1_000);
    }
    expect(await budgetOf(store)).toBe(50);
    await writes(store, 5_000);
    expect(await budgetOf(store)).toBeGreaterThan(50);
  });
});

test('to look at the limiter changes nothing: a restart is for those who work', async () => {
  const store = record.store();
  await record.redis.mset('virtual:s', 1_800_000_000, 'virtual:us', 0, 'virtual:server', 'one');
  await store.readPermit(1, true, WIDE);
  await record.redis.set('virtual:server', 'two');
  expect((await store.limiterNow(WIDE)).backoffReason).toBeNull();
  expect(await store.readPermit(1, true, WIDE)).toMatchObject({ kind: 'wait', event: 'full 60001' });
  expect((await store.limiterNow(WIDE)).backoffReason).toBe('restarted');
});

test('what was accepted is forgotten a window after it counts, however long nothing is refused', async () => {
  const permits = await played({ ...CALM, limit: 100, windowMs: 200, timeoutMs: 700, workers: 2, seed: 1 });
  expect(permits.given.length).toBeGreaterThan(30);
  expect(permits.acceptedEnds).toBeGreaterThan(0);
  expect(permits.acceptedEnds).toBeLessThan(24);
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
])('a clock that steps %s neither frees the limiter early nor shortens a backoff', async (_, ms) => {
  await fc.assert(
    // A step back shows in the record. One forward looks like a pause to a worker that never saw the clock before, so there
    // nobody dies. Holds are longer than the limiter counts as full.
    fc.asyncProperty(
      history({ step: { at: 0.4, ms }, lengthWindows: 20, backoffWindows: 10, dies: ms < 0 ? 0.5 : 0 }),
      async (each) => expectHonest(await played(each)),
    ),
    { numRuns: sized(6, 25) },
  );
});

test('the limiter of a quiet tenant uses nine tenths of the limit and more', async () => {
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
    const permits = await played({ ...calm, lengthWindows: 30 });
    const sent = permits.given.reduce((sum, { n }) => sum + n, 0);
    expect(sent).toBeGreaterThan(0.9 * 30 * 100);
    expectHonest(permits);
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
      seed: 3,
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
