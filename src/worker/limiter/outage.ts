import { readFailure, isPassing, type ReadReply } from '../../graph/reads/reading.ts';
import { OUTAGE_WAIT_WINDOWS_MAX, READS_OF_500_MAX, type Pace } from './pace.ts';

/** How long reads wait for a Graph that gives no answer. */
export interface OutagePatience {
  /** In all, from the first failure on, once Graph has said anything: an answer, or that it is busy. */
  readonly outageMaxMs: number;
  /** Told once when an outage begins and once when it is over; without it nobody is told. */
  readonly tell?: ((text: string) => void) | undefined;
}

/** One sender's view of whether Graph answers, and how long what fails is worth another try. */
export class Outage {
  readonly #pace: Pace;
  readonly #patience: OutagePatience;
  readonly #random: () => number;
  #hasWorked = false;
  #sinceMs: number | undefined;
  #isTold = false;

  constructor(pace: Pace, patience: OutagePatience, random: () => number) {
    this.#pace = pace;
    this.#patience = patience;
    this.#random = random;
  }

  /** There was an answer, if not to every read. */
  answered(): void {
    this.#hasWorked = true;
    this.#sinceMs = undefined;
    if (this.#isTold) this.#patience.tell?.('Graph answers again.');
    this.#isTold = false;
  }

  /**
   * The wait until what failed is asked for again; undefined: no more. A Graph that has never answered may be none, and is given
   * less time than one that says itself that it is busy.
   * @param tries how often these reads were asked for, this time included
   * @param isTold that others were answered is no outage, and told to nobody
   */
  waitBefore(
    tries: number,
    failed: readonly ReadReply[],
    { nowMs, isTold }: { readonly nowMs: number; readonly isTold: boolean },
  ): number | undefined {
    this.#sinceMs ??= nowMs;
    const isThere = this.#hasWorked || failed.some(saysBusy);
    // A call has tried several times itself to reach what was never there.
    if (!isThere && failed.every(({ kind }) => kind === 'unreached')) return undefined;
    const asked = Math.max(0, ...failed.map((reply) => readFailure(reply)?.waitMs ?? 0));
    const waitMs = Math.max(asked, this.#growing(tries));
    const { outageMaxMs } = this.#patience;
    const { unreachedWaitMs } = this.#pace;
    const leftMs = this.#sinceMs + (isThere ? outageMaxMs : Math.min(unreachedWaitMs, outageMaxMs)) - nowMs;
    if (waitMs > leftMs) return undefined;
    if (isTold && isThere && !this.#isTold) this.#tellBegin(failed, leftMs);
    return waitMs;
  }

  #growing(tries: number): number {
    const { unreachedWaitMs, windowMs } = this.#pace;
    const longest = Math.min(OUTAGE_WAIT_WINDOWS_MAX * windowMs, (unreachedWaitMs / 4) * 2 ** (tries - 1));
    return Math.round(longest * (0.5 + this.#random() / 2));
  }

  #tellBegin([first]: readonly ReadReply[], leftMs: number): void {
    const why = (first && readFailure(first)?.why) ?? 'Graph gives no answer';
    this.#isTold = true;
    this.#patience.tell?.(
      `${why.charAt(0).toUpperCase()}${why.slice(1)}; waiting for Graph, ${inSeconds(leftMs)} at most.`,
    );
  }
}

/** Whether a read that came to this is worth another try. */
export const isWorthAnotherTry = (reply: ReadReply, tries: number): boolean =>
  isPassing(reply)
    ? !(reply.kind === 'answered' && reply.status === 500 && tries >= READS_OF_500_MAX)
    : reply.kind === 'envelopeRefused' && reply.isForeign && tries < READS_REFUSED_IN_BETWEEN_MAX;

/** Tries of what something in between refuses: a gateway does so now and then by mistake. */
const READS_REFUSED_IN_BETWEEN_MAX = 3;

/** Graph, or a gateway before it, says itself that it is busy. */
const saysBusy = (reply: ReadReply): boolean =>
  (reply.kind === 'answered' || reply.kind === 'lost') && (reply.status ?? 0) >= 400;

export const inSeconds = (ms: number): string => `${Math.max(1, Math.round(ms / 1000))} s`;
