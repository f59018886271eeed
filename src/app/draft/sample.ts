import { policyKey } from '../../assignments/kinds/address.ts';
import { entryOf, type Before } from '../../assignments/changes/decision.ts';
import { reducesScope } from '../../assignments/changes/reducesScope.ts';
import type { PlannedRow } from '../plan/planTally.ts';
import type { StagedRow } from '../../runs/staging.ts';

/** A row that has to be written, and where it stands in the file. */
export interface Candidate {
  readonly row: Pick<PlannedRow, 'input' | 'change'> & { readonly before: Before };
  readonly policy: string;
  readonly rank: number;
}

/** Gathers the rows of a plan that have to be written, and chooses some of policies all over the file. */
export class Sampler {
  readonly #candidates: Candidate[] = [];

  /** @param rank the row's place in the file */
  add(row: PlannedRow, rank: number): void {
    const { kind, before } = row.decision;
    if (kind !== 'write') return;
    this.#candidates.push({ row: { ...row, before }, policy: policyKey(row.change.address), rank });
  }

  /** See `spread`. */
  chosen(rows: number): readonly Candidate[] {
    return spread(this.#candidates, rows);
  }
}

/** As rows to be staged, with the places that they would have in a file of their own. */
export async function* inOrder(chosen: readonly Candidate[]): AsyncGenerator<StagedRow> {
  const order = chosen.toSorted((a, b) => a.rank - b.rank);
  const rankOf = new Map(order.map((candidate, rank) => [candidate, rank]));
  const byFamily = Map.groupBy(chosen, ({ row }) => row.change.address.kind.family);
  for (const [family, candidate] of [...byFamily].flatMap(([key, all]) =>
    all.map((each) => [key, each] as const),
  )) {
    const { row, policy } = candidate;
    yield { input: row.input, policy, family, rank: rankOf.get(candidate) ?? 0 };
  }
}

/**
 * At most `rows` of them: one from each of policies at even distances, then a second one from each, and so on. Those of one
 * policy stay side by side. Within a policy what reduces its scope is taken first, as it must not be left out when what widens it
 * is written.
 */
export function spread(candidates: readonly Candidate[], rows: number): Candidate[] {
  // A part of a policy's rows must not clear what the other part would spare.
  const policies = [...Map.groupBy(candidates, ({ policy }) => policy).values()].filter(
    (ofPolicy) => ofPolicy.length === 1 || ofPolicy.every(({ row }) => row.change.action !== 'clear'),
  );
  const step = Math.max(1, policies.length / rows);
  const picked = Array.from(
    { length: Math.min(rows, policies.length) },
    (_, n) => policies[Math.floor(n * step)],
  );
  const turns = picked.flatMap((ofPolicy = [], place) =>
    reducingFirst(ofPolicy).map((candidate, turn) => ({ candidate, turn, place })),
  );
  return turns
    .toSorted((a, b) => a.turn - b.turn)
    .slice(0, rows)
    .toSorted((a, b) => a.place - b.place)
    .map(({ candidate }) => candidate);
}

const reducingFirst = (candidates: readonly Candidate[]): Candidate[] =>
  candidates.toSorted(({ row: a }, { row: b }) => Number(reduces(b)) - Number(reduces(a)));

const reduces = ({ change, before }: Candidate['row']): boolean => reducesScope(change, entryOf(before));
