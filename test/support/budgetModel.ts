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
  /** Windows in which the budget was used since the last 429 or cut. */
  readonly quiet: number;
  /** A 429 came and its backoff is not over: the cut is made when it is. */
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
  quiet: 0,
  isCutDue: false,
  estimate: 0,
});

/** Writes that the tenant accepted. */
export interface Accepted {
  /** In the window that ended LEARNING.justBeforeWindows before the backoff did. */
  readonly beforeBackoffEnded: number;
  /** In the last step of LEARNING.stepWindows. */
  readonly lately: number;
}

/**
 * The state at a permit, when no hold stands. First a cut that is due: down to what the tenant accepted, or back to what
 * went well when a probe had gone too far. Then, when the budget was used in quiet times, a probe: +2, +4, +8 … up to the limit.
 */
export function budgetAtPermit(
  before: BudgetState,
  limit: number,
  windowMs: number,
  now: number,
  { beforeBackoffEnded, lately }: Accepted,
): BudgetState {
  const capped: BudgetState = { ...before, budget: Math.min(before.budget, limit) };
  const state = capped.isCutDue ? cut(capped, limit, now, beforeBackoffEnded) : capped;
  if (state.budget >= limit) return { ...state, stepAt: now };
  const stepMs = LEARNING.stepWindows * windowMs;
  const lateMs = now - state.stepAt - stepMs;
  if (lateMs < 0) return state;
  const stepAt = lateMs < stepMs ? state.stepAt + stepMs : now;
  if (lately < LEARNING.usedShare * state.budget) return { ...state, stepAt };
  const quiet = state.quiet + LEARNING.stepWindows;
  if (quiet < state.quietWindows) return { ...state, stepAt, quiet };
  const probe = state.probe === 0 ? LEARNING.probeFirst : Math.min(LEARNING.probeMax, 2 * state.probe);
  return { ...state, stepAt, quiet, probe, budget: Math.min(limit, state.budget + probe) };
}

function cut(state: BudgetState, limit: number, now: number, accepted: number): BudgetState {
  // After a backoff longer than a window nothing is known but that it was too much.
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
    quiet: 0,
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
  accepted: number,
  acceptedNow: number,
): BudgetState => ({
  ...state,
  quiet: 0,
  isCutDue: true,
  estimate: acceptedNow > 0 ? Math.max(state.estimate, accepted) : state.estimate,
});
