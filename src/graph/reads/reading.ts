import { withPlainKeys } from '../../assignments/kinds/odataKeys.ts';
import { isJsonObject } from '../../assignments/values/json.ts';
import type { GraphError } from '../../assignments/changes/outcome.ts';
import type { Reply } from '../client/batchEnvelope.ts';
import { BATCH_SIZE_MAX } from '../client/batchEnvelope.ts';
import { REPLY_BYTES_MAX } from '../client/connections.ts';
import { REPLY_DEPTH_MAX, type Withheld } from '../client/withheld.ts';
import type { Unreached } from '../client/unreached.ts';

/** Statuses below 500 that pass: the service was busy or locked. */
const PASSING = new Set([408, 423, 424, 425]);

/** What came of one read. */
export type ReadReply =
  | Reply
  /** Its envelope was refused as a whole, which says nothing of the read itself. */
  | {
      readonly kind: 'envelopeRefused';
      readonly status: number;
      readonly error: GraphError;
      /** True when the answer is none of Graph's: something in between has given it. */
      readonly isForeign: boolean;
    }
  /** It did not leave. */
  | { readonly kind: 'unreached'; readonly error: Unreached };

/**
 * Sends at most BATCH_SIZE_MAX reads together, within the limits; one reply each, in the order asked. What passes is waited for
 * and asked for again by the sender: what it answers is the last word for now.
 */
export type SendReads = (urls: readonly string[]) => Promise<readonly ReadReply[]>;

/** Headers that a read needs: the directory counts only for whoever takes an answer that lags behind. */
export const headersFor = (url: string): Readonly<Record<string, string>> =>
  url.endsWith('/$count') ? { ConsistencyLevel: 'eventual' } : {};

/** A read that goes on until it has taken what it is about. */
export interface Reading<T> {
  /** What to ask for next, relative and without version. */
  readonly next: string;
  /** Takes the body of a 2xx. Undefined: there is more to read, at `next`. */
  take(body: unknown): T | undefined;
}

/** Not readable now; to be asked for again later. */
export interface Unread {
  readonly kind: 'unread';
  /** A clause without its full stop. */
  readonly why: string;
  readonly remedy?: string;
  /** What Graph asks to wait first. */
  readonly waitMs?: number | undefined;
  /** The envelope was refused as a whole: a matter of the sign-in, the route or what is in between, and of no single read. */
  readonly refusedBy?: 'graph' | 'inBetween';
  /** Left out where nothing has answered. */
  readonly status?: number;
}

/** Why nothing could be read. */
export type NotRead =
  /** Graph's last word: not there, no permission, no such route. */
  | { readonly kind: 'refused'; readonly status: number; readonly error: GraphError }
  | Unread
  /** Graph wants another token. */
  | { readonly kind: 'signIn'; readonly error: GraphError };

/** It was shown, and can't be read: asking again would show the same. */
export interface Unreadable {
  readonly kind: 'unreadable';
  readonly why: string;
  /** Where it is not that it is incomplete. */
  readonly code?: string;
  /** A smaller page of it may be read. */
  readonly isTooLarge?: true;
}

/** Batches of reads under way at a time: enough to hide the latency of each, few enough to be cut short when a signal comes. */
export const BATCHES_SIDE_BY_SIDE = 4;

/**
 * Reads all of these to their ends, BATCH_SIZE_MAX together and some of those side by side; what they came to is in their order. How many
 * may leave now is the sender's to know.
 */
export async function readAll<T>(
  readings: readonly Reading<T>[],
  send: SendReads,
): Promise<readonly (T | NotRead | Unreadable)[]> {
  const results: (T | NotRead | Unreadable)[] = [];
  const open = readings.map((reading, place) => ({ reading, place }));
  const readOn = async (): Promise<void> => {
    while (open.length > 0) {
      const asked = open.splice(0, BATCH_SIZE_MAX);
      const replies = await send(asked.map(({ reading }) => reading.next));
      const goOn = asked.filter(({ reading, place }, i) => {
        const result = settle(reading, replies[i] ?? { kind: 'lost', why: 'missing' });
        if (result !== undefined) results[place] = result;
        return result === undefined;
      });
      open.unshift(...goOn);
    }
  };
  const failed = (error: unknown): never => {
    // The others ask for nothing more.
    open.length = 0;
    throw error;
  };
  await Promise.all(Array.from({ length: BATCHES_SIDE_BY_SIDE }, () => readOn().catch(failed)));
  return results;
}

/** Undefined: `next` is to be asked for, for the first time or again. */
function settle<T>(reading: Reading<T>, reply: ReadReply): T | NotRead | Unreadable | undefined {
  if (isTooLarge(reply)) return { ...unreadable(TOO_LARGE), isTooLarge: true };
  const failure = readFailure(reply);
  if (failure !== undefined) return failure;
  if (reply.kind !== 'answered') return undefined;
  const { status, error } = reply;
  // The sender has put the backoff on the limiter: asking again waits for it.
  if (status === 429) return undefined;
  if (status < 400)
    return reply.withheld === undefined
      ? reading.take(reply.body)
      : { kind: 'unreadable', ...WITHHELD[reply.withheld] };
  const said = error ?? errorOf(status);
  return status === 401 ? { kind: 'signIn', error: said } : { kind: 'refused', status, error: said };
}

/** More than is held: together with others perhaps, alone for good. */
export const isTooLarge = (reply: ReadReply): boolean => reply.kind === 'lost' && reply.why === 'tooLarge';

const WITHHELD: Readonly<Record<Withheld, Omit<Unreadable, 'kind'>>> = {
  tooDeep: { why: `it nests more than ${REPLY_DEPTH_MAX} levels deep` },
  token: { code: 'TokenInReply', why: 'an access token stands in it, which is kept nowhere' },
};

const TOO_LARGE = `it is too large to be read (${REPLY_BYTES_MAX / 2 ** 20} MiB are)`;

/** Whether the answer may be another one a while later; of a 429 the limiter knows when. */
export const isPassing = (reply: ReadReply): boolean =>
  (reply.kind === 'lost' && !isTooLarge(reply)) ||
  (reply.kind === 'unreached' && reply.error.passes) ||
  (reply.kind === 'answered' && (reply.status >= 500 || PASSING.has(reply.status)));

/** Why a reply is no answer to its read, and what to do about it; undefined for one that is. */
export function readFailure(reply: ReadReply): Unread | undefined {
  switch (reply.kind) {
    case 'unreached': {
      const { message, remedy } = reply.error;
      return { kind: 'unread', why: clause(message), remedy };
    }
    case 'envelopeRefused': {
      const { status, error, isForeign } = reply;
      const why = `a whole batch of reads was refused with ${status} ${error.code}: ${clause(error.message)}`;
      return {
        kind: 'unread',
        why,
        remedy: isForeign ? IN_BETWEEN : REFUSED,
        refusedBy: isForeign ? 'inBetween' : 'graph',
        status,
      };
    }
    case 'lost':
      return { kind: 'unread', why: lostInWords(reply), waitMs: reply.retryAfterMs };
    case 'answered': {
      if (!isPassing(reply)) return undefined;
      const { code, message } = reply.error ?? errorOf(reply.status);
      const why = `Graph answered ${reply.status} ${code}: ${clause(message)}`;
      return { kind: 'unread', why, remedy: HEALTH, waitMs: reply.retryAfterMs, status: reply.status };
    }
  }
}

const lostInWords = ({ why, saw }: Extract<Reply, { kind: 'lost' }>): string =>
  `the reply was lost (${why}${saw === undefined ? '' : `: ${saw}`})`;

const errorOf = (status: number): GraphError => ({
  code: `Http${status}`,
  message: `Graph answered ${status} without saying why.`,
});

/** A sentence as part of one. */
const clause = (sentence: string): string => sentence.replace(/\.$/, '');

const HEALTH = 'Look at https://admin.microsoft.com/servicehealth whether Intune is well.';
const REFUSED = 'Run `retarget doctor`: it tells what is wrong with the sign-in or the address.';
const IN_BETWEEN = 'Let the proxy or gateway between here and Graph pass POST requests to Graph’s $batch.';

/** A collection that was read to its end, or that Graph did not show as one. */
export type Collection = { readonly kind: 'all'; readonly items: readonly unknown[] } | Unreadable;

/**
 * A collection, page by page. One that could not be read to its end is never shown in part: what is missing from it would
 * look as if it were gone.
 * @param url relative and without version, with the query if there is one
 * @param base root and version: links to further pages are absolute, and only what stands behind the version is used of them
 * @param pagesMax pages that are read; a link that leads in a circle has more
 */
export function collection(url: string, base: string, pagesMax: number): Reading<Collection> {
  const version = base.slice(base.lastIndexOf('/') + 1);
  const items: unknown[] = [];
  let [next, pages] = [url, 0];
  return {
    get next() {
      return next;
    },
    take(body) {
      const value = isJsonObject(body) ? body['value'] : undefined;
      if (!isJsonObject(body) || !Array.isArray(value)) return unreadable('the list has no "value"');
      for (const item of value as unknown[]) items.push(item);
      pages += 1;
      const link = body['@odata.nextLink'];
      if (link === undefined || link === null) return { kind: 'all', items };
      const found = continuation(link, version, url);
      if (found === undefined) return unreadable('the link to the next page leads elsewhere');
      if (pages >= pagesMax) return unreadable(`the list has more than ${pagesMax} pages`);
      next = found;
      return undefined;
    },
  };
}

const unreadable = (why: string): Unreadable => ({ kind: 'unreadable', why });

/**
 * What of a link to the next page is to be asked for: path and query behind the version. Behind a proxy Graph names itself
 * in it, and the request goes to our own root all the same; undefined when it does not go on with the same list.
 */
function continuation(link: unknown, version: string, url: string): string | undefined {
  const linked = typeof link === 'string' ? URL.parse(link) : null;
  if (linked === null) return undefined;
  const [, root = ''] = url.replace(/\?.*/, '').split('/');
  const at = `${linked.pathname}/`.toLowerCase().indexOf(`/${version}/${root}/`.toLowerCase());
  const path = linked.pathname.slice(at + 1 + version.length);
  return at >= 0 && plainPath(path) === plainPath(url.replace(/\?.*/, '')) ? path + linked.search : undefined;
}

/** The same for `deviceConfigurations('id')` and `deviceConfigurations/id`, as OData takes both; ids ignore case. */
function plainPath(path: string): string | undefined {
  try {
    return decodeURIComponent(withPlainKeys(path)).toLowerCase();
  } catch {
    return undefined; // a stray % is no path of Graph's
  }
}
