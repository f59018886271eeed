import { describe, expect, test } from 'vitest';
import { processBatch } from '../../src/worker/processBatch.ts';
import { readsWithin } from '../../src/worker/limiter/permittedReads.ts';
import type { PermitRow, RowUpdate } from '../../src/runs/batchRow.ts';
import { NOTHING_SENT } from '../../src/runs/permit.ts';
import { DEFAULT_OPTIONS, HOUR_MS, type Run, type RunOptions, awaitsSignIn } from '../../src/runs/run.ts';
import { RunStore } from '../../src/runs/runStore.ts';
import { world, type SimulatorState, type WorldOptions } from '../support/batchWorld.ts';
import { publishRun, recordForTests, rowsOf, runAtWork, WIDE } from '../support/record.ts';
import { eachAlone, groupRow, identityOf, pendingRows } from '../support/rows.ts';
import { groupTarget } from '../support/simulatorClient.ts';

const record = recordForTests();
const ROOT = identityOf().graphUrl;
const NEVER = new AbortController().signal;
const ref = (batch = 0, runId = 'r1') => ({ runId, batch });
const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const pending = (...places: number[]): PermitRow[] => eachAlone(pendingRows(...places));

const runOf = async (store: RunStore): Promise<Run> => (await store.run('r1')) ?? expect.fail('gone');
const optionsOf = (change: Partial<RunOptions>) => ({ options: { ...DEFAULT_OPTIONS, ...change } });

/** Two hundred rows of one policy. */
const large = (options: WorldOptions = {}): Promise<SimulatorState> =>
  world(record, {
    ...options,
    instead: {
      policies: [
        {
          ...{ id: 'c1', type: 'deviceConfiguration' },
          assignments: numbers(200).map((i) => ({ id: `a${i}`, target: groupTarget('old') })),
        },
      ],
      rows: numbers(200).map((i) => groupRow('c1', `a${i}`, `new-${i}`)),
    },
  });

const drainByThree = (each: SimulatorState): Promise<unknown> =>
  Promise.all([each.deps, each.anotherWorker(), each.anotherWorker()].map((worker) => each.drain(worker)));

describe('a canary', () => {
  test.each([1, 7, 20, 33])(
    'of %i lets exactly so many rows be sent, also with three workers',
    async (gate) => {
      const each = await large({ run: { canary: gate }, graph: { latencyMs: 5 } });
      await drainByThree(each);
      expect(await each.run()).toMatchObject({
        ...{ state: 'paused', sent: 0 },
        reason: 'canary',
        reasonText: `canary: the first ${gate} rows are written`,
        counts: { succeeded: gate, pending: 200 - gate },
      });
      expect(each.graph.stats().writesArrived).toBe(gate);
    },
  );

  test('is opened by whoever resumes the run, and then it goes to its end', async () => {
    const each = await large({ run: { canary: 7 } });
    await drainByThree(each);
    await each.runs.transition('r1', { to: 'queued', from: ['paused'] });
    await drainByThree(each);
    expect(await each.run()).toMatchObject({ state: 'completed', counts: { succeeded: 200 } });
  });

  test('is not opened by a sign-in that works again', async () => {
    const each = await large({ run: { canary: 7 } });
    await drainByThree(each);
    await record.redis.hset(each.runs.keys.run('r1').header, 'reason', 'signIn');
    expect(awaitsSignIn(await each.run())).toBe(true);
    await each.runs.transition('r1', { to: 'queued', from: ['paused'] });
    await drainByThree(each);
    expect(await each.run()).toMatchObject({ state: 'paused', counts: { succeeded: 7 } });
    expect((await each.run()).reason).toBe('canary');
  });

  test('counts rows, not tries: what was throttled, lost or refused for now goes through it again', async () => {
    for (const fault of [
      'throttled',
      'unavailable503',
      'resetBefore',
      'lostUnapplied',
      'unauthorized',
    ] as const) {
      const script = [{ envelope: 2, fault }];
      const each = await large({ run: { canary: 7 }, graph: { script }, renew: () => true });
      await each.drain();
      expect(await each.run(), fault).toMatchObject({ state: 'paused', counts: { succeeded: 7 } });
      expect(each.graph.stats().writesDone, fault).toBe(7);
    }
  });

  test('does not count what is so already', async () => {
    const each = await world(record, { run: { canary: 5 }, alreadySo: [0, 1, 2] });
    await each.drain();
    expect((await each.run()).counts).toMatchObject({ skipped: 3, succeeded: 5, pending: 12 });
  });

  test('waits for the read-back of its rows', async () => {
    const each = await world(record, { run: { canary: 5, verify: true } });
    await each.step();
    expect(await each.run()).toMatchObject({ state: 'running', sent: 5 });
    await each.drain();
    expect(await each.run()).toMatchObject({ state: 'paused', counts: { succeeded: 5 } });
  });

  test('wider than the run is none', async () => {
    const each = await world(record, { run: { canary: 20 } });
    await each.drain();
    expect((await each.run()).state).toBe('completed');
  });

  test('never parts the rows of one request', async () => {
    const store = record.store();
    await runAtWork(store, rowsOf(20), optionsOf({ canary: 3 }));
    const rows = pendingRows(...numbers(20)).map((row) => ({ ...row, request: Math.floor(row.place / 5) }));
    const permit = await store.permit(ref(), 'me', rows, WIDE);
    expect(permit).toMatchObject({ kind: 'granted', requests: 1, places: [0, 1, 2, 3, 4] });
    const done = numbers(5).map((place): RowUpdate => ({ place, state: 'succeeded', attempts: 1 }));
    await store.record(ref(), done, WIDE, { ...NOTHING_SENT, token: 'me' });
    expect((await runOf(store)).state).toBe('paused');
  });
});

describe('while the tenant is stopped', () => {
  const STOP = { by: 'ann@host', at: 5, reason: 'CHG-1' };

  test('no permit is given, whatever the run, and none is charged', async () => {
    const store = record.store();
    await runAtWork(store, rowsOf(20));
    await store.stop(STOP);
    expect(await store.permit(ref(), 'me', pending(0), WIDE)).toMatchObject({
      kind: 'stopped',
      state: 'stopped',
    });
    expect((await store.limiterNow(WIDE)).charged).toBe(0);
    expect((await runOf(store)).sent).toBe(0);
  });

  test('nothing is read for work, but a plan reads', async () => {
    const store = record.store();
    await store.stop(STOP);
    expect((await store.readPermit(1, true, WIDE)).kind).toBe('stopped');
    expect((await store.readPermit(1, false, WIDE)).kind).toBe('granted');
  });

  test('no run is set to work, also one that is published later, nor is one at work gone on with', async () => {
    const store = record.store();
    await runAtWork(store, rowsOf(1));
    await store.stop(STOP);
    await publishRun(store, rowsOf(1), { runId: 'r2' });
    expect(await store.runsToWorkOn(ROOT)).toEqual([]);
    expect((await store.run('r2'))?.state).toBe('queued');
    expect(await store.letGoOn()).toBe(true);
    expect(await store.runsToWorkOn(ROOT)).toEqual(['r1']);
    expect(await store.letGoOn()).toBe(false);
  });

  test.each([
    ['since it began to work', 60_000, 40_000, 20_000],
    ['since before that', 30_000, 40_000, 0],
  ])('a run does not count as at work: stopped %s', async (_what, beganMs, stoppedMs, workedMs) => {
    const store = record.store();
    await runAtWork(store, rowsOf(1));
    const now = await store.now();
    await record.connect().hset(store.keys.run('r1').header, 'workingSince', now - beganMs);
    await store.stop({ ...STOP, at: now - stoppedMs });
    await store.letGoOn();
    const { workedMs: before, workingSince } = await runOf(store);
    const worked = before + (await store.now()) - (workingSince ?? 0);
    expect(worked).toBeGreaterThanOrEqual(workedMs);
    expect(worked).toBeLessThan(workedMs + 10_000);
  });

  test('anybody can see who did it, and another tenant knows nothing of it', async () => {
    const store = record.store();
    expect(await store.stopped()).toBeUndefined();
    await store.stop(STOP);
    expect(await new RunStore(record.connect(), store.keys.prefix.slice(10, -1)).stopped()).toEqual(STOP);
    expect(await record.store().stopped()).toBeUndefined();
  });

  test('three workers send no envelope after it, and the run goes to its end when it is let go on', async () => {
    const each = await large({ graph: { latencyMs: 5 } });
    const stats = () => each.graph.stats();
    const working = drainByThree(each);
    while (stats().writesArrived === 0) await new Promise((resolve) => setImmediate(resolve));
    await each.runs.stop(STOP);
    // What had its permit before may still leave this process.
    await working;
    expect(await each.run()).toMatchObject({ state: 'running', sent: 0 });
    const { envelopes, writesArrived } = stats();
    expect(writesArrived).toBeLessThan(200);
    await drainByThree(each);
    expect(await processBatch(ref(9), each.deps, NEVER)).toEqual({ kind: 'stopped' });
    expect(stats().envelopes).toBe(envelopes);
    const send = readsWithin(
      { limiter: each.deps.limiter, graph: each.deps.graphOf('beta') },
      undefined,
      NEVER,
    );
    await send(['/deviceManagement/deviceConfigurations/c1/assignments']);
    expect(stats().envelopes).toBe(envelopes + 1);
    await each.runs.letGoOn();
    await drainByThree(each);
    expect(await each.run()).toMatchObject({ state: 'completed', counts: { succeeded: 200 } });
  });
});

describe('a queued run that is older than it may be', () => {
  const DAY = 24 * HOUR_MS;
  const queued = async (change: Partial<RunOptions>): Promise<RunStore> => {
    const store = record.store();
    await publishRun(store, rowsOf(1), optionsOf(change));
    return store;
  };
  const ageBy = (store: RunStore, ms: number): Promise<number> =>
    record.redis.hset(store.keys.run('r1').header, 'freshAt', Date.now() - ms);

  test('pauses when a worker would take it, says why, and goes on after a resume', async () => {
    const store = await queued({});
    await ageBy(store, DAY + HOUR_MS);
    expect(await store.runsToWorkOn(ROOT)).toEqual([]);
    expect(await runOf(store)).toMatchObject({ state: 'paused', reason: 'age', startedAt: null });
    expect((await runOf(store)).reasonText).toContain('25 h old');
    await store.transition('r1', { to: 'queued', from: ['paused'] });
    expect(await store.runsToWorkOn(ROOT)).toEqual(['r1']);
    expect((await runOf(store)).state).toBe('running');
  });

  test('counts from its plan, when there is one', async () => {
    const store = await queued({ plannedAt: Date.now() - DAY - HOUR_MS });
    expect(await store.runsToWorkOn(ROOT)).toEqual([]);
    expect((await runOf(store)).state).toBe('paused');
  });

  test('is as young as it was told it may be', async () => {
    const store = await queued({ maxAgeMs: 3 * DAY });
    await ageBy(store, 2 * DAY);
    expect(await store.runsToWorkOn(ROOT)).toEqual(['r1']);
  });

  test('lets the next one in line go first, and is only looked at by what is no worker', async () => {
    const store = await queued({});
    await publishRun(store, rowsOf(1), { runId: 'r2', ...optionsOf({ maxAgeMs: 9 * DAY }) });
    await ageBy(store, 2 * DAY);
    expect(await store.runsToWorkOn(ROOT, false)).toEqual(['r1']);
    expect((await runOf(store)).state).toBe('queued');
    expect(await store.runsToWorkOn(ROOT)).toEqual(['r2']);
  });

  test('a run at work is never too old', async () => {
    const store = await queued({});
    await store.runsToWorkOn(ROOT);
    await ageBy(store, 9 * DAY);
    expect(await store.runsToWorkOn(ROOT)).toEqual(['r1']);
  });

  test('a run that waited for the sign-in goes on by itself, however long that took', async () => {
    const store = await queued({});
    await store.runsToWorkOn(ROOT);
    await ageBy(store, 3 * DAY);
    await store.transition('r1', { to: 'paused', from: ['running'], reason: 'signIn' });
    await store.transition('r1', { to: 'queued', from: ['paused'] });
    expect(await store.runsToWorkOn(ROOT)).toEqual(['r1']);
  });
});

test('a run is written with at most its own number of writes a window', async () => {
  const store = record.store();
  await runAtWork(store, rowsOf(40), optionsOf({ writesPerWindow: 6 }));
  const policy = { ...WIDE, limit: 12, windowMs: 10_000 };
  expect(await store.permit(ref(), 'a', pending(...numbers(20)), policy)).toMatchObject({ requests: 6 });
  expect((await store.permit(ref(1), 'b', pending(0), policy)).kind).toBe('wait');
});

test('the first batch goes alone until it is answered, and then too when its run is about to be stopped', async () => {
  const store = record.store();
  await runAtWork(store, rowsOf(40));
  const policy = { ...WIDE, windowMs: 60_000 };
  const token = 'a';
  const other = () => store.permit(ref(1), 'b', pending(0), policy);
  expect((await store.permit(ref(), token, pending(0), policy)).kind).toBe('granted');
  expect(await other()).toMatchObject({ kind: 'wait', reason: 'first' });
  const answered = { ...NOTHING_SENT, token, answered: 1 };
  await store.record(ref(), [], policy, { ...answered, isStopping: true });
  expect(await other()).toMatchObject({ kind: 'wait', reason: 'first' });
  await store.record(ref(), [], policy, answered);
  expect((await other()).kind).toBe('granted');
});
