import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Lets the first step that this process takes for a run be taken alone: no other batch reads beside the first write, which tells whether the tenant
 * takes such writes, and so many requests. Their writes would have to wait for it anyway.
 */
export class FirstSteps {
  readonly #waitMs: number;
  readonly #first = new Map<string, { readonly over: Promise<unknown>; isOver: boolean }>();

  /** @param waitMs the first step may wait for its permit; the others wait no longer for it than this */
  constructor(waitMs: number) {
    this.#waitMs = waitMs;
  }

  /** @throws the signal's reason when aborted while it waits */
  async take<T>(runId: string, step: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const first = this.#first.get(runId);
    if (first !== undefined) {
      if (!first.isOver) await this.#waitFor(first.over, signal);
      return step();
    }
    const taken = step();
    const entry = { over: taken.catch(() => undefined), isOver: false };
    this.#first.set(runId, entry);
    try {
      return await taken;
    } finally {
      entry.isOver = true;
    }
  }

  async #waitFor(over: Promise<unknown>, signal: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const limit = sleep(this.#waitMs, undefined, { signal: ended.signal }).catch(() => undefined);
    await Promise.race([over, limit]);
    ended.abort();
    signal.throwIfAborted();
  }
}
