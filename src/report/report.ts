import { parseAllow } from '../assignments/guard/allow.ts';
import type { Cause } from '../assignments/guard/causes.ts';
import { GUARD_KINDS, type GuardKind } from '../assignments/guard/finding.ts';
import type { Called } from '../assignments/names/calledIds.ts';
import type { Failure } from '../app/runs/failures.ts';
import type { LogEntry } from '../runs/runReader.ts';
import type { RunPlot } from '../view/plot/runPlot.ts';
import type { ReportFact } from './facts.ts';
import type { ReportRow, RowResult } from './reportRow.ts';
import { ReportTally, type CountedRows, type TargetChange, type Way } from './reportTally.ts';

/** Rows that a report shows one by one; the rest of them stands elsewhere. */
export const ROWS_SHOWN_MAX = 10_000;

/** What one change is, for whoever has to say yes to it or to answer for it. */
export interface Report {
  /** The run's id, or the name of the plan's file. */
  readonly name: string;
  readonly title: string;
  /** What it comes to, in a sentence or two. */
  readonly lead: readonly string[];
  readonly facts: readonly ReportFact[];
  readonly rows: number;
  readonly policies: number;
  readonly changedPolicies: number;
  readonly results: readonly (readonly [result: RowResult, rows: number])[];
  readonly kinds: readonly CountedRows[];
  readonly platforms: readonly CountedRows[];
  readonly ways: readonly Way[];
  readonly targets: readonly TargetChange[];
  readonly findings: readonly ReportFinding[];
  /** What the findings lack. */
  readonly findingsNote: string | undefined;
  readonly failures: readonly Failure[];
  readonly unmetRows: number;
  readonly plot: RunPlot | undefined;
  readonly log: readonly LogEntry[];
  /** The first rows, and where the rest is, when there is more. */
  readonly shown: readonly ReportRow[];
  readonly restIn: string;
  readonly called: Called;
  /** Whose clock its times are of, an IANA name. */
  readonly timeZone: string;
  /** How to have it again, and how to take it back. */
  readonly next: readonly (readonly [what: string, command: string])[];
  /** When the report was made, ms since the epoch, and by which version. */
  readonly madeAt: number;
  readonly version: string;
}

/** What the guard found of one kind. */
export interface ReportFinding {
  readonly kind: GuardKind;
  readonly count: number;
  /** The commonest first; none where only the number is known. */
  readonly causes: readonly Cause[];
  /** Who let it through; undefined: nobody had to, or nobody has. */
  readonly allowed: Allowance | undefined;
}

export interface Allowance {
  readonly by: string;
  /** Ms since the epoch. */
  readonly at: number;
  readonly count: number;
}

/** The findings with who allowed them. @param counts how often each kind was found */
export function findingsOf(
  counts: ReadonlyMap<GuardKind, number>,
  causes: readonly Cause[],
  log: readonly LogEntry[],
): readonly ReportFinding[] {
  const allowed = allowancesIn(log);
  return GUARD_KINDS.flatMap((kind) => {
    const found = counts.get(kind) ?? 0;
    if (found === 0) return [];
    const of = causes.filter((cause) => cause.kind === kind && cause.what !== '');
    return [{ kind, count: found, causes: of, allowed: allowed.get(kind) }];
  });
}

/** Whoever allowed a kind last. */
function allowancesIn(log: readonly LogEntry[]): ReadonlyMap<GuardKind, Allowance> {
  const found = new Map<GuardKind, Allowance>();
  for (const { at, operator, details } of log) {
    const texts = details?.['allow'];
    if (!Array.isArray(texts)) continue;
    const read = parseAllow(texts.filter((text) => typeof text === 'string'));
    if ('message' in read) continue;
    for (const [kind, count] of read) found.set(kind, { by: operator, at, count });
  }
  return found;
}

/** Takes the rows of a report: counts all, keeps those that are shown. */
export class ReportRows {
  readonly tally = new ReportTally();
  readonly shown: ReportRow[] = [];

  add(row: ReportRow): void {
    this.tally.add(row);
    if (this.shown.length < ROWS_SHOWN_MAX) this.shown.push(row);
  }

  /** What they come to. */
  get sums() {
    const { tally, shown } = this;
    const { rows, policies, changedPolicies, results, kinds, platforms, ways, targets, failures } = tally;
    return {
      ...{ rows, policies, changedPolicies, results, kinds, platforms, ways, targets, shown },
      ...{ failures: failures.all, unmetRows: failures.total },
    };
  }
}
