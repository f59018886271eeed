import { expect, test } from 'vitest';
import { revertFrom, type RevertTexts } from '../../../../src/app/schedule/revertFrom.ts';
import { UNSCHEDULED } from '../../../../src/app/schedule/scheduleFrom.ts';
import { zoneOfHost } from '../../../../src/runs/schedule/localTime.ts';
import type { Schedule } from '../../../../src/runs/schedule/schedule.ts';

const HOUR_MS = 3_600_000;
const NOON = Date.parse('2026-12-04T12:00Z');
const BERLIN = { ...UNSCHEDULED, timeZone: 'Europe/Berlin' };
const at = (texts: RevertTexts, schedule: Schedule = BERLIN) => revertFrom(texts, schedule, NOON)?.revertAt;

test('nothing said is nothing taken back, and says nothing of it', () => {
  expect(revertFrom({}, UNSCHEDULED, NOON)).toBeUndefined();
  expect(revertFrom({ revert: true }, UNSCHEDULED, NOON)).toBeUndefined();
  expect(at({ revert: false })).toBeNull();
});

test('so long after counts from when the run may begin', () => {
  const after = { revertAfter: 48 * HOUR_MS };
  expect(at(after)).toBe(NOON + 48 * HOUR_MS);
  const startAt = Date.parse('2026-12-04T22:00+01:00');
  expect(at(after, { ...BERLIN, startAt })).toBe(Date.parse('2026-12-06T22:00+01:00'));
  expect(at(after, { ...BERLIN, windows: ['22:00-05:00'] })).toBe(Date.parse('2026-12-06T22:00+01:00'));
});

test('a time is of the zone of the run, else of the machine, and of one that comes twice the first', () => {
  expect(at({ revertAt: '2026-12-06T22:00' })).toBe(Date.parse('2026-12-06T22:00+01:00'));
  expect(at({ revertAt: '2027-10-31T02:30' })).toBe(Date.parse('2027-10-31T00:30Z'));
  expect(revertFrom({ revertAt: '2026-12-06T22:00' }, UNSCHEDULED, NOON)?.timeZone).toBe(zoneOfHost());
});

test.each([
  [{ revertAt: 'tomorrow' }, BERLIN, '"tomorrow"'],
  [{ revertAt: '2026-12-04T12:00' }, BERLIN, 'has passed'],
  [{ revertAt: '2026-12-05T22:00' }, { ...BERLIN, startAt: NOON + 100 * HOUR_MS }, 'and the run begins at'],
  [{ revertAt: '2026-12-05T22:00', revertAfter: 1 }, BERLIN, 'exclude each other'],
  [{ revertAfter: 1, revert: false }, BERLIN, 'exclude each other'],
])('%o is refused', (texts, schedule, told) => {
  expect(() => revertFrom(texts, schedule, NOON)).toThrow(told);
});
