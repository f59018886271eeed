import { expect, test } from 'vitest';
import { fitInWords } from '../../../../src/app/schedule/fitInWords.ts';
import { scheduleFrom, UNSCHEDULED, type ScheduleTexts } from '../../../../src/app/schedule/scheduleFrom.ts';
import { zoneOfHost } from '../../../../src/runs/schedule/localTime.ts';

const NOON = Date.parse('2026-12-04T12:00Z');
const berlin = (texts: ScheduleTexts) =>
  scheduleFrom({ timeZone: 'Europe/Berlin', ...texts }, UNSCHEDULED, NOON);

test('nothing said is no schedule, and has no zone', () => {
  expect(scheduleFrom({}, UNSCHEDULED, NOON)).toEqual(UNSCHEDULED);
});

test('times are of the zone that is named, else of the machine', () => {
  expect(
    berlin({ startAt: '2026-12-04T22:00', window: ['22:00-5:00'], deadline: '2026-12-06T05:00' }),
  ).toEqual({
    startAt: Date.parse('2026-12-04T21:00Z'),
    windows: ['22:00-05:00'],
    timeZone: 'Europe/Berlin',
    deadlineAt: Date.parse('2026-12-06T04:00Z'),
  });
  expect(scheduleFrom({ window: ['22:00-05:00'] }, UNSCHEDULED, NOON).timeZone).toBe(zoneOfHost());
});

test('a time that comes twice begins the second time and is a deadline the first time', () => {
  const { startAt, deadlineAt } = berlin({ startAt: '2027-10-31T02:30', deadline: '2027-11-01T02:30' });
  expect(startAt).toBe(Date.parse('2027-10-31T01:30Z'));
  expect(deadlineAt).toBe(Date.parse('2027-11-01T01:30Z'));
  expect(berlin({ deadline: '2027-10-31T02:30' }).deadlineAt).toBe(Date.parse('2027-10-31T00:30Z'));
});

test('what is changed later leaves the rest as it was, and a word takes back', () => {
  const before = berlin({ startAt: '22:00', window: ['22:00-05:00'], deadline: '2026-12-09T05:00' });
  expect(scheduleFrom({ window: ['20:00-05:00', 'Sat 08:00 - Sun 20:00'] }, before, NOON)).toEqual({
    ...before,
    windows: ['20:00-05:00', 'Sat 08:00 - Sun 20:00'],
  });
  expect(scheduleFrom({ startAt: 'now', window: ['off'], deadline: 'OFF' }, before, NOON)).toEqual(
    UNSCHEDULED,
  );
  expect(scheduleFrom({ timeZone: 'America/New_York' }, before, NOON)).toEqual({
    ...before,
    timeZone: 'America/New_York',
  });
});

test.each<[ScheduleTexts, string, string]>([
  [{ startAt: 'friday' }, '--start-at is "friday".', '2026-12-04T22:00'],
  [
    { startAt: '2026-12-03T22:00' },
    '--start-at is Thu 2026-12-03 22:00 (Europe/Berlin), which has passed.',
    'now',
  ],
  [{ window: ['22-05'] }, '--window is "22-05".', 'Sat 08:00 - Sun 20:00'],
  [{ deadline: 'soon' }, '--deadline is "soon".', 'off'],
  [{ deadline: '2026-12-01T05:00' }, 'which has passed', 'later'],
  [
    { startAt: '2026-12-05T22:00', deadline: '2026-12-05T05:00' },
    'and the run begins at',
    'later than --start-at',
  ],
  [{ timeZone: 'Europe/Berln' }, '--time-zone is "Europe/Berln".', 'Did you mean Europe/Berlin?'],
])('what can not be read is refused, with what to write: %j', (texts, message, remedy) => {
  expect(() => berlin(texts)).toThrow(
    expect.objectContaining({
      exitCode: 2,
      message: expect.stringContaining(message),
      remedy: expect.stringContaining(remedy),
    }),
  );
});

test.each([
  [{ moreWindows: 0 }, '3,120 writes need about 10 min 24 s; the window holds 126,000'],
  [
    { moreWindows: 2 },
    '3,120 writes need about 10 min 24 s; the window holds 126,000. It does not fit: about 2 more nights',
  ],
  [
    { moreWindows: null, left: 7 },
    '3,120 writes need about 10 min 24 s; the window holds 126,000. It does not fit: about 7 writes will be left',
  ],
  [{ opensAt: null, moreWindows: null }, 'It does not fit: no window opens in the next two weeks'],
  [{ holds: null }, undefined],
])('a fit in words: %j', (fit, words) => {
  expect(
    fitInWords(
      {
        ...{ writes: 3_120, seconds: 624, opensAt: 'then', holds: 126_000, moreWindows: 0, left: 0 },
        ...fit,
      },
      false,
    ),
  ).toBe(words);
});

test('a run whose deadline comes before any window is told so', () => {
  const never = { writes: 7, seconds: 2, opensAt: null, holds: 0, moreWindows: null, left: 7 };
  expect(fitInWords(never, true)).toBe('It does not fit: no window opens before its deadline');
});
