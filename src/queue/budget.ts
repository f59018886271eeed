/**
 * How the ledger learns what the tenant really takes, below the configured limit. A pure function of its state, in windows,
 * so that a window of a second behaves as Intune's twenty do. `budget.lua` does the same inside Redis; a test holds the two
 * against each other. The figures were found by a search over models of fixed, sliding and token-bucket limits that stand
 * still or move; bench/README.md has what was tried.
 */
export interface BudgetState {
  /** Writes per window that are used now. */
  readonly budget: number;
  /** The last budget that went well: where a failed probe returns to. */
  readonly base: number;
  /** Windows without a 429 before the next probe. */
  readonly quietWindows: number;
  /** What the last probe added; 0 while none is under way. */
  readonly probe: number;
  /** When the budget last changed or was last looked at, ms. */
  readonly stepAt: number;
  readonly throttledAt: number;
  /** A 429 came and its hold is not over: the cut is made when it is. */
  readonly isCutDue: boolean;
  /** Writes accepted in the window that ended with a reply that was part accepted, part refused: the limit itself. 0: unknown. */
  readonly estimate: number;
}

/** The smallest budget that is believed: below it a tenant would never be found willing again. */
export const BUDGET_MIN = 5;
export const QUIET_WINDOWS_MIN = 2;
export const QUIET_WINDOWS_MAX = 24;
/** A failed probe makes the next quiet time this much longer. */
const QUIET_GROWTH = 1.5;
export const PROBE_FIRST = 2;
export const PROBE_MAX = 32;
/** Windows between two probes: a little more than one, so that the first has shown what it brings. */
const STEP_WINDOWS = 1.1;
/** A refused tenant's window is full until its hold ends, and then a whole batch leaves it at once. */
export const JUST_BEFORE_WINDOWS = 0.02;
/** A probe that got this far before it failed has found a limit that rose: it is looked for soon again. */
const PROBE_BIG = 16;
/** Steps that are made up for after a rest, however long that was: Redis stands still meanwhile. */
const STEPS_AT_ONCE_MAX = 1_000;

export const fullBudget = (limit: number, now: number): BudgetState => ({
  budget: limit,
  base: limit,
  quietWindows: QUIET_WINDOWS_MIN,
  probe: 0,
  stepAt: now,
  throttledAt: 0,
  isCutDue: false,
  estimate: 0,
});

/**
 * The state at a leave, when no hold stands. First a cut that is due: down to what the tenant accepted, or back to what
 * went well when a probe had gone too far. Then, in quiet times, a probe: +2, +4, +8 … up to the limit.
 * @param accepted writes that the tenant accepted in the window that ended JUST_BEFORE_WINDOWS before the hold did
 */
export function budgetAtLeave(
  before: BudgetState,
  limit: number,
  windowMs: number,
  now: number,
  accepted: number,
): BudgetState {
  const stepMs = STEP_WINDOWS * windowMs;
  let state: BudgetState = { ...before, budget: Math.min(before.budget, limit) };
  if (state.isCutDue) state = cut(state, limit, now, accepted);
  if (now - state.stepAt > STEPS_AT_ONCE_MAX * stepMs)
    state = { ...state, stepAt: now - STEPS_AT_ONCE_MAX * stepMs };
  while (state.budget < limit && now - state.stepAt >= stepMs) {
    const stepAt = state.stepAt + stepMs;
    const isQuiet = stepAt - state.throttledAt >= state.quietWindows * windowMs;
    const probe = state.probe === 0 ? PROBE_FIRST : Math.min(PROBE_MAX, 2 * state.probe);
    state = isQuiet
      ? { ...state, stepAt, probe, budget: Math.min(limit, state.budget + probe) }
      : { ...state, stepAt };
  }
  return state.budget >= limit ? { ...state, stepAt: now } : state;
}

function cut(state: BudgetState, limit: number, now: number, accepted: number): BudgetState {
  // After a hold longer than a window nothing is known but that it was too much.
  const known = state.estimate > 0 ? state.estimate : accepted;
  const taken = known > 0 ? known : Math.floor(state.budget / 2);
  const seen = Math.max(Math.min(BUDGET_MIN, limit), Math.min(state.budget, taken));
  const wasProbing = state.probe > 0;
  const isBig = state.budget - state.base > PROBE_BIG;
  const budget = wasProbing ? Math.max(Math.min(state.base, state.budget), seen) : seen;
  const quietWindows =
    wasProbing && !isBig ? Math.min(QUIET_WINDOWS_MAX, state.quietWindows * QUIET_GROWTH) : QUIET_WINDOWS_MIN;
  return {
    ...state,
    budget,
    base: budget,
    quietWindows,
    probe: 0,
    stepAt: now,
    isCutDue: false,
    estimate: 0,
  };
}

/**
 * The state after a reply with 429s.
 * @param accepted writes that the tenant accepted in the last window, those of this reply included
 * @param acceptedNow those of this reply alone
 */
export const budgetAfterThrottle = (
  state: BudgetState,
  now: number,
  accepted: number,
  acceptedNow: number,
): BudgetState => ({
  ...state,
  throttledAt: now,
  isCutDue: true,
  estimate: acceptedNow > 0 ? Math.max(state.estimate, accepted) : state.estimate,
});
