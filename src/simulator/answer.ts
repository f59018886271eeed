import { readPatch, type RequestBody } from './patch.ts';
import { badForIntune, badModel, noRoute, notFound, type Refused } from './refused.ts';
import type { Refusals } from './refusals.ts';
import { routeOf, type ApiVersion, type Route } from './route.ts';
import { applyPatch, readAs, type Policy, type StoredAssignment, type Tenant } from './tenant.ts';

/** One request to Graph, from an envelope or by itself. */
export interface GraphRequest {
  readonly version: ApiVersion;
  readonly method: string;
  /** Path and query without root and version. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: RequestBody;
}

/** What the tenant says to a request. `wrote` is the key of the assignment that a 200 has changed. */
export type Answer = { status: 200; body: unknown; wrote?: string } | { refused: Refused };

export interface TenantEdge {
  readonly tenant: Tenant;
  readonly refusals: Refusals;
  readonly pageSize: number;
  readonly rekey: boolean;
  /** Root that absolute links start with, as the client wrote it, without version. */
  readonly root: string;
}

/** Does what the request asks for. Throttling, faults and sign-in are not its business. */
export function answer(request: GraphRequest, edge: TenantEdge): Answer {
  const queryAt = request.url.indexOf('?');
  const path = queryAt === -1 ? request.url : request.url.slice(0, queryAt);
  const route = routeOf(path, request.version);
  if (route.kind === 'unknown') {
    return { refused: badModel(`Resource not found for the segment '${route.segment}'.`) };
  }
  if (request.method === 'PATCH' && route.kind === 'assignment') return patchAssignment(request, route, edge);
  if (request.method !== 'GET') return { refused: noRoute(request.method, TEMPLATES[route.kind]) };

  const query = new URLSearchParams(queryAt === -1 ? '' : request.url.slice(queryAt + 1));
  const odd = wrongQuery(query, route);
  if (odd !== undefined) return { refused: odd };
  return read(request, path, query, route, edge);
}

type KnownRoute = Exclude<Route, { kind: 'unknown' }>;

const TEMPLATES: Readonly<Record<KnownRoute['kind'], string>> = {
  policies: '~/singleton/navigation',
  policy: '~/singleton/navigation/key',
  assignments: '~/singleton/navigation/key/navigation',
  assignment: '~/singleton/navigation/key/navigation/key',
};

function patchAssignment(
  request: GraphRequest,
  route: Extract<Route, { kind: 'assignment' }>,
  edge: TenantEdge,
): Answer {
  const read = readPatch(request.body, route.set, request.version);
  // The gateway refuses what the model does not know before Intune has seen the request.
  if ('refused' in read && read.refused.born === 'gateway') return read;
  const rule = edge.refusals('PATCH', route.policyId, route.assignmentId);
  if (rule !== undefined) return { refused: rule };
  const found = find(route, edge.tenant);
  if ('refused' in found) return found;
  if ('refused' in read) return read;
  if (found.assignment.ownedByPolicySet) {
    return { refused: badForIntune('The assignment belongs to a policy set and can only be changed there.') };
  }
  applyPatch(found.policy, found.list, found.assignment, read.patch, edge.rekey);
  return {
    status: 200,
    body: readAs(request.version, route.set, found.assignment),
    wrote: found.assignment.key,
  };
}

function read(
  request: GraphRequest,
  path: string,
  query: URLSearchParams,
  route: KnownRoute,
  edge: TenantEdge,
): Answer {
  const { version } = request;
  const policyShown = (policy: Policy): Record<string, unknown> => ({
    '@odata.type': policy.odataType,
    id: policy.id,
    displayName: policy.displayName,
    ...(query.has('$expand') && { assignments: assignmentsShown(policy, policy.lists.get('')?.assignments) }),
  });
  const assignmentsShown = (policy: Policy, list: Map<string, StoredAssignment> | undefined): unknown[] =>
    [...(list?.values() ?? [])].map((assignment) => readAs(version, policy.set, assignment));

  const rule =
    route.kind === 'policies'
      ? undefined
      : edge.refusals('GET', route.policyId, route.kind === 'assignment' ? route.assignmentId : '');
  if (rule !== undefined) return { refused: rule };
  const address = `${edge.root}/${version}${path.startsWith('/') ? '' : '/'}${path}`;
  switch (route.kind) {
    case 'policies':
      return page(edge.tenant.policies(route.set), query, address, edge.pageSize, (policy) =>
        selected(policyShown(policy), query),
      );
    case 'policy': {
      const policy = edge.tenant.policy(route.set, route.policyId);
      return policy
        ? { status: 200, body: selected(policyShown(policy), query) }
        : { refused: notFound('Policy') };
    }
    case 'assignments': {
      const list = findList(route, edge.tenant);
      if ('refused' in list) return list;
      return page([...list.list.values()], query, address, edge.pageSize, (assignment) =>
        selected({ ...readAs(version, route.set, assignment) }, query),
      );
    }
    case 'assignment': {
      const found = find(route, edge.tenant);
      if ('refused' in found) return found;
      return { status: 200, body: selected({ ...readAs(version, route.set, found.assignment) }, query) };
    }
  }
}

type FoundList = { policy: Policy; list: Map<string, StoredAssignment> };

function findList(
  route: Extract<Route, { kind: 'assignment' | 'assignments' }>,
  tenant: Tenant,
): FoundList | { refused: Refused } {
  const policy = tenant.policy(route.set, route.policyId);
  if (policy === undefined) return { refused: notFound('Policy') };
  const list = policy.lists.get(route.via.toLowerCase());
  return list ? { policy, list: list.assignments } : { refused: notFound('Certificate profile') };
}

function find(
  route: Extract<Route, { kind: 'assignment' }>,
  tenant: Tenant,
): (FoundList & { assignment: StoredAssignment }) | { refused: Refused } {
  const found = findList(route, tenant);
  if ('refused' in found) return found;
  const assignment = found.list.get(route.assignmentId.toLowerCase());
  return assignment ? { ...found, assignment } : { refused: notFound('Assignment') };
}

const QUERY_OPTIONS = ['$top', '$skiptoken', '$select', '$expand', '$count', '$filter', '$orderby'];

function wrongQuery(query: URLSearchParams, route: KnownRoute): Refused | undefined {
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
  const isPolicy = route.kind === 'policies' || route.kind === 'policy';
  if (isPolicy && /^assignments(\(.*\))?$/.test(expand)) return undefined;
  return badModel(`Parsing OData Select and Expand failed: Could not find a property named '${expand}'.`);
}

/** `$select` keeps what is named, and what was expanded. */
function selected(shown: Record<string, unknown>, query: URLSearchParams): Record<string, unknown> {
  const select = query.get('$select');
  if (select === null || select.trim() === '') return shown;
  const wanted = new Set([...select.split(',').map((name) => name.trim()), '@odata.type']);
  if (query.has('$expand')) wanted.add('assignments');
  return Object.fromEntries(Object.entries(shown).filter(([name]) => wanted.has(name)));
}

/** Graph takes `$top` for the size of a page and goes on with a link that is absolute and opaque. */
function page<T>(
  all: readonly T[],
  query: URLSearchParams,
  address: string,
  pageSize: number,
  show: (item: T) => unknown,
): Answer {
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

const tokenFor = (place: number): string => Buffer.from(`place:${place}`).toString('base64url');

function placeIn(token: string): number | undefined {
  const digits = /^place:(\d+)$/.exec(Buffer.from(token, 'base64url').toString())?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Graph leaves the "$" of its options as it is. */
const queryText = (query: URLSearchParams): string => query.toString().replaceAll('%24', '$');
