import { LEARNING } from './learning.ts';
import type { Run } from './run.ts';
import type { Sample } from './samples.ts';

/** "The last minutes", in windows at work: 200 s in Intune's. */
const LATELY_WINDOWS = 10;
/** Samples that reach so far back, and some more, as one is not kept exactly each window. */
export const SAMPLES_LATELY = LATELY_WINDOWS + 2;
/** Fewer rows tell nothing of how many of them need a write. */
const ROWS_TELLING_MIN = 20;

/** What is foretold from: the limiter as it stands, and how far the run was in the last windows, oldest first. */
export interface Going {
  readonly windowMs: number;
  readonly budget: number;
  readonly charged: number;
  readonly isSpaced: boolean;
  /** Until when nothing is sent, ms since the epoch; null: the way is free. */
  readonly backoffUntil: number | null;
  readonly heldMs: number;
  readonly samples: readonly Sample[];
}

/** A run between two moments at work, without the time in which the tenant was kept still. */
interface Stretch {
  readonly ms: number;
  readonly ended: number;
  readonly written: number;
}

const BEGIN = { workedMs: 0, ended: 0, written: 0, heldMs: null } as const;

/** @param workedMs the time that the run was at work until now */
export function latelyOf(run: Run, { windowMs, heldMs, samples }: Going, workedMs: number): Stretch {
  const from = workedMs - LATELY_WINDOWS * windowMs;
  const since = samples.find((sample) => sample.workedMs >= from) ?? samples.at(-1);
  // A run as young as this is seen whole. How long the tenant was kept still before its first sample is not known of it.
  const first = from <= 0 || since === undefined ? BEGIN : since;
  const heldBefore = first.heldMs ?? samples[0]?.heldMs ?? heldMs;
  return {
    ms: Math.max(0, workedMs - first.workedMs - Math.max(0, heldMs - heldBefore)),
    ended: run.ended - first.ended,
    written: run.written - first.written,
  };
}

/**
 * Milliseconds until all rows have come to their end, as the limiter stands and as rows did lately, whichever is slower: the limit may
 * have changed since, and what is slow may not be the limit. Undefined while no row has come to its end.
 */
export function msLeft(run: Run, going: Going, workedMs: number, now: number): number | undefined {
  if (run.ended === 0) return undefined;
  const { windowMs } = going;
  const lately = latelyOf(run, going, workedMs);
  const { pending } = run.counts;
  const told = lately.ended >= ROWS_TELLING_MIN ? lately : run;
  const writesPerRow = told.ended >= ROWS_TELLING_MIN ? told.written / told.ended : 1;
  const byLimit = windowsFor(Math.max(0, pending - run.sent) * writesPerRow, run, going) * windowMs;
  const isTelling = lately.ms >= windowMs && lately.ended > 0;
  const byRate = isTelling ? (pending * lately.ms) / lately.ended : 0;
  const heldMs = Math.max(0, (going.backoffUntil ?? now) - now);
  return heldMs + Math.max(byLimit, byRate);
}

function windowsFor(writes: number, { total, options }: Run, { budget, charged, isSpaced }: Going): number {
  const most = Math.max(1, Math.min(budget, options.writesPerWindow ?? budget));
  const isEven = isSpaced || total > LEARNING.awaitedWindows * most;
  return Math.max(0, writes - (isEven ? 0 : Math.max(0, most - charged))) / most;
}
