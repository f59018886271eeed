import { expect, test } from 'vitest';
import { createOutages } from '../../../src/simulator/outages.ts';

test('a span by the clock counts from when it was set, its end not in it', () => {
  let now = 5_000;
  const outages = createOutages([{ by: 'ms', from: 200, to: 400 }], () => now);
  const at = (ms: number): boolean => {
    now = 5_000 + ms;
    return outages();
  };
  expect([0, 199, 200, 399, 400].map(at)).toEqual([false, false, true, true, false]);
});

test('a span by reads goes from the nth read to the one before the mth, and there may be several', () => {
  const spans = [
    { by: 'reads', from: 2, to: 4 },
    { by: 'reads', from: 5, to: 6 },
  ] as const;
  const outages = createOutages([...spans], () => 0);
  expect([1, 2, 3, 4, 5, 6].map(() => outages())).toEqual([false, true, true, false, true, false]);
});
