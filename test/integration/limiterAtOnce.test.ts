import { expect, test, vi } from 'vitest';
import { NOTHING_SENT, type LimiterPolicy } from '../../src/runs/permit.ts';
import type { RunStore } from '../../src/runs/runStore.ts';
import { leastSeconds } from '../../src/worker/limiter/leastTime.ts';
import { inVirtualTime } from '../support/limiterModel.ts';
import { eachAlone, pendingRows } from '../support/rows.ts';
import { VirtualClock, workOff, type PacedRun, type Sent } from '../support/pacedRun.ts';
import { recordForTests, rowsOf, runAtWork } from '../support/record.ts';
import type { TenantRule } from '../support/tenantModel.ts';

// The scripts as they are, but for the clock and the server's name.
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const readFileSync = (path: URL | string, encoding: 'utf8'): string => {
    const text = fs.readFileSync(path, encoding);
    return String(path).endsWith('.lua') ? inVirtualTime(text) : text;
  };
  return { ...fs, readFileSync };
});

const record = recordForTests();
const WINDOW_MS = 20_000;
const DAY_MS = 86_400_000;
const POLICY: LimiterPolicy = {
  ...{ limit: 100, limitAll: 1_000, windowMs: WINDOW_MS, timeoutMs: 65_000 },
  ...{ permitValidMs: 0, endedInOrder: '', jumpedFrom: 0 },
};
const tenantOf = (kind: TenantRule['kind'], limit = 100): TenantRule => ({
  ...{ kind, limits: [limit], countsRefused: false, retryAfter: 'exact' },
});

interface Tenant {
  readonly store: RunStore;
  readonly clock: VirtualClock;
  run(rows: number, options?: Partial<PacedRun>): Promise<readonly Sent[]>;
}

async function freshTenant(tenant: TenantRule): Promise<Tenant> {
  const store = record.store();
  const clock = new VirtualClock(record.redis);
  await clock.set(clock.now);
  let runs = 0;
  return {
    store,
    clock,
    async run(rows, options = {}) {
      const runId = await runAtWork(store, rowsOf(rows), { runId: `r${(runs += 1)}` });
      const sent = await workOff(store, clock, {
        ...{ rows, policy: POLICY, tenant, latencyMs: 400, runId },
        ...options,
      });
      const accepted = sent.reduce((sum, { n, throttled }) => sum + n - throttled, 0);
      expect(accepted).toBe(rows);
      expect((await store.run(runId))?.state).toBe('completed');
      return sent;
    },
  };
}

const throttledIn = (sent: readonly Sent[]): number => sent.reduce((sum, each) => sum + each.throttled, 0);
const lastOf = (sent: readonly Sent[]): number => Math.max(...sent.map(({ at }) => at));
const by = (sent: readonly Sent[], ms: number): number =>
  sent.filter(({ at }) => at <= ms).reduce((sum, { n }) => sum + n, 0);

test.each<[TenantRule['kind'], number]>([
  ['sliding', 20],
  ['sliding', 60],
  ['sliding', 100],
  ['fixed', 60],
  ['fixed', 100],
])('a %s tenant is sent a run of %i rows at once, and refuses none', async (kind, rows) => {
  const { run } = await freshTenant(tenantOf(kind));
  const sent = await run(rows);
  expect(throttledIn(sent)).toBe(0);
  // The first batch goes alone, and then two at a time.
  expect(lastOf(sent)).toBeLessThanOrEqual(1_000);
});

test('two envelopes at most are under way before their time: a small bucket refuses no more', async () => {
  const { run, store } = await freshTenant(tenantOf('bucket'));
  const sent = await run(100);
  expect(throttledIn(sent)).toBeGreaterThan(0);
  expect(throttledIn(sent)).toBeLessThanOrEqual(30);
  // What the tenant takes in a window is more than it takes at once: nothing was learned of that.
  expect((await store.limiterNow(POLICY)).budget).toBe(100);
  // What went early is made good, so that nothing more is refused.
  expect(sent.filter(({ throttled }) => throttled > 0).length).toBeLessThanOrEqual(2);
  expect(lastOf(sent)).toBeLessThan(1.2 * WINDOW_MS);
});

test('after a 429 writes are spaced, until a day has passed without one', async () => {
  const { run, clock } = await freshTenant(tenantOf('bucket'));
  await run(100);
  await clock.set(clock.now + DAY_MS / 2);
  const spaced = await run(100);
  expect(throttledIn(spaced)).toBe(0);
  expect(lastOf(spaced)).toBeGreaterThan(0.7 * WINDOW_MS);
  await clock.set(clock.now + DAY_MS / 2);
  const atOnce = await run(60);
  expect(by(atOnce, 1_000)).toBe(60);
});

test('a run of some windows has half of the first at once, and the other half within it', async () => {
  const { run } = await freshTenant(tenantOf('sliding'));
  const sent = await run(800);
  expect(throttledIn(sent)).toBe(0);
  expect(by(sent, 1_000)).toBe(50);
  expect(by(sent, 0.5 * WINDOW_MS)).toBe(100);
  // Seven windows lie between the first and the last write at best.
  expect((7 * WINDOW_MS) / lastOf(sent)).toBeGreaterThan(0.92);
});

test('a run that takes longer than anybody waits for is spaced from its start on', async () => {
  const { run } = await freshTenant(tenantOf('bucket'));
  const sent = await run(1_600);
  expect(by(sent, 1_000)).toBe(20);
  expect(throttledIn(sent)).toBe(0);
});

test('a run after another goes at once as far as the budget has room', async () => {
  const { run, clock } = await freshTenant(tenantOf('sliding'));
  await run(60);
  const before = clock.now;
  expect(lastOf(await run(40))).toBeLessThanOrEqual(1_000);
  // What the first two have used is free a window after it was answered.
  const third = await run(40);
  expect(throttledIn(third)).toBe(0);
  expect(before + WINDOW_MS).toBeLessThan(clock.now);
});

test('no run ends sooner than its plan says', async () => {
  for (const rows of [20, 100, 101, 250, 800]) {
    const { run } = await freshTenant(tenantOf('sliding', 10_000));
    const sent = await run(rows, { latencyMs: 2 });
    expect(lastOf(sent)).toBeGreaterThanOrEqual(
      1000 * leastSeconds(rows, { writesPerWindow: 100, windowMs: WINDOW_MS }),
    );
  }
});

test('a tenant that takes half of what is configured is found out by few refusals', async () => {
  const { run, store } = await freshTenant(tenantOf('sliding', 50));
  const sent = await run(400);
  // Later ones are probes, as in any run.
  expect(throttledIn(sent.filter(({ at }) => at < 3 * WINDOW_MS))).toBeLessThanOrEqual(30);
  expect((await store.limiterNow(POLICY)).budget).toBeLessThan(60);
});

test('reads of a run go one envelope at a time before their time, and evenly once the tenant has refused some', async () => {
  const { store, clock } = await freshTenant(tenantOf('sliding'));
  const ask = () => store.readPermit(20, true, POLICY);
  const granted = async () => {
    const answer = await ask();
    return answer.kind === 'granted' ? answer.chargeEnd : Number.NaN;
  };
  const first = await granted();
  expect(await ask()).toMatchObject({ kind: 'wait', waitMs: 50, reason: 'spacing' });
  // A person's reads wait for nothing but the limit.
  expect((await store.readPermit(20, false, POLICY)).kind).toBe('granted');
  await clock.set(clock.now + 150);
  await store.readReply(20, first, 0, POLICY);
  await store.readReply(20, first, 0, POLICY);
  const second = await granted();
  expect(second).toBeGreaterThan(0);
  await clock.set(clock.now + 150);
  await store.readReply(20, second, 1_000, POLICY);
  await clock.set(clock.now + 2_000);
  const third = await granted();
  await store.readReply(20, third, 0, POLICY);
  expect(await ask()).toMatchObject({ kind: 'wait', waitMs: 388, reason: 'spacing' });
  expect((await store.limiterNow(POLICY)).isSpaced).toBe(true);
  await clock.set(clock.now + 388);
  expect((await ask()).kind).toBe('granted');
});

/** A run of which each batch is asked for and answered by hand. */
async function batchesByHand(rows: number) {
  const { store, clock } = await freshTenant(tenantOf('sliding'));
  const runId = await runAtWork(store, rowsOf(rows), { runId: 'r1' });
  const ofBatch = eachAlone(pendingRows(...Array.from({ length: 20 }, (_, place) => place)));
  return {
    ...{ store, clock },
    permit: (batch: number) => store.permit({ runId, batch }, `of ${batch}`, ofBatch, POLICY),
    async answer(batch: number, chargeEnd: number): Promise<void> {
      const updates = ofBatch.map(({ place }) => ({ place, state: 'succeeded' as const, attempts: 1 }));
      const settlement = { ...NOTHING_SENT, token: `of ${batch}`, chargeEnd, answered: 20, accepted: 20 };
      await store.record({ runId, batch }, updates, POLICY, settlement);
    },
  };
}

function chargeEndOf(granted: { readonly kind: string; readonly chargeEnd?: number }): number {
  expect(granted.kind).toBe('granted');
  return granted.chargeEnd ?? Number.NaN;
}

test('an envelope of a wave that comes late goes by itself, as a bucket of two would refuse all of a new wave', async () => {
  const { clock, permit, answer } = await batchesByHand(100);
  const sendAlone = async (batch: number): Promise<void> => {
    const chargeEnd = chargeEndOf(await permit(batch));
    await clock.set(clock.now + 150);
    await answer(batch, chargeEnd);
  };
  await sendAlone(0);
  await sendAlone(1);
  const late = chargeEndOf(await permit(2));
  expect(await permit(3)).toMatchObject({ kind: 'wait', waitMs: 50, reason: 'spacing' });
  await clock.set(clock.now + 150);
  await answer(2, late);
  expect([(await permit(3)).kind, (await permit(4)).kind]).toEqual(['granted', 'granted']);
});

test('no write goes before its time beside a read of which nobody knows yet whether it was refused', async () => {
  const { store, clock, permit, answer } = await batchesByHand(60);
  const first = chargeEndOf(await permit(0));
  await clock.set(clock.now + 150);
  await answer(0, first);
  const read = chargeEndOf(await store.readPermit(20, true, POLICY));
  expect(await permit(1)).toMatchObject({ kind: 'wait', waitMs: 50, reason: 'spacing' });
  await clock.set(clock.now + 150);
  await store.readReply(20, read, 0, POLICY);
  const second = chargeEndOf(await permit(1));
  // Reads go beside a write: what they meet is told before the next one.
  const beside = chargeEndOf(await store.readPermit(20, true, POLICY));
  await clock.set(clock.now + 150);
  await answer(1, second);
  // And what is due waits for none of them.
  await clock.set(clock.now + WINDOW_MS);
  expect((await permit(2)).kind).toBe('granted');
  await store.readReply(20, beside, 0, POLICY);
});
