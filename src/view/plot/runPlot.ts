import type { Family } from '../../assignments/kinds/family.ts';
import { count, duration } from '../../app/words.ts';
import { isReason, reasonInWords, type Reason, type ReasonFacts } from '../../runs/reason.ts';
import type { Run } from '../../runs/run.ts';
import type { LogEntry } from '../../runs/runReader.ts';
import type { Sample } from '../../runs/samples.ts';

/** backoff: the tenant told it to wait. window: outside its times. pause: it waited for somebody, or for a sign-in. */
export const SPAN_KINDS = ['backoff', 'window', 'pause'] as const;
export type SpanKind = (typeof SPAN_KINDS)[number];

/** A time in which a run did not go on. */
export interface Span {
  readonly kind: SpanKind;
  /** Ms since the epoch. */
  readonly from: number;
  readonly until: number;
  /** Why; '' where nobody said. */
  readonly why: string;
}

/** A value at a moment, in ms since the epoch. */
export interface Point {
  readonly at: number;
  readonly value: number;
}

/** How full the limiter of a family was, as its rows came to their end. */
export interface BudgetCurve {
  readonly family: Family;
  /** Requests that still counted against the budget. */
  readonly used: readonly Point[];
  readonly budget: readonly Point[];
}

/** What the plot of a run shows. */
export interface RunPlot {
  readonly from: number;
  readonly until: number;
  readonly total: number;
  /** Rows that had come to their end. */
  readonly rows: readonly Point[];
  /** The family with the most samples first. */
  readonly budgets: readonly BudgetCurve[];
  /** How many 429s came until a moment, since the one before. */
  readonly throttled: readonly Point[];
  readonly spans: readonly Span[];
}

/** What a plot is made of. */
export interface PlotOf {
  readonly run: Pick<Run, 'startedAt' | 'finishedAt' | 'total' | 'ended'>;
  /** Oldest first, as `RunStore.samples` has them. */
  readonly samples: readonly Sample[];
  /** The log of the run, oldest first. */
  readonly log: readonly LogEntry[];
  /** Ms since the epoch, by Redis' clock: how far the plot of a run goes that has not ended. */
  readonly now: number;
}

/** Undefined where there is nothing to draw: the run has not begun, or its samples are gone. */
export function runPlotOf({ run, samples, log, now }: PlotOf): RunPlot | undefined {
  const [first] = samples;
  if (first === undefined) return undefined;
  const from = Math.min(run.startedAt ?? first.at, first.at);
  const last = samples.at(-1) ?? first;
  const until = Math.max(last.at, run.finishedAt ?? now, from + 1000);
  const known = samples.map(({ at, ended }) => ({ at, value: ended }));
  // The last rows come to their end between two samples.
  const end = { at: run.finishedAt ?? now, value: Math.max(run.ended, last.ended) };
  return {
    ...{ from, until, total: run.total },
    rows: [{ at: from, value: 0 }, ...known, ...(end.at > last.at ? [end] : [])],
    budgets: budgetsOf(samples),
    throttled: throttledIn(samples),
    spans: [...backoffsIn(samples, from), ...restsIn(log, until)]
      .map((span) => ({ ...span, from: Math.max(from, span.from), until: Math.min(until, span.until) }))
      .filter((span) => span.until > span.from),
  };
}

function budgetsOf(samples: readonly Sample[]): readonly BudgetCurve[] {
  return (
    [...Map.groupBy(samples, ({ family }) => family)]
      .toSorted(([, a], [, b]) => b.length - a.length)
      // One moment is no curve.
      .filter(([, of], i) => i === 0 || of.length > 1)
      .map(([family, of]) => ({
        family,
        used: of.map(({ at, charged }) => ({ at, value: charged })),
        budget: of.map(({ at, budget }) => ({ at, value: budget })),
      }))
  );
}

function throttledIn(samples: readonly Sample[]): readonly Point[] {
  return samples.flatMap(({ at, throttled }, i) => {
    const value = throttled - (samples[i - 1]?.throttled ?? 0);
    return value > 0 ? [{ at, value }] : [];
  });
}

/** A sample says how long the tenant was kept still in all: what it says more than the one before was between the two. */
function backoffsIn(samples: readonly Sample[], from: number): readonly Span[] {
  const found: Span[] = [];
  let before = { at: from, heldMs: samples[0]?.heldMs ?? 0 };
  for (const sample of samples) {
    const stillMs = Math.min(sample.heldMs - before.heldMs, sample.at - before.at);
    const last = found.at(-1);
    if (stillMs > 0) {
      const span: Span = { kind: 'backoff', from: sample.at - stillMs, until: sample.at, why: '' };
      // One that goes on from window to window is one.
      if (last?.until === before.at && stillMs >= sample.at - before.at)
        found[found.length - 1] = { ...span, from: last.from };
      else found.push(span);
    }
    before = sample;
  }
  return found;
}

const RESTS: ReadonlySet<string> = new Set([
  ...['paused', 'pause', 'stopped itself', 'rests', 'interrupted', 'left by its workers', 'ended', 'cancel'],
]);
const WINDOW_REASONS: ReadonlySet<string | null | undefined> = new Set<Reason>(['window', 'time', 'urgent']);

/** When a run did not go on, by its log: from what stopped it until it was set to work again. What ended it stops it only if it was opened again. */
function restsIn(log: readonly LogEntry[], until: number): readonly Span[] {
  const found: Span[] = [];
  let resting: (Omit<Span, 'until'> & { readonly isEnd: boolean }) | undefined;
  const goesOn = (at: number): void => {
    if (resting !== undefined) {
      const { kind, from, why } = resting;
      found.push({ kind, from, until: at, why });
    }
    resting = undefined;
  };
  for (const entry of log) {
    const { at, action } = entry;
    const isEnd = action === 'ended';
    if (isEnd || action === 'begun' || action === 'goes on') goesOn(at);
    if (resting === undefined && RESTS.has(action))
      resting = {
        ...{ kind: WINDOW_REASONS.has(entry.reason) ? 'window' : 'pause', from: at },
        ...{ why: whyOf(entry), isEnd },
      };
  }
  if (resting?.isEnd !== true) goesOn(until);
  return found;
}

function whyOf({ operator, action, reason, details = {} }: LogEntry): string {
  const { why, facts } = details;
  if (action === 'pause' || action === 'cancel')
    return [`${action === 'pause' ? 'paused' : 'cancelled'} by ${operator}`, reason]
      .filter(Boolean)
      .join(': ');
  if (typeof why === 'string' && why !== '') return why;
  const words = isReason(reason) ? reasonInWords(reason, (facts ?? {}) as ReasonFacts) : '';
  return words === '' ? (reason ?? action) : words;
}

const SPAN_WORDS: Readonly<Record<SpanKind, readonly [one: string, many: string]>> = {
  backoff: ['backoff', 'backoffs'],
  window: ['closed window', 'closed windows'],
  pause: ['pause', 'pauses'],
};

const between = (low: number, high: number): string =>
  low === high ? `of ${low}` : `between ${low} and ${high}`;

/** What the plot shows, for whoever can't see it. */
export function plotInWords({ from, until, total, rows, throttled, spans, budgets }: RunPlot): string {
  const done = rows.at(-1)?.value ?? 0;
  const in429s = throttled.reduce((sum, { value }) => sum + value, 0);
  const kept = SPAN_KINDS.flatMap((kind) => {
    const of = spans.filter((span) => span.kind === kind);
    const seconds = of.reduce((sum, span) => sum + (span.until - span.from) / 1000, 0);
    return of.length === 0 ? [] : [`${count(of.length, ...SPAN_WORDS[kind])} of ${duration(seconds)} in all`];
  });
  const [first] = budgets;
  const used = Math.max(0, ...(first?.used ?? []).map(({ value }) => value));
  const budget = first?.budget.map(({ value }) => value) ?? [];
  return [
    `${Math.min(done, total).toLocaleString('en-US')} of ${count(total, 'row')} came to their end in ${duration((until - from) / 1000)}.`,
    budget.length === 0
      ? ''
      : `At most ${used} requests were counted at a time, of a budget ${between(Math.min(...budget), Math.max(...budget))}.`,
    in429s === 0
      ? 'The tenant never answered 429.'
      : `The tenant answered 429 ${in429s === 1 ? 'once' : `${in429s.toLocaleString('en-US')} times`}.`,
    kept.length === 0 ? '' : `Stood still: ${kept.join(', ')}.`,
  ]
    .filter(Boolean)
    .join(' ');
}
