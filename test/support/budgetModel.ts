import { LEARNING } from '../../src/runs/learning.ts';

/**
 * How the limiter learns what the tenant really takes, as a pure function of its state, in windows, so that a window of a
 * second behaves as Intune's twenty do. `runs/lua/budget.lua` is what runs; a property test holds the two against each other.
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

export const fullBudget = (limit: number, now: number): BudgetState => ({
  budget: limit,
  base: limit,
  quietWindows: LEARNING.quietWindowsMin,
  probe: 0,
  stepAt: now,
  throttledAt: 0,
  isCutDue: false,
  estimate: 0,
});

/**
 * The state at a leave, when no hold stands. First a cut that is due: down to what the tenant accepted, or back to what
 * went well when a probe had gone too far. Then, in quiet times, a probe: +2, +4, +8 … up to the limit.
 * @param accepted writes that the tenant accepted in the window that ended LEARNING.justBeforeWindows before the hold did
 */
export function budgetAtLeave(
  before: BudgetState,
  limit: number,
  windowMs: number,
  now: number,
  accepted: number,
): BudgetState {
  const stepMs = LEARNING.stepWindows * windowMs;
  let state: BudgetState = { ...before, budget: Math.min(before.budget, limit) };
  if (state.isCutDue) state = cut(state, limit, now, accepted);
  if (now - state.stepAt > LEARNING.stepsAtOnceMax * stepMs)
    state = { ...state, stepAt: now - LEARNING.stepsAtOnceMax * stepMs };
  while (state.budget < limit && now - state.stepAt >= stepMs) {
    const stepAt = state.stepAt + stepMs;
    const isQuiet = stepAt - state.throttledAt >= state.quietWindows * windowMs;
    const probe = state.probe === 0 ? LEARNING.probeFirst : Math.min(LEARNING.probeMax, 2 * state.probe);
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
  const seen = Math.max(Math.min(LEARNING.budgetMin, limit), Math.min(state.budget, taken));
  const wasProbing = state.probe > 0;
  const isBig = state.budget - state.base > LEARNING.probeBig;
  const budget = wasProbing ? Math.max(Math.min(state.base, state.budget), seen) : seen;
  const quietWindows =
    wasProbing && !isBig
      ? Math.min(LEARNING.quietWindowsMax, state.quietWindows * LEARNING.quietGrowth)
      : LEARNING.quietWindowsMin;
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
