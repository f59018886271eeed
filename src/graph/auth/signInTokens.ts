import { tokenClaims } from './claims.ts';
import pRetry from 'p-retry';
import type { Log } from '../../log.ts';
import { type Credentials } from './credentials.ts';
import { SharedWork } from './signInShared.ts';
import { SignInError } from './signInError.ts';

export interface AccessToken {
  readonly token: string;
  /** Milliseconds since 1970, by this machine's clock. */
  readonly expiresAtMs: number;
  /** When its issuer wants it renewed, if it said so. */
  readonly refreshAfterMs?: number | undefined;
}

export interface TokenSource {
  /** It may put a question to somebody, so it is neither hurried nor asked twice. */
  readonly asksAPerson: boolean;
  /**
   * A new token, from no memory of its own. Throws a SignInError, another UserError, or the signal's reason.
   * @param heldSinceMs since when there has been a token that is now too old; undefined the first time
   */
  acquire(signal: AbortSignal, heldSinceMs: number | undefined): Promise<AccessToken>;
}

/** A token is renewed this long before its end, or after half its life when that is shorter. */
const RENEWAL_BEFORE_END_MS = 5 * 60_000;
/** A token this close to its end might end on its way to Graph; of a short-lived one the last quarter. */
const USABLE_BEFORE_END_MS = 30_000;
/** Further tries after what may pass, with growing, jittered pauses from RETRY_PAUSE_MS on. */
const RETRIES_MAX = 3;
const RETRY_PAUSE_MS = 500;
/** One try, whatever it consists of: requests and programs have shorter limits of their own. */
const TRY_TIMEOUT_MS = 60_000;
/** As long as Entra waits for a person. */
const PERSON_TIMEOUT_MS = 15 * 60_000;
/** Between renewals behind the work's back that bring nothing new. */
const BEHIND_PAUSE_MS = 30_000;

export interface SignInTokensOptions {
  readonly now?: (() => number) | undefined;
  readonly log?: Pick<Log, 'debug' | 'warn'> | undefined;
  /** For tests. */
  readonly retryPauseMs?: number | undefined;
}

interface Held extends AccessToken {
  readonly sinceMs: number;
}

/**
 * Credentials that renew themselves. A token is replaced well before its end, behind the back of the work: a renewal
 * that fails then is tried again, and stops nobody while the present token lasts.
 */
export function signInTokens(source: TokenSource, options: SignInTokensOptions = {}): Credentials {
  const { now = Date.now, log, retryPauseMs = RETRY_PAUSE_MS } = options;
  let held: Held | undefined;
  let nextBehindMs = 0;

  const acquiring = new SharedWork(async (signal): Promise<Held> => {
    const limitMs = source.asksAPerson ? PERSON_TIMEOUT_MS : TRY_TIMEOUT_MS;
    const acquired = await pRetry(
      () => withinTime(limitMs, signal, (limit) => source.acquire(limit, held?.sinceMs)),
      {
        retries: source.asksAPerson ? 0 : RETRIES_MAX,
        minTimeout: retryPauseMs,
        randomize: true,
        shouldRetry: ({ error }) => error instanceof SignInError && error.mayPass,
        onFailedAttempt: ({ error }) => log?.debug('sign-in failed', { err: error }),
        signal,
      },
    );
    held = { ...acquired, sinceMs: now() };
    return held;
  });

  const renewBehind = (current: Held): void => {
    if (acquiring.isBusy || now() < nextBehindMs) return;
    nextBehindMs = now() + BEHIND_PAUSE_MS;
    acquiring.join().catch((error: unknown) => {
      const until = new Date(current.expiresAtMs).toISOString();
      const remedy = error instanceof SignInError ? error.remedy : undefined;
      log?.warn(`The sign-in could not be renewed; the current one lasts until ${until}.`, {
        err: error,
        remedy,
      });
    });
  };

  const token = async (signal?: AbortSignal): Promise<string> => {
    if (held === undefined || now() >= usableUntilMs(held)) return (await acquiring.join(signal)).token;
    if (now() >= renewalDueMs(held)) renewBehind(held);
    return held.token;
  };

  return {
    token,
    async renew(signal) {
      const refused = held?.token;
      // One that is under way is as new: no token comes from a memory.
      return (await acquiring.join(signal)).token !== refused;
    },
    claims: async () => tokenClaims(await token()),
  };
}

const usableUntilMs = ({ expiresAtMs, sinceMs }: Held): number =>
  expiresAtMs - Math.min(USABLE_BEFORE_END_MS, (expiresAtMs - sinceMs) / 4);

const renewalDueMs = ({ expiresAtMs, refreshAfterMs = Infinity, sinceMs }: Held): number =>
  Math.min(refreshAfterMs, expiresAtMs - Math.min(RENEWAL_BEFORE_END_MS, (expiresAtMs - sinceMs) / 2));

/** Not every credential heeds its signal, so the wait ends by itself. */
async function withinTime<T>(
  limitMs: number,
  signal: AbortSignal,
  work: (limit: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = AbortSignal.timeout(limitMs);
  const either = AbortSignal.any([signal, limit]);
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const end = (): void =>
    reject(
      signal.aborted
        ? signal.reason
        : new SignInError(`The sign-in did not end within ${limitMs / 1000} s.`, {
            remedy: 'Check the network and the sign-in service, then try again.',
            mayPass: true,
          }),
    );
  either.addEventListener('abort', end, { once: true });
  try {
    return await Promise.race([work(either), ended]);
  } finally {
    either.removeEventListener('abort', end);
  }
}
