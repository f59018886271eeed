import type { Family } from '../assignments/kinds/family.ts';
import { DigestTable } from '../assignments/values/digestTable.ts';
import type { StagedRow } from './staging.ts';
import type { InputRow } from '../assignments/rows/row.ts';

/** Rows in memory at a time while they are put into another order. */
const ROWS_PER_READ = 4_000;

/** Staged rows, as Staging gives them. */
export interface StagedBatches {
  rowsByBatch(): AsyncIterable<readonly InputRow[]>;
  readBatches(batches: readonly number[]): Promise<readonly (readonly InputRow[])[]>;
}

/** What a row is grouped by. */
export type RowGroup = Required<Pick<StagedRow, 'policy' | 'family'>>;

/**
 * The same rows with those of each family together, in it those of each policy side by side, families and policies in the order of their
 * first row, and within a policy in the order of the file. Keeps 13 bytes a row in memory.
 */
export async function* groupedByPolicy(
  staged: StagedBatches,
  groupOf: (input: InputRow) => RowGroup,
): AsyncGenerator<Required<Pick<StagedRow, 'input' | 'policy' | 'family' | 'rank'>>> {
  const { ordinals, families, starts } = await readOrdinals(staged, groupOf);
  const ranks = Uint32Array.from(ordinals, (_, rank) => rank);
  ranks.sort(
    (a, b) => (families[a] ?? 0) - (families[b] ?? 0) || (ordinals[a] ?? 0) - (ordinals[b] ?? 0) || a - b,
  );
  for (let first = 0; first < ranks.length; first += ROWS_PER_READ) {
    const wanted = [...ranks.subarray(first, first + ROWS_PER_READ)].map((rank) => ({
      rank,
      batch: batchAt(starts, rank),
    }));
    const batches = [...new Set(wanted.map(({ batch }) => batch))];
    const read = await staged.readBatches(batches);
    const byBatch = new Map(batches.map((batch, i) => [batch, read[i]]));
    for (const { rank, batch } of wanted) {
      const input = byBatch.get(batch)?.[rank - (starts[batch] ?? 0)];
      if (input === undefined) throw new Error(`row ${rank} of the staging is gone`);
      yield { input, ...groupOf(input), rank };
    }
  }
}

/** Of each row the numbers of its policy and its family; of each batch its first row. */
async function readOrdinals(
  staged: StagedBatches,
  groupOf: (input: InputRow) => RowGroup,
): Promise<{ ordinals: readonly number[]; families: readonly number[]; starts: readonly number[] }> {
  const policies = new DigestTable(1);
  const numbers = new Map<Family, number>();
  const ordinals: number[] = [];
  const families: number[] = [];
  const starts: number[] = [];
  let known = 0;
  for await (const batch of staged.rowsByBatch()) {
    starts.push(ordinals.length);
    for (const input of batch) {
      const { policy, family } = groupOf(input);
      const entry = policies.of(policy);
      if (entry[0] === 0) entry[0] = known += 1;
      ordinals.push(entry[0] ?? 0);
      if (!numbers.has(family)) numbers.set(family, numbers.size);
      families.push(numbers.get(family) ?? 0);
    }
  }
  return { ordinals, families, starts };
}

/** The last batch that begins at this row or before it. */
function batchAt(starts: readonly number[], rank: number): number {
  let [low, high] = [0, starts.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? 0) <= rank) low = middle;
    else high = middle - 1;
  }
  return low;
}
