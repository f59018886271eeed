import type { Credentials } from '../graph/credentials.ts';

/** Refused tokens in a row that are answered with a new one; one more, and the sign-in itself is at fault. */
const RENEWALS_IN_A_ROW_MAX = 1;

/** A request as the sign-in sees it: what for, and how many tokens there had been before. */
export interface Asked {
  readonly kind: 'reads' | 'writes';
  readonly token: number;
}

/** Decides what follows when Graph refuses the token. Shared by all batches of a process. */
export class SignIn {
  readonly #credentials: Credentials;
  #token = 0;
  #renewing: Promise<boolean> | undefined;
  /** Apart, or reads that are allowed would hide for ever that writes are not. */
  readonly #renewals = { reads: 0, writes: 0 };

  constructor(credentials: Credentials) {
    this.#credentials = credentials;
  }

  /** To be called before a request. */
  asks(kind: Asked['kind']): Asked {
    return { kind, token: this.#token };
  }

  /** True when there is a new token to try with; false when the run must pause until the sign-in works. */
  async renewed({ kind, token }: Asked, signal: AbortSignal): Promise<boolean> {
    // Requests that were under way together are refused together: one of them brings the new token for all.
    if (token !== this.#token) return true;
    if (this.#renewing === undefined && this.#renewals[kind] >= RENEWALS_IN_A_ROW_MAX) {
      this.#renewals[kind] = 0; // whoever resumes the run has mended something
      return false;
    }
    this.#renewing ??= this.#renew(kind, signal).finally(() => (this.#renewing = undefined));
    return this.#renewing;
  }

  /** Graph took the token. */
  worked({ kind }: Asked): void {
    this.#renewals[kind] = 0;
  }

  /** Asks for another token, whatever was refused before: for tries while nothing else is sent. */
  async refresh(signal: AbortSignal): Promise<void> {
    if (await this.#credentials.renew(signal)) this.#token += 1;
  }

  async #renew(kind: Asked['kind'], signal: AbortSignal): Promise<boolean> {
    this.#renewals[kind] += 1;
    const isNew = await this.#credentials.renew(signal);
    if (isNew) this.#token += 1;
    return isNew;
  }
}
