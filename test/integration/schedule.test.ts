import { describe, expect, test, vi } from 'vitest';
import type { PermitAnswer } from '../../src/runs/permit.ts';
import { DEFAULT_OPTIONS, HOUR_MS, intervalsOf, type Run, type RunOptions } from '../../src/runs/run.ts';
import type { Interval } from '../../src/runs/schedule/interval.ts';
import { NOTHING_SENT } from '../../src/runs/permit.ts';
import { inVirtualTime } from '../support/limiterModel.ts';
import { publishRun, recordForTests, rowsOf, WIDE } from '../support/record.ts';
import { eachAlone, identityOf, pendingRows } from '../support/rows.ts';

// The scripts as they are, but for the clock.
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const readFileSync = (path: URL | string, encoding: 'utf8'): string => {
    const text = fs.readFileSync(path, encoding);
    return String(path).endsWith('.lua') ? inVirtualTime(text) : text;
  };
  return { ...fs, readFileSync };
});

const record = recordForTests();
const ROOT = identityOf().graphUrl;
const MINUTE = 60_000;
const DAY = 24 * HOUR_MS;
/** Intune's: a permit is good for 5 s. */
const POLICY = { ...WIDE, permitValidMs: 5_000 };
const LAST_MS = 5_250;

const at = (iso: string): number => Date.parse(iso);
const setClock = async (ms: number): Promise<unknown> =>
  record.redis.mset(
    ...['virtual:s', Math.floor(ms / 1000), 'virtual:us', (ms % 1000) * 1000],
    ...['virtual:server', 'one'],
  );

/** A run that was submitted at a time, and whose workers look at it at others. */
async function submitted(
  options: Partial<RunOptions>,
  ms: number,
  { runId = 'r1', store = record.store(), rows = 400 } = {},
) {
  await setClock(ms);
  const whole = { ...DEFAULT_OPTIONS, maxAgeMs: 100 * DAY, ...options };
  await publishRun(store, rowsOf(rows), { runId, options: whole });
  await record.redis.hset(store.keys.run(runId).header, {
    ...{ freshAt: String(ms), openIntervals: JSON.stringify(intervalsOf(whole, ms)) },
  });
  let batch = 0;
  const run = async (): Promise<Run> => (await store.run(runId)) ?? expect.fail('gone');
  return {
    store,
    run,
    /** What a worker finds to work on then, as it tops the queue up. */
    async topUp(now: number): Promise<string[]> {
      await setClock(now);
      await store.keepIntervals(await run(), intervalsOf(whole, now));
      return store.runsToWorkOn(ROOT);
    },
    async ask(now: number): Promise<PermitAnswer> {
      await setClock(now);
      const rowsAsked = eachAlone(pendingRows(0));
      const answer = await store.permit({ runId, batch }, `token-${batch}`, rowsAsked, POLICY);
      if (answer.kind === 'granted' && answer.requests > 0) {
        const settlement = { ...NOTHING_SENT, token: `token-${batch}`, chargeEnd: answer.chargeEnd };
        const succeeded = [{ place: 0, state: 'succeeded', attempts: 1 } as const];
        await store.record({ runId, batch }, succeeded, POLICY, { ...settlement, answered: 1 });
        batch += 1;
      }
      return answer;
    },
  };
}

const shownIn = (zone: string) => {
  const clock = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit' });
  return (ms: number): string => clock.format(ms);
};

describe('a run with windows', () => {
  test.each([
    ['Europe/Berlin', '2027-03-27T12:00Z', 6],
    ['Europe/Berlin', '2027-10-30T12:00Z', 8],
    ['America/New_York', '2026-03-07T17:00Z', 6],
    ['America/New_York', '2026-10-31T17:00Z', 8],
    ['Australia/Lord_Howe', '2026-10-03T02:00Z', 6.5],
    ['Australia/Lord_Howe', '2026-04-04T02:00Z', 7.5],
  ])(
    'in %s writes through the night from %s in all of its %f hours, and at no minute that a clock there calls outside',
    async (timeZone, from, hours) => {
      const each = await submitted({ windows: ['22:00-05:00'], timeZone }, at(from), { rows: 5_000 });
      const shown = shownIn(timeZone);
      const granted: number[] = [];
      for (let ms = at(from); ms < at(from) + 24 * HOUR_MS; ms += 30 * MINUTE)
        for (const moment of [ms - LAST_MS, ms - LAST_MS + 1, ms - 1, ms, ms + 1]) {
          await each.topUp(moment);
          if ((await each.ask(moment)).kind === 'granted') granted.push(moment);
        }
      for (const moment of granted)
        for (const used of [moment, moment + LAST_MS - 1])
          expect(shown(used) >= '22:00' || shown(used) < '05:00', new Date(used).toISOString()).toBe(true);
      expect((Math.max(...granted) - Math.min(...granted) + LAST_MS) / HOUR_MS).toBe(hours);
    },
    120_000,
  );

  test('gives no permit that could be used after it closes, and rests from then until it opens', async () => {
    const each = await submitted({ windows: ['22:00-05:00'], timeZone: 'UTC' }, at('2026-12-04T12:00Z'));
    const [opens, closes] = [at('2026-12-04T22:00Z'), at('2026-12-05T05:00Z')];
    expect(await each.topUp(opens - 1)).toEqual([]);
    expect(await each.run()).toMatchObject({ state: 'queued', reason: 'window', startedAt: null });
    expect((await each.run()).reasonText).toContain('the next one opens at Fri 2026-12-04 22:00 (UTC)');
    expect(await each.topUp(opens)).toEqual(['r1']);
    expect(await each.run()).toMatchObject({ state: 'running', reason: null, startedAt: opens });
    expect(await each.ask(closes - LAST_MS)).toMatchObject({ kind: 'granted', requests: 1 });
    expect(await each.ask(closes - LAST_MS + 1)).toMatchObject({
      ...{ kind: 'wait', reason: 'window', waitMs: LAST_MS - 1 },
    });
    expect(await each.run()).toMatchObject({ state: 'running' });
    expect(await each.ask(closes)).toMatchObject({ kind: 'stopped', state: 'window' });
    expect(await each.run()).toMatchObject({ state: 'queued', reason: 'window' });
    expect(await each.topUp(closes + 1)).toEqual([]);
    expect(await each.topUp(opens + DAY)).toEqual(['r1']);
    expect(await each.ask(opens + DAY)).toMatchObject({ kind: 'granted', requests: 1 });
    const told = (await each.store.told('r1')).map(({ action, reason }) => [action, reason]);
    expect(told).toEqual([
      ['begun', undefined],
      ['rests', 'window'],
      ['goes on', undefined],
    ]);
  });

  test('grows no older by its own rests, be they a week', async () => {
    const weekend = { windows: ['Sat 08:00 - Sun 20:00'], timeZone: 'UTC', maxAgeMs: DAY };
    const each = await submitted(weekend, at('2026-12-04T20:00Z'));
    for (const day of ['2026-12-05', '2026-12-12', '2026-12-19']) {
      expect(await each.topUp(at(`${day}T08:00Z`))).toEqual(['r1']);
      expect(await each.topUp(at(`${day}T20:00Z`) + DAY)).toEqual([]);
      expect(await each.run()).toMatchObject({ state: 'queued', reason: 'window' });
    }
  });

  test('is closed when nobody has said for days when they are open, as of a Redis that was restored', async () => {
    const each = await submitted({ windows: ['22:00-05:00'], timeZone: 'UTC' }, at('2026-12-04T12:00Z'));
    expect(await each.topUp(at('2026-12-04T23:00Z'))).toEqual(['r1']);
    await setClock(at('2026-12-25T23:00Z'));
    expect(await each.store.runsToWorkOn(ROOT)).toEqual([]);
    expect(await each.run()).toMatchObject({ state: 'queued', reason: 'window' });
    expect((await each.run()).reasonText).toBe('it is outside its windows');
    expect(await each.topUp(at('2026-12-25T23:00Z'))).toEqual(['r1']);
  });

  test('gets no permit outside when the record says that it is at work, nor after a resume', async () => {
    const each = await submitted({ windows: ['22:00-05:00'], timeZone: 'UTC' }, at('2026-12-04T12:00Z'));
    const noon = at('2026-12-05T12:00Z');
    await record.redis.hset(each.store.keys.run('r1').header, 'state', 'running');
    expect(await each.ask(noon)).toMatchObject({ kind: 'stopped', state: 'window' });
    await each.store.transition('r1', { to: 'paused', from: ['queued'], reason: 'operator' });
    await each.store.transition('r1', { to: 'queued', from: ['paused'] });
    expect(await each.store.runsToWorkOn(ROOT)).toEqual([]);
    expect(await each.ask(noon)).toMatchObject({ kind: 'stopped', state: 'queued' });
  });

  test('blocks nobody while it rests, and takes its place in line again when it is due', async () => {
    const noon = at('2026-12-04T12:00Z');
    const each = await submitted({ windows: ['22:00-05:00'], timeZone: 'UTC' }, noon);
    const { store } = each;
    for (const runId of ['r2', 'r3']) await submitted({}, noon, { runId, store });
    expect(await each.topUp(noon)).toEqual(['r2']);
    expect(await each.topUp(at('2026-12-04T23:00Z'))).toEqual(['r2']);
    // Due, and no more said to wait for its window.
    expect(await each.run()).toMatchObject({ state: 'queued', reason: null });
    await store.transition('r2', { to: 'cancelled', from: ['running'] });
    expect(await store.runsToWorkOn(ROOT)).toEqual(['r1']);
  });

  test('is looked at while it rests, when nobody knows what became of what it had sent', async () => {
    const each = await submitted({ windows: ['22:00-05:00'], timeZone: 'UTC' }, at('2026-12-04T12:00Z'));
    const closes = at('2026-12-05T05:00Z');
    await each.topUp(closes - HOUR_MS);
    await each.store.permit({ runId: 'r1', batch: 7 }, 'dead', eachAlone(pendingRows(3)), POLICY);
    expect(await each.topUp(closes)).toEqual(['r1']);
    const run = await each.run();
    expect(run).toMatchObject({ state: 'queued', reason: 'window', sent: 1 });
    expect(await each.store.openBatches(run, 100)).toMatchObject([{ batch: 7 }]);
  });

  test('keeps the windows that somebody gave it meanwhile', async () => {
    const each = await submitted({ windows: ['22:00-05:00'], timeZone: 'UTC' }, at('2026-12-04T12:00Z'));
    const before = await each.run();
    const closed: readonly Interval[] = [];
    await each.store.set('r1', { windows: ['01:00-02:00'], openIntervals: closed });
    const stale = intervalsOf(before.options, at('2026-12-04T12:00Z'));
    expect(await each.store.keepIntervals(before, stale)).toBe(false);
    expect((await each.run()).openIntervals).toEqual(closed);
  });
});

describe('a run with a time', () => {
  test('begins then and not before, and its wait makes it no older', async () => {
    const startAt = at('2026-12-10T22:00Z');
    const each = await submitted({ startAt, maxAgeMs: DAY, timeZone: 'UTC' }, at('2026-12-04T12:00Z'));
    expect(await each.topUp(startAt - 1)).toEqual([]);
    expect(await each.run()).toMatchObject({ state: 'queued', reason: 'time' });
    expect((await each.run()).reasonText).toBe('it begins at Thu 2026-12-10 22:00 (UTC)');
    expect(await each.topUp(startAt)).toEqual(['r1']);
    expect(await each.ask(startAt)).toMatchObject({ kind: 'granted' });
  });

  test('is too old when nobody works on it for its longest age after its time', async () => {
    const startAt = at('2026-12-10T22:00Z');
    const each = await submitted({ startAt, maxAgeMs: DAY, timeZone: 'UTC' }, at('2026-12-04T12:00Z'));
    expect(await each.topUp(startAt + DAY + HOUR_MS)).toEqual([]);
    expect(await each.run()).toMatchObject({ state: 'paused', reason: 'age' });
  });

  test('that lies within a closed window waits for the next opening', async () => {
    const options = { startAt: at('2026-12-05T12:00Z'), windows: ['22:00-05:00'], timeZone: 'UTC' };
    const each = await submitted(options, at('2026-12-04T12:00Z'));
    expect(await each.topUp(at('2026-12-04T23:00Z'))).toEqual([]);
    expect((await each.run()).reasonText).toBe('it begins at Sat 2026-12-05 22:00 (UTC)');
    expect(await each.topUp(at('2026-12-05T13:00Z'))).toEqual([]);
    expect(await each.run()).toMatchObject({ reason: 'window' });
    expect(await each.topUp(at('2026-12-05T22:00Z'))).toEqual(['r1']);
  });

  test.each(['at work', 'in line'])('pauses at its deadline when it is %s', async (where) => {
    const deadlineAt = at('2026-12-05T04:00Z');
    const each = await submitted({ deadlineAt, timeZone: 'UTC' }, at('2026-12-04T12:00Z'));
    if (where === 'at work') expect(await each.topUp(deadlineAt - HOUR_MS)).toEqual(['r1']);
    if (where === 'at work') expect((await each.ask(deadlineAt - LAST_MS)).kind).toBe('granted');
    if (where === 'at work') expect((await each.ask(deadlineAt - LAST_MS + 1)).kind).toBe('wait');
    expect(await each.topUp(deadlineAt)).toEqual([]);
    expect(await each.run()).toMatchObject({ state: 'paused', reason: 'deadline' });
    expect((await each.run()).reasonText).toBe('its deadline was Sat 2026-12-05 04:00 (UTC)');
    // A resume alone does not overrule it.
    await each.store.transition('r1', { to: 'queued', from: ['paused'] });
    expect(await each.topUp(deadlineAt + 1)).toEqual([]);
    expect(await each.run()).toMatchObject({ state: 'paused', reason: 'deadline' });
  });
});

describe('a run that is urgent', () => {
  const noon = at('2026-12-04T12:00Z');

  test('has the run at work give way, which goes on afterwards in its turn, and is no older for it', async () => {
    const each = await submitted({ maxAgeMs: DAY }, noon);
    const { store } = each;
    await submitted({}, noon, { runId: 'r2', store });
    expect(await each.topUp(noon)).toEqual(['r1']);
    const urgent = await submitted({ isUrgent: true }, noon, { runId: 'r3', store, rows: 1 });
    // Who is no worker only looks.
    expect(await store.runsToWorkOn(ROOT, false)).toEqual(['r1']);
    expect(await each.topUp(noon + DAY)).toEqual(['r3']);
    expect(await each.run()).toMatchObject({ state: 'queued', reason: 'urgent' });
    expect((await each.run()).reasonText).toContain('run r3 is urgent and goes first');
    expect((await each.ask(noon + DAY)).kind).toBe('stopped');
    expect((await urgent.ask(noon + DAY)).kind).toBe('granted');
    expect(await urgent.run()).toMatchObject({ state: 'completed' });
    expect(await each.topUp(noon + 2 * DAY)).toEqual(['r1']);
    expect(await each.run()).toMatchObject({ state: 'running', reason: null });
  });

  test('is waited for only while it can go on: not while it waits itself, nor when it is paused', async () => {
    const each = await submitted({}, noon);
    const { store } = each;
    const night = { isUrgent: true, startAt: noon + HOUR_MS, timeZone: 'UTC' };
    await submitted(night, noon, { runId: 'r2', store });
    expect(await each.topUp(noon)).toEqual(['r1']);
    expect(await each.topUp(noon + HOUR_MS)).toEqual(['r2']);
    await store.transition('r2', { to: 'paused', from: ['running'], reason: 'operator' });
    expect(await each.topUp(noon + HOUR_MS)).toEqual(['r1']);
  });

  test('does not have another one that is urgent give way', async () => {
    const each = await submitted({ isUrgent: true }, noon);
    expect(await each.topUp(noon)).toEqual(['r1']);
    await submitted({ isUrgent: true }, noon, { runId: 'r2', store: each.store });
    expect(await each.topUp(noon)).toEqual(['r1']);
  });

  test('that its workers left is in line again after a minute, and the other goes on when nobody takes it', async () => {
    const each = await submitted({}, noon);
    const { store } = each;
    const mine = new Set(['r1']);
    await store.runsToWorkOn(ROOT, true, mine);
    await submitted({ isUrgent: true }, noon, { runId: 'r2', store });
    // The process that works on the other one takes no turn from it.
    expect(await store.runsToWorkOn(ROOT, true, mine)).toEqual(['r1']);
    expect(await store.runsToWorkOn(ROOT, true, new Set(['r2']))).toEqual(['r2']);
    await setClock(noon + 30_000);
    expect(await store.runsToWorkOn(ROOT, true, mine)).toEqual([]);
    await setClock(noon + 61_000);
    expect(await store.runsToWorkOn(ROOT, true, mine)).toEqual(['r1']);
    expect((await store.run('r2'))?.reason).toBe('noWorker');
  });
});
