import { expect, test } from 'vitest';
import { MAIN_FAMILY } from '../../../../src/assignments/kinds/family.ts';
import type { LogEntry } from '../../../../src/runs/runReader.ts';
import type { Sample } from '../../../../src/runs/samples.ts';
import { plotInWords, runPlotOf, type RunPlot } from '../../../../src/view/plot/runPlot.ts';

const sample = (at: number, more: Partial<Sample> = {}): Sample => ({
  ...{ at, workedMs: at, ended: 0, written: 0, heldMs: 0, budget: 100, charged: 0, throttled: 0 },
  ...{ family: MAIN_FAMILY, ...more },
});

const entry = (at: number, action: string, more: Partial<LogEntry> = {}): LogEntry => ({
  ...{ at, operator: 'the run itself', action, ...more },
});

function plot(
  samples: readonly Sample[],
  log: readonly LogEntry[] = [],
  finishedAt: number | null = 100_000,
): RunPlot {
  const run = { startedAt: 0, finishedAt, total: 300, ended: 300 };
  const made = runPlotOf({ run, samples, log, now: 200_000 });
  if (made === undefined) throw new Error('nothing was drawn');
  return made;
}

test('a run without samples has no plot', () => {
  const run = { startedAt: null, finishedAt: null, total: 300, ended: 0 };
  expect(runPlotOf({ run, samples: [], log: [], now: 1 })).toBeUndefined();
});

test('rows go from none at the start to what has ended at the end', () => {
  const { from, until, rows } = plot([sample(20_000, { ended: 90 }), sample(40_000, { ended: 180 })]);
  expect([from, until]).toEqual([0, 100_000]);
  expect(rows.map(({ at, value }) => [at, value])).toEqual([
    [0, 0],
    [20_000, 90],
    [40_000, 180],
    [100_000, 300],
  ]);
});

test('a run that goes on is drawn until now', () => {
  expect(plot([sample(20_000)], [], null).until).toBe(200_000);
});

test('429s are counted from sample to sample', () => {
  const made = plot([
    sample(20_000, { throttled: 2 }),
    sample(40_000, { throttled: 2 }),
    sample(60_000, { throttled: 7 }),
  ]);
  expect(made.throttled).toEqual([
    { at: 20_000, value: 2 },
    { at: 60_000, value: 5 },
  ]);
});

test('a backoff that goes on from sample to sample is one', () => {
  const made = plot([
    sample(20_000),
    sample(40_000, { heldMs: 5_000 }),
    sample(60_000, { heldMs: 25_000 }),
    sample(80_000, { heldMs: 25_000 }),
    sample(90_000, { heldMs: 26_000 }),
  ]);
  expect(made.spans.map(({ kind, from, until }) => [kind, from, until])).toEqual([
    ['backoff', 35_000, 60_000],
    ['backoff', 89_000, 90_000],
  ]);
});

test('what kept a run stands in its log, until it goes on', () => {
  const made = plot(
    [sample(20_000)],
    [
      entry(0, 'begun'),
      entry(25_000, 'pause', { operator: 'sam@contoso.com', reason: 'the board asks' }),
      entry(30_000, 'resume', { operator: 'sam@contoso.com' }),
      entry(31_000, 'goes on'),
      entry(40_000, 'rests', { reason: 'window', details: {} }),
      entry(60_000, 'goes on'),
      entry(70_000, 'paused', { reason: 'signIn', details: { why: 'the token is refused' } }),
    ],
  );
  expect(made.spans).toEqual([
    { kind: 'pause', from: 25_000, until: 31_000, why: 'paused by sam@contoso.com: the board asks' },
    { kind: 'window', from: 40_000, until: 60_000, why: 'it is outside its windows' },
    { kind: 'pause', from: 70_000, until: 100_000, why: 'the token is refused' },
  ]);
});

test('a run that has ended within a second did not stand still', () => {
  const run = { startedAt: 0, finishedAt: 400, total: 3, ended: 3 };
  const log = [entry(0, 'begun'), entry(400, 'ended')];
  const spans = (more: readonly LogEntry[]) =>
    runPlotOf({ run, samples: [sample(100)], log: more, now: 9_000 })?.spans;
  expect(spans(log)).toEqual([]);
  const paused = entry(300, 'paused', { reason: 'signIn', details: { why: 'no token' } });
  expect(spans([entry(0, 'begun'), paused, entry(400, 'ended')])).toEqual([
    { kind: 'pause', from: 300, until: 400, why: 'no token' },
  ]);
});

test('the families of a run have a curve each, the one with the most samples first', () => {
  const made = plot([
    sample(20_000, { family: 'applications', charged: 10, budget: 50 }),
    sample(30_000, { family: 'applications', charged: 20, budget: 50 }),
    sample(35_000, { family: 'books' }),
    sample(40_000, { charged: 90 }),
    sample(60_000, { charged: 80 }),
    sample(70_000, { charged: 70 }),
  ]);
  expect(made.budgets.map(({ family, used }) => [family, used.map(({ value }) => value)])).toEqual([
    [MAIN_FAMILY, [90, 80, 70]],
    ['applications', [10, 20]],
  ]);
});

test('it can be told without being seen', () => {
  const made = plot(
    [sample(20_000, { charged: 40, budget: 100 }), sample(40_000, { charged: 97, budget: 98, throttled: 3 })],
    [entry(0, 'begun'), entry(50_000, 'rests', { reason: 'window' }), entry(80_000, 'goes on')],
  );
  expect(plotInWords(made)).toBe(
    '300 of 300 rows came to their end in 1 min 40 s. At most 97 requests were counted at a time, of a budget between 98 and 100. ' +
      'The tenant answered 429 3 times. Stood still: 1 closed window of 30 s in all.',
  );
});

test('a budget that stayed as it was is told once', () => {
  expect(plotInWords(plot([sample(20_000), sample(40_000, { charged: 9 })]))).toContain(
    'At most 9 requests were counted at a time, of a budget of 100.',
  );
});
