import { performance } from 'node:perf_hooks';
import { errors } from 'undici';
import type { Dispatcher } from 'undici';
import type { LostWhy } from './batchEnvelope.ts';

/** How far one request came. The line that matters runs between `notSent` and the other two. */
export type Exchange =
  /** Headers came. `cut` says why the body is not whole; undefined when it is. */
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly headers: Readonly<Record<string, unknown>>;
      readonly bytes: Buffer;
      readonly cut: LostWhy | undefined;
    }
  /** It was, or may have been, sent, and no answer came. */
  | { readonly kind: 'lost'; readonly why: LostWhy }
  /** Not one byte of it was written to a connection. */
  | { readonly kind: 'notSent'; readonly cause: Error };

export interface ExchangeRequest {
  readonly origin: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** On `performance.now()`'s clock: later than this it is not written any more … */
  readonly sendByMs: number;
  /** … and later than this it is broken off and its connection destroyed. */
  readonly endByMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** The code of a request that was not sent, though there was a connection, as its time was over. */
export const SEND_TOO_LATE = 'SEND_TOO_LATE';

/** The request was ready too late to be sent. */
export class SendTooLateError extends Error {
  override readonly name = 'SendTooLateError';
  readonly code = SEND_TOO_LATE;
}

class OverallTimeoutError extends Error {
  override readonly name = 'OverallTimeoutError';
  readonly code = 'OVERALL_TIMEOUT';
}

/**
 * POSTs once. Network matters are values; it rejects with the signal's reason when aborted, and with undici's error
 * when it was called wrongly (a closed pool, an impossible header).
 *
 * It talks to undici's dispatcher and not to `request()`, because only the dispatcher tells when the request is written
 * to a connection. Guessing that from error codes would one day take a sent write for an unsent one.
 */
export function exchange(pool: Dispatcher, request: ExchangeRequest): Promise<Exchange> {
  const { promise, resolve, reject } = Promise.withResolvers<Exchange>();
  const { signal } = request;
  const chunks: Buffer[] = [];
  let started: Dispatcher.DispatchController | undefined;
  let head: { status: number; headers: Readonly<Record<string, unknown>> } | undefined;
  let stopped: Error | undefined;

  const settle = (result: Exchange): void => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    resolve(result);
  };
  const answered = (cut: LostWhy | undefined): void => {
    if (head !== undefined) settle({ kind: 'answered', ...head, bytes: Buffer.concat(chunks), cut });
  };
  const failed = (error: Error): void => {
    if (started === undefined && isMisuse(error)) reject(error);
    if (started === undefined) settle({ kind: 'notSent', cause: error });
    else if (head === undefined) settle({ kind: 'lost', why: whyLost(error, 'reset') });
    else answered(whyLost(error, 'cutShort'));
  };
  /** Breaking off destroys the connection, so that no late answer is taken for the next request's. */
  const stop = (error: Error): void => {
    stopped = error;
    started?.abort(error);
    failed(error);
  };
  const onAbort = (): void => {
    reject(signal?.reason);
    stop(new errors.RequestAbortedError());
  };
  const timer = setTimeout(
    () => stop(new OverallTimeoutError('The request took too long.')),
    Math.max(0, request.endByMs - performance.now()),
  );

  const handler: Dispatcher.DispatchHandler = {
    onRequestStart(controller) {
      if (started !== undefined) {
        // undici would write it again on another connection; a write that may have left is never blindly sent again.
        controller.abort(new errors.SocketError('The connection was lost.'));
      } else if (stopped !== undefined) {
        controller.abort(stopped);
      } else if (performance.now() >= request.sendByMs) {
        controller.abort(new SendTooLateError('The request could not be sent in time.'));
      } else {
        started = controller;
      }
    },
    onResponseStart(_controller, status, headers) {
      if (status >= 200) head = { status, headers };
    },
    onResponseData(_controller, chunk) {
      chunks.push(chunk);
    },
    onResponseEnd() {
      answered(undefined);
    },
    onResponseError(_controller, error) {
      failed(error);
    },
  };

  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted === true) onAbort();
  else {
    const { origin, path, headers, body } = request;
    pool.dispatch({ origin, path, method: 'POST', headers: { ...headers }, body }, handler);
  }
  return promise;
}

const codeOf = (error: Error): string =>
  'code' in error && typeof error.code === 'string' ? error.code : '';

const isMisuse = (error: Error): boolean =>
  ['UND_ERR_INVALID_ARG', 'UND_ERR_CLOSED', 'UND_ERR_DESTROYED'].includes(codeOf(error));

function whyLost(error: Error, otherwise: LostWhy): LostWhy {
  switch (codeOf(error)) {
    case 'OVERALL_TIMEOUT':
    case 'UND_ERR_HEADERS_TIMEOUT':
    case 'UND_ERR_BODY_TIMEOUT':
      return 'timedOut';
    case 'UND_ERR_RES_EXCEEDED_MAX_SIZE':
      return 'tooLarge';
    case 'UND_ERR_HEADERS_OVERFLOW':
      return 'unreadable';
    default:
      // The parser met something that is not HTTP. Within a body that is most often its end.
      return otherwise === 'reset' && error instanceof errors.HTTPParserError ? 'unreadable' : otherwise;
  }
}
