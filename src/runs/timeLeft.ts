import { chargedBy, type Family } from '../assignments/kinds/family.ts';
import { LEARNING } from './learning.ts';
import type { Run } from './run.ts';
import type { Need } from './schedule/fit.ts';
import type { Sample } from './samples.ts';

/** "The last minutes", in windows at work: 200 s in Intune's. */
const LATELY_WINDOWS = 10;
/** Samples that reach so far back, and some more, as one is not kept exactly each window. */
export const SAMPLES_LATELY = LATELY_WINDOWS + 2;
/** Fewer rows tell nothing of how many of them need a write. */
const ROWS_TELLING_MIN = 20;

/** A limiter as it stands. */
export interface LimiterFlow {
  readonly budget: number;
  readonly charged: number;
  readonly isSpaced: boolean;
  /** Until when nothing is sent, ms since the epoch; null: the way is free. */
  readonly backoffUntil: number | null;
}

/** What is foretold from: the limiter as it stands, and how far the run was in the last windows, oldest first. */
export interface Going extends LimiterFlow {
  readonly windowMs: number;
  readonly heldMs: number;
  readonly samples: readonly Sample[];
  /** Of a run with rows of several families, or of one that charges several limiters: each of those. */
  readonly limiters?: ReadonlyMap<Family, LimiterFlow>;
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
  const isTelling = lately.ms >= windowMs && lately.ended > 0;
  const byRate = isTelling ? (pending * lately.ms) / lately.ended : 0;
  if (going.limiters !== undefined) {
    const byFamily = run.families.map((family) => familyMsLeft(family, run, going, workedMs, now));
    // What is slow for another reason than the limits is slow for all of them.
    return Math.max(byRate, ...byFamily);
  }
  const rows = Math.max(0, pending - run.sent);
  const byLimit = windowsFor(rows * writesPerRowOf(run, lately), run.total, run, going) * windowMs;
  return heldMs(going, now) + Math.max(byLimit, byRate);
}

/** The same for the rows of one family, as the limiters stand that it charges. */
export function familyMsLeft(family: Family, run: Run, going: Going, workedMs: number, now: number): number {
  const perRow = writesPerRowOf(run, latelyOf(run, going, workedMs));
  return Math.max(
    ...chargedBy(family).map((limiter) => {
      const flow = going.limiters?.get(limiter) ?? going;
      const counted = run.byFamily.filter((each) => chargedBy(each.family).includes(limiter));
      const rows = counted.reduce((sum, { left, sent }) => sum + Math.max(0, left - sent), 0);
      const total = counted.reduce((sum, each) => sum + each.total, 0);
      return heldMs(flow, now) + windowsFor(rows * perRow, total, run, flow) * going.windowMs;
    }),
  );
}

/** What the rows that are left need, as the limiters stand: for a run that may not have begun. Those in doubt may have to be written again. */
export function needOf(run: Run, going: Going): Need {
  const left = run.counts.pending;
  const perRow = writesPerRowOf(run, run);
  const windowsOf = (rows: number, flow: LimiterFlow): number =>
    (rows * perRow) / Math.max(1, Math.min(flow.budget, run.options.writesPerWindow ?? flow.budget));
  const windows =
    going.limiters === undefined
      ? windowsOf(left, going)
      : Math.max(
          ...[...going.limiters].map(([limiter, flow]) =>
            windowsOf(
              run.byFamily
                .filter((each) => chargedBy(each.family).includes(limiter))
                .reduce((sum, each) => sum + each.left, 0),
              flow,
            ),
          ),
        );
  const seconds = (windows * going.windowMs) / 1000;
  const writes = Math.round(left * perRow);
  return { writes, seconds: Math.round(seconds), writesPerSecond: seconds > 0 ? writes / seconds : 0 };
}

const heldMs = ({ backoffUntil }: LimiterFlow, now: number): number =>
  Math.max(0, (backoffUntil ?? now) - now);

function writesPerRowOf(run: Run, lately: Pick<Stretch, 'ended' | 'written'>): number {
  const told = lately.ended >= ROWS_TELLING_MIN ? lately : run;
  return told.ended >= ROWS_TELLING_MIN ? told.written / told.ended : 1;
}

function windowsFor(
  writes: number,
  total: number,
  { options }: Run,
  { budget, charged, isSpaced }: LimiterFlow,
): number {
  const most = Math.max(1, Math.min(budget, options.writesPerWindow ?? budget));
  const isEven = isSpaced || total > LEARNING.awaitedWindows * most;
  return Math.max(0, writes - (isEven ? 0 : Math.max(0, most - charged))) / most;
}
