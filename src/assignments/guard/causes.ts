import { GUARD_KINDS, type Finding, type GuardKind } from './finding.ts';

/** A row that a cause is about. */
export interface CauseRow {
  readonly line: number;
  /** What people call its policy. */
  readonly policy: string;
}

/** What several rows do alike: told once, with its rows. */
export interface Cause extends Finding {
  readonly count: number;
  /** The first of them, in the order in which they came. */
  readonly rows: readonly CauseRow[];
}

/** Causes of a kind, and rows of a kind, that are kept one by one; all are counted. */
const KEPT_MAX = 1_000;

interface Gathered {
  readonly what: string;
  readonly rows: CauseRow[];
  count: number;
}

interface OfKind {
  count: number;
  rowsKept: number;
  readonly causes: Map<string, Gathered>;
}

/** Gathers the findings of rows by their cause. Memory does not grow with their number. */
export class Causes {
  readonly #kinds = new Map<GuardKind, OfKind>();

  add({ kind, what }: Finding, row: CauseRow): void {
    const known = this.#kinds.get(kind);
    const of = known ?? { count: 0, rowsKept: 0, causes: new Map<string, Gathered>() };
    if (known === undefined) this.#kinds.set(kind, of);
    of.count += 1;
    const cause = of.causes.get(what) ?? { what, rows: [], count: 0 };
    if (cause.count === 0 && of.causes.size >= KEPT_MAX) return;
    of.causes.set(what, cause);
    cause.count += 1;
    if (of.rowsKept >= KEPT_MAX) return;
    of.rowsKept += 1;
    cause.rows.push(row);
  }

  /** How often each kind was found, the most dangerous first. */
  get counts(): ReadonlyMap<GuardKind, number> {
    return new Map(
      GUARD_KINDS.flatMap((kind) => {
        const count = this.#kinds.get(kind)?.count;
        return count === undefined ? [] : [[kind, count] as const];
      }),
    );
  }

  /** The most dangerous kind first, in it the commonest cause. */
  get all(): readonly Cause[] {
    return GUARD_KINDS.flatMap((kind) =>
      [...(this.#kinds.get(kind)?.causes.values() ?? [])]
        .toSorted((a, b) => b.count - a.count)
        .map(({ what, rows, count }) => ({ kind, what, count, rows })),
    );
  }
}
