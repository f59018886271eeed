import { badModel, type Refused } from './refused.ts';

/** What a read is answered with; of a list it is one page. */
export type Shown = { status: 200; body: unknown } | { refused: Refused };

interface PageBody {
  readonly '@odata.nextLink'?: string;
  readonly value: readonly unknown[];
}

export type Page = { status: 200; body: PageBody } | { refused: Refused };

export const isLastPage = (page: Page): boolean =>
  'body' in page && page.body['@odata.nextLink'] === undefined;

const EXPANDED = ['assignments', 'assignments@odata.nextLink'];
const QUERY_OPTIONS = ['$top', '$skiptoken', '$select', '$expand', '$count', '$filter', '$orderby'];

/** @param expandable the relation that `$expand` may name; undefined for none. */
export function wrongQuery(query: URLSearchParams, expandable: string | undefined): Refused | undefined {
  for (const name of query.keys()) {
    if (name.startsWith('$') && !QUERY_OPTIONS.includes(name)) {
      return badModel(`The query parameter '${name}' is not supported.`);
    }
  }
  const top = query.get('$top');
  if (top !== null && !/^[1-9]\d*$/.test(top))
    return badModel(`Invalid value '${top}' for $top query option.`);
  const expand = query.get('$expand');
  if (expand === null) return undefined;
  if (/^(\w+)(\(.*\))?$/.exec(expand)?.[1] === expandable && expandable !== undefined) return undefined;
  return badModel(`Parsing OData Select and Expand failed: Could not find a property named '${expand}'.`);
}

/** `$select` keeps what is named, and what was expanded. */
export function selected(
  shown: Readonly<Record<string, unknown>>,
  query: URLSearchParams,
): Readonly<Record<string, unknown>> {
  const select = query.get('$select');
  if (select === null || select.trim() === '') return shown;
  const wanted = new Set([...select.split(',').map((name) => name.trim()), '@odata.type']);
  if (query.has('$expand')) for (const name of EXPANDED) wanted.add(name);
  return Object.fromEntries(Object.entries(shown).filter(([name]) => wanted.has(name)));
}

/**
 * Graph takes `$top` for the size of a page and goes on with a link that is absolute and opaque.
 * @param address of the list, absolute and without query
 */
export function page<T>(
  all: readonly T[],
  query: URLSearchParams,
  address: string,
  pageSize: number,
  show: (item: T) => unknown,
): Page {
  const token = query.get('$skiptoken');
  const start = token === null ? 0 : placeIn(token);
  if (start === undefined)
    return { refused: badModel('The value of the $skiptoken query option is invalid.') };
  const end = start + Math.min(Number(query.get('$top') ?? pageSize), pageSize);
  const value = all.slice(start, end).map(show);
  if (end >= all.length) return { status: 200, body: { value } };
  const next = new URLSearchParams(query);
  next.set('$skiptoken', tokenFor(end));
  return { status: 200, body: { '@odata.nextLink': `${address}?${queryText(next)}`, value } };
}

export const tokenFor = (place: number): string => Buffer.from(`place:${place}`).toString('base64url');

function placeIn(token: string): number | undefined {
  const digits = /^place:(\d+)$/.exec(Buffer.from(token, 'base64url').toString())?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Graph leaves the "$" of its options as it is. */
const queryText = (query: URLSearchParams): string => query.toString().replaceAll('%24', '$');
