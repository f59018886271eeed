import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LEARNING } from '../../../../src/runs/learning.ts';
import {
  budgetAfterThrottle,
  budgetAtPermit,
  fullBudget,
  type Accepted,
  type BudgetState,
} from '../../../support/budgetModel.ts';

const WINDOW = 20_000;
const START = 1_800_000_000_000;
const at = (windows: number): number => START + windows * WINDOW;

/** A budget that is learned, with nothing under way. */
const learned = (budget: number, fields: Partial<BudgetState> = {}): BudgetState => ({
  ...fullBudget(budget, START),
  ...fields,
});

/** A 429 for a part of a reply, or for all of it, and the first leave after its backoff. */
function throttled(
  state: BudgetState,
  { limit = 100, accepted = 0, acceptedNow = 0, acceptedAfter = 0, windows = 0 },
): BudgetState {
  const after = budgetAfterThrottle(state, accepted, acceptedNow);
  return budgetAtPermit(after, limit, WINDOW, at(windows), { beforeBackoffEnded: acceptedAfter, lately: 0 });
}

/** Nothing was accepted. */
const NOTHING: Accepted = { beforeBackoffEnded: 0, lately: 0 };

/** So many writes were accepted in the last step. */
const lately = (writes: number): Accepted => ({ ...NOTHING, lately: writes });

/** The budgets that are seen by asking ten times a window from `from` to `to`, each change once; all of it is used, or a share. */
function budgetsSeen(
  state: BudgetState,
  limit: number,
  from: number,
  to: number,
  share = 1,
): [number, number][] {
  const seen: [number, number][] = [];
  let now = state;
  for (let windows = from; windows <= to; windows = Math.round(windows * 10 + 1) / 10) {
    const before = now.budget;
    now = budgetAtPermit(now, limit, WINDOW, at(windows), lately(share * now.budget));
    if (now.budget !== before) seen.push([windows, now.budget]);
  }
  return seen;
}

test('before any 429 the budget is the configured limit, and stays so', () => {
  const state = fullBudget(100, START);
  expect(budgetAtPermit(state, 100, WINDOW, at(500), NOTHING)).toEqual({ ...state, stepAt: at(500) });
});

test('a reply that was accepted in part shows the limit itself: the budget falls to what was accepted in that window', () => {
  const state = throttled(fullBudget(100, START), { accepted: 63, acceptedNow: 3, acceptedAfter: 11 });
  expect(state).toMatchObject({ budget: 63, base: 63, probe: 0, isCutDue: false, estimate: 0 });
});

test('of several such replies the one that shows most counts, as the others came when some had been forgotten', () => {
  const first = budgetAfterThrottle(fullBudget(100, START), 63, 3);
  const second = budgetAfterThrottle(first, 40, 1);
  const whole = budgetAfterThrottle(second, 90, 0);
  expect(budgetAtPermit(whole, 100, WINDOW, at(1), { ...NOTHING, beforeBackoffEnded: 7 }).budget).toBe(63);
});

test('after replies that were refused as a whole it falls to what still counts when the backoff ends', () => {
  expect(throttled(fullBudget(100, START), { accepted: 90, acceptedAfter: 40 }).budget).toBe(40);
});

test('after a backoff so long that nothing counts any more it is halved', () => {
  expect(throttled(fullBudget(100, START), { accepted: 90 }).budget).toBe(50);
  expect(throttled(learned(9), { accepted: 90 }).budget).toBe(LEARNING.budgetMin);
});

test('a 429 alone changes nothing: the cut is made with the first leave after the backoff, and once', () => {
  const full = fullBudget(100, START);
  const held = [1, 2, 3].reduce((state) => budgetAfterThrottle(state, 60, 0), full);
  expect(held).toMatchObject({ budget: 100, isCutDue: true });
  const cut = budgetAtPermit(held, 100, WINDOW, at(1), { ...NOTHING, beforeBackoffEnded: 60 });
  expect(cut.budget).toBe(60);
  expect(budgetAtPermit(cut, 100, WINDOW, at(1.01), { ...NOTHING, beforeBackoffEnded: 10 }).budget).toBe(60);
});

test.each([
  ['what is believed', 100, 5],
  ['a configured limit below that', 3, 3],
])('it never falls below %s', (_, limit, least) => {
  expect(
    throttled(fullBudget(limit, START), { limit, accepted: 1, acceptedNow: 1, acceptedAfter: 1 }).budget,
  ).toBe(least);
});

test('a 429 never raises it, whatever was accepted', () => {
  expect(throttled(learned(40), { accepted: 90, acceptedNow: 1 }).budget).toBe(40);
});

test('after two quiet windows in which it was used it probes: +2, +4, +8, … up to the limit, a good window apart', () => {
  expect(budgetsSeen(learned(30), 200, 0, 20)).toEqual([
    [2.2, 32],
    [3.3, 36],
    [4.4, 44],
    [5.5, 60],
    [6.6, 92],
    [7.7, 92 + LEARNING.probeMax],
    [8.8, 92 + 2 * LEARNING.probeMax],
    [9.9, 92 + 3 * LEARNING.probeMax],
    [11, 200],
  ]);
});

test('a probe that failed returns to what went well, or to what was accepted if that is more', () => {
  const probing = learned(36, { base: 30, probe: 4 });
  expect(throttled(probing, { accepted: 12, acceptedNow: 1 }).budget).toBe(30);
  expect(throttled(probing, { accepted: 33, acceptedNow: 1 })).toMatchObject({
    budget: 33,
    base: 33,
    probe: 0,
  });
});

test('each probe that failed makes the next quiet time half as long again, up to 24 windows', () => {
  let state = learned(30);
  const quiet: number[] = [];
  for (let i = 0; i < 8; i += 1) {
    state = throttled({ ...state, budget: 32, probe: 2 }, { accepted: 30, acceptedNow: 1 });
    quiet.push(state.quietWindows);
  }
  expect(quiet.slice(0, 3)).toEqual([3, 4.5, 6.75]);
  expect(quiet.slice(-2)).toEqual([LEARNING.quietWindowsMax, LEARNING.quietWindowsMax]);
  const [first] = budgetsSeen(state, 100, 0, 30);
  expect(first?.[0]).toBeGreaterThanOrEqual(LEARNING.quietWindowsMax);
  expect(first?.[0]).toBeLessThan(LEARNING.quietWindowsMax + 1.2);
});

test.each([
  ['no probe was under way, as the tenant takes less than it did', { probe: 0, budget: 30, base: 30 }],
  ['the probe had come far, as the tenant takes more than it did', { probe: 16, budget: 60, base: 30 }],
])('the quiet time falls back when %s', (_, fields) => {
  const state = throttled(learned(30, { quietWindows: LEARNING.quietWindowsMax, ...fields }), {
    accepted: 20,
    acceptedNow: 1,
  });
  expect(state.quietWindows).toBe(LEARNING.quietWindowsMin);
});

test('a limit that is configured lower holds at once; one that is configured higher is probed for', () => {
  const lower = budgetAtPermit(learned(100), 60, WINDOW, at(1), NOTHING);
  expect(lower.budget).toBe(60);
  expect(budgetAtPermit(lower, 40, WINDOW, at(1.1), NOTHING).budget).toBe(40);
  expect(budgetsSeen(lower, 70, 1, 20).map(([, budget]) => budget)).toEqual([62, 66, 70]);
});

test('idle time proves nothing: after a night, or a century, the budget is what it was, and its first step begins then', () => {
  for (const windows of [3 * 60 * 10, 3 * 60 * 24 * 365 * 100]) {
    const rested = budgetAtPermit(learned(50), 100, WINDOW, at(windows), NOTHING);
    expect(rested).toMatchObject({ budget: 50, quiet: 0, stepAt: at(windows) });
    const [first] = budgetsSeen(rested, 100, windows, windows + 5);
    expect(first?.[0]).toBeGreaterThanOrEqual(windows + LEARNING.quietWindowsMin);
  }
});

test('windows in which less than the budget was used do not count, be there ever so many, and those between them do', () => {
  expect(budgetsSeen(learned(50), 100, 0, 200, LEARNING.usedShare - 0.01)).toEqual([]);
  expect(budgetsSeen(learned(50), 100, 0, 5, LEARNING.usedShare)).not.toEqual([]);
  const once = budgetAtPermit(learned(50), 100, WINDOW, at(1.1), lately(50));
  const idle = budgetAtPermit(once, 100, WINDOW, at(50), NOTHING);
  expect(idle).toMatchObject({ budget: 50, quiet: LEARNING.stepWindows });
  expect(budgetAtPermit(idle, 100, WINDOW, at(51.1), lately(50)).budget).toBe(52);
});

interface Happening {
  readonly after: number;
  readonly is429: boolean;
  readonly accepted: number;
  readonly acceptedNow: number;
  readonly acceptedLately: number;
  readonly limit: number;
}

const happenings: fc.Arbitrary<Happening[]> = fc.array(
  fc.record({
    // Sixteenths of a window: times that a double has exactly, whatever the window.
    after: fc.integer({ min: 0, max: 80 }),
    is429: fc.boolean(),
    accepted: fc.integer({ min: 0, max: 200 }),
    acceptedNow: fc.integer({ min: 0, max: 20 }),
    acceptedLately: fc.integer({ min: 0, max: 200 }),
    limit: fc.integer({ min: 1, max: 200 }),
  }),
  { maxLength: 60 },
);

function states(history: readonly Happening[], windowMs: number): BudgetState[] {
  let now = 0;
  let state = fullBudget(100, now);
  return history.map(({ after, is429, accepted, acceptedNow, acceptedLately, limit }) => {
    now += (after * windowMs) / 16;
    state = is429
      ? budgetAfterThrottle(state, accepted, acceptedNow)
      : budgetAtPermit(state, limit, windowMs, now, { beforeBackoffEnded: accepted, lately: acceptedLately });
    return state;
  });
}

test('all times are in windows: the same history with windows of another length learns the same', () => {
  fc.assert(
    fc.property(happenings, fc.integer({ min: 1, max: 10 }), (history, doublings) => {
      const long = 16 * 2 ** doublings;
      const inWindows = (windowMs: number) =>
        states(history, windowMs).map((state) => ({
          ...state,
          stepAt: state.stepAt / windowMs,
        }));
      expect(inWindows(long)).toEqual(inWindows(16));
    }),
  );
});

test('whatever happens, it stays between what is believed and the limit, and the quiet time within its bounds', () => {
  fc.assert(
    fc.property(happenings, (history) => {
      let limit = 100;
      let least: number = LEARNING.budgetMin;
      for (const [i, state] of states(history, WINDOW).entries()) {
        const happened = history[i];
        if (happened?.is429 === false) {
          limit = happened.limit;
          least = Math.min(least, limit);
        }
        expect(state.budget).toBeLessThanOrEqual(limit);
        expect(state.budget).toBeGreaterThanOrEqual(least);
        expect(Number.isInteger(state.budget)).toBe(true);
        expect(state.quietWindows).toBeGreaterThanOrEqual(LEARNING.quietWindowsMin);
        expect(state.quietWindows).toBeLessThanOrEqual(LEARNING.quietWindowsMax);
      }
    }),
  );
});
