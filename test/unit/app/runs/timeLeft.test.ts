import { expect, test } from 'vitest';
import { timeLeft } from '../../../../src/app/runs/timeLeft.ts';

const NOW = new Date(2026, 10, 22, 23, 10).getTime();

test('the time left is about, and shown as the time of the clock, too', () => {
  const doneAbout = new Date(2026, 10, 23, 3, 40).toISOString();
  expect(timeLeft({ etaSeconds: 16_200, doneAbout }, NOW)).toBe('about 4 h 30 min left, done about 03:40');
});

test('of what takes a day and more, the day is said', () => {
  const doneAbout = new Date(2026, 10, 24, 0, 5).toISOString();
  expect(timeLeft({ etaSeconds: 89_700, doneAbout }, NOW)).toBe(
    'about 24 h 55 min left, done about 2026-11-24 00:05',
  );
});

test('where nothing is foretold, nothing is said', () => {
  expect(timeLeft({ etaSeconds: null, doneAbout: null }, NOW)).toBeUndefined();
});
