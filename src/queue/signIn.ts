import type { Credentials } from '../graph/credentials.ts';

/** Refused tokens in a row that are answered with a new one; one more, and the sign-in itself is at fault. */
const RENEWALS_IN_A_ROW_MAX = 1;

/** Decides what follows when Graph refuses the token. Shared by all batches of a process. */
export class SignIn {
  readonly #credentials: Credentials;
  #renewals = 0;

  constructor(credentials: Credentials) {
    this.#credentials = credentials;
  }

  /** True when there is a new token to try with; false when the run must pause until the sign-in works. */
  async renewed(signal: AbortSignal): Promise<boolean> {
    if (this.#renewals >= RENEWALS_IN_A_ROW_MAX) return false;
    this.#renewals += 1;
    return this.#credentials.renew(signal);
  }

  /** Graph took the token. */
  worked(): void {
    this.#renewals = 0;
  }
}
