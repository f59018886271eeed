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
  const alike = Map.groupBy(refused, alikeBy);
  return [...alike.values()]
    .flatMap(([first, ...others]) =>
      first === undefined
        ? []
        : [{ ...first, count: others.length + 1, rows: [first, ...others].map(rowIn) }],
    )
    .toSorted((a, b) => b.count - a.count);
}

/** What rows have in common that fail for one cause. */
export const alikeBy = ({ code, message }: Pick<RefusedRow, 'code' | 'message'>): string =>
  `${code} ${message.replace(/"[^"]*"|[\da-f_…-]{8,}|\d+/gi, '')}`;

const rowIn = ({ line, policy }: RefusedRow): CauseRow => ({ line, policy });
