import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { UserError } from '../../src/errors.ts';
import type { EnvelopeReply } from '../../src/graph/client/graphClient.ts';
import type { FaultName } from '../../src/simulator/faults.ts';
import { permitToReplyMsOf } from '../../src/worker/limiter/pace.ts';
import { untruths, world, type SimulatorState } from '../support/batchWorld.ts';
import { copyOfRecord } from '../support/olderRecord.ts';
import { recordForTests } from '../support/record.ts';
import { eachAlone, pendingRows } from '../support/rows.ts';
import { call, groupTarget } from '../support/simulatorClient.ts';

const record = recordForTests();

/** With nothing else in the way the first envelope is the read and the second the write. */
const LOOK = 1;
const WRITE = 2;

/** How often each assignment was written with success, as the tenant saw it. */
const writes = ({ graph }: SimulatorState): number[] => Object.values(graph.stats().writesPerAssignment);
const attemptsOf = async ({ rows }: SimulatorState): Promise<number[]> =>
  (await rows()).map(({ attempts }) => attempts);
const statesOf = async ({ rows }: SimulatorState): Promise<string[]> => [
  ...new Set((await rows()).map(({ state }) => state)),
];

async function expectTrue(each: SimulatorState): Promise<void> {
  expect(await untruths(each)).toEqual([]);
  expect(each.graph.stats().clientRequestIdsRepeated).toBe(0);
  expect(each.graph.stats().redirectsFollowed).toBe(0);
}

test('a batch is looked at, written in one envelope, and recorded', async () => {
  const each = await world(record);
  expect(await each.work()).toEqual([{ kind: 'done' }]);
  expect(each.graph.stats()).toMatchObject({ envelopes: 2, writesArrived: 20 });
  expect(await attemptsOf(each)).toEqual(Array.from({ length: 20 }, () => 1));
  const [row] = await each.rows();
  expect(row).toMatchObject({ state: 'succeeded', detail: { httpStatus: 200 } });
  expect(row?.detail.requestId).toBeTruthy();
  expect(row?.detail.clientRequestId).toBeTruthy();
  expect(await each.run()).toMatchObject({ state: 'completed', counts: { succeeded: 20 } });
  await expectTrue(each);
});

test('rows that are so already are skipped without a write', async () => {
  const each = await world(record, { alreadySo: [0, 7, 19] });
  await each.work();
  expect(each.graph.stats().writesArrived).toBe(17);
  expect((await each.run()).counts).toMatchObject({ skipped: 3, succeeded: 17 });
  await expectTrue(each);
});

test('a list of one assignment a page is read to its end', async () => {
  const each = await world(record, { graph: { pageSize: 1 }, alreadySo: [19] });
  await each.work();
  expect(each.graph.stats().envelopes).toBe(21);
  expect((await each.run()).counts).toMatchObject({ skipped: 1, succeeded: 19 });
});

// What was not applied is sent again: two attempts. What was applied is found by the read: one attempt, one write.
test.each<[FaultName, number]>([
  ['error500', 2],
  ['error500Applied', 1],
  ['unavailable503', 2],
  ['lost', 1],
  ['lostUnapplied', 2],
  ['withoutId', 1],
])('a write that meets "%s" takes %i sends, and its neighbours one', async (fault, sends) => {
  const each = await world(record, { graph: { script: [{ envelope: WRITE, fault, request: 3 }] } });
  await each.work();
  expect(await attemptsOf(each)).toEqual(Array.from({ length: 20 }, (_, place) => (place === 3 ? sends : 1)));
  expect(await statesOf(each)).toEqual(['succeeded']);
  // The simulator does not count a write that it answered with 500 as done, though it was.
  expect(each.graph.stats().writesArrived).toBe(19 + sends);
  await expectTrue(each);
});

test.each<[FaultName, number]>([
  ['html502', 2],
  ['html503', 2],
  ['redirect', 2],
  ['resetBefore', 2],
  ['halfOpen', 2],
  ['resetAfter', 1],
  ['cutBody', 1],
  ['cutJson', 1],
  ['slow', 1],
  ['shuffled', 1],
])(
  'an envelope of writes that meets "%s" takes %i sends a row, and each is applied once',
  async (fault, sends) => {
    const each = await world(record, { graph: { slowMs: 700, script: [{ envelope: WRITE, fault }] } });
    await each.work();
    expect(each.graph.stats().faults).toMatchObject({ [fault]: 1 });
    expect(new Set(await attemptsOf(each))).toEqual(new Set([sends]));
    expect(await statesOf(each)).toEqual(['succeeded']);
    expect(writes(each)).toEqual(Array.from({ length: 20 }, () => 1));
    await expectTrue(each);
  },
);

test.each<FaultName>([
  'error500',
  'unavailable503',
  'lost',
  'html502',
  'html503',
  'redirect',
  'resetBefore',
  'resetAfter',
  'cutBody',
  'cutJson',
  'halfOpen',
  'throttled',
])('a read that meets "%s" is taken again, and costs no row an attempt', async (fault) => {
  const each = await world(record, { graph: { script: [{ envelope: LOOK, fault }] }, alreadySo: [5] });
  await each.work();
  expect((await each.run()).counts).toMatchObject({ succeeded: 19, skipped: 1 });
  expect(new Set(await attemptsOf(each))).toEqual(new Set([0, 1]));
  expect(each.graph.stats()).toMatchObject({ writesArrived: 19, requestsDuringBackoff: 0 });
});

test('a throttled envelope holds the tenant, costs no attempt, and is told of each row', async () => {
  const each = await world(record, { graph: { script: [{ envelope: WRITE, fault: 'throttled' }] } });
  await each.step();
  expect(await each.run()).toMatchObject({ throttled: 20, sent: 0, counts: { pending: 20 } });
  expect((await each.runs.limiterNow(each.deps.limiter.policy())).backoffReason).toBe('throttled');
  await each.work();
  expect(new Set(await attemptsOf(each))).toEqual(new Set([1]));
  for (const { detail } of await each.rows()) expect(detail.throttledMs).toBeGreaterThan(900);
  expect(each.graph.stats()).toMatchObject({ requestsDuringBackoff: 0, writesArrived: 20 });
  await expectTrue(each);
});

test.each(['seconds', 'decimal', 'date', 'lowercase', 'missing'] as const)(
  'inner 429s with a Retry-After of kind "%s" are waited for, and every row gets through',
  async (retryAfter) => {
    // The tenant takes fewer than the limiter believes.
    const graph = { writeLimit: 12, windowMs: 600, retryAfter, window: 'fixed' as const };
    const each = await world(record, { graph });
    await each.work();
    expect(await statesOf(each)).toEqual(['succeeded']);
    expect(new Set(await attemptsOf(each))).toEqual(new Set([1]));
    expect((await each.run()).throttled).toBeGreaterThan(0);
    expect(each.graph.stats().requestsDuringBackoff).toBe(0);
    expect(writes(each)).toEqual(Array.from({ length: 20 }, () => 1));
    await expectTrue(each);
  },
);

test('a refused token is answered with a new one, and no row pays for it', async () => {
  for (const envelope of [LOOK, WRITE]) {
    let renewals = 0;
    const each = await world(record, {
      graph: { script: [{ envelope, fault: 'unauthorized' }] },
      renew: () => (renewals += 1) > 0,
    });
    await each.work();
    expect(renewals).toBe(1);
    expect(await statesOf(each)).toEqual(['succeeded']);
    expect(new Set(await attemptsOf(each))).toEqual(new Set([1]));
  }
});

test('what a row overwrote is on record also when Redis has lost it between a send that was refused and the next', async () => {
  const secondLook = 3;
  const each = await world(record, {
    graph: { script: [{ envelope: WRITE, fault: 'unauthorized' }] },
    renew: () => true,
    intercept: async (envelope, pass) => {
      if (envelope === secondLook) expect(await record.redis.del(each.runs.keys.run('r1').before)).toBe(1);
      return pass();
    },
  });
  await each.work();
  expect(await statesOf(each)).toEqual(['succeeded']);
  const befores = (await each.allRows('before')).map(({ before }) => before?.kind);
  expect(befores).toEqual(Array.from({ length: 20 }, () => 'entry'));
});

test.each([
  ['written', {}, ['succeeded'], 'entry'],
  ['refused', { forbidden: Array.from({ length: 20 }, (_, place) => `a${place}`) }, ['failed'], 'entry'],
] as const)(
  'what was answered is recorded, with what it overwrote, also when Redis has lost its permit meanwhile (%s)',
  async (_what, graph, states, image) => {
    let comeBackOlder = async (): Promise<void> => undefined;
    const each = await world(record, {
      graph,
      run: { maxFailures: 'off' },
      intercept: async (envelope, pass) => {
        const reply = await pass();
        if (envelope === WRITE) await comeBackOlder();
        return reply;
      },
    });
    comeBackOlder = await copyOfRecord(record.redis, each.runs);
    await each.work();
    expect(await statesOf(each)).toEqual(states);
    expect(new Set(await attemptsOf(each))).toEqual(new Set([1]));
    const befores = (await each.allRows('before')).map(({ before }) => before?.kind);
    expect(new Set(befores)).toEqual(new Set([image]));
    expect(each.graph.stats().writesArrived).toBe(20);
    expect(await each.run()).toMatchObject({ state: 'completed', sent: 0 });
  },
);

test('a list that was written whole is recorded as it was sent and read back, also when Redis has lost its permit meanwhile', async () => {
  let comeBackOlder = async (): Promise<void> => undefined;
  const each = await world(record, {
    run: { strategy: 'assign' },
    intercept: async (envelope, pass) => {
      const reply = await pass();
      if (envelope === WRITE) await comeBackOlder();
      return reply;
    },
  });
  comeBackOlder = await copyOfRecord(record.redis, each.runs);
  await each.work();
  expect(await statesOf(each)).toEqual(['succeeded']);
  const [row] = await each.allRows('before');
  expect(row?.before?.kind).toBe('entry');
  expect([row?.list?.before.length, row?.list?.sent.length]).toEqual([20, 20]);
  expect(each.graph.stats().requests).toMatchObject({ POST: 1 });
});

test('a canary counts what was answered and Redis has lost the permit of', async () => {
  let comeBackOlder = async (): Promise<void> => undefined;
  const each = await world(record, {
    run: { canary: 5 },
    intercept: async (envelope, pass) => {
      const reply = await pass();
      if (envelope === WRITE) await comeBackOlder();
      return reply;
    },
  });
  comeBackOlder = await copyOfRecord(record.redis, each.runs);
  await each.drain();
  expect(await each.run()).toMatchObject({ state: 'paused', reason: 'canary', sent: 0 });
  expect(each.graph.stats().writesArrived).toBe(5);
});

test('what a worker that stood still was answered does not take rows from those who had them since', async () => {
  const each = await world(record, {
    pace: { permitValidMs: 100, requestTimeoutMs: 200 },
    intercept: async (envelope, pass) => {
      const reply = await pass();
      if (envelope !== WRITE) return reply;
      await sleep(permitToReplyMsOf(each.deps.limiter.pace));
      await each.work(each.anotherWorker());
      await record.redis.hset(each.runs.keys.run('r1').states, '0', Buffer.alloc(20));
      return reply;
    },
  });
  await each.step();
  expect(await statesOf(each)).toEqual(['pending']);
});

test('of a run that Redis has lost since it was sent nothing is recorded', async () => {
  const each = await world(record, {
    intercept: async (envelope, pass) => {
      if (envelope === WRITE) await record.redis.del(...Object.values(each.runs.keys.run('r1')));
      return pass();
    },
  });
  expect(await each.work()).toEqual([{ kind: 'done' }]);
  expect(await record.redis.keys(`${each.runs.keys.run('r1').header}*`)).toEqual([]);
});

test.each([
  ['without a new token', false],
  ['with a new token that is refused too', true],
])('%s the run pauses for the sign-in, and goes on where it was', async (_, renew) => {
  const script = [2, 4].map((envelope) => ({ envelope, fault: 'unauthorized' as const }));
  const each = await world(record, { graph: { script }, renew: () => renew });
  expect((await each.work()).at(-1)).toEqual({ kind: 'stopped' });
  const run = await each.run();
  expect(run).toMatchObject({ state: 'paused', sent: 0, counts: { pending: 20 } });
  expect(run.reason).toBe('signIn');
  expect(new Set(await attemptsOf(each))).toEqual(new Set([0]));
  each.graph.reconfigure({ script: [] });
  await each.runs.transition(run.runId, { to: 'running', from: ['paused'] });
  await each.work();
  expect(await statesOf(each)).toEqual(['succeeded']);
  await expectTrue(each);
});

test('a tenant that does not take PATCH aborts the run by its first batch, for a reason that programs can tell, and no row pays', async () => {
  const each = await world(record, { graph: { refusePatch: ['deviceConfiguration'] } });
  expect((await each.work()).at(-1)).toEqual({ kind: 'stopped' });
  const run = await each.run();
  expect(run).toMatchObject({ state: 'aborted', reason: 'route', sent: 0, counts: { pending: 20 } });
  expect(run.reasonText).toContain('resume r1 --strategy assign --work');
  expect(new Set(await attemptsOf(each))).toEqual(new Set([0]));
});

test.each([
  ['a little ahead of ours is heeded', 30_000, 'later'],
  ['that was set back since is not waited for', 7_200_000, 'done'],
])('a wait that began by a clock %s', async (_, aheadMs, kind) => {
  const each = await world(record, { alreadySo: Array.from({ length: 20 }, (__, place) => place) });
  const at = Date.now() + aheadMs;
  const rows = Array.from({ length: 20 }, (__, place) => ({
    ...{ place, state: 'unsure' as const, attempts: 1 },
    detail: { at, notBefore: at + 1_000, httpStatus: 503 },
  }));
  await each.runs.record({ runId: 'r1', batch: 0 }, rows, each.deps.limiter.policy());
  expect((await each.step()).kind).toBe(kind);
});

test('writes that are refused with 401 one by one pause the run, though reads are allowed', async () => {
  const refusals = [{ policyId: 'c1', status: 401, code: 'Unauthorized', message: 'no' }];
  const each = await world(record, { graph: { refusals }, renew: () => true });
  expect((await each.work()).at(-1)).toEqual({ kind: 'stopped' });
  expect(await each.run()).toMatchObject({ state: 'paused', sent: 0, counts: { pending: 20 } });
});

test.each([400, 403, 404, 413])(
  'an envelope that is refused with %i pauses the run with the reason',
  async (status) => {
    const refused: EnvelopeReply = {
      kind: 'refused',
      status,
      error: { code: 'Code', message: 'said by Graph' },
    };
    const each = await world(record, {
      intercept: (n, pass) => (n === WRITE ? Promise.resolve(refused) : pass()),
    });
    expect(await each.work()).toEqual([{ kind: 'stopped' }]);
    const run = await each.run();
    expect(run).toMatchObject({ state: 'paused', sent: 0, counts: { pending: 20 } });
    expect(run.reason).toBe('refused');
    expect(run.reasonText).toContain(`${status} Code: said by Graph`);
    // The permit is over: nothing keeps another worker off.
    expect((await each.runs.batch({ runId: run.runId, batch: 0 }))?.leaseMs).toBe(0);
  },
);

test('rows that Graph refuses fail at once, with its code and message', async () => {
  const each = await world(record, { graph: { forbidden: ['a2', 'a3'] } });
  await each.work();
  expect((await each.run()).counts).toMatchObject({ succeeded: 18, failed: 2 });
  const failed = (await each.rows()).filter(({ state }) => state === 'failed');
  expect(failed.map(({ place, attempts }) => [place, attempts])).toEqual([
    [2, 1],
    [3, 1],
  ]);
  expect(failed[0]?.detail).toMatchObject({ httpStatus: 403, errorCode: 'Forbidden' });
  expect(failed[0]?.detail.errorMessage).toMatch(/not authorized/);
  await expectTrue(each);
});

test('an assignment that is gone fails, and costs no write', async () => {
  const each = await world(record, { absent: [4] });
  await each.work();
  const gone = (await each.rows())[4];
  expect(gone).toMatchObject({ state: 'failed', attempts: 0, detail: { errorCode: 'AssignmentGone' } });
  expect((await each.run()).counts).toMatchObject({ succeeded: 19, failed: 1 });
  expect(each.graph.stats().writesArrived).toBe(19);
});

test('an assignment that was given its new id between look and write succeeded, in spite of the 404', async () => {
  const each = await world(record, {
    graph: { rekey: true },
    intercept: async (n, pass) => {
      if (n === WRITE) {
        const path = '/beta/deviceManagement/deviceConfigurations/c1/assignments/a6';
        await call(each.graph, 'PATCH', path, { target: groupTarget('new-6') });
      }
      return pass();
    },
  });
  await each.work();
  expect(each.graph.stats().replies).toMatchObject({ 404: 1 });
  expect((await each.rows())[6]).toMatchObject({ state: 'succeeded', attempts: 1 });
  await expectTrue(each);
});

test('a write that changed the id and whose reply was lost is not sent again', async () => {
  const each = await world(record, {
    graph: { rekey: true, script: [{ envelope: WRITE, fault: 'resetAfter' }] },
  });
  await each.work();
  expect(await statesOf(each)).toEqual(['succeeded']);
  expect(writes(each)).toEqual(Array.from({ length: 20 }, () => 1));
});

test('a third 500 is not the end when the write was applied all the same', async () => {
  const at = (fault: FaultName, ...envelopes: number[]) =>
    envelopes.map((envelope) => ({ envelope, fault, request: 0 }));
  // Look and write alternate; after the first round row 0 is alone.
  const script = [...at('error500', 2, 4), ...at('error500Applied', 6)];
  const each = await world(record, { graph: { script } });
  await each.work();
  expect((await each.rows())[0]).toMatchObject({ state: 'succeeded', attempts: 3 });
  await expectTrue(each);
});

test('after three 500s a row that was not applied is left unsure, and is not sent any more', async () => {
  const script = [2, 4, 6].map((envelope) => ({ envelope, fault: 'error500' as const, request: 0 }));
  const each = await world(record, { graph: { script } });
  await each.work();
  expect((await each.rows())[0]).toMatchObject({
    state: 'leftUnsure',
    attempts: 3,
    detail: { errorCode: 'GaveUp', httpStatus: 500 },
  });
  await expectTrue(each);
});

test('a row whose replies are lost again and again is sent eight times in all', async () => {
  // Looks get through, which are every other envelope while all rows wait together.
  const script = Array.from({ length: 60 }, (_, i) => ({
    envelope: 2 * (i + 1),
    fault: 'lostUnapplied' as const,
  }));
  const each = await world(record, { graph: { script }, pace: { windowMs: 20 } });
  const rows = async () => (await each.rows()).map(({ state, attempts }) => `${state} ${attempts}`);
  await each.work();
  expect(new Set(await rows())).toEqual(new Set(['leftUnsure 8']));
  expect((await each.rows())[0]?.detail.errorCode).toBe('ReplyLost');
  expect(each.graph.stats().writesArrived).toBe(160);
  await expectTrue(each);
});

test('a 503 with a Retry-After delays its row and no other', async () => {
  const script = [{ envelope: WRITE, fault: 'unavailable503' as const, request: 0 }];
  const each = await world(record, { graph: { script, unavailableRetryAfterSeconds: 1 } });
  const steps = await each.work();
  expect(steps.map(({ kind }) => kind)).toEqual(['again', 'later', 'done']);
  const [later] = steps.filter((step) => step.kind === 'later');
  expect(later?.waitMs).toBeGreaterThan(800);
  const [first, ...others] = (await each.rows()).map(({ detail }) => detail.at ?? 0);
  expect((first ?? 0) - Math.max(...others)).toBeGreaterThanOrEqual(1_000);
  await expectTrue(each);
});

test('a blind run writes without a read, also what is so already, and looks only at what is in doubt', async () => {
  const script = [{ envelope: 1, fault: 'lost' as const, request: 2 }];
  const each = await world(record, { blind: true, alreadySo: [5], graph: { script } });
  await each.work();
  expect(each.graph.stats()).toMatchObject({ envelopes: 2, writesArrived: 20 });
  expect(each.graph.stats().requests).toMatchObject({ GET: 1 });
  expect(await statesOf(each)).toEqual(['succeeded']);
  await expectTrue(each);
});

test('a run of v1.0 is written with v1.0, whatever its pages link to', async () => {
  const each = await world(record, { apiVersion: 'v1.0', graph: { pageSize: 7 } });
  await each.work();
  expect(await statesOf(each)).toEqual(['succeeded']);
  await expectTrue(each);
});

test('a small budget is used in parts, and no window sees more than it', async () => {
  const graph = { writeLimit: 7, windowMs: 300 };
  const each = await world(record, { writesPerWindow: 7, graph });
  await each.work();
  expect(await statesOf(each)).toEqual(['succeeded']);
  expect(each.graph.stats()).toMatchObject({ throttled: 0, writesArrived: 20 });
  expect(each.graph.stats().writesInWindowMax.arrived).toBeLessThanOrEqual(7);
  await expectTrue(each);
});

test('two workers on one batch write each row once', async () => {
  const each = await world(record, { graph: { latencyMs: 20 } });
  await Promise.all([each.work(), each.work(each.anotherWorker())]);
  expect(writes(each)).toEqual(Array.from({ length: 20 }, () => 1));
  expect(each.graph.stats().writesArrived).toBe(20);
  await expectTrue(each);
});

/** Marks rows as sent by a worker that is never heard of again; `leaseMs` is how long its write may be under way. */
async function sentByTheDead(
  each: SimulatorState,
  places: readonly number[],
  leaseMs: number,
): Promise<void> {
  const rows = eachAlone(pendingRows(...places));
  const policy = { ...each.deps.limiter.policy(), timeoutMs: leaseMs };
  const { runId } = await each.run();
  expect((await each.runs.permit({ runId, batch: 0 }, 'dead', rows, policy)).kind).toBe('granted');
}

test('what a dead worker sent and the tenant holds is settled at once; what it does not hold waits for the lease', async () => {
  const each = await world(record, { alreadySo: [0] });
  await sentByTheDead(each, [0, 1], 400);
  const step = await each.step();
  expect(step.kind).toBe('later');
  expect((await each.rows()).slice(0, 3).map(({ state }) => state)).toEqual(['succeeded', 'sent', 'pending']);
  expect(each.graph.stats().writesArrived).toBe(0);
  await each.work();
  expect((await attemptsOf(each)).slice(0, 3)).toEqual([1, 2, 1]);
  await expectTrue(each);
});

test('a cancelled run tells the truth about writes in doubt, and writes nothing more', async () => {
  const each = await world(record, { alreadySo: [0] });
  await sentByTheDead(each, [0, 1], 0);
  await each.runs.transition('r1', { to: 'cancelled', from: ['running'] });
  expect((await each.work()).at(-1)).toEqual({ kind: 'stopped' });
  expect((await each.rows()).slice(0, 3).map(({ state }) => state)).toEqual([
    'succeeded',
    'leftUnsure',
    'pending',
  ]);
  expect(each.graph.stats().writesArrived).toBe(0);
  const run = await each.run();
  expect(run.counts).toMatchObject({ succeeded: 1, unsure: 1, cancelled: 18, pending: 0 });
  expect(run.finishedAt).not.toBeNull();
});

test('a write of a cancelled run that lands after the first read is settled as what is there', async () => {
  const each = await world(record);
  await sentByTheDead(each, [0], 0);
  await each.runs.transition('r1', { to: 'cancelled', from: ['running'] });
  const step = await each.step();
  expect((await each.rows())[0]?.state).toBe('unsure');
  expect(await each.step()).toMatchObject({ kind: 'later' });
  expect((await each.run()).finishedAt).toBeNull();
  const path = '/beta/deviceManagement/deviceConfigurations/c1/assignments/a0';
  await call(each.graph, 'PATCH', path, { target: groupTarget('new-0') });
  await each.work();
  expect(step.kind).toBe('again');
  expect((await each.rows())[0]).toMatchObject({ state: 'succeeded', attempts: 1 });
  expect((await each.run()).counts).toMatchObject({ succeeded: 1, unsure: 0, cancelled: 19 });
});

test('a cancelled run does not call a write unwritten that may still be under way', async () => {
  const each = await world(record);
  await sentByTheDead(each, [0, 1], 400);
  await each.runs.transition('r1', { to: 'cancelled', from: ['running'] });
  expect((await each.step()).kind).toBe('later');
  // It arrives after the read.
  const path = '/beta/deviceManagement/deviceConfigurations/c1/assignments/a0';
  await call(each.graph, 'PATCH', path, { target: groupTarget('new-0') });
  await each.work();
  expect((await each.rows()).slice(0, 2).map(({ state }) => state)).toEqual(['succeeded', 'leftUnsure']);
  await expectTrue(each);
});

test('a cancelled run without a sign-in waits before it asks again', async () => {
  const each = await world(record, { graph: { tokens: ['another'] } });
  await sentByTheDead(each, [0], 0);
  await each.runs.transition('r1', { to: 'cancelled', from: ['running'] });
  // The refused token is tried once more.
  const steps = [await each.step(), await each.step()];
  const [waitMs] = steps.flatMap((step) => (step.kind === 'later' ? [step.waitMs] : []));
  expect(waitMs).toBeGreaterThan(10_000);
});

test.each(['paused', 'queued'] as const)('nothing is sent for a %s run, not even a read', async (state) => {
  const each = await world(record);
  await each.runs.transition('r1', { to: state, from: ['running'] });
  expect(await each.step()).toEqual({ kind: 'stopped' });
  expect(each.graph.stats().envelopes).toBe(0);
});

test('a run that is paused while its batch waits for a permit gets none', async () => {
  const each = await world(record, {
    intercept: async (n, pass) => {
      const reply = await pass();
      if (n === LOOK) await each.runs.transition('r1', { to: 'paused', from: ['running'] });
      return reply;
    },
  });
  expect(await each.step()).toEqual({ kind: 'stopped' });
  expect(each.graph.stats().writesArrived).toBe(0);
});

test.each([
  ['another root', { graphUrl: 'http://127.0.0.1:9' }],
  ['another record format', { format: '99' }],
])('a run of %s is left alone', async (_, header) => {
  const each = await world(record);
  await record.redis.hset(each.runs.keys.run('r1').header, header);
  expect(await each.step()).toEqual({ kind: 'stopped' });
  expect(each.graph.stats().envelopes).toBe(0);
  expect((await each.run()).counts.pending).toBe(20);
});

test('when Graph is out of reach rows stay as they were, without an attempt, and nothing stays charged', async () => {
  const error = { code: 'ECONNREFUSED', message: 'm', remedy: 'r', passes: true };
  const unreached: EnvelopeReply = { kind: 'unreached', error };
  const each = await world(record, {
    intercept: (n, pass) => (n === WRITE ? Promise.resolve(unreached) : pass()),
  });
  expect((await each.step()).kind).toBe('later');
  expect(new Set(await attemptsOf(each))).toEqual(new Set([0]));
  expect(await statesOf(each)).toEqual(['pending']);
  expect((await each.runs.limiterNow(each.deps.limiter.policy())).charged).toBe(0);
  await each.work();
  await expectTrue(each);
});

test('without a token nothing was sent: rows and charges are as before', async () => {
  const problem = new UserError('There is no token.', { remedy: 'Get one.', exitCode: 4 });
  const each = await world(record, {
    intercept: (n, pass) => (n === WRITE ? Promise.reject(problem) : pass()),
  });
  await expect(each.step()).rejects.toBe(problem);
  expect(await statesOf(each)).toEqual(['pending']);
  expect((await each.runs.limiterNow(each.deps.limiter.policy())).charged).toBe(0);
});

test('a bug on the way of a write leaves its rows in doubt, as nobody knows how far it came', async () => {
  const bug = new TypeError('undefined is not a function');
  const each = await world(record, {
    intercept: async (n, pass) => {
      const reply = await pass();
      if (n === WRITE) throw bug;
      return reply;
    },
    pace: { permitValidMs: 100, requestTimeoutMs: 200 },
  });
  await expect(each.step()).rejects.toBe(bug);
  expect(await statesOf(each)).toEqual(['sent']);
  await each.work();
  expect(new Set(await attemptsOf(each))).toEqual(new Set([1]));
  await expectTrue(each);
});

test('a permit that is too old is given back unused', async () => {
  const each = await world(record);
  const limiter = each.deps.limiter;
  const taken: number[] = [];
  const late = new Proxy(limiter, {
    get(target, name) {
      if (name === 'permit' && taken.length === 0)
        return async (...args: Parameters<typeof limiter.permit>) => {
          const permit = await target.permit(...args);
          taken.push(1);
          return permit.kind === 'granted' ? { ...permit, validForMs: () => 0 } : permit;
        };
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  expect(await each.step({ ...each.deps, limiter: late })).toEqual({ kind: 'again' });
  expect(each.graph.stats().writesArrived).toBe(0);
  expect(new Set(await attemptsOf(each))).toEqual(new Set([0]));
  expect((await each.runs.limiterNow(limiter.policy())).charged).toBe(0);
});

test('a batch whose rows are gone from Redis is a bug and says so, or it would be asked for in a circle', async () => {
  const each = await world(record);
  await record.redis.del(each.runs.keys.run('r1').inputs);
  await expect(each.step()).rejects.toThrow(/batch 0 of run r1 is gone/);
  await record.redis.del(each.runs.keys.run('r1').header);
  expect(await each.step()).toEqual({ kind: 'done' });
});

test.each([1, 2, 3, 4, 5, 6])(
  'whatever goes wrong by seed %i, the record tells the truth at the end',
  async (seed) => {
    const faults = {
      ...{
        error500: 0.1,
        error500Applied: 0.1,
        unavailable503: 0.1,
        lost: 0.1,
        lostUnapplied: 0.1,
        withoutId: 0.1,
      },
      ...{
        html502: 0.05,
        html503: 0.05,
        resetBefore: 0.05,
        resetAfter: 0.1,
        cutBody: 0.1,
        cutJson: 0.1,
        shuffled: 0.3,
      },
    };
    const each = await world(record, {
      graph: {
        faults,
        seed,
        rekey: seed % 2 === 0,
        pageSize: 9,
        writeLimit: 60,
        windowMs: 200,
        retryAfter: 'missing',
      },
      pace: { windowMs: 100 },
      alreadySo: [1, 2],
      absent: [3],
    });
    await Promise.all([each.work(), each.work(each.anotherWorker())]);
    expect(await each.run()).toMatchObject({ state: 'completed', sent: 0 });
    await expectTrue(each);
  },
);
