import type { Refused } from './refused.ts';
import type { Refusal } from './settings.ts';

/** Says whether a rule refuses a request; asking uses up one of the rule's `times`. */
export type Refusals = (method: string, policyId: string, assignmentId: string) => Refused | undefined;

/** @param forbidden policy and assignment ids whose writes are refused with 403. */
export function createRefusals(rules: readonly Refusal[], forbidden: readonly string[]): Refusals {
  const forbiddenIds = new Set(forbidden.map((id) => id.toLowerCase()));
  const byId = new Map<string, { rule: Refusal; left: number }[]>();
  for (const rule of rules) {
    // By the narrower of the two ids; the other one is compared when the rule is found.
    const id = (rule.assignmentId ?? rule.policyId ?? '').toLowerCase();
    byId.set(id, [...(byId.get(id) ?? []), { rule, left: rule.times ?? Infinity }]);
  }
  return (method, policyId, assignmentId) => {
    const policy = policyId.toLowerCase();
    const assignment = assignmentId.toLowerCase();
    const found = [...(byId.get(assignment) ?? []), ...(byId.get(policy) ?? [])].find(
      ({ rule, left }) =>
        left > 0 &&
        rule.method === method &&
        (rule.policyId === undefined || rule.policyId.toLowerCase() === policy) &&
        (rule.assignmentId === undefined || rule.assignmentId.toLowerCase() === assignment),
    );
    if (found !== undefined) {
      found.left -= 1;
      return {
        status: found.rule.status,
        code: found.rule.code,
        message: found.rule.message,
        born: 'intune',
      };
    }
    if (method !== 'GET' && (forbiddenIds.has(policy) || forbiddenIds.has(assignment))) {
      const message = 'Application is not authorized to perform this operation.';
      return { status: 403, code: 'Forbidden', message, born: 'intune' };
    }
    return undefined;
  };
}
