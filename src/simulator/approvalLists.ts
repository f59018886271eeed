import type { Approvals } from './approvals.ts';
import { page, selected, type Page } from './odata.ts';
import { badModel } from './refused.ts';
import { kindOfType, type PolicyType } from './policyKinds.ts';

/** What a read of Multi Admin Approval is answered from. */
export interface ApprovalsDeps {
  readonly approvals: Approvals;
  readonly approvalFor: readonly PolicyType[];
  readonly pageSize: number;
}

/**
 * Answers a GET of `operationApprovalPolicies`, one for each policy type whose writes need approval, or of
 * `operationApprovalRequests`, all that were filed.
 *
 * @param query already found to be one that OData knows
 * @param address of the list, absolute and without query
 */
export function answerApprovals(
  kind: 'approvalPolicies' | 'approvalRequests',
  query: URLSearchParams,
  address: string,
  { approvals, approvalFor, pageSize }: ApprovalsDeps,
): Page {
  const filter = query.get('$filter');
  const id = filter === null ? undefined : idWanted(filter);
  if (filter !== null && id === undefined) {
    return { refused: badModel(`The filter '${filter}' is not supported.`) };
  }
  const all = kind === 'approvalPolicies' ? policiesAsRead(approvalFor) : requestsAsRead(approvals);
  const wanted = id === undefined ? all : all.filter((item) => item.id === id);
  return page(wanted, query, address, pageSize, (item) => selected(item, query));
}

/** The guide to Multi Admin Approval filters by `requestId`; the entity as documented has that as its `id`. */
const idWanted = (filter: string): string | undefined => /^(?:requestId|id) eq '([^']*)'$/.exec(filter)?.[1];

const policiesAsRead = (types: readonly PolicyType[]): Record<string, unknown>[] =>
  types.map((type) => ({
    '@odata.type': '#microsoft.graph.operationApprovalPolicy',
    id: `approval-of-${type}`,
    displayName: `Approval of every ${type}`,
    policyType: kindOfType(type).approvalType,
  }));

const requestsAsRead = (approvals: Approvals): Record<string, unknown>[] =>
  approvals.list().map(({ code, status, justification, requestedAt, expiresAt }) => ({
    '@odata.type': '#microsoft.graph.operationApprovalRequest',
    id: code,
    requestDateTime: requestedAt,
    expirationDateTime: expiresAt,
    status,
    requestJustification: justification,
  }));
