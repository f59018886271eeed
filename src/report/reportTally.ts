import { changeKind, type FilterChange } from '../assignments/changes/changeKind.ts';
import { NOTHING } from '../assignments/changes/beforeInWords.ts';
import { entriesOf, entryOf } from '../assignments/changes/decision.ts';
import { Causes } from '../assignments/guard/causes.ts';
import { audienceKey } from '../assignments/targets/audience.ts';
import { targetIn, targetKind } from '../assignments/targets/currentTarget.ts';
import { DigestTable } from '../assignments/values/digestTable.ts';
import type { JsonObject } from '../assignments/values/json.ts';
import { Failures } from '../app/runs/failures.ts';
import { changes, isUnmet, RESULTS, type ReportRow, type RowResult } from './reportRow.ts';

/** Targets and ways that are counted one by one. */
const TARGETS_MAX = 5_000;

/** Rows that have something in common, by what became of them. */
export interface CountedRows {
  readonly label: string;
  readonly rows: number;
  readonly results: Readonly<Partial<Record<RowResult, number>>>;
}

/** Rows that change in the same way. */
export interface Way {
  readonly from: string;
  readonly to: string;
  readonly filter: FilterChange;
  readonly isTurned: boolean;
  rows: number;
}

/** What becomes of assignments to one group, or to everybody. */
export interface TargetChange {
  /** In Graph's shape, without a filter. */
  readonly target: JsonObject;
  gained: number;
  lost: number;
  /** They stay with it, and something else about them changes. */
  kept: number;
}

/** Counts the rows of a report as they come by. Memory does not grow with their number, but for some 20 bytes a policy. */
export class ReportTally {
  readonly causes = new Causes();
  /** What did not go as wanted, by its causes. */
  readonly failures = new Failures();
  rows = 0;
  policies = 0;
  /** Policies of which something changes. */
  changedPolicies = 0;
  readonly #seen = new DigestTable(2);
  readonly #results = new Map<RowResult, number>();
  readonly #kinds = new Map<string, Counting>();
  readonly #platforms = new Map<string, Counting>();
  readonly #ways = new Map<string, Way>();
  readonly #targets = new Map<string, TargetChange>();

  add(row: ReportRow): void {
    this.rows += 1;
    this.#results.set(row.result, (this.#results.get(row.result) ?? 0) + 1);
    countIn(this.#kinds, row.kind.label.many, row);
    countIn(this.#platforms, row.platform ?? 'not known', row);
    const policy = row.policy ?? row.policyId;
    for (const finding of row.findings) this.causes.add(finding, { line: row.line, policy });
    this.#policy(row);
    if (isUnmet(row)) this.#miss(row, policy);
    if (changes(row)) this.#change(row);
  }

  #policy(row: ReportRow): void {
    const seen = this.#seen.of(`${row.kind.policyType}/${row.policyId.toLowerCase()}`);
    if (seen[0] === 0) this.policies += 1;
    seen[0] = 1;
    if (seen[1] === 0 && changes(row)) {
      seen[1] = 1;
      this.changedPolicies += 1;
    }
  }

  #miss({ line, code, message, findings }: ReportRow, policy: string): void {
    this.failures.add({ line, policy, code, message, isFound: findings.length > 0 });
  }

  #change(row: ReportRow): void {
    const { before, after } = row;
    const entry = entryOf(before);
    const kind =
      after === undefined
        ? ({ from: undefined, to: NOTHING, filter: 'none', intent: 'kept' } as const)
        : changeKind(entry, after);
    const from =
      before.kind === 'entry'
        ? targetKind(before.entry.target)
        : { notRead: 'not read', absent: NOTHING, entries: 'whole list' }[before.kind];
    const { to, filter, intent } = kind;
    const key = JSON.stringify([from, to, filter, intent]);
    const way = this.#ways.get(key) ?? { from, to, filter, isTurned: intent === 'turned', rows: 0 };
    way.rows += 1;
    if (this.#ways.size < TARGETS_MAX || way.rows > 1) this.#ways.set(key, way);
    this.#moveTargets(
      entriesOf(before).map(({ target }) => target),
      after && targetIn(after),
    );
  }

  #moveTargets(was: readonly JsonObject[], becomes: JsonObject | undefined): void {
    const key = becomes && audienceKey(becomes);
    const stays = key !== undefined && was.some((target) => audienceKey(target) === key);
    for (const target of was)
      if (audienceKey(target) === key) this.#target(target, 'kept');
      else this.#target(target, 'lost');
    if (becomes !== undefined && !stays) this.#target(becomes, 'gained');
  }

  #target(target: JsonObject, what: 'gained' | 'lost' | 'kept'): void {
    const key = audienceKey(target);
    const known = this.#targets.get(key);
    if (known === undefined && this.#targets.size >= TARGETS_MAX) return;
    const counted = known ?? { target, gained: 0, lost: 0, kept: 0 };
    counted[what] += 1;
    this.#targets.set(key, counted);
  }

  /** Rows by what became of them. */
  get results(): readonly (readonly [result: RowResult, rows: number])[] {
    return RESULTS.flatMap((result) => {
      const rows = this.#results.get(result);
      return rows === undefined ? [] : [[result, rows] as const];
    });
  }

  /** Rows that change the tenant, or will. */
  get changed(): number {
    return this.results.reduce((sum, [result, rows]) => sum + (changes({ result }) ? rows : 0), 0);
  }

  /** The commonest first, as all that follow. */
  get kinds(): readonly CountedRows[] {
    return commonestFirst(this.#kinds.values());
  }

  get platforms(): readonly CountedRows[] {
    return commonestFirst(this.#platforms.values());
  }

  get ways(): readonly Way[] {
    return commonestFirst(this.#ways.values());
  }

  get targets(): readonly TargetChange[] {
    const sum = ({ gained, lost, kept }: TargetChange): number => gained + lost + kept;
    return [...this.#targets.values()].toSorted((a, b) => sum(b) - sum(a));
  }
}

interface Counting extends CountedRows {
  rows: number;
  readonly results: Partial<Record<RowResult, number>>;
}

function countIn(counted: Map<string, Counting>, label: string, { result }: ReportRow): void {
  const known = counted.get(label) ?? { label, rows: 0, results: {} };
  known.rows += 1;
  known.results[result] = (known.results[result] ?? 0) + 1;
  counted.set(label, known);
}

const commonestFirst = <T extends { readonly rows: number }>(counted: Iterable<T>): readonly T[] =>
  [...counted].toSorted((a, b) => b.rows - a.rows);
