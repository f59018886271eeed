import type { CauseRow } from '../../assignments/guard/causes.ts';
import type { RefusedRow } from '../plan/planTally.ts';

/** Rows that will fail for a reason that is no finding, by their cause: what differs from row to row is not the cause. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly count: number;
  readonly rows: readonly CauseRow[];
}

/** The commonest first. */
export function failuresOf(refused: readonly RefusedRow[]): readonly Failure[] {
  const failures = new Failures();
  for (const row of refused) failures.add(row);
  return failures.all;
}

/** Causes that are told apart, and rows that are kept of each. */
const CAUSES_MAX = 1_000;
const ROWS_KEPT_MAX = 1_000;

/** Gathers rows by their cause as they come by. Memory does not grow with their number. */
export class Failures {
  readonly #causes = new Map<string, { code: string; message: string; count: number; rows: CauseRow[] }>();
  total = 0;

  add(row: RefusedRow): void {
    this.total += 1;
    const key = alikeBy(row);
    const known = this.#causes.get(key);
    if (known === undefined && this.#causes.size >= CAUSES_MAX) return;
    const cause = known ?? { code: row.code, message: row.message, count: 0, rows: [] };
    cause.count += 1;
    if (cause.rows.length < ROWS_KEPT_MAX) cause.rows.push(rowIn(row));
    this.#causes.set(key, cause);
  }

  /** The commonest first. */
  get all(): readonly Failure[] {
    return [...this.#causes.values()].toSorted((a, b) => b.count - a.count);
  }
}

/** What rows have in common that fail for one cause. */
export const alikeBy = ({ code, message }: Pick<RefusedRow, 'code' | 'message'>): string =>
  `${code} ${message.replace(/"[^"]*"|[\da-f_…-]{8,}|\d+/gi, '')}`;

const rowIn = ({ line, policy }: RefusedRow): CauseRow => ({ line, policy });
