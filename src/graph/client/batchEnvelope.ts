import { isJsonObject } from '../../assignments/values/json.ts';
import type { JsonObject } from '../../assignments/values/json.ts';
import type { GraphError } from '../../assignments/changes/outcome.ts';
import { graphError, innerErrorText } from './graphError.ts';
import { headerOf } from './headers.ts';
import { retryAfterMs } from './retryAfter.ts';
import type { TokenGuard } from '../auth/redact.ts';
import type { Arrival } from './retryAfter.ts';
import { withheldFor } from './withheld.ts';
import type { Withheld } from './withheld.ts';

/** Requests in one `$batch`. Source: learn.microsoft.com/graph/json-batching, "Batch size limitations". */
export const BATCH_SIZE_MAX = 20;

/** One request of a batch. */
export interface BatchRequest {
  readonly method: 'GET' | 'PATCH' | 'POST' | 'DELETE';
  /** Relative to the API version: `/deviceManagement/…`. */
  readonly url: string;
  readonly body?: unknown;
  /** Besides those that every request has. */
  readonly headers?: Readonly<Record<string, string>>;
  /** New for every try, so that Graph's logs tell tries apart. */
  readonly clientRequestId: string;
}

/** Why nobody knows whether a request was carried out. */
export type LostWhy =
  /** The envelope came, without a reply of this id. */
  | 'missing'
  /** Two replies of this id with different statuses. */
  | 'ambiguous'
  /** A reply without a status between 200 and 599. */
  | 'noStatus'
  /** A 3xx: redirects of a write are not followed. */
  | 'redirected'
  /** Not the shape of a batch reply, or not HTTP at all. */
  | 'unreadable'
  /** The envelope is no JSON: mostly a page from a gateway. */
  | 'notJson'
  /** The envelope itself was answered with a 5xx. */
  | 'serverError'
  /** The connection ended before the reply began … */
  | 'reset'
  /** … and within it. */
  | 'cutShort'
  | 'timedOut'
  /** More than REPLY_BYTES_MAX, or nested too deep to be parsed. */
  | 'tooLarge';

/** Graph's answer to one request. */
export type Reply =
  | {
      readonly kind: 'answered';
      /** 2xx, 4xx or 5xx. */
      readonly status: number;
      /** Milliseconds from the reply's arrival, at most RETRY_AFTER_MAX_MS. */
      readonly retryAfterMs?: number | undefined;
      readonly requestId?: string | undefined;
      readonly clientRequestId?: string | undefined;
      /** Graph's clock as it wrote it. */
      readonly date?: string | undefined;
      /** Of a write that a second administrator has to approve first. */
      readonly approvalCode?: string | undefined;
      /** Only where the body has one; a success never does. */
      readonly error?: GraphError | undefined;
      /** Undefined where it is withheld. */
      readonly body: unknown;
      readonly withheld?: Withheld | undefined;
    }
  /** It may have been carried out or not: look before the next write. */
  | {
      readonly kind: 'lost';
      readonly why: LostWhy;
      /** Of this reply, or of the envelope when that was lost as a whole. */
      readonly status?: number | undefined;
      readonly retryAfterMs?: number | undefined;
      /** What answered instead of Graph, for whoever has to find it. */
      readonly saw?: string | undefined;
    };

export interface BatchEnvelope {
  readonly requests: readonly {
    readonly id: string;
    readonly method: string;
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: unknown;
  }[];
}

/**
 * The body of a `$batch` call of one to BATCH_SIZE_MAX requests.
 * @param mark in lower case, and of this call alone: ids that come again with each call would let the answer to an earlier one, which
 * something in between gives once more, pass for that to this one
 */
export function envelopeOf(requests: readonly BatchRequest[], mark: string): BatchEnvelope {
  if (requests.length < 1 || requests.length > BATCH_SIZE_MAX) {
    throw new RangeError(`A batch holds 1 to ${BATCH_SIZE_MAX} requests, not ${requests.length}.`);
  }
  return {
    requests: requests.map(({ method, url, body, clientRequestId, headers: more }, index) => {
      const id = idIn(mark, index);
      const headers = { 'client-request-id': clientRequestId, ...more };
      if (body === undefined) return { id, method, url, headers };
      return {
        id,
        method,
        url,
        headers: { ...headers, 'Content-Type': 'application/json' },
        body,
      };
    }),
  };
}

const idIn = (mark: string, index: number): string => `${mark}-${index}`;

/**
 * One reply per request, in the order asked, whatever order, gaps, repetitions and shapes `responses` has. Ids that nobody
 * asked with are ignored. When an id comes twice, the first counts if both say the
 * same status; else it is lost, as either could be the truth. A reply that never came is lost, not done.
 */
export function inOrderAsked(
  { requests }: { readonly requests: readonly { readonly id: string }[] },
  responses: unknown,
  guard: TokenGuard,
  arrival: Arrival = {},
): Reply[] {
  if (!Array.isArray(responses)) return allLost(requests.length, { kind: 'lost', why: 'unreadable' });
  const byId = new Map<string, Reply>();
  for (const response of responses as readonly unknown[]) {
    const id = isJsonObject(response) ? response['id'] : undefined;
    if (!isJsonObject(response) || typeof id !== 'string') continue;
    const reply = replyIn(response, guard, arrival);
    const earlier = byId.get(id);
    if (earlier === undefined) byId.set(id, reply);
    else if (earlier.status !== reply.status) byId.set(id, { kind: 'lost', why: 'ambiguous' });
  }
  return requests.map(({ id }) => byId.get(id) ?? { kind: 'lost', why: 'missing' });
}

/** The same loss for each of `count` requests. */
export const allLost = (count: number, lost: Extract<Reply, { kind: 'lost' }>): Reply[] =>
  Array.from({ length: count }, () => lost);

function replyIn(response: JsonObject, guard: TokenGuard, arrival: Arrival): Reply {
  const { status, headers, body } = response;
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 200 || status > 599) {
    return { kind: 'lost', why: 'noStatus' };
  }
  if (status >= 300 && status < 400) return { kind: 'lost', why: 'redirected', status };
  const withheld = withheldFor(body, guard);
  const said = (name: string): string | undefined => {
    const text = headerOf(headers, name) ?? innerErrorText(body, name);
    return text === undefined ? undefined : guard.hidden(text);
  };
  // With a token in it, it can be kept by nobody, nor sent again.
  const approvalCode = headerOf(headers, 'x-msft-approval-code');
  return {
    kind: 'answered',
    status,
    retryAfterMs: retryAfterMs(headers, arrival),
    requestId: said('request-id'),
    clientRequestId: said('client-request-id'),
    date: said('date'),
    approvalCode: approvalCode !== undefined && guard.holds(approvalCode) ? undefined : approvalCode,
    error: status >= 400 ? graphError(body, guard.hidden) : undefined,
    body: withheld === undefined ? body : undefined,
    ...(withheld !== undefined && { withheld }),
  };
}
