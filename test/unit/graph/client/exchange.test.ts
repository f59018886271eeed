import { performance } from 'node:perf_hooks';
import { Dispatcher } from 'undici';
import { expect, test } from 'vitest';
import { exchange } from '../../../../src/graph/client/exchange.ts';
import type { ExchangeRequest } from '../../../../src/graph/client/exchange.ts';

/** A dispatcher that is told by hand when its one request is written. */
class ByHand extends Dispatcher {
  #handler: Dispatcher.DispatchHandler | undefined;

  override dispatch(_options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    this.#handler = handler;
    return true;
  }

  /** Has a connection for the request; true when it may be written. Like undici, it fails what it may not write. */
  start(): boolean {
    const handler = this.#handler;
    let reason: Error | null = null;
    const controller: Dispatcher.DispatchController = {
      get aborted() {
        return reason !== null;
      },
      get reason() {
        return reason;
      },
      paused: false,
      pause() {},
      resume() {},
      abort(error) {
        reason = error;
        handler?.onResponseError?.(controller, error);
      },
    };
    handler?.onRequestStart?.(controller, undefined);
    return !controller.aborted;
  }
}

const requestWith = (more: Partial<ExchangeRequest> = {}): ExchangeRequest => ({
  origin: 'http://127.0.0.1',
  path: '/beta/$batch',
  headers: {},
  body: '{}',
  sendByMs: performance.now() + 60_000,
  endByMs: performance.now() + 60_000,
  ...more,
});

// undici moves a request to another connection when it takes it for untouched. For a write that is not ours to risk.
test('a request that was begun once is not begun again, and is lost', async () => {
  const pool = new ByHand();
  const result = exchange(pool, requestWith());
  expect(pool.start()).toBe(true);
  expect(pool.start()).toBe(false);
  expect(await result).toEqual({ kind: 'lost', why: 'reset' });
});

test('a request that was aborted while it waited for a connection is not sent when there is one', async () => {
  const pool = new ByHand();
  const controller = new AbortController();
  const result = exchange(pool, requestWith({ signal: controller.signal }));
  controller.abort(new Error('draining'));
  await expect(result).rejects.toThrow('draining');
  expect(pool.start()).toBe(false);
});

test('a request whose time ran out while it waited for a connection is not sent when there is one', async () => {
  const pool = new ByHand();
  const result = exchange(pool, requestWith({ endByMs: performance.now() }));
  expect(await result).toMatchObject({ kind: 'notSent', cause: { code: 'OVERALL_TIMEOUT' } });
  expect(pool.start()).toBe(false);
});

test('a request that gets its connection too late is not sent', async () => {
  const pool = new ByHand();
  const result = exchange(pool, requestWith({ sendByMs: performance.now() }));
  expect(pool.start()).toBe(false);
  expect(await result).toMatchObject({ kind: 'notSent', cause: { code: 'SEND_TOO_LATE' } });
});
