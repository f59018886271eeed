import { policyKey } from '../../assignments/kinds/address.ts';
import type { Staged } from './staged.ts';
import { entryOf, type Before } from '../../assignments/changes/decision.ts';
import { reducesScope } from '../../assignments/changes/reducesScope.ts';
import { EXIT, UserError } from '../../errors.ts';
import type { Context } from '../../cli/context.ts';
import { planStaged, type PlanTerms } from '../plan/makePlan.ts';
import type { PlannedRow } from '../plan/planTally.ts';
import { restaged } from './draft.ts';
import type { StagedRow } from '../../runs/staging.ts';
import { count } from '../words.ts';

/** A row that has to be written, and where it stands in the file. */
export interface Candidate {
  readonly row: Pick<PlannedRow, 'input' | 'change'> & { readonly before: Before };
  readonly policy: string;
  readonly rank: number;
}

/**
 * Leaves of the staged file only `rows` of the rows that have to be written, taken from policies all over the file. Within a policy
 * what narrows its audience is taken first, as it must not be left out when what widens it is written.
 */
export async function sampled(
  staged: Staged,
  rows: number,
  terms: PlanTerms,
  context: Context,
): Promise<Staged> {
  if (staged.saved !== undefined) throw planIsWhole();
  const candidates: Candidate[] = [];
  const plan = await planStaged(staged, terms, context, (row, rank) => {
    const { kind, before } = row.decision;
    if (kind === 'write')
      candidates.push({ row: { ...row, before }, policy: policyKey(row.change.address), rank });
  });
  const chosen = spread(candidates, rows);
  context.print.say(`A sample of ${chosen.length} of ${count(plan.writes, 'row')} to be written:`);
  const staging = await restaged(inOrder(chosen), staged.begin);
  return Object.assign(staged, { staging });
}

async function* inOrder(chosen: readonly Candidate[]): AsyncGenerator<StagedRow> {
  const order = chosen.toSorted((a, b) => a.rank - b.rank);
  const rankOf = new Map(order.map((candidate, rank) => [candidate, rank]));
  for (const candidate of chosen) {
    const { row, policy } = candidate;
    yield { input: row.input, policy, rank: rankOf.get(candidate) ?? 0 };
  }
}

const planIsWhole = (): UserError =>
  new UserError('A plan is taken exactly as it is, so there is no --sample of it.', {
    remedy: 'Give --sample with the file that the plan was made of.',
    exitCode: EXIT.badInput,
  });

/**
 * At most `rows` of them: one from each of policies at even distances, then a second one from each, and so on. Those of one
 * policy stay side by side.
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
    narrowingFirst(ofPolicy).map((candidate, turn) => ({ candidate, turn, place })),
  );
  return turns
    .toSorted((a, b) => a.turn - b.turn)
    .slice(0, rows)
    .toSorted((a, b) => a.place - b.place)
    .map(({ candidate }) => candidate);
}

const narrowingFirst = (candidates: readonly Candidate[]): Candidate[] =>
  candidates.toSorted(({ row: a }, { row: b }) => Number(reduces(b)) - Number(reduces(a)));

const reduces = ({ change, before }: Candidate['row']): boolean => reducesScope(change, entryOf(before));
