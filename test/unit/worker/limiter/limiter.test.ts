import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Limiter, TenantStopped, type LimiterStore } from '../../../../src/worker/limiter/limiter.ts';
import { paceOf } from '../../../../src/worker/limiter/pace.ts';
import type { PermitRow, RowUpdate } from '../../../../src/runs/batchRow.ts';
import type { PermitAnswer, LimiterEvent, LimiterPolicy, Settlement } from '../../../../src/runs/permit.ts';
import { eachAlone, pendingRows } from '../../../support/rows.ts';
import { limiterInWords } from '../../../../src/app/limiterInWords.ts';
import type { LimiterChange } from '../../../../src/events.ts';

const PACE = paceOf(100, 20_000);
const REF = { runId: 'r', batch: 0 };
const ROWS = eachAlone(pendingRows(0));
const NEVER = new AbortController().signal;

/** The monotonic clock and Redis' clock, which stand still until a test moves them. */
const clock = { monotonicMs: 0, redisMs: 1_000_000 };
const pass = (ms: number): void => {
  clock.monotonicMs += ms;
  clock.redisMs += ms;
};

beforeEach(() => {
  Object.assign(clock, { monotonicMs: 0, redisMs: 1_000_000 });
  vi.spyOn(performance, 'now').mockImplementation(() => clock.monotonicMs);
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** A store that grants everything, takes `latencyMs` for it, and remembers what it was told. */
class GrantingStore implements LimiterStore {
  readonly told: number[] = [];
  readonly recorded: { rows: readonly RowUpdate[]; settlement: Settlement | undefined }[] = [];
  /** Of the calls to come, one after the other; 0 after the last. */
  latenciesMs: number[] = [];
  answers: PermitAnswer[] = [];
  /** Of all calls to come, one after the other; '' after the last. */
  events: LimiterEvent[] = [];
  isStopped = false;
  readonly answeredReads: (readonly [number, number])[] = [];
  /** Replies to reads that were told by a call of their own: how many reads, the end of their charge, the backoff. */
  readonly replies: [number, number, number][] = [];

  async permit(
    _ref: object,
    _token: string,
    rows: readonly PermitRow[],
    policy: LimiterPolicy,
  ): Promise<PermitAnswer> {
    this.told.push(policy.jumpedFrom);
    this.answeredReads.push(...(policy.answered ?? []));
    pass(this.latenciesMs.shift() ?? 0);
    const answer = this.answers.shift();
    if (answer) return { ...answer, ...this.answered() };
    const places = rows.map(({ place }) => place);
    const states = [{ state: 'sent' as const, attempts: 1 }];
    return { kind: 'granted', ...this.answered(), chargeEnd: 7, requests: rows.length, places, states };
  }

  async record(
    _ref: object,
    rows: readonly RowUpdate[],
    policy: LimiterPolicy,
    settlement?: Settlement,
  ): ReturnType<LimiterStore['record']> {
    this.told.push(policy.jumpedFrom);
    this.recorded.push({ rows, settlement });
    return { states: [], runState: 'running', event: this.answered().event };
  }

  async readPermit(
    requests: number,
    isForWork: boolean,
    policy: LimiterPolicy,
  ): ReturnType<LimiterStore['readPermit']> {
    this.told.push(policy.jumpedFrom);
    pass(this.latenciesMs.shift() ?? 0);
    if (isForWork && this.isStopped) return { kind: 'stopped', ...this.answered(), state: 'stopped' };
    return { kind: 'granted', ...this.answered(), chargeEnd: 7, requests, places: [], states: [] };
  }

  async readReply(
    reads: number,
    chargeEnd: number,
    backoffMs: number,
    policy: LimiterPolicy,
  ): ReturnType<LimiterStore['readReply']> {
    this.told.push(policy.jumpedFrom);
    this.replies.push([reads, chargeEnd, backoffMs]);
    return { event: this.answered().event };
  }

  answered(): { now: number; event: LimiterEvent } {
    return { now: clock.redisMs, event: this.events.shift() ?? '' };
  }
}

const granted = async (limiter: Limiter) => {
  const permit = await limiter.permit(REF, ROWS, NEVER);
  if (permit.kind !== 'granted') throw new Error(`not granted but ${permit.kind}`);
  return permit;
};

test('a permit is good for a quarter of a window from when it was asked for, however long the answer took', async () => {
  const store = new GrantingStore();
  store.latenciesMs = [3_000];
  const permit = await granted(new Limiter(store, PACE));
  expect(permit.validForMs()).toBe(2_000);
  pass(2_500);
  expect(permit.validForMs()).toBeLessThan(0);
});

test('a permit that is given back leaves its rows as they were before it', async () => {
  const store = new GrantingStore();
  const limiter = new Limiter(store, PACE);
  const permit = await granted(limiter);
  await limiter.giveBack(REF, permit);
  await limiter.giveBack(REF, { ...permit, states: [{ state: 'sent', attempts: 3 }] });
  expect(store.recorded.map(({ rows }) => rows)).toEqual([
    [{ place: 0, state: 'pending', attempts: 0, seen: { state: 'sent', attempts: 1 } }],
    [{ place: 0, state: 'unsure', attempts: 2, seen: { state: 'sent', attempts: 3 } }],
  ]);
  expect(store.recorded[0]?.settlement).toMatchObject({
    returned: 1,
    answered: 0,
    chargeEnd: 7,
    token: permit.token,
  });
});

test.each([
  ['back', -5_000],
  ['forward', 5_000],
  ['far back', -86_400_000],
  ['far forward', 86_400_000],
])(
  'when the clock of Redis jumps %s, what it granted then is given back, and the limiter is told',
  async (_, jumpMs) => {
    const store = new GrantingStore();
    const limiter = new Limiter(store, PACE);
    await granted(limiter);
    pass(1_000);
    const unjumped = clock.redisMs;
    clock.redisMs += jumpMs;
    const permit = await granted(limiter);
    // Granted and given back, told with it, then granted by a limiter that knows.
    expect(store.recorded).toHaveLength(1);
    expect(store.recorded[0]?.settlement).toMatchObject({ returned: 1 });
    expect(store.told).toEqual([0, 0, unjumped, 0]);
    expect(permit.kind).toBe('granted');
  },
);

test('a jump that was seen while the limiter said wait is told with the next call', async () => {
  const store = new GrantingStore();
  const limiter = new Limiter(store, PACE);
  await granted(limiter);
  clock.redisMs += 60_000;
  store.answers = [{ kind: 'wait', now: 0, event: '', waitMs: 1, reason: 'budget' }];
  await granted(limiter);
  expect(store.told).toEqual([0, 0, 1_000_000]);
});

test('permits that others of this process were granted with the jump are given back too', async () => {
  const store = new GrantingStore();
  const limiter = new Limiter(store, PACE);
  await granted(limiter);
  clock.redisMs += 60_000;
  await Promise.all([granted(limiter), granted(limiter), granted(limiter)]);
  expect(store.recorded).toHaveLength(3);
  expect(store.told.filter((from) => from !== 0).length).toBeGreaterThan(0);
});

test.each([
  ['answers that take long', 30_000],
  ['answers that take very long', 3_600_000],
])('%s are no jump', async (_, latencyMs) => {
  const store = new GrantingStore();
  const limiter = new Limiter(store, PACE);
  await granted(limiter);
  store.latenciesMs = [latencyMs];
  await granted(limiter);
  await granted(limiter);
  pass(3_600_000);
  await granted(limiter);
  expect(store.recorded).toEqual([]);
  expect(store.told).toEqual([0, 0, 0, 0]);
});

test('a clock that is slewed a little is no jump', async () => {
  const store = new GrantingStore();
  const limiter = new Limiter(store, PACE);
  for (let i = 0; i < 100; i += 1) {
    pass(20_000);
    clock.redisMs += i % 2 === 0 ? 400 : -400;
    await granted(limiter);
  }
  expect(store.recorded).toEqual([]);
});

test('a read is not sent on a permit that came too late, nor on one from a clock that jumped', async () => {
  const store = new GrantingStore();
  const limiter = new Limiter(store, PACE);
  let sent = 0;
  const read = (): Promise<string> =>
    limiter.read(
      { reads: 3, isForWork: true },
      async () => `reply ${(sent += 1)}`,
      () => 0,
      NEVER,
    );
  store.latenciesMs = [6_000, 6_000];
  expect(await read()).toBe('reply 1');
  // Asked and told that nothing came of it, twice; then asked and sent.
  expect(store.told).toEqual([0, 0, 0, 0, 0]);
  const unjumped = clock.redisMs;
  clock.redisMs -= 60_000;
  expect(await read()).toBe('reply 2');
  expect(store.told.slice(5)).toEqual([0, unjumped, 0]);
});

test('writes count from when they were answered, however long it took to record that', async () => {
  const store = new GrantingStore();
  const limiter = new Limiter(store, PACE);
  const permit = await granted(limiter);
  pass(400);
  const answeredAt = performance.now();
  pass(75);
  await limiter.settlePermit(REF, [], permit, { answered: 1, answeredAt });
  await limiter.giveBack(REF, permit);
  expect(store.recorded.map(({ settlement }) => settlement?.answeredAgoMs)).toEqual([75, 0]);
});

test('that reads were answered is told with the next call, once, also when that call is lost', async () => {
  const store = new GrantingStore();
  const limiter = new Limiter(store, PACE);
  const read = (backoffMs: number, isForWork = true): Promise<void> =>
    limiter.read(
      { reads: 3, isForWork },
      async () => undefined,
      () => backoffMs,
      NEVER,
    );
  await read(0);
  expect(store.answeredReads).toEqual([]);
  vi.spyOn(store, 'permit').mockImplementationOnce(async (...[, , , policy]) => {
    store.answeredReads.push(...(policy.answered ?? []));
    throw new Error('the connection was lost');
  });
  await expect(granted(limiter)).rejects.toThrow('lost');
  await granted(limiter);
  expect(store.answeredReads).toEqual([[7, 3]]);

  // What asks to wait, and reads that nothing need follow, are told at once.
  expect(store.replies).toEqual([]);
  await read(500);
  await read(0, false);
  expect(store.replies).toEqual([
    [3, 7, 500],
    [3, 7, 0],
  ]);
  await granted(limiter);
  expect(store.answeredReads).toEqual([[7, 3]]);
});

test('while the tenant is stopped nothing is read for work, but for a plan it is', async () => {
  const store = new GrantingStore();
  store.isStopped = true;
  const limiter = new Limiter(store, PACE);
  const read = (isForWork: boolean): Promise<string> =>
    limiter.read(
      { reads: 1, isForWork },
      async () => 'reply',
      () => 0,
      NEVER,
    );
  await expect(read(true)).rejects.toThrow(TenantStopped);
  expect(await read(false)).toBe('reply');
});

test('a permit that is given back returns a charge for each request, whatever the number of its rows', async () => {
  const store = new GrantingStore();
  const limiter = new Limiter(store, PACE);
  store.answers = [
    {
      ...{ kind: 'granted', now: 0, event: '', chargeEnd: 7, requests: 1, places: [0, 1, 2] },
      states: Array.from({ length: 3 }, () => ({ state: 'sent', attempts: 1 })),
    },
  ];
  await limiter.giveBack(REF, await granted(limiter));
  expect(store.recorded[0]?.settlement).toMatchObject({ returned: 1 });
  const sent = { state: 'sent', attempts: 1 };
  expect(store.recorded[0]?.rows).toEqual(pendingRows(0, 1, 2).map((row) => ({ ...row, seen: sent })));
});

test('a read that would be too old is taken again while the wait lasts, not after it', async () => {
  const store = new GrantingStore();
  const limiter = new Limiter(store, { ...PACE, snapshotAgeMaxMs: 100, readAheadMs: 6_490 });
  store.answers = [{ kind: 'wait', now: 0, event: '', waitMs: 6_500, reason: 'budget' }];
  expect(await limiter.permit(REF, ROWS, NEVER)).toEqual({ kind: 'late' });
});

test('a permit that would come when the read is too old is late', async () => {
  const store = new GrantingStore();
  const limiter = new Limiter(store, { ...PACE, snapshotAgeMaxMs: 100 });
  store.answers = [{ kind: 'wait', now: 0, event: '', waitMs: 150, reason: 'spacing' }];
  expect(await limiter.permit(REF, ROWS, NEVER)).toEqual({ kind: 'late' });
  store.answers = [{ kind: 'wait', now: 0, event: '', waitMs: 50, reason: 'spacing' }];
  expect((await limiter.permit(REF, ROWS, NEVER)).kind).toBe('granted');
});

test('waiting ends at once when the worker stops, with its reason', async () => {
  const store = new GrantingStore();
  const limiter = new Limiter(store, PACE);
  const stopping = new AbortController();
  store.answers = [{ kind: 'wait', now: 0, event: '', waitMs: 3_600_000, reason: 'throttled' }];
  const waiting = limiter.permit(REF, ROWS, stopping.signal);
  await vi.waitFor(() => expect(store.told).toHaveLength(1));
  stopping.abort();
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  await expect(limiter.permit(REF, ROWS, stopping.signal)).rejects.toBe(stopping.signal.reason);
});

test('what the limiter did is logged in words, by the one that was told of it', async () => {
  const store = new GrantingStore();
  const lines: string[] = [];
  const told = (change: LimiterChange): void => void lines.push(limiterInWords(change));
  const limiter = new Limiter(store, PACE, { told });
  store.events = ['cut 100 63', 'probe 63 65', 'backoff 12600', '', 'full 85000', 'backoff 249'];
  const permit = await granted(limiter);
  await granted(limiter);
  await limiter.settlePermit(REF, [], permit, { answered: 1, throttled: 1, backoffMs: 12_600 });
  await limiter.giveBack(REF, permit);
  const reads = (): Promise<number> =>
    limiter.read(
      { reads: 1, isForWork: true },
      async () => 1,
      () => 249,
      NEVER,
    );
  await reads();
  await granted(limiter);
  expect(lines).toEqual([
    'Budget cut from 100 to 63 writes a window: that is what the tenant took.',
    'Budget tried at 65 writes a window, up from 63.',
    'Throttled: nothing is sent for 12.6 s.',
    'Redis has restarted or its clock has jumped: nothing is sent for 85.0 s, as nobody knows what still counts.',
    'Throttled: nothing is sent for 0.2 s.',
  ]);
});

test('the limiter is told which Redis ended in order, and of no other', async () => {
  const store = new GrantingStore();
  expect(new Limiter(store, PACE).policy().endedInOrder).toBe('');
  expect(new Limiter(store, PACE, { endedInOrder: 'a b' }).policy().endedInOrder).toBe('a b');
});

test('the limiter of a family is one, whoever asks for it, and asks with limits of its own', async () => {
  const limiter = new Limiter(new GrantingStore(), paceOf({ families: { updates: 40 } }, 20_000));
  const devices = limiter.of('devices');
  expect(limiter.of('updates').of('devices')).toBe(devices);
  expect(devices.of('deviceConfiguration')).toBe(limiter);
  expect(devices.policy()).toMatchObject({ family: 'devices', limit: 200, limitAll: 2_000 });
  expect(limiter.of('updates').policy()).toMatchObject({ limit: 40, limitAll: 400 });
  expect(devices.policy().also).toBeUndefined();
  expect(limiter.of('groupPolicy').policy().also).toEqual({
    ...{ family: 'deviceConfiguration', limit: 100, limitAll: 1_000 },
  });
});

test('what happened to the limiter that is charged as well is told as of that one', async () => {
  const told: LimiterChange[] = [];
  const store = new GrantingStore();
  store.events = ['cut 100 60;backoff 500;backoff 500 @deviceConfiguration'];
  const limiter = new Limiter(store, PACE, { told: (change) => told.push(change) }).of('groupPolicy');
  await limiter.permit(REF, ROWS, NEVER);
  expect(told).toEqual([
    { kind: 'cut', family: 'groupPolicy', from: 100, to: 60 },
    { kind: 'backoff', family: 'groupPolicy', waitMs: 500 },
    { kind: 'backoff', family: 'deviceConfiguration', waitMs: 500 },
  ]);
});

test('a call that was refused as a whole keeps the other families of this process as well', async () => {
  const store = new GrantingStore();
  const limiter = new Limiter(store, PACE);
  await limiter.of('devices').backOffOthers(700);
  limiter.of('updates');
  await limiter.of('devices').backOffOthers(800);
  expect(store.replies).toEqual([
    [0, 0, 700],
    [0, 0, 800],
    [0, 0, 800],
  ]);
});
