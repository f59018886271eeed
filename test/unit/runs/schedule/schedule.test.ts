import { expect, test } from 'vitest';
import { fitOf } from '../../../../src/runs/schedule/fit.ts';
import { momentsIn } from '../../../../src/runs/schedule/momentIn.ts';
import { scheduleStateAt, type Schedule } from '../../../../src/runs/schedule/schedule.ts';

const at = (iso: string): number => Date.parse(iso);
const NOON = at('2026-12-04T12:00Z');
const NONE: Schedule = { startAt: null, windows: [], timeZone: 'UTC', deadlineAt: null };
const NIGHTS: Schedule = { ...NONE, windows: ['22:00-05:00'] };

test.each<[string, Partial<Schedule>, string, unknown]>([
  ['any time', {}, '2026-12-04T12:00Z', { kind: 'open', until: null }],
  [
    'before its time',
    { startAt: at('2026-12-04T22:00Z') },
    '2026-12-04T21:59Z',
    { kind: 'closed', reason: 'time', at: at('2026-12-04T22:00Z') },
  ],
  ['at its time', { startAt: at('2026-12-04T22:00Z') }, '2026-12-04T22:00Z', { kind: 'open', until: null }],
  [
    'before its time, which lies outside its windows',
    { startAt: at('2026-12-05T12:00Z'), windows: ['22:00-05:00'] },
    '2026-12-04T23:00Z',
    { kind: 'closed', reason: 'time', at: at('2026-12-05T22:00Z') },
  ],
  [
    'within its window',
    { windows: ['22:00-05:00'] },
    '2026-12-04T23:00Z',
    { kind: 'open', until: at('2026-12-05T05:00Z') },
  ],
  [
    'outside its window',
    { windows: ['22:00-05:00'] },
    '2026-12-05T05:00Z',
    { kind: 'closed', reason: 'window', at: at('2026-12-05T22:00Z') },
  ],
  [
    'within its window, up to its deadline',
    { windows: ['22:00-05:00'], deadlineAt: at('2026-12-05T03:00Z') },
    '2026-12-04T23:00Z',
    { kind: 'open', until: at('2026-12-05T03:00Z') },
  ],
  [
    'with no window left before its deadline',
    { windows: ['22:00-05:00'], deadlineAt: at('2026-12-05T21:00Z') },
    '2026-12-05T06:00Z',
    { kind: 'closed', reason: 'window', at: null },
  ],
  [
    'at its deadline',
    { windows: ['22:00-05:00'], deadlineAt: at('2026-12-05T03:00Z') },
    '2026-12-05T03:00Z',
    { kind: 'closed', reason: 'deadline', at: at('2026-12-05T03:00Z') },
  ],
])('a run stands as its times have it: %s', (_, schedule, now, state) => {
  expect(scheduleStateAt({ ...NONE, ...schedule }, at(now))).toEqual(state);
});

test.each([
  ['2026-12-04T22:00', 'Europe/Berlin', ['2026-12-04T21:00:00.000Z']],
  ['2026-12-04 22:00:30', 'Europe/Berlin', ['2026-12-04T21:00:30.000Z']],
  ['2026-12-04T22:00Z', 'Europe/Berlin', ['2026-12-04T22:00:00.000Z']],
  ['2026-12-04T22:00:01.250Z', 'Europe/Berlin', ['2026-12-04T22:00:01.250Z']],
  ['2026-12-04T22:00+05:30', 'Europe/Berlin', ['2026-12-04T16:30:00.000Z']],
  ['2027-03-28T02:30', 'Europe/Berlin', ['2027-03-28T01:00:00.000Z']],
  ['2027-10-31T02:30', 'Europe/Berlin', ['2027-10-31T00:30:00.000Z', '2027-10-31T01:30:00.000Z']],
  // The next time that the clock shows it.
  ['22:00', 'Europe/Berlin', ['2026-12-04T21:00:00.000Z']],
  ['13:00', 'Europe/Berlin', ['2026-12-05T12:00:00.000Z']],
  ['9:05', 'America/New_York', ['2026-12-04T14:05:00.000Z']],
])('%s in %s is %j', (text, zone, moments) => {
  expect(momentsIn(text, zone, NOON)?.map((ms) => new Date(ms).toISOString())).toEqual(moments);
});

test.each([
  '',
  'tomorrow',
  '2026-12-04',
  '2026-13-04T22:00',
  '2026-02-30T22:00',
  '24:61',
  '25:00',
  '22',
  '22:00 Z',
])('%j is no time', (text) => {
  expect(momentsIn(text, 'UTC', NOON)).toBeUndefined();
});

const needing = (writes: number) => ({ writes, seconds: writes / 5, writesPerSecond: 5 });

test.each<[number, Partial<Schedule>, object]>([
  [3_120, {}, { seconds: 624, holds: 126_000, moreWindows: 0, left: 0, opensAt: '2026-12-04T22:00:00.000Z' }],
  [126_000, {}, { moreWindows: 0, left: 0 }],
  [300_000, {}, { holds: 126_000, moreWindows: 2, left: 0 }],
  [300_000, { deadlineAt: at('2026-12-06T12:00Z') }, { moreWindows: null, left: 48_000 }],
  [3_000_000, {}, { moreWindows: null, left: 3_000_000 - 14 * 126_000 }],
  [10, { deadlineAt: at('2026-12-04T20:00Z') }, { opensAt: null, holds: 0, moreWindows: null, left: 10 }],
])('whether %i writes fit into nights %j', (writes, schedule, fit) => {
  expect(fitOf(needing(writes), { ...NIGHTS, ...schedule }, NOON)).toMatchObject({ writes, ...fit });
});

test('what nothing closes fits always', () => {
  expect(fitOf(needing(1_000), { ...NONE, startAt: NOON + 1 }, NOON)).toMatchObject({
    ...{ holds: null, moreWindows: 0, left: 0 },
  });
});
