import { randomBytes, randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import pRetry from 'p-retry';
import { isJsonObject } from '../../assignments/values/json.ts';
import type { GraphError } from '../../assignments/changes/outcome.ts';
import { allLost, envelopeOf, inOrderAsked } from './batchEnvelope.ts';
import type { BatchEnvelope, BatchRequest, LostWhy, Reply } from './batchEnvelope.ts';
import { CONNECTION_LIMITS, openConnections } from './connections.ts';
import type { ConnectionLimits } from './connections.ts';
import type { Credentials } from '../auth/credentials.ts';
import { exchange } from './exchange.ts';
import type { Exchange, ExchangeRequest } from './exchange.ts';
import { graphError } from './graphError.ts';
import { answerInWords } from './answerInWords.ts';
import { ACCEPT_ENCODING, textIn } from './contentEncoding.ts';
import { headerOf } from './headers.ts';
import { replyJson } from './parsedJson.ts';
import type { Proxy } from './proxy.ts';
import { tokenGuard, type TokenGuard } from '../auth/redact.ts';
import { retryAfterMs } from './retryAfter.ts';
import { sentRequest, type RequestTrace, type SentRequest } from './sentRequest.ts';
import { NotSentError, unreachedError } from './unreached.ts';
import type { Unreached } from './unreached.ts';

/** Time for a whole call, its tries to connect included. After it nothing of the call is under way any more. */
export const REQUEST_TIMEOUT_MS = 90_000;
/** Further tries to connect, after growing, jittered pauses from CONNECT_PAUSE_MS on. */
const CONNECT_RETRIES_MAX = 3;
const CONNECT_PAUSE_MS = 500;

/** What became of one `$batch` call. */
export type EnvelopeReply =
  /** One reply per request, in the order asked. */
  | {
      readonly kind: 'replies';
      readonly replies: readonly Reply[];
      readonly requestId?: string | undefined;
      readonly date?: string | undefined;
    }
  /** 4xx for the whole of it: nothing of it was run. */
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly retryAfterMs?: number | undefined;
      readonly error: GraphError;
      /** True when its words are none of Graph's: something in between has answered. */
      readonly isForeign?: boolean;
      readonly requestId?: string | undefined;
      readonly date?: string | undefined;
    }
  /** No byte of it left: no connection, or none in time. */
  | { readonly kind: 'unreached'; readonly error: Unreached };

export interface PostOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds from now; what could not be sent by then is not sent any more and comes back `unreached`. */
  readonly deadlineMs?: number | undefined;
  /** For Graph's logs: `User-Agent: retarget/<version> run/<id>`. */
  readonly runId?: string | undefined;
}

export interface GraphClient {
  /**
   * Sends one to BATCH_SIZE_MAX requests together. Whatever the network does is a value. It rejects with the signal's
   * reason when aborted, with what `credentials.token()` throws, and for bugs. An aborted call may have reached Graph.
   */
  postBatch(requests: readonly BatchRequest[], options?: PostOptions): Promise<EnvelopeReply>;
  /** For the end, when the calls have ended: one that is still under way is broken off and `lost`. */
  close(): Promise<void>;
}

export interface GraphClientOptions {
  /** From `graphRootFrom`. */
  readonly root: string;
  readonly apiVersion: 'beta' | 'v1.0';
  readonly credentials: Credentials;
  /** `retarget/<version>`. */
  readonly userAgent: string;
  readonly trace?: RequestTrace | undefined;
  /** What requests go through, from `proxyFor`. */
  readonly proxy?: Proxy | undefined;
  /** For tests. */
  readonly newMark?: () => string;
  /** For tests. */
  readonly limits?: Partial<ConnectionLimits & { readonly requestMs: number }> | undefined;
}

export function createGraphClient(options: GraphClientOptions): GraphClient {
  const { root, apiVersion, credentials, userAgent, trace, proxy, newMark = randomMark } = options;
  const limits = { ...CONNECTION_LIMITS, requestMs: REQUEST_TIMEOUT_MS, ...options.limits };
  const { origin, pathname } = new URL(`${root}/${apiVersion}/$batch`);
  const connections = openConnections(origin, limits, proxy);

  return {
    async postBatch(requests, { signal, deadlineMs = limits.requestMs, runId } = {}) {
      const startedMs = performance.now();
      const clientRequestId = randomUUID();
      const token = await credentials.token(signal);
      const guard = tokenGuard(token);
      const envelope = envelopeOf(requests, newMark());
      const request: ExchangeRequest = {
        origin,
        path: pathname,
        body: JSON.stringify(envelope),
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          accept: 'application/json',
          'accept-encoding': ACCEPT_ENCODING,
          'user-agent': runId === undefined ? userAgent : `${userAgent} run/${runId}`,
          'client-request-id': clientRequestId,
        },
        sendByMs: startedMs + deadlineMs,
        endByMs: startedMs + limits.requestMs,
        signal,
      };
      const traced = (reply: EnvelopeReply): EnvelopeReply => {
        const tookMs = performance.now() - startedMs;
        if (trace !== undefined) for (const sent of sentIn(requests, reply, tookMs)) trace.sent(sent);
        return reply;
      };
      try {
        const sent = await pRetry(() => sentOrThrown(exchange(connections.pool, request)), {
          retries: CONNECT_RETRIES_MAX,
          minTimeout: CONNECT_PAUSE_MS,
          randomize: true,
          maxRetryTime: Math.max(0, request.sendByMs - performance.now()),
          shouldRetry: ({ error }) => error instanceof NotSentError && error.isWorthATry,
          onFailedAttempt: ({ error }) => trace?.notReached(error.message),
          signal,
        });
        const reply = envelopeReplyOf(await read(sent, limits.replyBytes), envelope, guard);
        if (sees503(reply)) connections.renew();
        return traced(reply);
      } catch (error) {
        if (error instanceof NotSentError)
          return traced({ kind: 'unreached', error: unreachedError(error, origin) });
        throw error;
      }
    },
    close: () => connections.close(),
  };
}

/** Enough that no two envelopes of anybody's have one mark. */
const randomMark = (): string => randomBytes(6).toString('hex');

type Sent = Exclude<Exchange, { kind: 'notSent' }>;

/** p-retry repeats what throws. Only what was not sent may be repeated, so only that throws. */
async function sentOrThrown(pending: Promise<Exchange>): Promise<Sent> {
  const result = await pending;
  if (result.kind === 'notSent') throw new NotSentError(result.cause);
  return result;
}

type Lost = Extract<Sent, { kind: 'lost' }>;

/** A reply that came, with its body as text: what there is of it. */
type Read = Omit<Extract<Sent, { kind: 'answered' }>, 'bytes'> & { readonly text: string };

async function read(sent: Sent, bytesMax: number): Promise<Read | Lost> {
  if (sent.kind === 'lost') return sent;
  const { bytes, ...head } = sent;
  if (sent.cut !== undefined) return { ...head, text: '' };
  const found = await textIn(bytes, sent.headers, bytesMax);
  return 'why' in found ? { ...head, text: '', cut: found.why } : { ...head, text: found.text };
}

function envelopeReplyOf(sent: Read | Lost, envelope: BatchEnvelope, guard: TokenGuard): EnvelopeReply {
  const count = envelope.requests.length;
  if (sent.kind === 'lost') return { kind: 'replies', replies: allLost(count, sent) };
  const { status, headers, text, cut } = sent;
  const said = (name: string): string | undefined => {
    const value = headerOf(headers, name);
    return value === undefined ? undefined : guard.hidden(value);
  };
  const requestId = said('request-id');
  const date = said('date');
  const arrival = { date, nowMs: Date.now() };
  const waitMs = retryAfterMs(headers, arrival);
  const lostByStatus = whyLostAs(status);

  if (status >= 400 && lostByStatus === undefined) {
    const words = graphError(text, guard.hidden);
    const error = words ?? {
      code: `Http${status}`,
      message: `Something between here and Graph answered: ${answerInWords(sent, guard)}.`,
    };
    return {
      kind: 'refused',
      status,
      retryAfterMs: waitMs,
      error,
      isForeign: words === undefined,
      requestId,
      date,
    };
  }
  const parsed = replyJson(text);
  const why = lostByStatus ?? cut ?? ('why' in parsed ? parsed.why : undefined);
  const body = 'body' in parsed ? parsed.body : undefined;
  const replies =
    why === undefined
      ? inOrderAsked(envelope, isJsonObject(body) ? body['responses'] : undefined, guard, arrival)
      : allLost(count, { kind: 'lost', why, status, retryAfterMs: waitMs, saw: answerInWords(sent, guard) });
  return { kind: 'replies', replies, requestId, date };
}

/** Envelopes that may have been run, in part or whole, though their status says no. */
function whyLostAs(status: number): LostWhy | undefined {
  if (status >= 500) return 'serverError';
  // Something in between lost patience, perhaps after it had passed the request on.
  if (status === 408) return 'timedOut';
  return status >= 300 && status < 400 ? 'redirected' : undefined;
}

const sentIn = (requests: readonly BatchRequest[], reply: EnvelopeReply, tookMs: number): SentRequest[] =>
  requests.map((request, at) => sentRequest(request, answerAt(reply, at), Math.round(tookMs)));

/** What stands for the answer of one request: an envelope that was refused answers for all. */
function answerAt(reply: EnvelopeReply, at: number): Reply | undefined {
  switch (reply.kind) {
    case 'replies':
      return reply.replies[at];
    case 'refused':
      return { ...reply, kind: 'answered', body: undefined };
    case 'unreached':
      return undefined;
  }
}

/** Graph wants the next try after a 503 on a new connection: another front end may be well. */
const sees503 = (reply: EnvelopeReply): boolean =>
  reply.kind === 'replies' && reply.replies.some(({ status }) => status === 503);
