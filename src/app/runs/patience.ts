import type { Sighting } from '../../events.ts';
import type { WaitingReason } from '../../runs/keeping.ts';

/** Waits for others, of which nobody knows how long they last. */
const FOR_OTHERS: ReadonlySet<WaitingReason> = new Set([
  ...(['approval', 'inLine', 'tenantStopped', 'noWorker', 'otherVersion', 'otherGraph'] as const),
]);

/** How long somebody lets a run wait for others, at a stretch. */
export class Patience {
  readonly #waitMs: number;
  #since: number | undefined;

  /** @param waitMs undefined: for ever */
  constructor(waitMs: number | undefined) {
    this.#waitMs = waitMs ?? Infinity;
  }

  /** Whether it has waited for too long. To be asked at each sighting. */
  isOver({ why }: Sighting, now = performance.now()): boolean {
    if (why === undefined || !FOR_OTHERS.has(why.reason)) {
      this.#since = undefined;
      return false;
    }
    this.#since ??= now;
    return now - this.#since >= this.#waitMs;
  }
}
