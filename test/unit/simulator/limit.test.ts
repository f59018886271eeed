import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { charge, freshLimit, waitMs, type LimitKind, type LimitRule } from '../../../src/simulator/limit.ts';

const rule = (kind: LimitKind, change: Partial<LimitRule> = {}): LimitRule => ({
  kind,
  limit: 3,
  windowMs: 1_000,
  bucketSize: 3,
  ...change,
});

/** Asks at each time and charges what is let through; gives the waits. */
function ask(of: LimitRule, times: readonly number[]): number[] {
  const state = freshLimit(of, times[0] ?? 0);
  return times.map((at) => {
    const wait = waitMs(of, state, at);
    if (wait === 0) charge(of, state, at);
    return wait;
  });
}

test('a fixed window opens again at its end, however late its requests came', () => {
  expect(ask(rule('fixed'), [900, 910, 920, 930, 999, 1_000, 1_001])).toEqual([0, 0, 0, 70, 1, 0, 0]);
});

test('a sliding window lets one through when the oldest has left', () => {
  expect(ask(rule('sliding'), [900, 910, 920, 930, 1_899, 1_900, 1_901])).toEqual([0, 0, 0, 970, 1, 0, 9]);
});

test('a bucket gives what it holds at once, then drips at the rate of the limit', () => {
  const waits = ask(rule('bucket', { limit: 10, bucketSize: 2 }), [0, 0, 0, 50, 100, 101]);
  expect(waits).toEqual([0, 0, 100, 50, 0, 99]);
});

test('refused requests that count push the wait away', () => {
  const of = rule('sliding');
  const state = freshLimit(of, 0);
  for (const at of [0, 100, 200, 300]) charge(of, state, at);
  // Four are counted: the second one has to leave, not the first.
  expect(waitMs(of, state, 400)).toBe(700);
});

test('a refused request that counts spills what the bucket had, but leaves no debt', () => {
  const of = rule('bucket', { limit: 10, bucketSize: 1 });
  const state = freshLimit(of, 0);
  for (let times = 0; times < 5; times += 1) charge(of, state, 50);
  expect(waitMs(of, state, 50)).toBe(100);
});

test('a limit of nothing lets nothing through', () => {
  for (const kind of ['fixed', 'sliding', 'bucket'] as const) {
    expect(ask(rule(kind, { limit: 0 }), [0, 5_000])).toEqual([1_000, 1_000]);
  }
});

const gaps = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 300 });
const timesOf = (distances: readonly number[]): number[] => {
  let at = 0;
  return distances.map((gap) => (at += gap));
};

describe.each(['fixed', 'sliding', 'bucket'] as const)('a %s limit', (kind) => {
  const of = rule(kind, { limit: 5, bucketSize: 2 });
  /** In any stretch of a window: a fixed one can be filled on both sides of its edge, a bucket is full at first. */
  const most = { fixed: 10, sliding: 5, bucket: 7 }[kind];

  test('never lets more through than its kind allows', () => {
    fc.assert(
      fc.property(gaps, (distances) => {
        const times = timesOf(distances);
        const waits = ask(of, times);
        const admitted = times.filter((_, index) => waits[index] === 0);
        for (const at of admitted) {
          expect(admitted.filter((other) => other > at - 1_000 && other <= at).length).toBeLessThanOrEqual(
            most,
          );
        }
      }),
    );
  });

  test('lets through who waits as long as it says, and nobody a millisecond before', () => {
    fc.assert(
      fc.property(gaps, (distances) => {
        const times = timesOf(distances);
        const state = freshLimit(of, 0);
        for (const at of times) if (waitMs(of, state, at) === 0) charge(of, state, at);
        const last = times.at(-1) ?? 0;
        const wait = waitMs(of, state, last);
        if (wait === 0) return;
        expect(waitMs(of, structuredClone(state), last + wait + 0.001)).toBe(0);
        if (wait > 1) expect(waitMs(of, state, last + wait - 1)).toBeGreaterThan(0);
      }),
    );
  });
});
