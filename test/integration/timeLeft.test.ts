import { expect, test, vi } from 'vitest';
import type { LimiterPolicy } from '../../src/runs/permit.ts';
import { statusOfRun, type LimiterStatus } from '../../src/runs/progress.ts';
import { SAMPLES_LATELY } from '../../src/runs/timeLeft.ts';
import { inVirtualTime } from '../support/limiterModel.ts';
import { VirtualClock, workOff } from '../support/pacedRun.ts';
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
const MINUTE_MS = 60_000;
const POLICY: LimiterPolicy = {
  ...{ limit: 100, limitAll: 1_000, windowMs: 20_000, timeoutMs: 65_000 },
  ...{ permitValidMs: 0, endedInOrder: '', jumpedFrom: 0 },
};
const SHOWN: LimiterStatus = {
  ...{ limit: 100, budget: 100, charged: 0, used: 0, backoffUntil: null, backoffReason: null },
};

interface Foretold {
  /** In ms from the begin of the run. */
  readonly at: number;
  readonly etaMs: number | null;
}

/** Works a run off and foretells its end every five seconds; the tenant is stopped for a while, if at all. */
async function foretold(
  rows: number,
  tenant: TenantRule,
  stop?: { readonly at: number; readonly ms: number },
): Promise<{ readonly all: readonly Foretold[]; readonly took: number; readonly kept: number }> {
  const store = record.store();
  const clock = new VirtualClock(record.redis);
  await clock.set(clock.now);
  const start = clock.now;
  vi.spyOn(store, 'now').mockImplementation(() => Promise.resolve(clock.now));
  const runId = await runAtWork(store, rowsOf(rows));
  const all: Foretold[] = [];
  let next = 0;
  let isStopped = false;
  const onMoment = async (): Promise<void> => {
    const at = clock.now - start;
    if (stop && !isStopped && at >= stop.at && at < stop.at + stop.ms) {
      await store.stop({ by: 'o', at: clock.now, reason: null });
      isStopped = true;
    }
    if (stop && isStopped && at >= stop.at + stop.ms) {
      await store.letGoOn();
      isStopped = false;
    }
    if (at < next || isStopped) return;
    next = at + 5_000;
    const run = await store.run(runId);
    if (run === undefined) throw new Error('the run is gone');
    const going = {
      ...(await store.limiterNow(POLICY)),
      ...{ windowMs: POLICY.windowMs, samples: await store.samples(runId, SAMPLES_LATELY) },
    };
    const { etaSeconds } = statusOfRun(run, SHOWN, going, clock.now);
    all.push({ at, etaMs: etaSeconds === null ? null : etaSeconds * 1000 });
  };
  await workOff(store, clock, { rows, policy: POLICY, tenant, latencyMs: 400, runId, onMoment });
  const kept = await record.redis.llen(store.keys.run(runId).samples);
  return { all, took: clock.now - start, kept };
}

const tenantOf = (limit: number): TenantRule => ({
  ...{ kind: 'sliding', limits: [limit], countsRefused: false, retryAfter: 'exact' },
});

/** Estimates that are off by more than a fifth of the truth, and by more than the part of a window in which writes can come together. */
const wrongOf = (all: readonly Foretold[], took: number): string[] =>
  all.flatMap(({ at, etaMs }) => {
    const truth = took - at;
    const off = Math.abs((etaMs ?? truth) - truth);
    return off <= Math.max(0.2 * truth, 0.75 * POLICY.windowMs)
      ? []
      : [`${etaMs} at ${at}, in truth ${truth}`];
  });

test.each([800, 2_400])(
  'of %i rows the time left is within a fifth of the truth all the way',
  async (rows) => {
    const { all, took } = await foretold(rows, tenantOf(100));
    expect(all.filter(({ etaMs }) => etaMs !== null).length).toBeGreaterThan(20);
    expect(wrongOf(all, took)).toEqual([]);
  },
);

test('after the tenant was stopped for ten minutes the time left is within a fifth of the truth at once', async () => {
  const { all, took, kept } = await foretold(2_400, tenantOf(100), { at: 2 * MINUTE_MS, ms: 10 * MINUTE_MS });
  const after = all.filter(({ at }) => at >= 12 * MINUTE_MS);
  expect(after[0]?.at).toBeLessThan(12 * MINUTE_MS + 5_000);
  expect(after[0]?.etaMs).not.toBeNull();
  expect(wrongOf(after, took)).toEqual([]);
  // A sample a window at work, and none for the stop.
  expect(kept).toBeGreaterThan(20);
  expect(kept).toBeLessThan(32);
});

test('a tenant that takes half of what is configured is soon known by the time left', async () => {
  const { all, took } = await foretold(2_400, tenantOf(50));
  const later = all.filter(({ at }) => at > 4 * MINUTE_MS);
  expect(wrongOf(later, took)).toEqual([]);
});
