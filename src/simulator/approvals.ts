import type { GraphRequest } from './requestToGraph.ts';
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { badForIntune, type Refused } from './refused.ts';
import { inputError, SimulatorInputError, type SimulatorSettings } from './settings.ts';

/**
 * Intune's Multi Admin Approval: a write is filed, another administrator decides, and the same write is sent again.
 *
 * Documented (learn.microsoft.com, "Use Multi Admin Approval with the Microsoft Graph API"): POST, PATCH, PUT and DELETE
 * only; the header `x-msft-approval-justification` in base64; the answer 403 `ApprovalRequired` with the header
 * `x-msft-approval-code`; the original request again with that header in place of the justification; the states of
 * `GET /deviceManagement/operationApprovalRequests`.
 *
 * Seen by users, not documented: 400 with these messages for a justification that is missing, is no base64 or is longer than
 * 1024 characters, and for a code that is no GUID; 412 `BadRequest` in place of the 403; 409 for a justification while a
 * request for the same entity is open, without its code; expiry after three days.
 *
 * Assumed: that the entity is what the URL names; that a code is for exactly its method, URL and body, and good once; how
 * codes are refused that are unknown, undecided, rejected, expired, used or another request's; that an approval which
 * nobody has used expires as well; that a request which is refused anyway is not filed.
 */
export interface Approvals {
  /** Why a write does not go through; undefined when it may, which uses its approval up. */
  judge(request: GraphRequest): Refused | undefined;
  /** @throws {SimulatorInputError} when no undecided request has this code. */
  decide(code: string, decision: Decision): ApprovalRequest;
  /** All that were filed, oldest first. */
  list(): ApprovalRequest[];
}

export type Decision = 'approved' | 'rejected';

export interface ApprovalRequest {
  readonly code: string;
  readonly status: 'needsApproval' | Decision | 'completed' | 'expired';
  readonly method: string;
  /** Without root and version. */
  readonly url: string;
  /** Decoded. */
  readonly justification: string;
  /** ISO, UTC. */
  readonly requestedAt: string;
  readonly expiresAt: string;
}

interface Filed {
  readonly code: string;
  readonly request: GraphRequest;
  readonly justification: string;
  readonly filedMs: number;
  readonly expiresMs: number;
  decided: 'needsApproval' | Decision | 'completed';
}

const JUSTIFICATION_HEADER = 'x-msft-approval-justification';
const CODE_HEADER = 'x-msft-approval-code';
const JUSTIFICATION_CHARACTERS_MAX = 1024;

/** @param nowMs the time in milliseconds since 1970. */
export function openApprovals(settings: () => SimulatorSettings, nowMs: () => number): Approvals {
  const byCode = new Map<string, Filed>();
  /** The last request filed for each entity. */
  const byEntity = new Map<string, Filed>();

  const statusOf = ({ decided, expiresMs }: Filed): ApprovalRequest['status'] =>
    (decided === 'needsApproval' || decided === 'approved') && nowMs() >= expiresMs ? 'expired' : decided;

  const file = (request: GraphRequest, header: string): Refused => {
    const justification = readJustification(header);
    if (typeof justification !== 'string') return justification.refused;
    const entity = entityOf(request);
    const last = byEntity.get(entity);
    if (last !== undefined && ['needsApproval', 'approved'].includes(statusOf(last))) return ALREADY_OPEN;
    const filedMs = nowMs();
    const expiresMs = filedMs + settings().approvalExpiryMs;
    const filed: Filed = {
      code: randomUUID(),
      request,
      justification,
      filedMs,
      expiresMs,
      decided: 'needsApproval',
    };
    byCode.set(filed.code, filed);
    byEntity.set(entity, filed);
    return approvalRequired(filed.code, settings().approvalStatus);
  };

  const redeem = (request: GraphRequest, code: string): Refused | undefined => {
    if (!GUID.test(code)) return badForIntune('Invalid approval header format, expected GUID format');
    const filed = byCode.get(code.toLowerCase());
    if (filed === undefined)
      return refusedCode(404, 'ApprovalNotFound', 'There is no approval request with this code.');
    if (!isSame(request, filed.request)) {
      return refusedCode(400, 'ApprovalMismatch', 'The approval request was made for another operation.');
    }
    const status = statusOf(filed);
    switch (status) {
      case 'needsApproval':
        return approvalRequired(filed.code, settings().approvalStatus);
      case 'rejected':
        return refusedCode(403, 'ApprovalRejected', 'The approval request was rejected.');
      case 'expired':
        return refusedCode(403, 'ApprovalExpired', 'The approval request has expired.');
      case 'completed':
        return refusedCode(409, 'ApprovalCompleted', 'The approval request was completed already.');
      case 'approved':
        filed.decided = 'completed';
        return undefined;
    }
  };

  const shown = (filed: Filed): ApprovalRequest => ({
    code: filed.code,
    status: statusOf(filed),
    method: filed.request.method,
    url: filed.request.url,
    justification: filed.justification,
    requestedAt: new Date(filed.filedMs).toISOString(),
    expiresAt: new Date(filed.expiresMs).toISOString(),
  });

  return {
    judge(request) {
      const justification = request.headers[JUSTIFICATION_HEADER];
      const code = request.headers[CODE_HEADER];
      // With both a request is filed anew: the code does not win.
      if (justification !== undefined || code === undefined) return file(request, justification ?? '');
      return redeem(request, code);
    },
    decide(code, decision) {
      const filed = byCode.get(code.toLowerCase());
      if (filed === undefined || statusOf(filed) !== 'needsApproval') {
        throw new SimulatorInputError(
          `No request waits for a decision under the code ${code}.`,
          'Take the code of one that GET /simulator/approvals shows as needsApproval.',
        );
      }
      filed.decided = decision;
      return shown(filed);
    },
    list: () => [...byCode.values()].map(shown),
  };
}

const codeSchema = z.strictObject({ code: z.string() });

/**
 * The code in the body of `POST /simulator/approve` and `…/reject`: `{"code": "…"}`.
 * @throws {SimulatorInputError} when there is none.
 */
export function readCode(body: unknown): string {
  const parsed = codeSchema.safeParse(body);
  if (!parsed.success) throw inputError('No approval is named', parsed.error);
  return parsed.data.code;
}

function readJustification(header: string): string | { refused: Refused } {
  if (header === '') {
    return { refused: badForIntune(`Header '${JUSTIFICATION_HEADER}' is required to request approval`) };
  }
  if (!BASE64.test(header)) {
    return { refused: badForIntune(`'${JUSTIFICATION_HEADER}' must be a valid base64 encoded string.`) };
  }
  const decoded = Buffer.from(header, 'base64').toString();
  if (decoded.length <= JUSTIFICATION_CHARACTERS_MAX) return decoded;
  const message =
    `Decoded content of '${JUSTIFICATION_HEADER}' header must be no greater than ` +
    `${JUSTIFICATION_CHARACTERS_MAX} characters`;
  return { refused: badForIntune(message) };
}

const BASE64 = /^(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$/;
const GUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

function approvalRequired(code: string, status: 403 | 412): Refused {
  return {
    status,
    code: status === 403 ? 'ApprovalRequired' : 'BadRequest',
    message:
      `Approval Required. Request Approval using the request ID returned as part of the ${CODE_HEADER} response ` +
      `header. ${CODE_HEADER}: ${code}`,
    born: 'gateway',
    headers: { [CODE_HEADER]: code },
  };
}

const ALREADY_OPEN: Refused = {
  status: 409,
  code: 'Conflict',
  message: 'An active Approval Request already exists for this entity.',
  born: 'intune',
};

const refusedCode = (status: number, code: string, message: string): Refused => ({
  status,
  code,
  message,
  born: 'intune',
});

const entityOf = ({ url }: GraphRequest): string => (url.split('?')[0] ?? url).toLowerCase();

const isSame = (one: GraphRequest, other: GraphRequest): boolean =>
  one.version === other.version &&
  one.method === other.method &&
  entityOf(one) === entityOf(other) &&
  isDeepStrictEqual(one.body, other.body);
