import { MAIN_FAMILY } from '../../../src/assignments/kinds/family.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { InputRow } from '../../../src/assignments/rows/row.ts';
import { groupedByPolicy, type StagedBatches } from '../../../src/runs/grouped.ts';
import { groupRow } from '../../support/rows.ts';

const policyOf = ({ cells }: InputRow): string => String(cells.get('policyId'));
const groupOf = (row: InputRow) => ({ policy: policyOf(row), family: MAIN_FAMILY });

const stagedIn = (batches: readonly InputRow[][]): StagedBatches => ({
  async *rowsByBatch() {
    yield* batches;
  },
  readBatches: async (numbers) => numbers.map((n) => batches[n] ?? []),
});

async function grouped(batches: readonly InputRow[][]) {
  const rows = [];
  for await (const row of groupedByPolicy(stagedIn(batches), groupOf)) rows.push(row);
  return rows;
}

test('policies come in the order of their first row, and their rows in the order of the file', async () => {
  const batches = fc.array(
    fc.array(
      fc.nat({ max: 12 }).map((i) => `p${i}`),
      { minLength: 1, maxLength: 25 },
    ),
    { maxLength: 20 },
  );
  await fc.assert(
    fc.asyncProperty(batches, async (policies) => {
      let line = 1;
      const staged = policies.map((batch) =>
        batch.map((policy) => ({ ...groupRow(policy, 'a', 'g'), line: (line += 1) })),
      );
      const file = staged.flat();
      const order = [...new Set(file.map(policyOf))];
      const rows = await grouped(staged);
      expect(rows.map(({ input }) => input)).toEqual(
        order.flatMap((policy) => file.filter((input) => policyOf(input) === policy)),
      );
      for (const { input, policy, rank } of rows) {
        expect(file[rank]).toBe(input);
        expect(policy).toBe(policyOf(input));
      }
    }),
  );
});

test('more rows than are held in memory at a time come through, each once', async () => {
  const batches = Array.from({ length: 450 }, (_, batch) =>
    Array.from({ length: 20 }, (_row, i) => groupRow(`p${(batch * 20 + i) % 7}`, `a${i}`, 'g')),
  );
  const ranks = (await grouped(batches)).map(({ rank }) => rank);
  expect(ranks.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 9_000 }, (_, i) => i));
});

test('a batch that is gone in between is no hole in the run', async () => {
  const [first = []] = [[groupRow('p1', 'a', 'g')]];
  const staged: StagedBatches = { ...stagedIn([first]), readBatches: async () => [[]] };
  const all = async (): Promise<void> => {
    for await (const row of groupedByPolicy(staged, groupOf)) expect(row).toBeUndefined();
  };
  await expect(all()).rejects.toThrow('row 0 of the staging is gone');
});
