import { beforeJson } from '../../src/assignments/changes/decision.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PermitRow, RowUpdate } from '../../src/runs/batchRow.ts';
import { NOTHING_SENT } from '../../src/runs/permit.ts';
import type { RunStore } from '../../src/runs/runStore.ts';
import { isSettled, type RowState } from '../../src/runs/rowState.ts';
import type { Run, RunState } from '../../src/runs/run.ts';
import { publishRun, recordForTests, rowsOf, runAtWork, WIDE } from '../support/record.ts';
import { eachAlone, identityOf, pendingRows } from '../support/rows.ts';

const record = recordForTests();
const ROOT = identityOf().graphUrl;
const ref = (batch = 0, runId = 'r1'): { runId: string; batch: number } => ({ runId, batch });

const pending = (...places: number[]): PermitRow[] => eachAlone(pendingRows(...places));
const rowAs = (place: number, state: RowState['state'], attempts = 1): RowUpdate => ({
  place,
  state,
  attempts,
});

async function permit(store: RunStore, rows: readonly PermitRow[], token = 'me', batch = 0) {
  const answer = await store.permit(ref(batch), token, rows, WIDE);
  if (answer.kind !== 'granted') throw new Error(`not granted but ${answer.kind}`);
  return answer;
}

/** Records these rows under a permit, which ends its lease. */
const recordRows = (store: RunStore, rows: readonly RowUpdate[], token = 'me', batch = 0) =>
  store.record(ref(batch), rows, WIDE, { ...NOTHING_SENT, token });

const statesOf = async (store: RunStore, batch = 0): Promise<string[]> =>
  ((await store.batch(ref(batch)))?.rows ?? []).map(({ state, attempts }) => `${state} ${attempts}`);

const runOf = async (store: RunStore, runId = 'r1'): Promise<Run> =>
  (await store.run(runId)) ?? expect.fail(`run ${runId} is gone`);

async function openOf(store: RunStore): Promise<number[]> {
  const run = await runOf(store);
  return (await store.openBatches(run, 1_000)).map(({ batch }) => batch);
}

test('a permit marks its rows sent and counts the attempt, and says so of the whole batch', async () => {
  const store = record.store();
  await runAtWork(store, rowsOf(4));
  const answer = await permit(store, pending(1, 3));
  expect(answer.places).toEqual([1, 3]);
  expect(answer.states.map(({ state }) => state)).toEqual(['pending', 'sent', 'pending', 'sent']);
  expect(await statesOf(store)).toEqual(['pending 0', 'sent 1', 'pending 0', 'sent 1']);
  expect(await runOf(store)).toMatchObject({ sent: 2, counts: { pending: 4 } });
});

test('attempts survive a worker that dies, and go on from there', async () => {
  const store = record.store();
  await runAtWork(store, rowsOf(1));
  const short = { ...WIDE, timeoutMs: 0 };
  for (const attempts of [0, 1, 2]) {
    const state = attempts === 0 ? 'pending' : 'sent';
    const answer = await store.permit(
      ref(),
      `worker ${attempts}`.replace(' ', '-'),
      eachAlone([rowAs(0, state, attempts)]),
      short,
    );
    expect(answer.kind).toBe('granted');
  }
  expect(await statesOf(store)).toEqual(['sent 3']);
  expect((await runOf(store)).sent).toBe(1);
});

test('a lease keeps other workers off until its write can not be under way any more', async () => {
  const store = record.store();
  await runAtWork(store, rowsOf(21));
  await permit(store, pending(0));
  const other = await store.permit(ref(), 'other', pending(1), WIDE);
  expect(other.kind).toBe('busy');
  if (other.kind === 'busy') expect(other.waitMs).toBeGreaterThan(WIDE.timeoutMs - 10_000);
  expect((await store.batch(ref()))?.leaseMs).toBeGreaterThan(WIDE.timeoutMs - 10_000);
  // Another batch is not concerned.
  expect((await store.batch(ref(1)))?.leaseMs).toBe(0);
  // What somebody else records does not end it, what its holder records does.
  await recordRows(store, [], 'other');
  expect((await store.permit(ref(), 'other', pending(1), WIDE)).kind).toBe('busy');
  await recordRows(store, [rowAs(0, 'succeeded')]);
  expect((await store.batch(ref()))?.leaseMs).toBe(0);
  expect((await store.permit(ref(), 'other', pending(1), WIDE)).kind).toBe('granted');
});

test('a lease of a worker that died ends', async () => {
  const store = record.store();
  await runAtWork(store, rowsOf(2));
  await store.permit(ref(), 'dead', pending(0), { ...WIDE, timeoutMs: 0 });
  expect((await store.permit(ref(), 'other', pending(1), WIDE)).kind).toBe('granted');
});

test('a row that changed since it was looked at is left out of the permit', async () => {
  const store = record.store();
  await runAtWork(store, rowsOf(4));
  await permit(store, pending(0, 1, 2));
  await recordRows(store, [rowAs(0, 'succeeded'), rowAs(1, 'sent', 1), rowAs(2, 'pending', 0)]);
  // Somebody who looked before all that: 0 is settled, 1 was sent meanwhile, 2 and 3 are as they were.
  expect((await permit(store, pending(0, 1, 2, 3), 'late')).places).toEqual([2, 3]);
  expect(await statesOf(store)).toEqual(['succeeded 1', 'sent 1', 'sent 1', 'sent 1']);
});

test('when all rows have changed the permit is empty, and charges and leases nothing', async () => {
  const store = record.store();
  await runAtWork(store, rowsOf(1));
  await recordRows(store, [rowAs(0, 'skipped', 0)]);
  const store2 = record.store();
  await runAtWork(store2, rowsOf(2));
  await recordRows(store2, [rowAs(0, 'skipped', 0)]);
  expect((await permit(store2, pending(0))).places).toEqual([]);
  expect((await store2.batch(ref()))?.leaseMs).toBe(0);
  expect((await store2.limiterNow(WIDE)).charged).toBe(0);
  // The first run has ended.
  expect((await store.permit(ref(), 'me', pending(0), WIDE)).kind).toBe('stopped');
});

test('a settled row is never overwritten, counted again, or spoken of', async () => {
  const store = record.store();
  await runAtWork(store, rowsOf(2));
  await store.record(ref(), [{ ...rowAs(0, 'failed'), detail: { errorCode: 'First' } }], WIDE);
  const after = await store.record(
    ref(),
    [{ ...rowAs(0, 'succeeded', 5), detail: { errorCode: 'Second' } }],
    WIDE,
  );
  expect(after.states[0]).toEqual({ state: 'failed', attempts: 1 });
  expect((await store.batch(ref()))?.rows[0]?.detail.errorCode).toBe('First');
  expect((await runOf(store)).counts).toMatchObject({ pending: 1, failed: 1, succeeded: 0 });
});

test.each([
  [1, 1, 0],
  [12, 12, 0],
  [21, 20, 1],
  [25, 20, 5],
])('with room for %i writes leave is for %i, and the next one for %i', async (limit, first, second) => {
  const store = record.store();
  await runAtWork(store, rowsOf(40));
  await record.redis.hset(store.keys.run('r1').header, 'answered', 1);
  const policy = { ...WIDE, limit, windowMs: 1 };
  const all = pending(...Array.from({ length: 20 }, (_, i) => i));
  expect(await store.permit(ref(0), 'a', all, policy)).toMatchObject({ kind: 'granted', requests: first });
  await record.redis.hset(store.keys.limiter, 'nextWriteAt', 0);
  const next = await store.permit(ref(1), 'b', all, policy);
  expect(next.kind === 'granted' ? next.requests : next).toEqual(
    second > 0 ? second : expect.objectContaining({ kind: 'wait', reason: 'budget' }),
  );
});

test('reads wait for the next charge to end, not in a circle, when there is room for some of them', async () => {
  const store = record.store();
  const policy = { ...WIDE, limitAll: 5, windowMs: 10_000 };
  await store.readPermit(3, true, policy);
  const answer = await store.readPermit(3, true, policy);
  expect(answer.kind === 'wait' && answer.waitMs).toBeGreaterThan(60_000);
});

test('counters are the sums of the states, whatever two workers do in whatever order', async () => {
  const outcome = fc.constantFrom<RowState['state']>(
    'succeeded',
    'failed',
    'stale',
    'skipped',
    'sent',
    'written',
    'unsure',
    'pending',
    'cancelled',
    'leftUnsure',
  );
  const action = fc.record({
    worker: fc.constantFrom('one', 'two'),
    batch: fc.nat({ max: 1 }),
    does: fc.constantFrom('permit', 'record', 'steal'),
    rows: fc.array(fc.tuple(fc.nat({ max: 19 }), outcome), { maxLength: 8 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 30 }), async (actions) => {
      const store = record.store();
      await runAtWork(store, rowsOf(40));
      const settled = new Map<string, string>();
      for (const { worker, batch, does, rows } of actions) {
        if ((await runOf(store)).state !== 'running') break;
        const current = (await store.batch(ref(batch)))?.rows ?? [];
        const wanted = rows.flatMap(([place]) => current[place] ?? []);
        if (does === 'permit') {
          await store.permit(ref(batch), worker, eachAlone(wanted), WIDE);
        } else {
          const ended = rows.map(([place, state]) => rowAs(place, state, current[place]?.attempts ?? 0));
          await recordRows(store, ended, does === 'steal' ? 'thief' : worker, batch);
        }
        for (const row of (await store.batch(ref(batch)))?.rows ?? []) {
          const key = `${batch} ${row.place}`;
          if (settled.has(key)) expect(row.state).toBe(settled.get(key));
          if (isSettled(row.state)) settled.set(key, row.state);
        }
      }
      const run = await runOf(store);
      const counted: Record<string, number> = {};
      for await (const { state } of store.rows(run)) counted[state] = (counted[state] ?? 0) + 1;
      const { pending: open, ...ended } = run.counts;
      const { sent = 0, written = 0, unsure = 0 } = counted;
      expect(run.sent).toBe(sent + written + unsure);
      expect(open).toBe((counted['pending'] ?? 0) + run.sent);
      for (const [name, n] of Object.entries(ended)) {
        const state = name === 'unsure' ? 'leftUnsure' : name;
        expect([name, n]).toEqual([name, counted[state] ?? 0]);
      }
      expect(await openOf(store)).toEqual(
        [0, 1].filter(
          (batch) => [...settled.keys()].filter((key) => key.startsWith(`${batch} `)).length < 20,
        ),
      );
      expect(run.finishedAt !== null).toBe(settled.size === 40);
    }),
    { numRuns: 60 },
  );
});

const BY_ANN = { reason: 'operator', reasonText: 'by ann' } as const;

const TRANSITIONS: [RunState, RunState, RunState[]][] = [
  ['running', 'paused', ['queued', 'running']],
  ['queued', 'paused', ['queued', 'running']],
  ['paused', 'queued', ['paused']],
  ['paused', 'cancelled', ['queued', 'running', 'paused']],
];

async function runThatIs(state: RunState): Promise<RunStore> {
  const store = record.store();
  if (state === 'queued') await publishRun(store, rowsOf(3));
  else await runAtWork(store, rowsOf(3));
  if (state === 'completed')
    await recordRows(
      store,
      [0, 1, 2].map((place) => rowAs(place, 'succeeded')),
    );
  else if (state !== 'queued' && state !== 'running')
    await store.transition('r1', { to: state, from: ['running'] });
  return store;
}

test.each(TRANSITIONS)('a %s run can become %s', async (from, to, allowed) => {
  const store = await runThatIs(from);
  expect(await store.transition('r1', { to, from: allowed, ...BY_ANN })).toEqual({ kind: 'done', from });
  expect(await runOf(store)).toMatchObject({ state: to, ...BY_ANN });
});

test.each<[RunState, RunState, RunState[]]>([
  ['completed', 'paused', ['queued', 'running']],
  ['cancelled', 'queued', ['paused']],
  ['running', 'queued', ['paused']],
  ['completed', 'cancelled', ['queued', 'running', 'paused']],
])('a %s run can not become %s, and is told as what it is', async (from, to, allowed) => {
  const store = await runThatIs(from);
  const before = await runOf(store);
  expect(await store.transition('r1', { to, from: allowed, ...BY_ANN })).toEqual({
    kind: 'wrong',
    state: from,
  });
  expect(await runOf(store)).toEqual(before);
});

test('a run that is not there can not be moved or retried', async () => {
  const store = record.store();
  expect(await store.transition('r9', { to: 'paused', from: ['running'] })).toEqual({
    kind: 'wrong',
    state: '',
  });
  expect(await store.retry('r9', { from: ['completed'], open: 'failed' })).toEqual({
    kind: 'wrong',
    state: '',
  });
  expect(await store.run('r9')).toBeUndefined();
});

test.each<RunState>(['queued', 'paused', 'cancelled', 'completed'])(
  'a %s run gets no permit',
  async (state) => {
    const store = await runThatIs(state);
    expect(await store.permit(ref(), 'me', pending(0), WIDE)).toMatchObject({ kind: 'stopped', state });
    expect((await store.limiterNow(WIDE)).charged).toBe(0);
  },
);

test('a cancelled run without writes in doubt ends at once, and its rows count as cancelled', async () => {
  const store = await runThatIs('cancelled');
  expect(await runOf(store)).toMatchObject({ state: 'cancelled', counts: { cancelled: 3, pending: 0 } });
  expect((await runOf(store)).finishedAt).not.toBeNull();
  expect(await store.runsToWorkOn(ROOT)).toEqual([]);
});

test('a cancelled run with writes in doubt is worked on until they are settled', async () => {
  const store = record.store();
  await runAtWork(store, rowsOf(60));
  await permit(store, pending(0, 1), 'me', 1);
  await store.transition('r1', { to: 'cancelled', from: ['running'] });
  expect(await runOf(store)).toMatchObject({ finishedAt: null, counts: { pending: 2, cancelled: 58 } });
  expect(await store.runsToWorkOn(ROOT)).toEqual(['r1']);
  expect(await openOf(store)).toEqual([1]);
  await recordRows(store, [rowAs(0, 'succeeded'), rowAs(1, 'cancelled')], 'me', 1);
  const run = await runOf(store);
  expect(run).toMatchObject({ state: 'cancelled', counts: { pending: 0, cancelled: 59, succeeded: 1 } });
  expect(run.finishedAt).not.toBeNull();
  expect(await store.runsToWorkOn(ROOT)).toEqual([]);
});

test('a run that ends lives on for its days, every key of it', async () => {
  const store = record.store();
  const [input = expect.fail()] = rowsOf(1);
  const rows = [
    { input, rank: 0, policy: 'c1', planned: '0123456789abcdef' },
    { input, rank: 1, policy: 's1', family: 'devices' as const, duplicateOf: 2 },
  ];
  await runAtWork(store, rows, { keepDays: 3 });
  await permit(store, [{ place: 0, state: 'pending', attempts: 0, request: 0, before: { id: 'a0' } }]);
  await store.record(ref(), [{ ...rowAs(0, 'failed'), detail: { errorCode: 'x' } }], WIDE);
  const keys = await record.redis.keys(`${store.keys.run('r1').header}*`);
  // The lease of a worker that never came back, too.
  expect(keys.toSorted()).toEqual(Object.values(store.keys.run('r1')).toSorted());
  for (const key of keys) expect(await record.redis.ttl(key), key).toBeGreaterThan(3 * 86_400 - 60);
  expect((await runOf(store)).state).toBe('completed');
});

test('a run whose time has passed is dropped from the list', async () => {
  const store = record.store();
  await publishRun(store, rowsOf(1));
  await record.redis.del(...Object.values(store.keys.run('r1')));
  expect(await store.runs()).toEqual([]);
  expect(await record.redis.zcard(store.keys.runs)).toBe(0);
  expect(await store.runsToWorkOn(ROOT)).toEqual([]);
  expect(await record.redis.zcard(store.keys.open)).toBe(0);
});

test('retry opens failed rows again, with their attempts and what was said of them taken back', async () => {
  const store = record.store();
  await runAtWork(store, rowsOf(45));
  for (const batch of [0, 1, 2]) {
    const rows = ((await store.batch(ref(batch)))?.rows ?? []).map(({ place }) => ({
      ...rowAs(place, place === 3 ? 'failed' : 'succeeded', 8),
      detail: { httpStatus: place === 3 ? 404 : 200 },
    }));
    await store.record(ref(batch), rows, WIDE);
  }
  expect(await store.retry('r1', { from: ['completed', 'cancelled'], open: 'failed' })).toEqual({
    kind: 'done',
    rows: 3,
  });
  expect(await runOf(store)).toMatchObject({
    state: 'queued',
    finishedAt: null,
    counts: { pending: 3, failed: 0, succeeded: 42 },
  });
  const [, , , opened, kept] = (await store.batch(ref(1)))?.rows ?? [];
  expect(opened).toMatchObject({ state: 'pending', attempts: 0, detail: {} });
  expect(opened?.detail).toEqual({});
  expect(kept).toMatchObject({ state: 'succeeded', attempts: 8, detail: { httpStatus: 200 } });
  for (const key of await record.redis.keys(`${store.keys.run('r1').header}*`))
    expect(await record.redis.ttl(key), key).toBe(-1);
  expect(await store.runsToWorkOn(ROOT)).toEqual(['r1']);
  expect(await openOf(store)).toEqual([0, 1, 2]);
});

test('retry of a cancelled run opens what was never written, whether a read found that out or not', async () => {
  const store = record.store();
  await runAtWork(store, rowsOf(25));
  await permit(store, pending(0, 1));
  await store.transition('r1', { to: 'cancelled', from: ['running'] });
  await recordRows(store, [rowAs(0, 'succeeded'), rowAs(1, 'cancelled')]);
  expect(await store.retry('r1', { from: ['cancelled'], open: 'failed' })).toEqual({
    kind: 'done',
    rows: 24,
  });
  const run = await runOf(store);
  expect(run.counts).toMatchObject({ pending: 24, cancelled: 0, succeeded: 1 });
  expect((await statesOf(store)).slice(0, 2)).toEqual(['succeeded 1', 'pending 0']);
});

test('retry looks first for what was left unsure, and knows that it was sent', async () => {
  const store = record.store();
  await runAtWork(store, rowsOf(2));
  await permit(store, pending(0, 1));
  await recordRows(store, [rowAs(0, 'leftUnsure', 8), rowAs(1, 'failed', 1)]);
  expect((await runOf(store)).counts).toMatchObject({ unsure: 1, failed: 1 });
  expect(await store.retry('r1', { from: ['completed'], open: 'failed' })).toEqual({ kind: 'done', rows: 2 });
  const run = await runOf(store);
  expect(run).toMatchObject({ sent: 1, counts: { pending: 2, unsure: 0, failed: 0 } });
  expect(await statesOf(store)).toEqual(['unsure 1', 'pending 0']);
  // It is none of those that a cancel leaves unwritten.
  await store.transition('r1', { to: 'cancelled', from: ['queued'] });
  expect(await runOf(store)).toMatchObject({ finishedAt: null, counts: { pending: 1, cancelled: 1 } });
});

test('rows that were found so with no write on record are counted', async () => {
  const store = record.store();
  await runAtWork(store, rowsOf(3));
  const skipped = (place: number, errorCode?: string): RowUpdate => ({
    ...{ place, state: 'skipped', attempts: 0 },
    ...(errorCode !== undefined && { detail: { errorCode } }),
  });
  const rows = [skipped(0, 'AlreadySoUnplanned'), skipped(1, 'DuplicateRow'), skipped(2)];
  await store.record(ref(0), rows, WIDE);
  expect(await runOf(store)).toMatchObject({ unrecorded: 1, counts: { skipped: 3 } });
});

test('a retry that reopens nothing goes on with what was never written, and with that alone', async () => {
  const store = record.store();
  await runAtWork(store, rowsOf(25));
  await recordRows(store, [rowAs(0, 'failed'), rowAs(1, 'succeeded'), rowAs(2, 'stale', 0)]);
  await store.transition('r1', { to: 'aborted', from: ['running'], reason: 'failures' });
  expect(await store.retry('r1', { from: ['aborted'], open: 'rest' })).toEqual({ kind: 'done', rows: 22 });
  expect(await runOf(store)).toMatchObject({
    ...{ state: 'queued', reason: null, reasonText: null, finishedAt: null },
    counts: { pending: 22, failed: 1, succeeded: 1, stale: 1 },
  });
  expect((await statesOf(store)).slice(0, 4)).toEqual(['failed 1', 'succeeded 1', 'stale 0', 'pending 0']);
});

test('a retry of some rows opens those, and leaves the others unwritten', async () => {
  const store = record.store();
  await runAtWork(store, rowsOf(45));
  await recordRows(store, [rowAs(0, 'failed'), rowAs(1, 'failed'), rowAs(2, 'succeeded')]);
  await store.transition('r1', { to: 'cancelled', from: ['running'] });
  const rows = new Map([
    [0, [1, 2, 5]],
    [2, [0]],
  ]);
  expect(await store.retry('r1', { from: ['cancelled'], open: 'failed', rows })).toEqual({
    kind: 'done',
    rows: 3,
  });
  expect((await runOf(store)).counts).toMatchObject({ pending: 3, failed: 1, succeeded: 1, cancelled: 40 });
  expect((await statesOf(store)).slice(0, 6)).toEqual([
    ...['failed 1', 'pending 0', 'succeeded 1', 'cancelled 0', 'cancelled 0', 'pending 0'],
  ]);
  expect(await openOf(store)).toEqual([0, 2]);
  await store.runsToWorkOn(ROOT);
  await recordRows(store, [rowAs(1, 'succeeded'), rowAs(5, 'succeeded')]);
  await recordRows(store, [rowAs(0, 'succeeded')], 'me', 2);
  expect(await runOf(store)).toMatchObject({
    state: 'completed',
    counts: { succeeded: 4, cancelled: 40, failed: 1 },
  });
  // What was left out then can be taken later.
  expect(await store.retry('r1', { from: ['completed'], open: 'failed' })).toEqual({
    kind: 'done',
    rows: 41,
  });
  expect((await runOf(store)).counts).toMatchObject({ pending: 41, cancelled: 0, failed: 0 });
});

test('a retry of rows that have nothing left to do changes nothing', async () => {
  const store = await runThatIs('completed');
  const before = await runOf(store);
  const rows = new Map([[0, [1]]]);
  expect(await store.retry('r1', { from: ['completed'], open: 'failed', rows })).toEqual({
    kind: 'done',
    rows: 0,
  });
  expect(await runOf(store)).toEqual(before);
});

test('a retry can go on with the other strategy', async () => {
  const store = record.store();
  await runAtWork(store, rowsOf(2));
  await store.transition('r1', { to: 'aborted', from: ['running'], reason: 'route' });
  await store.retry('r1', { from: ['aborted'], open: 'rest', strategy: 'assign' });
  expect((await runOf(store)).options.strategy).toBe('assign');
});

test('rows that go in one request get permit together or not at all', async () => {
  const store = record.store();
  await runAtWork(store, rowsOf(20));
  const rows = pendingRows(...Array.from({ length: 20 }, (_, i) => i)).map((row) => ({
    ...row,
    request: Math.floor(row.place / 3),
  }));
  const answer = await store.permit(ref(), 'me', rows, { ...WIDE, limit: 5, windowMs: 10_000 });
  expect(answer).toMatchObject({ requests: 5, places: Array.from({ length: 15 }, (_, place) => place) });
  expect((await store.limiterNow({ ...WIDE, windowMs: 10_000 })).charged).toBe(5);
  expect((await runOf(store)).sent).toBe(15);
});

test('one permit is for twenty requests at most, whatever the batch and the budget', async () => {
  const store = record.store();
  const rows = rowsOf(45).map((input) => ({ input, policy: 'c1' }));
  await runAtWork(store, rows);
  const places = Array.from({ length: 45 }, (_, place) => place);
  expect((await permit(store, pending(...places))).places).toEqual(places.slice(0, 20));
});

test('two hundred rows are recorded in one step, with words and codes of any length', async () => {
  const store = record.store();
  await runAtWork(
    store,
    rowsOf(200).map((input) => ({ input, policy: 'c1' })),
  );
  const details = Array.from({ length: 200 }, (_, place) => ({
    errorCode: 'ü'.repeat(place),
    errorMessage: '…'.repeat(place === 199 ? 40_000 : place),
  }));
  await recordRows(
    store,
    details.map((detail, place) => ({ place, state: 'failed', attempts: 15, detail })),
  );
  const rows = (await store.batch(ref()))?.rows ?? [];
  expect(rows.map(({ detail }) => detail)).toEqual(details);
  expect(new Set(rows.map(({ state, attempts }) => `${state} ${attempts}`))).toEqual(new Set(['failed 15']));
  expect((await runOf(store)).counts).toMatchObject({ failed: 200, pending: 0 });
});

test('the last before-image of a row counts, and rows without one have none', async () => {
  const store = record.store();
  await runAtWork(store, rowsOf(4));
  const image = (id: string) => ({ id, target: { groupId: `grüppe ${id}`.repeat(40) } });
  const ask = (attempts: number, ...befores: (PermitRow['before'] | undefined)[]) =>
    permit(
      store,
      befores.map((before, place) => ({
        ...{ place, attempts, request: place, state: attempts === 0 ? 'pending' : 'sent' },
        ...(before !== undefined && { before }),
      })),
    );
  await ask(0, image('first'), undefined, null, [image('one'), image('two')]);
  await ask(1, image('second'));
  const rows = (await store.batch(ref()))?.rows ?? [];
  expect(rows.map(({ before }) => before && beforeJson(before))).toEqual([
    ...[image('second'), undefined, null, [image('one'), image('two')]],
  ]);
});

test('a permit that is not given keeps no before-image', async () => {
  const store = record.store();
  await runAtWork(store, rowsOf(2));
  await store.permit(ref(), 'other', pending(1), WIDE);
  const row = { place: 0, state: 'pending', attempts: 0, request: 0, before: { id: 'a' } } as const;
  expect((await store.permit(ref(), 'me', [row], WIDE)).kind).toBe('busy');
  expect(await record.redis.exists(store.keys.run('r1').before)).toBe(0);
});

test('before-images of a batch stay bounded, however often its rows are written', async () => {
  const store = record.store();
  await runAtWork(store, rowsOf(20));
  const noise = (place: number, round: number): string =>
    Array.from({ length: 24 }, (_, i) =>
      ((place + 1) * (round + 1) * (i + 7) * 2_654_435_761).toString(36),
    ).join();
  for (let round = 0; round < 30; round += 1) {
    const rows = pending(...Array.from({ length: 20 }, (_, i) => i)).map((row) => ({
      ...row,
      before: { id: noise(row.place, round), target: {} },
    }));
    await permit(store, rows);
    await recordRows(store, pendingRows(...rows.map(({ place }) => place)));
  }
  expect(await record.redis.hstrlen(store.keys.run('r1').before, '0')).toBeLessThan(66_000);
  for (const { place, before } of (await store.batch(ref()))?.rows ?? [])
    expect(before && beforeJson(before)).toEqual({ id: noise(place, 29), target: {} });
});

test('a run moves only if it has not moved since it was seen, be it there and back for the same reason', async () => {
  const store = await runThatIs('running');
  await store.transition('r1', { to: 'paused', from: ['running'], ...BY_ANN });
  const { moves: ifMoves } = await runOf(store);
  await store.transition('r1', { to: 'running', from: ['paused'] });
  await store.transition('r1', { to: 'paused', from: ['running'], ...BY_ANN });
  const back = { to: 'queued', from: ['paused'] } as const;
  expect(await store.transition('r1', { ...back, ifMoves })).toEqual({ kind: 'wrong', state: 'paused' });
  const { moves } = await runOf(store);
  expect(await store.transition('r1', { ...back, ifMoves: moves })).toEqual({ kind: 'done', from: 'paused' });
});

test('the log of a run keeps what was told, in order, and outlives the run', async () => {
  const store = record.store();
  await publishRun(store, rowsOf(1), { keepDays: 1 });
  const entries = [
    { at: 1, operator: 'ann@host', action: 'submit', reason: 'CHG-1', details: { allow: { narrowed: 2 } } },
    { at: 2, operator: 'bob@host', action: 'pause' },
  ];
  for (const entry of entries) await store.tell('r1', entry);
  await record.redis.del(...Object.values(store.keys.run('r1')));
  expect(await store.told('r1')).toEqual(entries);
  expect(await store.told('r2')).toEqual([]);
  expect(await record.redis.ttl(store.keys.log('r1'))).toBeGreaterThan(365 * 86_400);
});

test('retry of a run in which nothing failed changes nothing', async () => {
  const store = await runThatIs('completed');
  const before = await runOf(store);
  expect(await store.retry('r1', { from: ['completed'], open: 'failed' })).toEqual({ kind: 'done', rows: 0 });
  expect(await runOf(store)).toEqual(before);
  const working = await runThatIs('running');
  expect(await working.retry('r1', { from: ['completed'], open: 'failed' })).toEqual({
    kind: 'wrong',
    state: 'running',
  });
});

test('one run of a root is at work at a time, in the order of their coming; another root has its own', async () => {
  const store = record.store();
  for (const runId of ['r1', 'r2', 'r3']) await publishRun(store, rowsOf(1), { runId });
  await publishRun(store, rowsOf(1), { runId: 'x', graphUrl: 'http://other' });
  expect(await store.runsToWorkOn(ROOT)).toEqual(['r1']);
  const { startedAt } = await runOf(store, 'r1');
  expect(await store.runsToWorkOn(ROOT)).toEqual(['r1']);
  expect(await store.runsToWorkOn('http://other')).toEqual(['x']);
  await store.transition('r1', { to: 'paused', from: ['running'] });
  expect(await store.runsToWorkOn(ROOT)).toEqual(['r2']);
  // Back in line, before those that came later, but behind the one at work.
  await store.transition('r1', { to: 'queued', from: ['paused'] });
  expect(await store.runsToWorkOn(ROOT)).toEqual(['r2']);
  await store.record(ref(0, 'r2'), [rowAs(0, 'succeeded')], WIDE);
  expect(await store.runsToWorkOn(ROOT)).toEqual(['r1']);
  expect((await runOf(store, 'r1')).startedAt).toBe(startedAt);
});

test('a run of another record format is left alone', async () => {
  const store = record.store();
  await publishRun(store, rowsOf(1));
  await record.redis.hset(store.keys.run('r1').header, 'format', '99');
  expect(await store.runsToWorkOn(ROOT)).toEqual([]);
  expect((await runOf(store)).state).toBe('queued');
});

test('details of a batch stay bounded, however often its rows are throttled, and lose no last word', async () => {
  const store = record.store();
  await runAtWork(store, rowsOf(20));
  const words = (place: number, round: number) => ({
    httpStatus: 429,
    at: Date.now(),
    throttledMs: round,
    errorMessage: `Ünïcode ${'x'.repeat(place)}`,
    requestId: `0000${place + 10}00-0000-4000-8000-00000000${String(round).padStart(4, '0')}`,
  });
  for (let round = 0; round < 300; round += 1) {
    const rows = pendingRows(...Array.from({ length: 20 }, (_, i) => i)).map((row) => ({
      ...row,
      detail: words(row.place, round),
    }));
    await store.record(ref(), rows, WIDE);
  }
  const bytes = await record.redis.hstrlen(store.keys.run('r1').details, '0');
  expect(bytes).toBeLessThan(17_000);
  for (const { place, detail } of (await store.batch(ref()))?.rows ?? [])
    expect(detail).toEqual({ ...words(place, 299), at: detail.at });
});

test('a run stays queued, and its time does not run, until a worker takes it', async () => {
  const store = record.store();
  await publishRun(store, rowsOf(1), { runId: 'waiting' });
  expect(await store.runsToWorkOn(ROOT, false)).toEqual(['waiting']);
  expect(await store.run('waiting')).toMatchObject({ state: 'queued', startedAt: null });
  expect(await store.runsToWorkOn(ROOT)).toEqual(['waiting']);
  expect(await store.run('waiting')).toMatchObject({ state: 'running', startedAt: expect.any(Number) });
});
