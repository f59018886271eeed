import { expect, test } from 'vitest';
import { openIntervals } from '../../../../src/runs/schedule/openIntervals.ts';
import { momentsOf, timeInZone, zoneNamed } from '../../../../src/runs/schedule/localTime.ts';

const at = (iso: string): number => Date.parse(iso);
const HOUR = 3_600_000;

/** The intervals that begin within a day and a half, as UTC. */
const opens = (windows: readonly string[], zone: string, from: string): string[] =>
  openIntervals(windows, zone, at(from))
    .filter(([begin]) => begin < at(from) + 36 * HOUR)
    .map((interval) => interval.map((ms) => new Date(ms).toISOString().slice(5, 16)).join(' '));

test('a window of every night is open each night, from the one that is open now on, for two weeks', () => {
  const intervals = openIntervals(['22:00-05:00'], 'Europe/Berlin', at('2026-12-05T02:00Z'));
  expect(intervals[0]).toEqual([at('2026-12-04T21:00Z'), at('2026-12-05T04:00Z')]);
  expect(intervals[1]).toEqual([at('2026-12-05T21:00Z'), at('2026-12-06T04:00Z')]);
  expect(intervals).toHaveLength(15);
});

test('a window of every week is open from its day to its day', () => {
  expect(openIntervals(['Sat 08:00 - Sun 20:00'], 'UTC', at('2026-12-06T21:00Z'))).toEqual([
    [at('2026-12-12T08:00Z'), at('2026-12-13T20:00Z')],
    [at('2026-12-19T08:00Z'), at('2026-12-20T20:00Z')],
  ]);
  // One that is open for nearly a week, and was opened days ago.
  expect(openIntervals(['Sun 22:00 - Sun 06:00'], 'UTC', at('2026-12-11T00:00Z'))[0]).toEqual([
    ...[at('2026-12-06T22:00Z'), at('2026-12-13T06:00Z')],
  ]);
});

test('windows that overlap or touch are one', () => {
  expect(
    openIntervals(
      ['22:00-02:00', '01:00-03:00', '03:00-04:00', 'Fri 23:00 - Sat 05:00'],
      'UTC',
      at('2026-12-04T12:00Z'),
    ).slice(0, 2),
  ).toEqual([
    [at('2026-12-04T22:00Z'), at('2026-12-05T05:00Z')],
    [at('2026-12-05T22:00Z'), at('2026-12-06T04:00Z')],
  ]);
});

test('a window of the whole day never closes', () => {
  const from = at('2026-12-04T12:00Z');
  const intervals = openIntervals(['00:00-24:00'], 'Europe/Berlin', from);
  expect(intervals).toHaveLength(1);
  expect(intervals[0]?.[1]).toBeGreaterThanOrEqual(from + 14 * 24 * HOUR);
});

// Berlin 2027: 28 March 02:00 → 03:00 (01:00Z), 31 October 03:00 → 02:00 (01:00Z).
// New York 2026: 8 March 02:00 → 03:00 (07:00Z), 1 November 02:00 → 01:00 (06:00Z).
// Lord Howe 2026: 4 October 02:00 → 02:30 (15:30Z the day before), 5 April 02:00 → 01:30 (15:00Z the day before).
test.each([
  // Through the night as a whole: an hour shorter, an hour longer, half an hour each.
  ['Europe/Berlin', '2027-03-27T12:00Z', '22:00-05:00', '03-27T21:00 03-28T03:00'],
  ['Europe/Berlin', '2027-10-30T12:00Z', '22:00-05:00', '10-30T20:00 10-31T04:00'],
  ['America/New_York', '2026-03-07T17:00Z', '22:00-05:00', '03-08T03:00 03-08T09:00'],
  ['America/New_York', '2026-10-31T17:00Z', '22:00-05:00', '11-01T02:00 11-01T10:00'],
  ['Australia/Lord_Howe', '2026-10-03T02:00Z', '22:00-05:00', '10-03T11:30 10-03T18:00'],
  ['Australia/Lord_Howe', '2026-04-04T02:00Z', '22:00-05:00', '04-04T11:00 04-04T18:30'],
  // One that ends at a time that is skipped ends with the skip; one that begins then begins with it.
  ['Europe/Berlin', '2027-03-27T12:00Z', '22:00-02:30', '03-27T21:00 03-28T01:00'],
  ['Europe/Berlin', '2027-03-27T12:00Z', '02:30-05:00', '03-28T01:00 03-28T03:00'],
  ['America/New_York', '2026-03-07T17:00Z', '22:00-02:30', '03-08T03:00 03-08T07:00'],
  ['America/New_York', '2026-03-07T17:00Z', '02:30-05:00', '03-08T07:00 03-08T09:00'],
  ['Australia/Lord_Howe', '2026-10-03T02:00Z', '22:00-02:15', '10-03T11:30 10-03T15:30'],
  ['Australia/Lord_Howe', '2026-10-03T02:00Z', '02:15-05:00', '10-03T15:30 10-03T18:00'],
  // One that ends at a time that comes twice ends the first time; one that begins then begins the second time.
  ['Europe/Berlin', '2027-10-30T12:00Z', '22:00-02:30', '10-30T20:00 10-31T00:30'],
  ['Europe/Berlin', '2027-10-30T12:00Z', '02:30-05:00', '10-31T01:30 10-31T04:00'],
  ['America/New_York', '2026-10-31T17:00Z', '22:00-01:30', '11-01T02:00 11-01T05:30'],
  ['America/New_York', '2026-10-31T17:00Z', '01:30-05:00', '11-01T06:30 11-01T10:00'],
  ['Australia/Lord_Howe', '2026-04-04T02:00Z', '22:00-01:45', '04-04T11:00 04-04T14:45'],
  ['Australia/Lord_Howe', '2026-04-04T02:00Z', '01:45-05:00', '04-04T15:15 04-04T18:30'],
  // One that lies within it is open once.
  ['Europe/Berlin', '2027-10-30T12:00Z', '02:15-02:45', '10-31T01:15 10-31T01:45'],
])('in %s, seen at %s, the window %s is open %s', (zone, from, window, open) => {
  expect(opens([window], zone, from)[0]).toBe(open);
});

test('a window within the skipped hour is not open that night', () => {
  const [first] = openIntervals(['02:15-02:45'], 'Europe/Berlin', at('2027-03-27T12:00Z'));
  expect(first).toEqual([at('2027-03-29T00:15Z'), at('2027-03-29T00:45Z')]);
});

test.each(['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Pacific/Apia', 'Africa/Casablanca'])(
  'in %s no minute of a year is open that a clock on the wall would not call so',
  (zone) => {
    const clock = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit' });
    for (let day = 0; day < 365; day += 13) {
      const from = at('2026-01-01T00:00Z') + day * 24 * HOUR;
      for (const [begin, end] of openIntervals(['22:10-01:50', '02:20-02:40'], zone, from))
        for (let ms = begin; ms < end; ms += 5 * 60_000) {
          const shown = clock.format(ms);
          const isOpen = shown >= '22:10' || shown < '01:50' || (shown >= '02:20' && shown < '02:40');
          if (!isOpen) expect.fail(`open at ${new Date(ms).toISOString()}, ${shown} there`);
        }
    }
  },
);

test('a time of the wall is one moment, two, or that of the skip', () => {
  const night = (day: string, hour: number, minute = 30) => {
    const [year = 0, month = 0, date = 0] = day.split('-').map(Number);
    return momentsOf({ year, month, day: date, hour, minute, second: 0 }, 'Europe/Berlin').map((ms) =>
      new Date(ms).toISOString().slice(0, 16),
    );
  };
  expect(night('2027-06-01', 2)).toEqual(['2027-06-01T00:30']);
  expect(night('2027-03-28', 2)).toEqual(['2027-03-28T01:00']);
  expect(night('2027-03-28', 3)).toEqual(['2027-03-28T01:30']);
  expect(night('2027-10-31', 2)).toEqual(['2027-10-31T00:30', '2027-10-31T01:30']);
});

test('zones have the names of the platform, whatever their letters', () => {
  expect(zoneNamed('europe/berlin')).toBe('Europe/Berlin');
  expect(zoneNamed('UTC')).toBe('UTC');
  expect(zoneNamed('Europe/Berln')).toBeUndefined();
  expect(timeInZone(at('2026-12-04T21:00Z'), 'Europe/Berlin')).toBe('Fri 2026-12-04 22:00 (Europe/Berlin)');
});
