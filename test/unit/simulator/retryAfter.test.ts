import { expect, test } from 'vitest';
import { retryAfter } from '../../../src/simulator/retryAfter.ts';

const NOON = Date.UTC(2026, 10, 21, 12, 0, 0, 400);

test.each([
  ['seconds', { 'Retry-After': '3' }, 3_000],
  ['lowercase', { 'retry-after': '3' }, 3_000],
  ['decimal', { 'Retry-After': '2.129' }, 2_129],
  ['date', { 'Retry-After': 'Sat, 21 Nov 2026 12:00:03 GMT' }, 2_600],
  ['one', { 'Retry-After': '1' }, 1_000],
  ['missing', {}, undefined],
] as const)('a wait of 2128.4 ms in style %s', (style, headers, toldMs) => {
  expect(retryAfter(style, 2_128.4, NOON)).toEqual({ headers, toldMs });
});

test('what is told is never shorter than the wait, unless the style is wrong on purpose', () => {
  for (const style of ['seconds', 'lowercase', 'decimal', 'date'] as const) {
    for (const wait of [0.2, 1, 999.9, 1_000, 19_999.5]) {
      expect(retryAfter(style, wait, NOON).toldMs).toBeGreaterThanOrEqual(wait);
    }
  }
});
