/** Sends of one row in all before it is given up. */
export const SENDS_MAX = 8;

/**
 * Fewer sends in all, by the status of the last answer: 500 can mean "applied anyway"; 404 says that the object is not there; 409 and 412
 * say that somebody else is at it.
 */
const SENDS_MAX_AFTER: ReadonlyMap<number, number> = new Map([
  [500, 3],
  [404, 4],
  [409, 4],
  [412, 4],
]);

export const sendsMaxAfter = (status: number): number => SENDS_MAX_AFTER.get(status) ?? SENDS_MAX;

/** The first wait before a row is sent again, in windows: a tenth is 2 s of Intune's 20 s. Doubled each time. */
const AGAIN_FIRST_WAIT_WINDOWS = 0.1;
/** The longest such wait: 1 min of Intune's 20 s windows. */
const AGAIN_WAIT_WINDOWS_MAX = 3;

export interface GraphError {
  readonly code: string;
  readonly message: string;
}

/** Graph's answer to one request of a batch, as far as an outcome depends on it. */
export type ReplyToWrite =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly error?: GraphError | undefined;
      readonly retryAfterMs?: number | undefined;
      readonly approvalCode?: string | undefined;
    }
  | { readonly kind: 'lost'; readonly why: string; readonly retryAfterMs?: number | undefined };

/** What became of a change that was sent. */
export type Outcome =
  | { readonly kind: 'succeeded'; readonly httpStatus: number }
  | { readonly kind: 'failed'; readonly httpStatus: number | undefined; readonly error: GraphError }
  /** Graph kept failing (`GaveUp`), or refusing (its own code), and it is not sent again. */
  | { readonly kind: 'gaveUp'; readonly httpStatus: number; readonly error: GraphError }
  /** Not settled, costs no attempt, holds the tenant. */
  | { readonly kind: 'throttled'; readonly retryAfterMs: number | undefined }
  /** Not applied, as far as one can tell; to be sent again after the wait. */
  | {
      readonly kind: 'again';
      readonly waitMs: number;
      readonly httpStatus: number;
      readonly error: GraphError;
    }
  /** Nobody knows whether it was applied: the next read tells. */
  | { readonly kind: 'lost'; readonly waitMs: number; readonly why: string }
  /** Gone, or re-keyed by an earlier try, or not there yet: the policy's list decides. */
  | {
      readonly kind: 'missing';
      readonly waitMs: number;
      readonly isLast: boolean;
      readonly error: GraphError;
    }
  /** A second administrator has to approve it; then it is sent again with the code. */
  | {
      readonly kind: 'awaitingApproval';
      readonly httpStatus: number;
      readonly code: string;
      readonly error: GraphError;
    }
  /** Perhaps somebody was asked for approval before, and that reply was lost: the tenant's requests decide. */
  | { readonly kind: 'askedBefore'; readonly waitMs: number; readonly error: GraphError }
  /** The tenant does not take this kind of write at all; no row pays for that. */
  | { readonly kind: 'routeRefused'; readonly error: GraphError }
  /** The token was refused; no row pays for that. */
  | { readonly kind: 'signIn'; readonly error: GraphError };

/** What can become of a write, for whoever counts: refused with its whole envelope, or as above. */
export const WRITE_OUTCOMES = [
  ...(['succeeded', 'failed', 'gaveUp', 'throttled', 'again', 'lost', 'missing'] as const),
  ...(['awaitingApproval', 'askedBefore', 'routeRefused', 'signIn', 'refused'] as const),
] as const satisfies readonly (Outcome['kind'] | 'refused')[];
export type WriteOutcome = (typeof WRITE_OUTCOMES)[number];

/** Intune's code, with status 400, for a verb that a tenant does not take on a path. It is a sentence, but no prose. */
const ROUTE_REFUSED = 'no method match route template';

/** Statuses that pass: the service was busy, locked or away, or a step before this one failed. */
const PASSING = new Set([408, 423, 424, 425]);

/** Somebody else is changing the object, so that the write was not carried out: "please wait briefly and retry". */
export const isConflict = (status: number): boolean => status === 409 || status === 412;

/**
 * What a reply makes of its row. `sends` counts this send too; `windowMs` scales the waits; `random` in [0, 1) spreads them.
 * Decides by status alone: Graph's prose is shown, never read.
 */
export function outcomeOf(
  reply: ReplyToWrite,
  sends: number,
  windowMs: number,
  random: () => number,
): Outcome {
  const waitMs = waitBeforeSend(sends, windowMs, random);
  if (reply.kind === 'lost') {
    return { kind: 'lost', waitMs: Math.max(waitMs, reply.retryAfterMs ?? 0), why: reply.why };
  }
  const { status } = reply;
  const error = reply.error ?? {
    code: `Http${status}`,
    message: `Graph answered ${status} without saying why.`,
  };
  if (status >= 200 && status < 300) return { kind: 'succeeded', httpStatus: status };
  if (status < 200 || (status >= 300 && status < 400))
    return { kind: 'lost', waitMs, why: `status ${status}` };
  if (status === 429) return { kind: 'throttled', retryAfterMs: reply.retryAfterMs };
  if (status === 401) return { kind: 'signIn', error };
  if (reply.approvalCode !== undefined && status >= 400)
    return { kind: 'awaitingApproval', httpStatus: status, code: reply.approvalCode, error };
  if (status === 400 && error.code.toLowerCase() === ROUTE_REFUSED) return { kind: 'routeRefused', error };
  const isLast = sends >= sendsMaxAfter(status);
  if (status === 404) return { kind: 'missing', waitMs, isLast, error };
  if (!isConflict(status) && status < 500 && !PASSING.has(status))
    return { kind: 'failed', httpStatus: status, error };
  if (!isLast)
    return { kind: 'again', waitMs: Math.max(waitMs, reply.retryAfterMs ?? 0), httpStatus: status, error };
  return {
    ...{ kind: 'gaveUp', httpStatus: status },
    error: isConflict(status) ? error : gaveUp(sends, status, error),
  };
}

const gaveUp = (sends: number, status: number, error: GraphError): GraphError => ({
  code: 'GaveUp',
  message: `Sent ${sends} times; the last answer was ${status} ${error.code}: ${error.message}`,
});

/** The end of a row whose replies were lost until nothing more may be sent, and whose target the read did not find. */
export const replyLost = (sends: number, why: string): GraphError => ({
  code: 'ReplyLost',
  message: `Sent ${sends} times without a readable reply (${why}), and the tenant does not hold the target.`,
});

function waitBeforeSend(sends: number, windowMs: number, random: () => number): number {
  const windows = Math.min(AGAIN_WAIT_WINDOWS_MAX, AGAIN_FIRST_WAIT_WINDOWS * 2 ** (sends - 1));
  return Math.round(windows * windowMs * (0.5 + random() / 2));
}
