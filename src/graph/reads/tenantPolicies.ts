import { type CurrentAssignment, currentAssignmentsIn } from '../../assignments/changes/current.ts';
import { isJsonObject, type JsonObject } from '../../assignments/values/json.ts';
import { collectionPath } from '../../assignments/kinds/address.ts';
import type { PolicyKind } from '../../assignments/kinds/registry.ts';
import type { DevicePlatform } from '../../assignments/targets/platforms.ts';
import {
  collection,
  readAll,
  type Collection,
  type NotRead,
  type SendReads,
  type Unreadable,
} from './reading.ts';

/** Pages of a collection that are read: no tenant has so many, however few policies a page shows. */
const COLLECTION_PAGES_MAX = 5_000;

/** A policy of the tenant with all its assignments. */
export interface TenantPolicy {
  readonly kind: PolicyKind;
  readonly id: string;
  readonly platform: DevicePlatform | undefined;
  readonly displayName: string | undefined;
  /** What else its collection shows of it, for what its kind makes of that. */
  readonly shown: JsonObject;
  readonly assignments: readonly CurrentAssignment[];
}

/** A policy as a page of its kind shows it. */
export interface PagedPolicy extends Omit<TenantPolicy, 'assignments'> {
  /** Undefined: too long to stand in a page, or empty there though the policy says that it is assigned. */
  readonly assignments: readonly CurrentAssignment[] | undefined;
}

/** All policies of one kind, or why they could not be read. */
export type TenantPolicies = PoliciesOf<TenantPolicy>;
export type PagedPolicies = PoliciesOf<PagedPolicy>;
type PoliciesOf<T> = { readonly kind: 'policies'; readonly policies: readonly T[] } | NotRead | Unreadable;

/**
 * Reads every policy of these kinds: the collections page by page, side by side. What could not be read to its end is never shown in part.
 * A page that is too large for a reply is asked for in halves, where the kind has a page size.
 * @param base root and version, for links to further pages
 */
export async function tenantPages(
  kinds: readonly PolicyKind[],
  send: SendReads,
  base: string,
): Promise<ReadonlyMap<PolicyKind, PagedPolicies>> {
  const pages = await readAll(
    kinds.map((kind) => collection(urlOfAll(kind, kind.list.top), base, COLLECTION_PAGES_MAX)),
    send,
  );
  const found = new Map<PolicyKind, PagedPolicies>();
  for (const [i, kind] of kinds.entries()) {
    const page = await inSmallerPages(kind, await inPlain(kind, pages[i], send, base), send, base);
    if (page !== undefined) found.set(kind, page.kind === 'all' ? policiesIn(page.items, kind) : page);
  }
  return found;
}

type Pages = Collection | NotRead | undefined;

/** What each kind can be asked for is told by others' requests, not by a contract: where Graph does not take that, all is asked for plainly. */
async function inPlain(kind: PolicyKind, read: Pages, send: SendReads, base: string): Promise<Pages> {
  if (read?.kind !== 'refused' || !NOT_TAKEN.has(read.status)) return read;
  const [plain] = await readAll([collection(collectionPath(kind), base, COLLECTION_PAGES_MAX)], send);
  // That both were refused is the answer to the first: it may be that this Graph has no such kind.
  return plain?.kind === 'all' ? plain : read;
}

const NOT_TAKEN: ReadonlySet<number> = new Set([400, 501]);

/** From the start again with pages of half the size, until they can be read. */
async function inSmallerPages(kind: PolicyKind, read: Pages, send: SendReads, base: string): Promise<Pages> {
  let pages = read;
  let top = kind.list.top ?? 1;
  while (pages?.kind === 'unreadable' && pages.isTooLarge === true && top > 1) {
    top = Math.floor(top / 2);
    [pages] = await readAll([collection(urlOfAll(kind, top), base, COLLECTION_PAGES_MAX)], send);
  }
  return pages;
}

function urlOfAll(kind: PolicyKind, top: number | undefined): string {
  const { name, also, expands, filter } = kind.list;
  const options = [
    ...(filter === undefined ? [] : [`$filter=${encodeURIComponent(filter)}`]),
    ...(expands ? ['$expand=assignments'] : []),
    ...(also === 'all' ? [] : [`$select=${['id', name, ...also].join(',')}`]),
    ...(top === undefined ? [] : [`$top=${top}`]),
  ];
  return `${collectionPath(kind)}${options.length === 0 ? '' : `?${options.join('&')}`}`;
}

function policiesIn(items: readonly unknown[], kind: PolicyKind): PagedPolicies {
  const policies: PagedPolicy[] = [];
  for (const item of items) {
    const policy = policyIn(item, kind);
    if (policy === undefined) return unreadable('an entry has no id, or an assignment without id or target');
    policies.push(policy);
  }
  return { kind: 'policies', policies };
}

/** An entry of the collection; undefined when it is no policy. */
function policyIn(item: unknown, kind: PolicyKind): PagedPolicy | undefined {
  if (!isJsonObject(item)) return undefined;
  const { id, [kind.list.name]: name, assignments: expanded, ...shown } = item;
  const isCut = (item['assignments@odata.nextLink'] ?? null) !== null;
  const isWhole =
    Array.isArray(expanded) && !isCut && !(expanded.length === 0 && item['isAssigned'] === true);
  const assignments = currentAssignmentsIn(isWhole ? (expanded as unknown[]) : []);
  if (typeof id !== 'string' || assignments === undefined) return undefined;
  return {
    kind,
    id,
    platform: kind.platformOf(item),
    displayName: typeof name === 'string' ? name : undefined,
    shown,
    assignments: isWhole ? assignments : undefined,
  };
}

const unreadable = (why: string): PagedPolicies => ({ kind: 'unreadable', why });
