import { expect, test } from 'vitest';
import { leastSeconds } from '../../../../src/worker/limiter/leastTime.ts';

const INTUNE = { writesPerWindow: 100, windowMs: 20_000 };

test.each([
  [0, 0],
  [1, 0],
  // One batch goes at once, and the next ones are spaced.
  [20, 0],
  [100, 15.5],
  [101, 20],
  [1_000, 190.1],
])('%i writes take %s s at least, whatever was learned of the tenant', (writes, seconds) => {
  expect(leastSeconds(writes, INTUNE)).toBe(seconds);
});

test('a small limit lets a window full go at once', () => {
  expect(leastSeconds(2, { writesPerWindow: 2, windowMs: 20_000 })).toBe(0);
  expect(leastSeconds(3, { writesPerWindow: 2, windowMs: 20_000 })).toBe(20);
});
