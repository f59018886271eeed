import { policyKey } from '../../assignments/kinds/address.ts';
import { changeOfKnownRow } from '../../assignments/rows/knownRow.ts';
import type { InputRow } from '../../assignments/rows/row.ts';
import type { ReadingRules } from '../../assignments/rows/rowReader.ts';
import type { StagedRow, Staging } from '../../runs/staging.ts';
import { withoutPolicies } from './intake.ts';

/** The rows of a staging without those of some policies, each with the place that it has in a file without them. */
export async function* withoutNotTaken(
  staging: Staging,
  policies: ReadonlySet<string>,
  rules: ReadingRules,
): AsyncGenerator<StagedRow> {
  const ranks: number[] = [];
  for await (const rank of keptRanks(staging, policies, rules)) ranks.push(rank);
  // All of them, or none: a file whose rows lie in its own order has no ranks.
  const placeOf = new Map(ranks.toSorted((a, b) => a - b).map((rank, place) => [rank, place]));
  let at = 0;
  for await (const row of withoutPolicies(staging.rowsByBatch(), policies, rules)) {
    const rank = ranks[at];
    at += 1;
    yield { ...row, ...(rank !== undefined && { rank: placeOf.get(rank) ?? 0 }) };
  }
}

async function* keptRanks(
  staging: Staging,
  policies: ReadonlySet<string>,
  rules: ReadingRules,
): AsyncGenerator<number> {
  const isKept = (input: InputRow): boolean =>
    !policies.has(policyKey(changeOfKnownRow(input, rules).address));
  let batch = 0;
  for await (const rows of staging.rowsByBatch()) {
    for (const [place, input] of rows.entries()) {
      const rank = staging.rankAt(batch, place);
      if (rank !== undefined && isKept(input)) yield rank;
    }
    batch += 1;
  }
}
