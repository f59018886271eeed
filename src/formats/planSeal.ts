import { createHash, createHmac, hash, timingSafeEqual } from 'node:crypto';

/** What stands before the seal in the last line of a plan; all bytes of the file up to its end are sealed. */
export const SEAL_MARK = '"hmac":"';

/** Names a key without telling it: 16 hexadecimal digits. */
const keyIdOf = (key: Buffer): string =>
  hash('sha256', Buffer.concat([Buffer.from('retarget plan '), key]), 'hex').slice(0, 16);

/**
 * The seal of one plan, made of its bytes as they come: an HMAC-SHA256 with the tenant's key, which shows that nobody has edited the
 * file since, and a SHA-256 of the same bytes, the plan's fingerprint, by which people tell plans apart.
 */
export class PlanSeal {
  readonly keyId: string;
  readonly #hmac;
  readonly #sha = createHash('sha256');

  constructor(key: Buffer) {
    this.keyId = keyIdOf(key);
    this.#hmac = createHmac('sha256', key);
  }

  update(text: string): void {
    this.#hmac.update(text);
    this.#sha.update(text);
  }

  /** Ends the sealing. Both in hexadecimal. */
  end(): { readonly hmac: string; readonly fingerprint: string } {
    return { hmac: this.#hmac.digest('hex'), fingerprint: this.#sha.digest('hex') };
  }
}

/** Whether two seals in hexadecimal are one. */
export const sameSeal = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
