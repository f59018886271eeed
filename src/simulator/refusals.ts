import { notFound, type Refused } from './refused.ts';
import type { Refusal, SimulatorSettings } from './settings.ts';

/** Says whether a rule refuses a request; asking uses up one of the rule's `times`. */
export type Refusals = (method: string, policyId: string, assignmentId: string) => Refused | undefined;

/** What a tenant says to a write that it takes a moment later. */
export const PASSING_REFUSALS = {
  conflict409: {
    status: 409,
    code: 'Conflict',
    message: 'Another request changes this object. Please wait briefly and retry.',
    born: 'intune',
  },
  precondition412: {
    status: 412,
    code: 'PreconditionFailed',
    message: 'The object has changed. Please read it again and retry.',
    born: 'intune',
  },
  missing404: notFound('Assignment'),
} as const satisfies Record<string, Refused>;

/**
 * @param forbidden policy and assignment ids whose writes are refused with 403
 * @param firstWrites how each assignment's, or list's, first writes are refused, one after the other
 */
export function createRefusals(
  rules: readonly Refusal[],
  forbidden: readonly string[],
  firstWrites: SimulatorSettings['firstWrites'] = [],
): Refusals {
  const first = firstWrites.flatMap(({ status, times }) => Array<typeof status>(times).fill(status));
  const refused = new Map<string, number>();
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
    const key = `${method} ${policy} ${assignment}`;
    const before = refused.get(key) ?? 0;
    const status = method === 'GET' ? undefined : first[before];
    if (status === undefined) return undefined;
    refused.set(key, before + 1);
    return Object.values(PASSING_REFUSALS).find((passing) => passing.status === status);
  };
}
