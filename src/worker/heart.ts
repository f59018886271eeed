import { randomBytes } from 'node:crypto';
import type { WorkerSelf } from '../runs/workers.ts';
import { SILENT_MS } from '../runs/run.ts';

const BEATS_PER_SILENCE = 4;
const ID_BYTES = 6;

/** What a worker says of itself with each heartbeat, so that everybody knows who is at work and whether Graph is in reach. */
export class Heart {
  readonly #self: Omit<WorkerSelf, 'graphAway'>;
  #graphAway: string | undefined;

  /** @param silentMs without a heartbeat it counts as gone after so long */
  constructor({ host = 'unnamed', pid = process.pid, silentMs = SILENT_MS } = {}) {
    this.#self = { id: randomBytes(ID_BYTES).toString('hex'), host, pid, silentMs };
  }

  get id(): string {
    return this.#self.id;
  }

  get self(): WorkerSelf {
    return { ...this.#self, graphAway: this.#graphAway };
  }

  get beatMs(): number {
    return this.#self.silentMs / BEATS_PER_SILENCE;
  }

  /** Graph is out of reach, and why; undefined: it is there. */
  set graphAway(why: string | undefined) {
    this.#graphAway = why;
  }
}
