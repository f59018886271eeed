import type { BatchRequest, Reply } from './batchEnvelope.ts';

/** One request of a `$batch` and what came of it, for whoever traces what a run does. It holds no token and no body. */
export interface SentRequest {
  readonly method: BatchRequest['method'];
  /** Relative to the API version. */
  readonly path: string;
  /** Of its own reply; undefined: there was none. */
  readonly status: number | undefined;
  /** Why nobody knows what became of it; undefined: it was answered. */
  readonly lost: string | undefined;
  /** What Microsoft's support asks for. */
  readonly requestId: string | undefined;
  readonly clientRequestId: string;
  /** From the first try to connect to the last byte of the envelope's reply. */
  readonly tookMs: number;
}

/** Is told what goes over the wire and what came of it. */
export interface RequestTrace {
  /** Of each request, when its envelope was answered, lost, or could not be sent. */
  sent(request: SentRequest): void;
  /** Of each try to connect that has failed. */
  notReached(why: string): void;
}

export const sentRequest = (
  request: BatchRequest,
  reply: Reply | undefined,
  tookMs: number,
): SentRequest => ({
  method: request.method,
  path: request.url,
  status: reply?.status,
  lost: reply === undefined ? 'notSent' : reply.kind === 'lost' ? reply.why : undefined,
  requestId: reply?.kind === 'answered' ? reply.requestId : undefined,
  clientRequestId: request.clientRequestId,
  tookMs,
});
