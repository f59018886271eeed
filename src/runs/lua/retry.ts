import type { Keys } from '../keys.ts';
import type { Strategy } from '../../assignments/kinds/kind.ts';
import type { RunState } from '../run.ts';
import type { Scripts } from './scripts.ts';

export interface Retry {
  readonly from: readonly RunState[];
  /** What is opened again besides what was never written: failed and cancelled rows, those that await approval, or nothing. */
  readonly open: 'failed' | 'awaiting' | 'rest';
  /** Batch → places of the rows that are meant; undefined: all. */
  readonly rows?: ReadonlyMap<number, readonly number[]>;
  readonly strategy?: Strategy;
}

export type Retried =
  { readonly kind: 'done'; readonly rows: number } | { readonly kind: 'wrong'; readonly state: string };

export async function reopenRows(
  scripts: Scripts,
  keys: Keys,
  runId: string,
  { from, open, rows, strategy }: Retry,
): Promise<Retried> {
  const { header, states, settled, details, families, ...others } = keys.run(runId);
  const [kind, value] = await scripts.run(
    'retry',
    [keys.open, header, states, settled, details, families, ...Object.values(others)],
    { ...{ runId, from, open }, strategy: strategy ?? null, rows: rows ? Object.fromEntries(rows) : null },
  );
  return String(kind) === 'done'
    ? { kind: 'done', rows: Number(value) }
    : { kind: 'wrong', state: String(value) };
}
