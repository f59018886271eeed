/**
 * How the limiter learns what the tenant really takes, below the configured limit: the figures of lua/budget.lua. Lengths of time
 * are in windows. They were found by a search over models of fixed, sliding and token-bucket limits that stand still or
 * move; bench/README.md has what was tried.
 */
export const LEARNING = {
  /** The smallest budget that is believed: below it a tenant would never be found willing again. */
  budgetMin: 5,
  /** Windows without a 429, in which the budget was used, before the next probe; a failed one makes them so much longer. */
  quietWindowsMin: 2,
  quietWindowsMax: 24,
  quietGrowth: 1.5,
  /** Writes that the first probe adds; each further one twice as many, up to the most. */
  probeFirst: 2,
  probeMax: 32,
  /** A probe that got this far before it failed has found a limit that rose: it is looked for soon again. */
  probeBig: 16,
  /** Windows between two probes: a little more than one, so that the first has shown what it brings. */
  stepWindows: 1.1,
  /**
   * The share of the budget that must have been accepted in such a step for it to count: what nobody used is not proved. A
   * write is charged from its permit to a window after its answer, so that replies which take half a window still use two thirds.
   */
  usedShare: 0.7,
  /** A refused tenant's window is full until its backoff ends, and then a whole batch leaves it at once. */
  justBeforeWindows: 0.02,
  /** So long after a 429 no write goes before its spacing has passed: a day of Intune's windows. */
  spacedWindows: 4_320,
  /** A run of so many windows at most is one that somebody waits for, five minutes of Intune's: its start weighs. */
  awaitedWindows: 15,
} as const;
