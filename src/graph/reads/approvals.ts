import { isJsonObject } from '../../assignments/values/json.ts';
import { KINDS, type PolicyType } from '../../assignments/kinds/registry.ts';
import { collection, readAll, type SendReads } from './reading.ts';

/** Pages of either collection that are read: a page holds many, and requests end after days. */
const APPROVAL_PAGES_MAX = 500;

/** A request for approval, in Graph's words. */
export interface ApprovalRequest {
  /** What the header `x-msft-approval-code` says. */
  readonly code: string;
  /** `needsApproval`, `approved`, `rejected`, `cancelled`, `completed`, `expired`, or a word that is new. */
  readonly status: string;
  readonly justification: string;
}

/**
 * The types of policies whose changes a second administrator has to approve (Multi Admin Approval); undefined when this
 * sign-in may not read that, or nobody can now. A policy type that is not among them may still need approval for one platform.
 * Source: learn.microsoft.com/graph/api/intune-rbac-operationapprovalpolicy-list (beta)
 * @param send to beta, which only has them
 * @param base root and version beta, for links to further pages
 */
export async function typesToApprove(
  send: SendReads,
  base: string,
): Promise<ReadonlySet<PolicyType> | undefined> {
  const items = await allOf(APPROVAL_POLICIES, send, base);
  return items && policyTypesIn(items);
}

export const APPROVAL_POLICIES = '/deviceManagement/operationApprovalPolicies';

/**
 * The types that approval policies are about, as Graph lists these.
 * Source: learn.microsoft.com/graph/api/resources/intune-rbac-operationapprovalpolicytype (beta)
 */
export function policyTypesIn(items: readonly unknown[]): ReadonlySet<PolicyType> {
  const approved = new Set(items.flatMap((item) => (isJsonObject(item) ? [item['policyType']] : [])));
  const types = KINDS.filter(({ approvalType }) => approvalType !== undefined && approved.has(approvalType));
  return new Set(types.map(({ policyType }) => policyType));
}

/**
 * The tenant's requests for approval; undefined as above. None tells what it is about but by its justification.
 * Source: learn.microsoft.com/graph/api/intune-rbac-operationapprovalrequest-list (beta)
 */
export async function approvalRequests(
  send: SendReads,
  base: string,
): Promise<readonly ApprovalRequest[] | undefined> {
  const items = await allOf('/deviceManagement/operationApprovalRequests', send, base);
  return items?.flatMap(({ id, status, requestJustification: justification }) =>
    typeof id === 'string' && typeof status === 'string' && typeof justification === 'string'
      ? [{ code: id, status, justification }]
      : [],
  );
}

async function allOf(url: string, send: SendReads, base: string) {
  const [read] = await readAll([collection(url, base, APPROVAL_PAGES_MAX)], send);
  return read?.kind === 'all' ? read.items.filter(isJsonObject) : undefined;
}
