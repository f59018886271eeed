import { kindOf, type PolicyType } from '../../assignments/kinds/registry.ts';
import { EXIT, UserError } from '../../errors.ts';
import type { RunOptions } from '../../runs/run.ts';
import type { Plan } from './plan.ts';

export const approvalInWords = (types: readonly PolicyType[]): string =>
  `A second administrator has to approve each change of ${types.map((type) => kindOf(type).label.many).join(' and ')} in this tenant`;

/** Said before anything is queued: each of these writes would be refused. @throws UserError (exit 2) */
export function expectJustified(
  { approvalFor }: Pick<Plan, 'approvalFor'>,
  { justification }: Pick<RunOptions, 'justification'>,
): void {
  if (approvalFor.length === 0 || justification !== null) return;
  throw new UserError(`${approvalInWords(approvalFor)}, and nothing says why.`, {
    remedy: 'Tell the approvers with --justification "…"; nothing was queued.',
    exitCode: EXIT.badInput,
  });
}
