interface UnderWay<T> {
  readonly result: Promise<T>;
  readonly abort: AbortController;
  waiting: number;
}

/**
 * Work that many may wait for and that is done once at a time. Whoever stops waiting leaves the others alone; when
 * nobody waits any more, it is aborted.
 */
export class SharedWork<T> {
  readonly #work: (signal: AbortSignal) => Promise<T>;
  #underWay: UnderWay<T> | undefined;

  constructor(work: (signal: AbortSignal) => Promise<T>) {
    this.#work = work;
  }

  get isBusy(): boolean {
    return this.#underWay !== undefined;
  }

  /** The result of the work under way, or of work started now. Rejects with the signal's reason when that aborts. */
  async join(signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    const shared = (this.#underWay ??= this.#start());
    shared.waiting += 1;
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const abort = (): void => reject(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    try {
      return await Promise.race([shared.result, aborted]);
    } finally {
      signal?.removeEventListener('abort', abort);
      shared.waiting -= 1;
      if (shared.waiting === 0) {
        if (this.#underWay === shared) this.#underWay = undefined;
        shared.abort.abort();
      }
    }
  }

  #start(): UnderWay<T> {
    const abort = new AbortController();
    const result = this.#work(abort.signal);
    const shared: UnderWay<T> = { result, abort, waiting: 0 };
    // Those who wait get it too; by itself a rejection that nobody waits for any more would end the process.
    result
      .catch(() => undefined)
      .finally(() => {
        if (this.#underWay === shared) this.#underWay = undefined;
      });
    return shared;
  }
}
