import { isConflict, sendsMaxAfter, type Outcome } from '../assignments/changes/outcome.ts';
import { approvalRequests, type ApprovalRequest } from '../graph/reads/approvals.ts';
import type { RowUpdate } from '../runs/batchRow.ts';
import type { Run } from '../runs/run.ts';
import type { WorkerDeps } from './deps.ts';
import type { NeededWrite, Sorted } from './needed.ts';
import { readsWithin } from './limiter/permittedReads.ts';
import { awaiting, failure, definedFields } from './rowUpdate.ts';

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
export const codeOf = ({ decisions }: Pick<NeededWrite, 'decisions'>): string | undefined =>
  decisions.map(({ row }) => row.detail.approvalCode).find((code) => code !== undefined);

/** Run and line stand in it, so that a request is found again whose code was lost with its reply: nothing else tells whose it is. */
const justificationOf = ({ runId, options }: Run, { decisions }: NeededWrite): string | undefined =>
  options.justification === null
    ? undefined
    : `${options.justification} (retarget ${runId}, line ${decisions[0]?.row.input.line})`;

/**
 * A 409 to a write that asked for approval may say that somebody was asked already: then the tenant's list of requests decides. One to
 * a write that went with a code is about that code, and no sending again mends it.
 */
export function asAsked(outcome: Outcome, run: Run, write: NeededWrite): Outcome {
  if (outcome.kind !== 'again' && outcome.kind !== 'gaveUp') return outcome;
  if (!isConflict(outcome.httpStatus)) return outcome;
  const { httpStatus, error } = outcome;
  if (codeOf(write) !== undefined) return { kind: 'failed', httpStatus, error };
  if (httpStatus !== 409 || run.options.justification === null) return outcome;
  return { kind: 'askedBefore', waitMs: outcome.kind === 'again' ? outcome.waitMs : 0, error };
}

/**
 * Settles the writes whose last answer was such a 409: those whose request is found await approval with its code. The others are sent
 * again a few times, as any write that meets a conflict, and have failed then. What another has asked for is not ours to send.
 */
export async function withAskedBefore(
  { records, needed }: Sorted,
  run: Run,
  deps: WorkerDeps,
  signal: AbortSignal,
): Promise<Sorted> {
  if (run.options.justification === null || !needed.some(hadConflict)) return { records, needed };
  const { limiter, graphOf, now } = deps;
  const send = readsWithin({ limiter, graph: graphOf('beta') }, run.runId, signal);
  const requests = await approvalRequests(send, `${run.graphUrl}/beta`);
  const asked = needed
    .filter(hadConflict)
    .map((write) => ({ write, request: openRequest(justificationOf(run, write), requests) }))
    .filter(({ write, request }) => request !== undefined || !maySendAgain(write));
  const settled = asked.flatMap(({ write, request }) => recordsOf(write, request, now()));
  const isSettled = new Set(asked.map(({ write }) => write));
  return { records: [...records, ...settled], needed: needed.filter((write) => !isSettled.has(write)) };
}

const hadConflict = (write: NeededWrite): boolean =>
  codeOf(write) === undefined &&
  write.decisions.some(({ row }) => row.state === 'unsure' && row.detail.httpStatus === 409);

const maySendAgain = ({ decisions }: NeededWrite): boolean =>
  decisions.every(({ row }) => row.attempts < sendsMaxAfter(409));

const OPEN: ReadonlySet<string> = new Set(['needsApproval', 'approved']);

const openRequest = (
  justification: string | undefined,
  requests: readonly ApprovalRequest[] | undefined,
): ApprovalRequest | undefined =>
  requests?.find((request) => OPEN.has(request.status) && request.justification === justification);

const recordsOf = (
  { decisions }: NeededWrite,
  request: ApprovalRequest | undefined,
  at: number,
): RowUpdate[] =>
  decisions.map(({ row: { place, attempts, detail } }): RowUpdate => {
    const { requestId, clientRequestId, throttledMs, errorCode = 'Http409', errorMessage = '' } = detail;
    const said = { at, ...definedFields({ requestId, clientRequestId, throttledMs }) };
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
