import { EXIT, UserError } from '../../errors.ts';
import type { ApprovalRule, KeptApprovalRule, KnownPerson } from '../../runs/approval.ts';
import type { RuleAnswer } from '../../runs/lua/approve.ts';
import type { Services } from '../services.ts';
import { logTenant, reasonFrom } from './runLog.ts';

/** What the tenant demands, and what came of asking for something else. */
export interface RuleSet {
  readonly answer: RuleAnswer;
  readonly rule: KeptApprovalRule | undefined;
}

/**
 * Sets what the tenant demands before a run is written. Anybody who signs in makes it stricter; what makes it less strict two people
 * have to ask for within a day, or one alone could lift it, write, and set it again.
 * @throws UserError (exit 2) without a reason
 */
export async function changeApprovalRule(
  rule: ApprovalRule,
  by: KnownPerson,
  reason: string | undefined,
  services: Services,
): Promise<RuleSet> {
  const said = reasonFrom(reason, services.redactor);
  if (said === null)
    throw new UserError('Why the rule is changed is not said.', {
      remedy: 'Add --reason, as in --reason "CHG-1234".',
      exitCode: EXIT.badInput,
    });
  const { runs, identity } = services;
  const answer = await runs.setApprovalRule(rule, by, said);
  const acting = { ...services, identity: { ...identity, operator: `${by.name} (${by.oid})` } };
  const words = ruleInWords(rule);
  if (answer !== 'same')
    await logTenant(answer === 'set' ? words : `asks for: ${words}`, acting, { reason: said });
  return { answer, rule: await runs.approvalRule() };
}

/** Whether a second person has to approve also what takes a recorded run back, as far as the record and these settings say. */
export async function asksApprovalOfUndo({
  runs,
  identity,
}: Pick<Services, 'runs' | 'identity'>): Promise<boolean> {
  if (identity.config.approval === 'required') return true;
  const rule = await runs.approvalRule();
  return rule !== undefined && rule.isRequired && !rule.isRollbackFree;
}

export const ruleInWords = ({ isRequired, isRollbackFree }: ApprovalRule): string =>
  isRequired
    ? `approval required${isRollbackFree ? ', but for what takes back a recorded run' : ', also for rollbacks'}`
    : 'no approval required';
