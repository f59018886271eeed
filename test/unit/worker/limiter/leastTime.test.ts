import { expect, test } from 'vitest';
import { aboutSeconds, leastSeconds } from '../../../../src/worker/limiter/leastTime.ts';

const INTUNE = { writesPerWindow: 100, windowMs: 20_000 };

test.each([
  [0, 0],
  [1, 0],
  // What fits into a window goes at once.
  [100, 0],
  [101, 20],
  [1_000, 180],
])('%i writes take %s s at least, whatever was learned of the tenant', (writes, seconds) => {
  expect(leastSeconds(writes, INTUNE)).toBe(seconds);
});

test('a small limit lets a window full go at once', () => {
  expect(leastSeconds(2, { writesPerWindow: 2, windowMs: 20_000 })).toBe(0);
  expect(leastSeconds(3, { writesPerWindow: 2, windowMs: 20_000 })).toBe(20);
});

test.each([
  [100, false, 0],
  // Half of a window's writes go at its start, the other half within a third of it.
  [150, false, 20],
  [200, false, 27],
  [800, false, 147],
  // After a 429 they are spaced, and so they are in a run that takes longer than anybody waits for.
  [100, true, 20],
  [800, true, 160],
  [1_600, false, 320],
])(
  '%i writes take about as long as the limiter takes to give them (spaced: %s): %i s',
  (writes, isSpaced, seconds) => {
    expect(aboutSeconds(writes, { budget: 100, isSpaced }, INTUNE)).toBe(seconds);
  },
);

test('about is never less than at least, whatever the budget', () => {
  for (const isSpaced of [true, false])
    for (let writes = 0; writes < 3_000; writes += 7)
      for (const budget of [5, 33, 100])
        expect(aboutSeconds(writes, { budget, isSpaced }, INTUNE)).toBeGreaterThanOrEqual(
          leastSeconds(writes, INTUNE),
        );
});
