import { createHash, randomBytes } from 'node:crypto';
import type { SecretStore } from '../../runs/webSessions.ts';
import type { Viewer } from '../viewer.ts';

/** Somebody who has come in. Times are ms since the epoch. */
export interface Session {
  readonly viewer: Viewer;
  /** What the tokens of its forms are made of. */
  readonly _csrf: string;
  readonly since: number;
  readonly seen: number;
}

/** It ends when nobody has asked for anything for so long, ms. An open live page asks. */
export const IDLE_MS = 2 * 3_600_000;
/** It ends after so long whatever happens, ms: a night. Somebody whose role was taken away is out by then. */
export const SESSION_MS = 12 * 3_600_000;
/** It is not written for each request. */
const SEEN_EVERY_MS = 60_000;

export const newSecret = (): string => randomBytes(32).toString('base64url');
export const digestOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');

const SECRET = /^[\w-]{43}$/;

/** Sessions by the secret that a browser has; the store knows digests only. */
export class Sessions {
  readonly #store: SecretStore;
  readonly #now: () => number;

  constructor(store: SecretStore, now: () => number = Date.now) {
    this.#store = store;
    this.#now = now;
  }

  /** A session under a secret that nobody has seen before: what a browser brought along is worth nothing. */
  async begin(viewer: Viewer): Promise<string> {
    const secret = newSecret();
    const now = this.#now();
    await this.#keep(digestOf(secret), { viewer, _csrf: newSecret(), since: now, seen: now });
    return secret;
  }

  async find(secret: string | undefined): Promise<Session | undefined> {
    if (secret === undefined || !SECRET.test(secret)) return undefined;
    const digest = digestOf(secret);
    const text = await this.#store.find(digest);
    if (text === undefined) return undefined;
    const session = JSON.parse(text) as Session;
    const now = this.#now();
    if (now - session.seen > IDLE_MS || now - session.since > SESSION_MS) {
      await this.#store.forget(digest);
      return undefined;
    }
    if (now - session.seen > SEEN_EVERY_MS) await this.#keep(digest, { ...session, seen: now });
    return session;
  }

  async end(secret: string): Promise<void> {
    await this.#store.forget(digestOf(secret));
  }

  async #keep(digest: string, session: Session): Promise<void> {
    const ends = Math.min(session.seen + IDLE_MS, session.since + SESSION_MS);
    await this.#store.keep(digest, JSON.stringify(session), ends - this.#now());
  }
}

/** More are not kept: whoever asks for sign-ins again and again fills no memory. */
const SECRETS_MAX = 1_000;

/** In this process: sessions of a link end with the server that has printed it. */
export class SecretsInMemory implements SecretStore {
  readonly #kept = new Map<string, { readonly text: string; readonly until: number }>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  async keep(digest: string, text: string, ms: number): Promise<void> {
    this.#kept.delete(digest);
    this.#kept.set(digest, { text, until: this.#now() + ms });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > SECRETS_MAX && oldest !== undefined) this.#kept.delete(oldest);
  }

  async find(digest: string): Promise<string | undefined> {
    const found = this.#kept.get(digest);
    if (found !== undefined && found.until > this.#now()) return found.text;
    this.#kept.delete(digest);
    return undefined;
  }

  async take(digest: string): Promise<string | undefined> {
    const text = await this.find(digest);
    this.#kept.delete(digest);
    return text;
  }

  async forget(digest: string): Promise<void> {
    this.#kept.delete(digest);
  }
}
