import { describe, expect, test } from 'vitest';
import type { RowUpdate } from '../../src/runs/batchRow.ts';
import { NOTHING_SENT } from '../../src/runs/permit.ts';
import { DEFAULT_OPTIONS, type Run } from '../../src/runs/run.ts';
import type { RunStore } from '../../src/runs/runStore.ts';
import { world, type SimulatorState, type WorldOptions } from '../support/batchWorld.ts';
import { recordForTests, rowsOf, runAtWork, WIDE } from '../support/record.ts';
import { groupRow } from '../support/rows.ts';
import { groupTarget } from '../support/simulatorClient.ts';

const record = recordForTests();

/** A run of so many rows, each in a policy of its own, of which the tenant forbids some. */
const runOfMany = (
  rows: number,
  isForbidden: (i: number) => boolean,
  options: WorldOptions = {},
): Promise<SimulatorState> => {
  const numbers = Array.from({ length: rows }, (_, i) => i);
  return world(record, {
    ...options,
    graph: { forbidden: numbers.filter(isForbidden).map((i) => `a${i}`), ...options.graph },
    instead: {
      policies: numbers.map((i) => ({
        ...{ id: `c${i}`, type: 'deviceConfiguration' },
        assignments: [{ id: `a${i}`, target: groupTarget('old') }],
      })),
      rows: numbers.map((i) => groupRow(`c${i}`, `a${i}`, 'new')),
    },
  });
};

const runOf = async (store: RunStore): Promise<Run> => (await store.run('r1')) ?? expect.fail('gone');

const OUTCOMES: Readonly<Record<string, RowUpdate['state']>> = { '.': 'succeeded', u: 'leftUnsure' };

/** Records outcomes, twenty a batch, as replies come: `.` succeeded, `u` was left unsure, other letters failed with that code. */
async function replies(store: RunStore, outcomes: string, firstBatch = 0): Promise<Run> {
  for (let first = 0; first < outcomes.length; first += 20) {
    const rows = [...outcomes.slice(first, first + 20)].map((letter, place): RowUpdate => ({
      ...{ place, state: OUTCOMES[letter] ?? 'failed', attempts: 1 },
      detail: letter === '.' ? { httpStatus: 200 } : { errorCode: letter },
    }));
    await store.record({ runId: 'r1', batch: firstBatch + first / 20 }, rows, WIDE);
  }
  return runOf(store);
}

async function storeAtWork(maxFailures = '5%', rows = 1_000): Promise<RunStore> {
  const store = record.store();
  await runAtWork(store, rowsOf(rows), { options: { ...DEFAULT_OPTIONS, maxFailures } });
  return store;
}

describe('a run that fails too often', () => {
  test('with every tenth row of a thousand forbidden stops by itself after about a hundred', async () => {
    const each = await runOfMany(1_000, (i) => i % 10 === 4);
    await each.drain();
    const run = await each.run();
    expect(run).toMatchObject({ state: 'aborted', sent: 0 });
    expect(run.reason).toBe('failures');
    expect(run.reasonText).toBe('10 of 100 written rows failed, more than 5%');
    expect(run.finishedAt).not.toBeNull();
    expect(run.counts).toMatchObject({ succeeded: 90, failed: 10, pending: 900 });
    expect(each.graph.stats().writesArrived).toBe(100);
  });

  test('records what is in flight when it stops, and leaves the rest as it was', async () => {
    const each = await runOfMany(400, (i) => i % 10 === 4, { graph: { latencyMs: 10 } });
    const workers = [each.deps, each.anotherWorker(), each.anotherWorker()];
    await Promise.all(workers.map((worker) => each.drain(worker)));
    const run = await each.run();
    expect(run).toMatchObject({ state: 'aborted', sent: 0 });
    const { writesArrived } = each.graph.stats();
    expect(writesArrived).toBeGreaterThanOrEqual(100);
    // Two more workers had a batch each on its way.
    expect(writesArrived).toBeLessThanOrEqual(160);
    const { succeeded, failed, pending } = run.counts;
    expect(succeeded + failed).toBe(writesArrived);
    expect(pending).toBe(400 - writesArrived);
  });

  test('goes on with the rest after a retry that opens nothing else, and what failed before counts no more', async () => {
    const each = await runOfMany(200, (i) => i < 100 && i % 10 === 4);
    await each.drain();
    expect((await each.run()).state).toBe('aborted');
    expect(await each.runs.retry('r1', { from: ['aborted'], open: 'rest' })).toEqual({
      kind: 'done',
      rows: 100,
    });
    await each.drain();
    expect(await each.run()).toMatchObject({ state: 'completed', counts: { succeeded: 190, failed: 10 } });
    expect(each.graph.stats().writesArrived).toBe(200);
  });

  test('a share is not judged before a hundred rows are written, and not at the share itself', async () => {
    const some = `${'.'.repeat(14)}fghijk`;
    expect((await replies(await storeAtWork(), some.repeat(4) + '.'.repeat(19))).state).toBe('running');
    const five = `${'.'.repeat(19)}f`;
    expect((await replies(await storeAtWork(), five.repeat(10))).state).toBe('running');
    expect((await replies(await storeAtWork(), five.repeat(9) + `${'.'.repeat(18)}gf`)).state).toBe(
      'aborted',
    );
  });

  test('what is left unsure counts as failed, until somebody lets the run go on', async () => {
    const store = await storeAtWork('3');
    expect(await replies(store, `uuf${'.'.repeat(17)}`)).toMatchObject({ state: 'running' });
    const run = await replies(store, `u${'.'.repeat(19)}`, 1);
    expect(run).toMatchObject({ state: 'aborted', reasonText: '4 rows failed, more than 3' });
    await store.retry('r1', { from: ['aborted'], open: 'rest' });
    await store.runsToWorkOn(run.graphUrl);
    expect(await replies(store, `uuf${'.'.repeat(17)}`, 2)).toMatchObject({ state: 'running' });
  });

  test('a number is judged from the first row on', async () => {
    const store = await storeAtWork('3');
    expect((await replies(store, `fgh${'.'.repeat(17)}`)).state).toBe('running');
    const run = await replies(store, `i${'.'.repeat(19)}`, 1);
    expect(run).toMatchObject({
      state: 'aborted',
      reason: 'failures',
      reasonText: '4 rows failed, more than 3',
    });
  });

  test('twenty failures in a row with one code are enough, whatever the number', async () => {
    const store = await storeAtWork('900');
    expect((await replies(store, `${'.'.repeat(10)}${'f'.repeat(10)}`)).state).toBe('running');
    expect((await replies(store, `${'f'.repeat(9)}.${'f'.repeat(10)}`, 1)).state).toBe('running');
    expect((await replies(store, `${'f'.repeat(9)}${'g'.repeat(11)}`, 2)).state).toBe('running');
    const run = await replies(store, `${'g'.repeat(9)}${'.'.repeat(11)}`, 3);
    // A batch is judged as a whole, and its last rows went well.
    expect(run.state).toBe('running');
    const aborted = await replies(store, 'h'.repeat(20), 4);
    expect(aborted).toMatchObject({
      state: 'aborted',
      reason: 'failures',
      reasonText: '20 rows in a row failed with h',
    });
  });

  test('failures in a row are those since the last success, whatever came with them in one reply', async () => {
    const store = await storeAtWork('500');
    expect((await replies(store, `${'F'.repeat(19)}.`.repeat(3))).state).toBe('running');
    expect((await replies(store, `..${'F'.repeat(18)}`, 3)).state).toBe('running');
    expect(await replies(store, 'FF', 4)).toMatchObject({ state: 'aborted', counts: { failed: 77 } });
  });

  test('rows that were held back are no failures in a row', async () => {
    const store = await storeAtWork('900', 40);
    const rows = Array.from({ length: 20 }, (_, place): RowUpdate => ({
      ...{ place, state: 'failed', attempts: 0 },
      detail: { errorCode: 'HeldBack' },
    }));
    await store.record({ runId: 'r1', batch: 0 }, rows, WIDE);
    expect((await runOf(store)).state).toBe('running');
  });

  test('a first batch whose every reply is 403 is the last one', async () => {
    const each = await runOfMany(60, () => true);
    await each.drain();
    const run = await each.run();
    expect(run).toMatchObject({ state: 'aborted', counts: { failed: 20, pending: 40 } });
    expect(run.reason).toBe('forbidden');
    expect(run.reasonText).toMatch(/every row of a batch with 403, and none has gone through/);
    expect(each.graph.stats().writesArrived).toBe(20);
  });

  test('a first batch of five is enough for that', async () => {
    const each = await runOfMany(60, () => true, { writesPerWindow: 5, pace: { windowMs: 10_000 } });
    await each.step();
    expect(await each.run()).toMatchObject({ state: 'aborted', counts: { failed: 5, pending: 55 } });
  });

  test('with "off" it is never stopped', async () => {
    const each = await runOfMany(140, () => true, { run: { maxFailures: 'off' } });
    await each.drain();
    expect(await each.run()).toMatchObject({ state: 'completed', counts: { failed: 140 } });
  });

  test('is completed, not aborted, when nothing is left', async () => {
    expect((await replies(await storeAtWork('0', 20), 'f'.repeat(20))).state).toBe('completed');
  });

  test('the budget can be changed while it works', async () => {
    const store = await storeAtWork('5%');
    await store.set('r1', { maxFailures: 'off', writesPerWindow: 30 });
    expect((await replies(store, 'f'.repeat(200))).state).toBe('running');
    expect((await runOf(store)).options).toMatchObject({ maxFailures: 'off', writesPerWindow: 30 });
    await store.set('r1', { maxFailures: '10' });
    expect((await replies(store, '.'.repeat(20), 10)).state).toBe('aborted');
  });

  test('a resume starts the count again, a sign-in that returns does not', async () => {
    for (const [reason, state] of [
      ['operator', 'running'],
      ['signIn', 'aborted'],
    ] as const) {
      const store = await storeAtWork('3');
      await replies(store, `fgh${'.'.repeat(17)}`);
      await store.transition('r1', { to: 'paused', from: ['running'], reason });
      await store.transition('r1', { to: 'queued', from: ['paused'] });
      await store.transition('r1', { to: 'running', from: ['queued'] });
      expect((await replies(store, `i${'.'.repeat(19)}`, 1)).state, reason).toBe(state);
    }
  });

  test('a stopped run with writes in doubt ends when they are settled', async () => {
    const store = await storeAtWork('0', 40);
    const permit = [{ place: 0, state: 'pending' as const, attempts: 0, request: 0 }];
    await store.permit({ runId: 'r1', batch: 1 }, 'other', permit, WIDE);
    expect(await replies(store, 'f'.repeat(20))).toMatchObject({
      state: 'aborted',
      sent: 1,
      finishedAt: null,
    });
    await store.record({ runId: 'r1', batch: 1 }, [{ place: 0, state: 'succeeded', attempts: 1 }], WIDE, {
      ...NOTHING_SENT,
      token: 'other',
    });
    expect(await runOf(store)).toMatchObject({
      state: 'aborted',
      sent: 0,
      counts: { succeeded: 1, pending: 19 },
    });
    expect((await runOf(store)).finishedAt).not.toBeNull();
  });
});

describe('what the plan showed as failing', () => {
  /** Rows of which every second is about an assignment that is gone, as the plan has seen of those that say so. */
  const halfGone = (plannedRefusal: (i: number) => string | undefined, options: WorldOptions['run']) => {
    const numbers = Array.from({ length: 240 }, (_, i) => i);
    const isGone = (i: number): boolean => i % 2 === 1;
    return world(record, {
      run: options ?? {},
      instead: {
        policies: numbers.map((i) => ({
          ...{ id: `c${i}`, type: 'deviceConfiguration' },
          assignments: isGone(i) ? [] : [{ id: `a${i}`, target: groupTarget('old') }],
        })),
        rows: numbers.map((i) => {
          const code = isGone(i) ? plannedRefusal(i) : undefined;
          return { input: groupRow(`c${i}`, `a${i}`, 'new'), ...(code && { plannedRefusal: code }) };
        }),
      },
    });
  };

  test.each(['5%', '0'])('is not held against the run, with --max-failures %s', async (maxFailures) => {
    const each = await halfGone(() => 'AssignmentGone', { maxFailures });
    await each.drain();
    expect(await each.run()).toMatchObject({ state: 'completed', counts: { succeeded: 120, failed: 120 } });
  });

  test('counts where the plan showed nothing of it, or another failure', async () => {
    for (const seen of [undefined, 'DuplicateTarget']) {
      const each = await halfGone((i) => (i < 200 ? 'AssignmentGone' : seen), { maxFailures: '3' });
      await each.drain();
      expect(await each.run()).toMatchObject({
        state: 'aborted',
        reasonText: expect.stringMatching(/^\d+ rows failed, more than 3$/),
      });
    }
  });

  test('is no failure in a row, and does not end a row of others', async () => {
    const store = await storeAtWork('900');
    const failing = (batch: number, isExpected: boolean, code: string) =>
      store.record(
        { runId: 'r1', batch },
        Array.from({ length: 10 }, (_, place): RowUpdate => ({
          ...{ place, state: 'failed', attempts: 0 },
          detail: { errorCode: code },
          ...(isExpected && { isExpected }),
        })),
        WIDE,
      );
    for (const batch of [0, 1, 2]) await failing(batch, true, 'AssignmentGone');
    await failing(3, false, 'f');
    await failing(4, true, 'AssignmentGone');
    expect((await runOf(store)).state).toBe('running');
    await failing(5, false, 'f');
    expect(await runOf(store)).toMatchObject({
      state: 'aborted',
      reasonText: '20 rows in a row failed with f',
    });
  });

  test('is not held against it after a retry either', async () => {
    const each = await halfGone(() => 'AssignmentGone', { maxFailures: '0' });
    await each.drain();
    await each.runs.retry('r1', { from: ['completed'], open: 'failed' });
    await each.drain();
    expect(await each.run()).toMatchObject({ state: 'completed', counts: { succeeded: 120, failed: 120 } });
  });
});

describe('a permission that is lost in mid-run', () => {
  test('pauses the run for the sign-in, and no row pays for it', async () => {
    const each = await runOfMany(60, () => false);
    await each.step();
    const refusals = Array.from({ length: 60 }, (_, i) => ({ assignmentId: `a${i}` }));
    each.graph.reconfigure({ refusals });
    await each.drain();
    const run = await each.run();
    expect(run).toMatchObject({
      state: 'paused',
      sent: 0,
      counts: { succeeded: 20, failed: 0, pending: 40 },
    });
    expect(run.reason).toBe('permission');
    expect(run.reasonText).toMatch(/^sign-in: Graph refuses every write with 403/);
    each.graph.reconfigure({ refusals: [] });
    await each.runs.transition('r1', { to: 'queued', from: ['paused'] });
    await each.drain();
    expect(await each.run()).toMatchObject({ state: 'completed', counts: { succeeded: 60 } });
  });

  test('is not believed a second time: rows that are refused again have failed', async () => {
    const each = await runOfMany(60, (i) => i >= 20, { run: { maxFailures: 'off' } });
    await each.drain();
    expect((await each.run()).state).toBe('paused');
    // Each batch is told once, as each may be the first that meets it.
    for (let round = 0; round < 3; round += 1) {
      await each.runs.transition('r1', { to: 'queued', from: ['paused'] });
      await each.drain();
    }
    expect(await each.run()).toMatchObject({ state: 'completed', counts: { succeeded: 20, failed: 40 } });
  });
});
