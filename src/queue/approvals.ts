import type { Outcome } from '../assignments/changes/outcome.ts';
import { approvalRequests, type ApprovalRequest } from '../graph/approvals.ts';
import type { RowUpdate } from '../runs/batchRow.ts';
import type { Run } from '../runs/run.ts';
import type { Edges } from './edges.ts';
import type { NeededWrite, Sorted } from './needed.ts';
import { readsWithin } from './reads.ts';
import { awaiting, failure, spoken } from './rowUpdate.ts';

/**
 * What a tenant with Multi Admin Approval wants to see with a write: why, or, once somebody was asked, the code of that request
 * instead.
 * Source: learn.microsoft.com/intune/intune-service/fundamentals/multi-admin-approval (Graph).
 */
export function approvalHeaders(run: Run, write: NeededWrite): Record<string, string> {
  const code = codeOf(write);
  if (code !== undefined) return { 'x-msft-approval-code': code };
  const justification = justificationOf(run, write);
  if (justification === undefined) return {};
  return { 'x-msft-approval-justification': Buffer.from(justification, 'utf8').toString('base64') };
}

/** The code that a write goes with; all rows of a list have one. */
export const codeOf = ({ rows }: Pick<NeededWrite, 'rows'>): string | undefined =>
  rows.map(({ row }) => row.detail.approvalCode).find((code) => code !== undefined);

/** Run and line stand in it, so that a request is found again whose code was lost with its reply: nothing else tells whose it is. */
const justificationOf = ({ runId, options }: Run, { rows }: NeededWrite): string | undefined =>
  options.justification === null
    ? undefined
    : `${options.justification} (retarget ${runId}, line ${rows[0]?.row.input.line})`;

/** A 409 to a write that asked for approval may say that somebody was asked already: then the tenant's list of requests decides. */
export const asAsked = (outcome: Outcome, run: Run, write: NeededWrite): Outcome =>
  outcome.kind === 'failed' &&
  outcome.httpStatus === 409 &&
  run.options.justification !== null &&
  codeOf(write) === undefined
    ? { kind: 'conflict', error: outcome.error }
    : outcome;

/**
 * Settles the writes whose last answer was such a 409: those whose request is found await approval with its code, the others have
 * failed. What another has asked for is not ours to send.
 */
export async function withAskedBefore(
  { records, needed }: Sorted,
  run: Run,
  edges: Edges,
  signal: AbortSignal,
): Promise<Sorted> {
  if (!needed.some(hadConflict)) return { records, needed };
  const { ledger, graphOf, now } = edges;
  const send = readsWithin({ ledger, graph: graphOf('beta') }, run.runId, signal);
  const requests = await approvalRequests(send, `${run.graphUrl}/beta`);
  const settled = needed
    .filter(hadConflict)
    .flatMap((write) => recordsOf(write, openRequest(justificationOf(run, write), requests), now()));
  return { records: [...records, ...settled], needed: needed.filter((write) => !hadConflict(write)) };
}

const hadConflict = (write: NeededWrite): boolean =>
  codeOf(write) === undefined &&
  write.rows.some(({ row }) => row.state === 'unsure' && row.detail.httpStatus === 409);

const OPEN: ReadonlySet<string> = new Set(['needsApproval', 'approved']);

const openRequest = (
  justification: string | undefined,
  requests: readonly ApprovalRequest[] | undefined,
): ApprovalRequest | undefined =>
  requests?.find((request) => OPEN.has(request.status) && request.justification === justification);

const recordsOf = ({ rows }: NeededWrite, request: ApprovalRequest | undefined, at: number): RowUpdate[] =>
  rows.map(({ row: { place, attempts, detail } }): RowUpdate => {
    const { requestId, clientRequestId, throttledMs, errorCode = 'Conflict', errorMessage = '' } = detail;
    const said = { at, ...spoken({ requestId, clientRequestId, throttledMs }) };
    if (request === undefined) {
      const error = { code: errorCode, message: `${errorMessage} ${NOT_FOUND}` };
      return { place, state: 'failed', attempts, detail: { ...said, ...failure(409, error) } };
    }
    const error = awaiting(request.code, 'it was asked for before.');
    const more = { ...failure(409, error), approvalCode: request.code };
    return { place, state: 'awaitingApproval', attempts, detail: { ...said, ...more } };
  });

const NOT_FOUND =
  'If a request for approval is open for it, it is none that this run is seen to have made: have it decided or cancelled in Intune, then `retarget retry`.';
