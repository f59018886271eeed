import { withPlainKeys } from '../assignments/kinds/odataKeys.ts';
import { isJsonObject } from '../assignments/values/json.ts';
import type { GraphError } from '../assignments/changes/outcome.ts';
import type { Reply } from './batchEnvelope.ts';
import { BATCH_SIZE_MAX } from './batchEnvelope.ts';

/** Tries of one read whose reply was lost or a 5xx, before it is given up for now. */
const TRIES_MAX = 3;

/** Statuses below 500 that pass: the service was busy or locked. */
const PASSING = new Set([408, 423, 424, 425]);

/** Sends at most BATCH_SIZE_MAX reads together, within the limits; one reply each, in the order asked. */
export type SendReads = (urls: readonly string[]) => Promise<readonly Reply[]>;

/** A read that goes on until it has taken what it is about. */
export interface Reading<T> {
  /** What to ask for next, relative and without version. */
  readonly next: string;
  /** Takes the body of a 2xx. Undefined: there is more to read, at `next`. */
  take(body: unknown): T | undefined;
}

/** Why nothing could be read. */
export type NotRead =
  /** Graph's last word: not there, no permission, no such route. */
  | { readonly kind: 'refused'; readonly status: number; readonly error: GraphError }
  /** Not readable now; to be asked for again later. */
  | { readonly kind: 'unread'; readonly why: string }
  /** Graph wants another token. */
  | { readonly kind: 'signIn'; readonly error: GraphError };

/**
 * Reads all of these to their ends, BATCH_SIZE_MAX at a time; what they came to is in their order. A reply that was lost or
 * that passes is asked for again.
 */
export async function readAll<T>(
  readings: readonly Reading<T>[],
  send: SendReads,
): Promise<readonly (T | NotRead)[]> {
  const results: (T | NotRead)[] = [];
  let open = readings.map((reading, place) => ({ reading, place, tries: 0 }));
  while (open.length > 0) {
    const asked = open.slice(0, BATCH_SIZE_MAX);
    const replies = await send(asked.map(({ reading }) => reading.next));
    const goOn = asked.filter((one, i) => {
      const result = settle(one, replies[i] ?? { kind: 'lost', why: 'missing' });
      if (result !== undefined) results[one.place] = result;
      return result === undefined;
    });
    open = [...goOn, ...open.slice(asked.length)];
  }
  return results;
}

/** Undefined: `next` is to be asked for, for the first time or again. */
function settle<T>(one: { reading: Reading<T>; tries: number }, reply: Reply): T | NotRead | undefined {
  const again = (why: string): NotRead | undefined => {
    one.tries += 1;
    return one.tries < TRIES_MAX ? undefined : { kind: 'unread', why };
  };
  if (reply.kind === 'lost') return again(`the reply was lost (${reply.why})`);
  const { status } = reply;
  const error = reply.error ?? {
    code: `Http${status}`,
    message: `Graph answered ${status} without saying why.`,
  };
  if (status === 401) return { kind: 'signIn', error };
  // The sender has put the hold on the ledger: asking again waits for it.
  if (status === 429) return undefined;
  if (status >= 500 || PASSING.has(status)) return again(`Graph answered ${status} ${error.code}`);
  if (status >= 400) return { kind: 'refused', status, error };
  one.tries = 0;
  return one.reading.take(reply.body);
}

/** A collection that was read to its end, or that Graph did not show as one. */
export type Collection =
  | { readonly kind: 'all'; readonly items: readonly unknown[] }
  | { readonly kind: 'unreadable'; readonly why: string };

/**
 * A collection, page by page. One that could not be read to its end is never shown in part: what is missing from it would
 * look as if it were gone.
 * @param url below `/deviceManagement/`, relative and without version, with the query if there is one
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

const unreadable = (why: string): Collection => ({ kind: 'unreadable', why });

/**
 * What of a link to the next page is to be asked for: path and query behind the version. Behind a proxy Graph names itself
 * in it, and the request goes to our own root all the same; undefined when it does not go on with the same list.
 */
function continuation(link: unknown, version: string, url: string): string | undefined {
  const linked = typeof link === 'string' ? URL.parse(link) : null;
  if (linked === null) return undefined;
  const at = linked.pathname.toLowerCase().indexOf(`/${version}/devicemanagement/`);
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
