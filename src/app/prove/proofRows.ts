import type { ProofItem, ProofKind } from '../../assignments/proof/proofItem.ts';
import { assignmentInWords } from '../../assignments/snapshots/assignmentInWords.ts';
import { sayable } from '../shownPolicies.ts';
import type { PolicyProof, Proof } from './prove.ts';
import type { ProvenRow } from './provenRow.ts';

/** The columns of a proof as a file: what is proven, of which assignment, by which row, which run came later, and what it was and is. */
export const PROOF_COLUMNS = [
  ...(['proof', 'policyType', 'policyId', 'policyName', 'platform', 'policy'] as const),
  ...(['row', 'status', 'errorCode', 'errorMessage', 'laterRun', 'assignmentId'] as const),
  ...(['was', 'is', 'before', 'now'] as const),
] as const;

export type ProofLine = Readonly<Record<(typeof PROOF_COLUMNS)[number], unknown>>;

/** What stands where no assignment is. */
const NOTHING = 'nothing';

/** The assignments of a proof, those of the wanted sorts, one a line; `was` and `is` are for people, `before` and `now` in Graph's shape. */
export function* proofLines(
  { policies, ...proof }: Pick<Proof, 'policies' | 'nameOf' | 'laterRunOf'>,
  wanted: ReadonlySet<ProofKind>,
): Generator<ProofLine, void> {
  for (const policy of policies)
    for (const item of policy.items) if (wanted.has(item.proof)) yield lineOf(policy, item, proof);
}

function lineOf(
  { kind, id, name, platform, state }: PolicyProof,
  item: ProofItem<ProvenRow>,
  { nameOf, laterRunOf }: Pick<Proof, 'nameOf' | 'laterRunOf'>,
): ProofLine {
  const { proof, row, before, now } = item;
  const words = (entry: typeof now): string =>
    entry === undefined ? NOTHING : assignmentInWords(entry, { nameOf });
  const isBeforeKnown = proof !== 'unknown' || before !== undefined;
  return {
    ...{ proof, policyType: kind.policyType, policyId: id, policyName: sayable(name) || null, platform },
    ...{
      policy: state,
      row: row?.line,
      status: row?.status,
      errorCode: row?.code,
      errorMessage: row?.message,
      laterRun: laterRunOf(item),
    },
    assignmentId: (now ?? before)?.id,
    was: isBeforeKnown ? words(before) : 'not known',
    is: state === 'notRead' ? 'not read' : words(now),
    ...{ before: before?.whole, now: now?.whole },
  };
}
