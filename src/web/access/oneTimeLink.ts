import { timingSafeEqual } from 'node:crypto';
import { digestOf, newSecret } from './sessions.ts';

/** A link is good for so long, ms. */
export const LINK_MS = 3_600_000;

/** The secret of the link that `serve` prints: good once, and one at a time. */
export class OneTimeLink {
  #digest: Buffer | undefined;
  #until = 0;
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** A new one; the one before is void. */
  make(): string {
    const secret = newSecret();
    this.#digest = Buffer.from(digestOf(secret));
    this.#until = this.#now() + LINK_MS;
    return secret;
  }

  /** Whether it is the one that is good; from then on none is. */
  use(secret: string): boolean {
    const digest = this.#digest;
    if (digest === undefined || this.#now() > this.#until) return false;
    if (!timingSafeEqual(digest, Buffer.from(digestOf(secret)))) return false;
    this.#digest = undefined;
    return true;
  }
}
