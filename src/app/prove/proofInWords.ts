import { count } from '../words.ts';
import type { PolicyProof, PolicyState, Proof } from './prove.ts';

const number = (n: number): string => n.toLocaleString('en-US');

/** How many assignments were taken back by a rollback, and are as before. */
export const putBackIn = ({ policies }: Pick<Proof, 'policies'>): number =>
  policies.reduce(
    (sum, { items }) =>
      sum + items.filter(({ proof, row }) => proof === 'planned' && row?.putBack !== 'no').length,
    0,
  );

/** `3,120 changed as planned, 4 by others, 8,876 untouched`; each assignment counts once. */
export function proofInWords(proof: Pick<Proof, 'policies' | 'counts'>): string {
  const { planned, others, untouched, failed, unknown } = proof.counts;
  const putBack = putBackIn(proof);
  return [
    ...(putBack === 0 || planned > putBack ? [`${number(planned - putBack)} changed as planned`] : []),
    ...(putBack > 0 ? [`${number(putBack)} as before again`] : []),
    `${number(others)} by others`,
    `${number(untouched)} untouched`,
    ...(failed > 0 ? [`${number(failed)} not as planned`] : []),
    ...(unknown > 0 ? [`${number(unknown)} not known`] : []),
  ].join(', ');
}

/** Which runs have made what counts as by others, each with how many assignments; undefined: none that is known. */
export function laterRunsInWords({ policies, laterRunOf }: Proof): string | undefined {
  const byRun = new Map<string, number>();
  for (const item of policies.flatMap(({ items }) => items)) {
    const runId = laterRunOf(item);
    if (runId !== undefined) byRun.set(runId, (byRun.get(runId) ?? 0) + 1);
  }
  if (byRun.size === 0) return undefined;
  const each = [...byRun].map(([runId, n]) => `${number(n)} by run ${runId}`);
  return `Of what others have changed, later runs did ${each.join(', ')}.`;
}

/** What the proof can't say, each a sentence, and what would make it whole. */
export function limitsOfProof(proof: Proof): readonly string[] {
  const { policies, snapshot, notRead, run } = proof;
  const unseen = policies.filter(({ state }) => state === 'notKnown');
  const entries = unseen.reduce((sum, { items }) => sum + items.length, 0);
  const changedSince = policies.filter(
    ({ state, items }) => state === 'there' && items.some((each) => each.proof === 'unknown'),
  );
  return [
    ...(unseen.length > 0
      ? [
          `What ${count(unseen.length, 'policy', 'policies')} with ${count(entries, 'assignment')} had before run ${run.runId} is not known: ${unseen.length === 1 ? 'it was' : 'they were'} never in its plan.${snapshot === undefined ? WHOLE : ''}`,
        ]
      : []),
    ...(changedSince.length > 0
      ? [
          `${count(changedSince.length, 'policy has', 'policies have')} assignments that no row is about, and nobody has kept what they were: the lists are not as the plan saw them, or it saw none.`,
        ]
      : []),
    ...notRead.map(({ why }) => `Not proven: ${why}`),
  ];
}

const WHOLE =
  ' A snapshot that is taken before the next run (`retarget snapshot -o before.json`) makes the proof whole.';

/** Policies that came or went, by their names. */
export const policiesIn = ({ policies }: Proof, wanted: PolicyState): readonly PolicyProof[] =>
  policies.filter(({ state }) => state === wanted);
