import { setTimeout as sleep } from 'node:timers/promises';
import type { Credentials } from '../graph/auth/credentials.ts';
import { accessOf, type Access } from '../graph/auth/permission.ts';

/** Refusals in a row after which it is tried again; one more, and the sign-in itself is at fault. */
const TRIES_AGAIN_MAX = 1;

/** A request as the sign-in sees it: what for, and how many turns the sign-in had taken before. */
export interface Asked {
  readonly kind: 'reads' | 'writes';
  readonly turn: number;
}

/** Decides what follows when Graph refuses the token, or all that it is used for. Shared by all batches of a process. */
export class SignIn {
  readonly #credentials: Credentials;
  /** A new token, another try with the old one, a refusal of all writes: what was asked before tells nothing of after. */
  #turn = 0;
  #nextTurn: Promise<void> | undefined;
  /** Apart, or reads that are allowed would hide for ever that writes are not. */
  readonly #refusals = { reads: 0, writes: 0 };
  #writesGoThrough = false;

  constructor(credentials: Credentials) {
    this.#credentials = credentials;
  }

  /** To be called before a request. */
  asks(kind: Asked['kind']): Asked {
    return { kind, turn: this.#turn };
  }

  /**
   * After a 401. True when it is worth another try: with a new token, or after `waitMs` with the same one, as a gateway
   * may refuse a good token now and then. False when the run must pause until the sign-in works.
   */
  async mayTryAgain({ kind, turn }: Asked, waitMs: number, signal: AbortSignal): Promise<boolean> {
    // Requests that were under way together are refused together: one of them brings the new token for all.
    if (turn !== this.#turn) return true;
    if (this.#nextTurn === undefined && this.#refusals[kind] >= TRIES_AGAIN_MAX) {
      this.#refusals[kind] = 0; // whoever resumes the run has mended something
      return false;
    }
    this.#nextTurn ??= this.#takeTurn(kind, waitMs, signal).finally(() => (this.#nextTurn = undefined));
    await this.#nextTurn;
    return true;
  }

  /** Graph took the token. */
  worked({ kind }: Asked): void {
    this.#refusals[kind] = 0;
  }

  /** Asks for another token, whatever was refused before: for tries while nothing else is sent. */
  async refresh(signal: AbortSignal): Promise<void> {
    if (await this.#credentials.renew(signal)) this.#turn += 1;
  }

  /** What the present token says that it may do. */
  async access(): Promise<Access> {
    return accessOf(await this.#credentials.claims());
  }

  /** True when writes have gone through since a whole batch of them was last refused. */
  get writesGoThrough(): boolean {
    return this.#writesGoThrough;
  }

  wrote({ turn }: Asked): void {
    if (turn === this.#turn) this.#writesGoThrough = true;
  }

  /** Graph has refused every write of a batch. */
  allWritesRefused(): void {
    this.#turn += 1;
    this.#writesGoThrough = false;
  }

  async #takeTurn(kind: Asked['kind'], waitMs: number, signal: AbortSignal): Promise<void> {
    this.#refusals[kind] += 1;
    const isNew = await this.#credentials.renew(signal);
    if (!isNew) await sleep(waitMs, undefined, { signal });
    this.#turn += 1;
  }
}
