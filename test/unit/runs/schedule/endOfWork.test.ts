import { expect, test } from 'vitest';
import { endOfWork } from '../../../../src/runs/schedule/endOfWork.ts';
import type { Schedule } from '../../../../src/runs/schedule/schedule.ts';

const HOUR_MS = 3_600_000;
const at = (text: string): number => Date.parse(`${text}Z`);
const schedule = (fields: Partial<Schedule> = {}): Schedule => ({
  ...{ startAt: null, windows: [], timeZone: 'UTC', deadlineAt: null },
  ...fields,
});

test('work that nothing closes ends when it is done', () => {
  expect(endOfWork(HOUR_MS, schedule(), at('2026-12-04T12:00'))).toBe(at('2026-12-04T13:00'));
});

test('what does not fit into a window ends in a later one', () => {
  const nights = schedule({ windows: ['22:00-05:00'] });
  expect(endOfWork(HOUR_MS, nights, at('2026-12-04T04:00'))).toBe(at('2026-12-04T05:00'));
  expect(endOfWork(HOUR_MS + 1, nights, at('2026-12-04T04:00'))).toBe(at('2026-12-04T22:00') + 1);
  expect(endOfWork(9 * HOUR_MS, nights, at('2026-12-04T04:00'))).toBe(at('2026-12-05T23:00'));
});

test('what is not done by its deadline has no end', () => {
  const short = schedule({ deadlineAt: at('2026-12-04T13:00') });
  expect(endOfWork(HOUR_MS + 1, short, at('2026-12-04T12:00'))).toBeUndefined();
  expect(endOfWork(HOUR_MS, short, at('2026-12-04T12:00'))).toBe(at('2026-12-04T13:00'));
});
