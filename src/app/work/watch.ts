import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../../errors.ts';
import { isInterrupt } from '../interrupt.ts';
import type { Services } from '../services.ts';

/** How often it is looked whether there is something to be done. */
const CHECK_MS = 2_000;
/** Until the next try, when it could not be done. */
const TRY_AGAIN_MS = 60_000;

/** What a worker does beside its batches when that is due. */
export interface DueWork {
  /** Does all of it that is due. */
  work(): Promise<void>;
  readonly isDue: () => Promise<boolean>;
  /** What is told when it can't be done. */
  readonly failed: string;
}

/** Does it when it is due, and again later when it could not be done. */
export class Watch {
  readonly #due: DueWork;
  readonly #services: Pick<Services, 'log' | 'interrupted'>;
  readonly #stopping: AbortController;
  readonly #ended: Promise<void>;
  #tryAgainAt = 0;

  /** @param services interrupted by `stopping` as well, so that what is under way is broken off */
  constructor(due: DueWork, services: Pick<Services, 'log' | 'interrupted'>, stopping: AbortController) {
    this.#due = due;
    this.#services = services;
    this.#stopping = stopping;
    this.#ended = this.#watch();
  }

  /** True while something is due, and was not just seen to fail. */
  async isDue(): Promise<boolean> {
    return performance.now() >= this.#tryAgainAt && (await this.#due.isDue());
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await sleep(CHECK_MS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted || performance.now() < this.#tryAgainAt) continue;
      try {
        await this.#due.work();
      } catch (error) {
        if (isInterrupt(error, this.#services.interrupted)) return;
        this.#tryAgainAt = performance.now() + TRY_AGAIN_MS;
        const remedy = error instanceof UserError ? error.remedy : undefined;
        this.#services.log.warn(this.#due.failed, { err: error, remedy });
      }
    }
  }
}
