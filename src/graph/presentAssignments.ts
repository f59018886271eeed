import { isJsonObject } from '../assignments/json.ts';
import type { GraphError } from '../assignments/outcome.ts';
import type { Look, PresentAssignment } from '../assignments/plan.ts';
import { listPath, type Address } from '../assignments/policyKinds.ts';
import type { Reply } from './batchEnvelope.ts';
import { BATCH_SIZE_MAX } from './batchEnvelope.ts';

/** Pages of one policy's list that are read. A thousand assignments a policy is far beyond what Intune shows. */
const LIST_PAGES_MAX = 200;

/** Tries of one page whose reply was lost or a 5xx, before the look is put off. */
const PAGE_TRIES_MAX = 3;

/** Statuses below 500 that pass: the service was busy or locked. */
const PASSING = new Set([408, 423, 424, 425]);

/** What looking brought for one list. */
export type LookResult =
  | Look
  /** Not readable now; to be looked at again later. */
  | { readonly kind: 'unread'; readonly why: string }
  /** Graph wants another token. */
  | { readonly kind: 'signIn'; readonly error: GraphError };

/** Sends at most BATCH_SIZE_MAX reads together, within the limits; one reply each, in the order asked. */
export type SendReads = (urls: readonly string[]) => Promise<readonly Reply[]>;

interface OpenList {
  readonly path: string;
  readonly assignments: PresentAssignment[];
  /** The page to read next, relative and without version. */
  next: string;
  pages: number;
  tries: number;
}

/**
 * Reads the lists that these assignments are in, each list once and whole. The answer is by `listPath`. A list that could
 * not be read to its end is never shown in part: what is missing from it would look as if it were gone.
 * @param base root and version: links to further pages are absolute, and only what stands behind the version is used of them
 */
export async function presentAssignments(
  addresses: readonly Address[],
  send: SendReads,
  base: string,
): Promise<Map<string, LookResult>> {
  const results = new Map<string, LookResult>();
  let open: OpenList[] = [...new Set(addresses.map(listPath))].map((path) => ({
    path,
    assignments: [],
    next: path,
    pages: 0,
    tries: 0,
  }));
  while (open.length > 0) {
    const asked = open.slice(0, BATCH_SIZE_MAX);
    const replies = await send(asked.map((list) => list.next));
    for (const [i, list] of asked.entries()) {
      const result = takePage(list, replies[i] ?? { kind: 'lost', why: 'missing' }, base);
      if (result !== undefined) results.set(list.path, result);
    }
    open = open.filter((list) => !results.has(list.path));
  }
  return results;
}

/** Takes one page into its list. Undefined: there is more to read. */
function takePage(list: OpenList, reply: Reply, base: string): LookResult | undefined {
  if (reply.kind === 'lost') return again(list, `the reply was lost (${reply.why})`);
  const { status } = reply;
  const error = reply.error ?? {
    code: `Http${status}`,
    message: `Graph answered ${status} without saying why.`,
  };
  if (status === 401) return { kind: 'signIn', error };
  // The sender has put the hold on the ledger: asking again waits for it.
  if (status === 429) return undefined;
  if (status >= 500 || PASSING.has(status)) return again(list, `Graph answered ${status} ${error.code}`);
  if (status >= 400) return { kind: 'refused', status, error };

  const page = isJsonObject(reply.body) ? reply.body['value'] : undefined;
  if (!Array.isArray(page)) return unreadable('the list has no "value"');
  for (const item of page as unknown[]) {
    const assignment = presentAssignmentOf(item);
    if (assignment === undefined) return unreadable('an entry of the list has no id or no target');
    list.assignments.push(assignment);
  }
  list.pages += 1;
  list.tries = 0;
  const nextLink = isJsonObject(reply.body) ? reply.body['@odata.nextLink'] : undefined;
  if (nextLink === undefined || nextLink === null) return { kind: 'list', assignments: list.assignments };
  const next = continuation(nextLink, base.slice(base.lastIndexOf('/') + 1), list.path);
  if (next === undefined) return unreadable('the link to the next page leads elsewhere');
  if (list.pages >= LIST_PAGES_MAX) return unreadable(`the list has more than ${LIST_PAGES_MAX} pages`);
  list.next = next;
  return undefined;
}

/**
 * What of a link to the next page is to be asked for: path and query behind the version. Behind a proxy Graph names itself
 * in it, and the request goes to our own root all the same; undefined when it does not go on with the same list.
 */
function continuation(link: unknown, version: string, listPath: string): string | undefined {
  const url = typeof link === 'string' ? URL.parse(link) : null;
  if (url === null) return undefined;
  const at = url.pathname.toLowerCase().indexOf(`/${version}/devicemanagement/`);
  const path = url.pathname.slice(at + 1 + version.length);
  return at >= 0 && plainPath(path) === plainPath(listPath) ? path + url.search : undefined;
}

/** The same for `deviceConfigurations('id')` and `deviceConfigurations/id`, as OData takes both; ids ignore case. */
function plainPath(path: string): string | undefined {
  try {
    return decodeURIComponent(path.replaceAll(/\('([^/]*?)'\)/g, '/$1')).toLowerCase();
  } catch {
    return undefined; // a stray % is no path of Graph's
  }
}

function again(list: OpenList, why: string): LookResult | undefined {
  list.tries += 1;
  return list.tries < PAGE_TRIES_MAX ? undefined : { kind: 'unread', why };
}

const unreadable = (what: string): Look => ({
  kind: 'refused',
  status: 200,
  error: { code: 'LookIncomplete', message: `The policy's assignments could not be read: ${what}.` },
});

/** An assignment as Graph shows it; undefined when it is none. Unknown kinds of target are kept as they are. */
export function presentAssignmentOf(item: unknown): PresentAssignment | undefined {
  if (!isJsonObject(item)) return undefined;
  const { id, target, source } = item;
  if (typeof id !== 'string' || !isJsonObject(target)) return undefined;
  return { id, target, whole: item, ...(typeof source === 'string' && { source }) };
}
