import type { GraphRequest } from './requestToGraph.ts';
import type { Written } from './stats.ts';
import { answerApprovals } from './approvalLists.ts';
import type { Approvals } from './approvals.ts';
import { readAssign, refusedList, replaceList } from './assign.ts';
import { answerAuditEvents, type AuditLog } from './auditEvents.ts';
import { burdened, type BurdenSettings } from './burden.ts';
import type { Copies } from './copies.ts';
import { answerDeployments, type DeploymentSettings } from './deployments.ts';
import { answerFilters, type FilterSettings } from './filters.ts';
import { answerGroups, answerMemberCount, type GroupSettings } from './groups.ts';
import { loseFrom, type ListLoss } from './losses.ts';
import { isLastPage, page, selected, tokenFor, wrongQuery } from './odata.ts';
import type { ConcurrentEdits } from './concurrentEdits.ts';
import { isObject } from './target.ts';
import { readPatch, type RequestBody } from './patch.ts';
import { badForIntune, badModel, noRoute, notFound, type Refused } from './refused.ts';
import type { Refusals } from './refusals.ts';
import { assignmentPath, assignPath, routeOf, type Route } from './route.ts';
import { kindOfSet, type PolicySet, type PolicyType, type SimulatedKind } from './policyKinds.ts';
import { assignmentToAdd, whyNotRemoved } from './single.ts';
import {
  applyPatch,
  overwrittenBy,
  readAs,
  type Policy,
  type StoredAssignment,
  type Tenant,
} from './tenant.ts';

/** What the tenant says to a request. `wrote` is what it has changed. */
export type Answer = { status: 200 | 201 | 204; body: unknown; wrote?: Written } | { refused: Refused };

export interface AnswerDeps {
  readonly tenant: Tenant;
  readonly refusals: Refusals;
  readonly pageSize: number;
  readonly rekey: boolean;
  readonly copies: Copies;
  /** How far reads lag behind writes: of one list or assignment, and where assignments are expanded. */
  readonly readLagMs: number;
  readonly expandLagMs: number;
  /** What of a list is shown where it is expanded. */
  readonly expandedEntriesMax: number | null;
  readonly expandedEmpty: readonly string[];
  readonly refusePatch: readonly PolicyType[];
  /** Kinds that the token may neither read nor write. */
  readonly kindsRefused: readonly PolicyType[];
  readonly storeSource: boolean;
  readonly addTwice: boolean;
  readonly burden: BurdenSettings;
  readonly assignReply: 'list' | 'null';
  /** What a done assign loses; undefined for nothing. */
  readonly loses: { readonly what: ListLoss; readonly every: number } | undefined;
  readonly approvalFor: readonly PolicyType[];
  readonly approvals: Approvals;
  readonly audit: AuditLog;
  readonly auditRefused: boolean;
  readonly surroundings: GroupSettings & FilterSettings & DeploymentSettings;
  /** Is told of each list that was read. */
  readonly concurrentEdits: ConcurrentEdits;
  /** Root that absolute links start with, as the client wrote it, without version. */
  readonly root: string;
}

/** Does what the request asks for. Throttling, faults and sign-in are not its business. */
export function answer(request: GraphRequest, deps: AnswerDeps): Answer {
  const queryAt = request.url.indexOf('?');
  const path = queryAt === -1 ? request.url : request.url.slice(0, queryAt);
  const route = routeOf(path, request.version);
  if ('set' in route && deps.kindsRefused.includes(kindOfSet(route.set).type)) return { refused: FORBIDDEN };
  if (route.kind === 'unknown') {
    return { refused: badModel(`Resource not found for the segment '${route.segment}'.`) };
  }
  if (request.method === 'PATCH' && route.kind === 'assignment') return patchAssignment(request, route, deps);
  if (request.method === 'POST' && route.kind === 'assign') return assignPolicy(request, route, deps);
  if (request.method === 'POST' && route.kind === 'assignments') return addAssignment(request, route, deps);
  if (request.method === 'DELETE' && route.kind === 'assignment')
    return removeAssignment(request, route, deps);
  const query = new URLSearchParams(queryAt === -1 ? '' : request.url.slice(queryAt + 1));
  const address = `${deps.root}/${request.version}${path.startsWith('/') ? '' : '/'}${path}`;
  if (route.kind === 'group') return answerGroups(request.method, route, query, address, deps.surroundings);
  if (route.kind === 'memberCount')
    return answerMemberCount(request.method, route, request.headers['consistencylevel'], deps.surroundings);
  if (request.method !== 'GET' || route.kind === 'assign' || route.kind === 'noAction')
    return { refused: noRoute(request.method, TEMPLATES[route.kind]) };

  const isPolicy = route.kind === 'policies' || route.kind === 'policy';
  const odd = wrongQuery(query, isPolicy ? 'assignments' : undefined);
  if (odd !== undefined) return { refused: odd };
  if (route.kind === 'deployments')
    return answerDeployments(query, address, deps.surroundings, deps.pageSize);
  if (route.kind === 'auditEvents') return answerAuditEvents(query, address, deps);
  if (route.kind === 'filters') return answerFilters(route.filterId, query, address, deps);
  if (route.kind === 'approvalPolicies' || route.kind === 'approvalRequests') {
    return answerApprovals(route.kind, query, address, deps);
  }
  return read(request, address, query, route, deps);
}

/** Without licence, permission or role. */
const FORBIDDEN: Refused = {
  status: 403,
  code: 'Forbidden',
  message: 'Application is not authorized to perform this operation.',
  born: 'intune',
};

type KnownRoute = Exclude<Route, { kind: 'unknown' }>;
type PolicyRoute = Extract<KnownRoute, { kind: 'policies' | 'policy' | 'assignments' | 'assignment' }>;

const TEMPLATES: Readonly<Record<Exclude<KnownRoute['kind'], 'group' | 'memberCount'>, string>> = {
  policies: '~/singleton/navigation',
  policy: '~/singleton/navigation/key',
  assignments: '~/singleton/navigation/key/navigation',
  assignment: '~/singleton/navigation/key/navigation/key',
  assign: '~/singleton/navigation/key/action',
  noAction: '~/singleton/navigation/key/action',
  filters: '~/singleton/navigation',
  deployments: '~/singleton/navigation',
  auditEvents: '~/singleton/navigation',
  approvalPolicies: '~/singleton/navigation',
  approvalRequests: '~/singleton/navigation',
};

function patchAssignment(
  request: GraphRequest,
  route: Extract<Route, { kind: 'assignment' }>,
  deps: AnswerDeps,
): Answer {
  const read = readPatch(request.body, route.set, request.version, deps.tenant.undocumented);
  // The gateway refuses what the model does not know before Intune has seen the request.
  if ('refused' in read && read.refused.born === 'gateway') return read;
  const { type, takesPatch } = kindOfSet(route.set);
  if (!takesPatch || deps.refusePatch.includes(type)) {
    return { refused: noRoute('PATCH', TEMPLATES.assignment) };
  }
  const rule = deps.refusals('PATCH', route.policyId, route.assignmentId);
  if (rule !== undefined) return { refused: rule };
  const found = find(route, deps.tenant);
  if ('refused' in found) return found;
  if ('refused' in read) return read;
  // Assumed of the second: what a policy set has assigned is no more overwritten than it is changed.
  const overwritten = deps.rekey ? overwrittenBy(found.policy, found.list, found.assignment, read.patch) : [];
  if ([found.assignment, ...overwritten].some(({ ownedByPolicySet }) => ownedByPolicySet)) {
    return { refused: badForIntune('The assignment belongs to a policy set and can only be changed there.') };
  }
  const unapproved = waitsForApproval(request, route.set, deps);
  if (unapproved !== undefined) return { refused: unapproved };
  deps.copies.changes(found.list);
  const patch = deps.storeSource ? { ...read.patch, ...readOnlyIn(request.body, route.set) } : read.patch;
  applyPatch(found.policy, found.list, found.assignment, patch, deps.rekey);
  return {
    status: 200,
    body: readAs(request.version, route.set, found.assignment),
    wrote: { what: 'assignment', key: found.assignment.key },
  };
}

/** What the body of a PATCH says of properties that nobody may write. It was read, and is well formed. */
function readOnlyIn(body: RequestBody, set: PolicySet): Record<string, unknown> {
  const given = body.kind === 'json' && isObject(body.value) ? body.value : {};
  const { own } = kindOfSet(set);
  return Object.fromEntries(Object.entries(given).filter(([name]) => own[name]?.readOnly));
}

/** Needs the permission for the policy; what is forbidden for one of its assignments is no matter of the list. */
function assignPolicy(
  request: GraphRequest,
  { set, policyId }: Extract<Route, { kind: 'assign' }>,
  deps: AnswerDeps,
): Answer {
  const read = readAssign(request.body, set, request.version, deps.tenant.undocumented);
  if ('refused' in read && read.refused.born === 'gateway') return read;
  const rule = deps.refusals('POST', policyId, '');
  if (rule !== undefined) return { refused: rule };
  const policy = deps.tenant.policy(set, policyId);
  if (policy === undefined) return { refused: notFound('Policy') };
  if ('refused' in read) return read;
  const refusedByKind = refusedList(policy, read.entries);
  if (refusedByKind !== undefined) return { refused: refusedByKind };
  const unapproved = waitsForApproval(request, set, deps);
  if (unapproved !== undefined) return { refused: unapproved };
  const list = policy.lists.get('')?.assignments ?? new Map<string, StoredAssignment>();
  const before = new Map(list);
  deps.copies.changes(list);
  replaceList(policy, read.entries, deps.rekey);
  const value = [...list.values()].map((assignment) => readAs(request.version, set, assignment));
  // After the reply is made: it shows the list as it was asked for, and only who reads again finds out.
  if (deps.loses !== undefined) loseFrom(list, before, deps.loses);
  const wrote = { what: 'list', key: assignPath(set, policy.id) } as const;
  if (kindOfSet(set).assign?.answers === 'nothing') return { status: 204, body: null, wrote };
  return { status: 200, body: deps.assignReply === 'null' ? null : { value }, wrote };
}

function addAssignment(
  request: GraphRequest,
  route: Extract<Route, { kind: 'assignments' }>,
  deps: AnswerDeps,
): Answer {
  const { set, policyId } = route;
  if (kindOfSet(set).single === undefined) return { refused: noRoute('POST', TEMPLATES.assignments) };
  const rule = deps.refusals('POST', policyId, '');
  if (rule !== undefined) return { refused: rule };
  const found = findList(route, deps.tenant);
  if ('refused' in found) return found;
  const asked = assignmentToAdd(request.body, found.policy, request.version, deps);
  if ('refused' in asked) return asked;
  const unapproved = waitsForApproval(request, set, deps);
  if (unapproved !== undefined) return { refused: unapproved };
  const { added } = asked;
  deps.copies.changes(found.list);
  found.list.set(added.id.toLowerCase(), added);
  const wrote = { what: 'assignment', key: `POST ${added.key}` } as const;
  return { status: 201, body: readAs(request.version, set, added), wrote };
}

function removeAssignment(
  request: GraphRequest,
  route: Extract<Route, { kind: 'assignment' }>,
  deps: AnswerDeps,
): Answer {
  const { set, policyId, assignmentId } = route;
  if (kindOfSet(set).single === undefined) return { refused: noRoute('DELETE', TEMPLATES.assignment) };
  const rule = deps.refusals('DELETE', policyId, assignmentId);
  if (rule !== undefined) return { refused: rule };
  const found = findList(route, deps.tenant);
  if ('refused' in found) return found;
  const there = found.list.get(assignmentId.toLowerCase());
  const refused = whyNotRemoved(there) ?? waitsForApproval(request, set, deps);
  if (refused !== undefined) return { refused };
  deps.copies.changes(found.list);
  found.list.delete(assignmentId.toLowerCase());
  const left = {
    list: assignmentPath(set, found.policy.id, route.via, '').slice(0, -1),
    assignments: found.list.size,
  };
  const wrote = { what: 'assignment', key: `DELETE ${there?.key ?? ''}`, left } as const;
  return { status: 204, body: null, wrote };
}

/** Asked last, as what passes uses its approval up. */
function waitsForApproval(request: GraphRequest, set: PolicySet, deps: AnswerDeps): Refused | undefined {
  return deps.approvalFor.includes(kindOfSet(set).type) ? deps.approvals.judge(request) : undefined;
}

function read(
  { version }: GraphRequest,
  address: string,
  query: URLSearchParams,
  route: PolicyRoute,
  deps: AnswerDeps,
): Answer {
  const burden = version === 'beta' ? deps.burden : NO_BURDEN;
  const policyShown = (policy: Policy): Record<string, unknown> => ({
    '@odata.type': policy.odataType,
    id: policy.id,
    [kindOfSet(policy.set).name]: policy.displayName,
    ...policy.properties,
    ...(query.has('$expand') && expandedIn(policy)),
  });
  const expandedIn = (policy: Policy): Record<string, unknown> => {
    const list = policy.lists.get('')?.assignments;
    const isEmpty = route.kind === 'policy' && kindOfSet(policy.set).expandsOne?.(policy) === 'empty';
    if (list === undefined || isEmpty || deps.expandedEmpty.includes(policy.id)) return { assignments: [] };
    const all = [...deps.copies.shown(list, deps.expandLagMs).values()];
    const max = deps.expandedEntriesMax ?? all.length;
    const assignments = all
      .slice(0, max)
      .map((assignment) => burdened(readAs(version, policy.set, assignment), burden));
    if (all.length <= max) return { assignments };
    const path = `${deps.root}/${version}/${kindOfSet(policy.set).area}/${policy.set}('${policy.id}')/assignments`;
    return { assignments, 'assignments@odata.nextLink': `${path}?$skiptoken=${tokenFor(max)}` };
  };

  const kind = kindOfSet(route.set);
  const refused = refusedRead(route, query, kind);
  if (refused !== undefined) return { refused };
  const rule =
    route.kind === 'policies'
      ? undefined
      : deps.refusals('GET', route.policyId, route.kind === 'assignment' ? route.assignmentId : '');
  if (rule !== undefined) return { refused: rule };
  switch (route.kind) {
    case 'policies': {
      const seen: Policy[] = [];
      const answered = page(deps.tenant.policies(route.set), query, address, deps.pageSize, (policy) => {
        seen.push(policy);
        return selected(policyShown(policy), query);
      });
      if (query.has('$expand')) for (const { id } of seen) deps.concurrentEdits(route.set, id, '');
      return answered;
    }
    case 'policy': {
      const policy = deps.tenant.policy(route.set, route.policyId);
      if (policy === undefined) return { refused: notFound('Policy') };
      const body = selected(policyShown(policy), query);
      if (query.has('$expand')) deps.concurrentEdits(route.set, policy.id, '');
      return { status: 200, body };
    }
    case 'assignments': {
      const list = findList(route, deps.tenant);
      if ('refused' in list) return list;
      const shown = deps.copies.shown(list.list, deps.readLagMs);
      const answered = page([...shown.values()], query, address, deps.pageSize, (assignment) =>
        selected({ ...burdened(readAs(version, route.set, assignment), burden) }, query),
      );
      if (isLastPage(answered)) deps.concurrentEdits(route.set, route.policyId, route.via);
      return answered;
    }
    case 'assignment': {
      const found = find(route, deps.tenant, (list) => deps.copies.shown(list, deps.readLagMs));
      if ('refused' in found) return found;
      const body = selected({ ...burdened(readAs(version, route.set, found.assignment), burden) }, query);
      deps.concurrentEdits(route.set, route.policyId, route.via);
      return { status: 200, body };
    }
  }
}

/** What the collections of some kinds do not take, and some lists. */
function refusedRead(
  { kind: what }: PolicyRoute,
  query: URLSearchParams,
  { expandsAll, takesListFilter, listsAlone }: SimulatedKind,
): Refused | undefined {
  if (what === 'policies') {
    const isFiltered = query.has('$filter');
    if (isFiltered && !takesListFilter) return badForIntune('The query option $filter is not supported.');
    if (query.has('$expand') && (expandsAll === 'no' || (expandsAll === 'withFilter' && !isFiltered)))
      return badForIntune('The query option $expand is not supported.');
  }
  return (what === 'assignments' || what === 'assignment') && !listsAlone
    ? noRoute('GET', TEMPLATES[what])
    : undefined;
}

const NO_BURDEN: BurdenSettings = { entryBytes: 0, nestDepth: 0 };

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
  seen: (list: FoundList['list']) => FoundList['list'] = (list) => list,
): (FoundList & { assignment: StoredAssignment }) | { refused: Refused } {
  const found = findList(route, tenant);
  if ('refused' in found) return found;
  const assignment = seen(found.list).get(route.assignmentId.toLowerCase());
  return assignment ? { ...found, assignment } : { refused: notFound('Assignment') };
}
