import type { GraphRequest } from './requestToGraph.ts';
import { randomUUID } from 'node:crypto';
import { answer, type Answer } from './answer.ts';
import type { Written } from './stats.ts';
import { requestFault, type RequestFault, type Sort } from './faults.ts';
import type { ListLoss } from './losses.ts';
import { PASSING_REFUSALS } from './refusals.ts';
import { errorBody, type Refused } from './refused.ts';
import { retryAfter } from './retryAfter.ts';
import type { SimulatorSettings } from './settings.ts';
import type { LimitScope } from './throttle.ts';
import { answerSignedIn } from './signedIn.ts';
import { familyOf } from './throttleFamilies.ts';
import { routeOf } from './route.ts';
import { actorOf } from './auditEvents.ts';
import { nowMs, wallMs, type SimulatorState } from './simulatorState.ts';

/** Who asks, and from where. */
export interface Caller {
  /** The access token: the limits count for each by itself. */
  readonly app: string;
  /** When the HTTP request arrived, on the simulator's clock. */
  readonly arrivedMs: number;
  /** For how long a fault has kept it from the tenant. */
  readonly heldUpMs: number;
  /** Whether what it writes is applied only after nobody waits for it any more. */
  readonly landsLate: boolean;
  /** Root that the client used, without version. */
  readonly root: string;
  /** The request's place in its envelope; undefined outside of any. */
  readonly place: { envelope: number; request: number } | undefined;
}

/** A reply that is ready to go out. */
export interface GraphReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** What it has changed. */
  readonly wrote?: Written;
  /** The wait that a 429 asks for. */
  readonly backoff?: { scope: LimitScope; toldMs: number; family?: string };
}

/** `lost` and `withoutId` are about an envelope: a single reply is never either. */
export type Handled = { reply: GraphReply; fault: RequestFault | undefined };

/** Takes one request through limit, fault and tenant, in this order, as Graph counts before it works. */
export function handleRequest(request: GraphRequest, caller: Caller, world: SimulatorState): Handled {
  const { account, settings } = world;
  const isWrite = request.method !== 'GET';
  const family = familyOf(request.url, settings.unlistedApart);
  account.requestArrived({
    app: caller.app,
    family,
    method: request.method,
    isWrite,
    clientRequestId: request.headers['client-request-id'],
    atMs: caller.arrivedMs + caller.heldUpMs,
    sentMs: caller.arrivedMs,
  });
  const now = nowMs();
  const admission = isOfDirectory(request)
    ? ({ admitted: true } as const)
    : world.throttle.ask(caller.app, isWrite, now, family);
  if (!admission.admitted) {
    account.throttled();
    return { reply: throttledReply(request, { ...admission, family }, now, world), fault: undefined };
  }
  if (isWrite) account.writeAdmitted(caller.app, now, family);

  if (!isWrite && !isOfDirectory(request) && world.outages()) {
    account.fault('readOutages');
    return { reply: unavailableReply(request, now, world), fault: undefined };
  }
  const fault = requestFault(settings, world.random, caller.place, () => sortOf(request));
  if (fault !== undefined) account.fault(fault);
  switch (fault) {
    case 'error500':
    case 'lostUnapplied':
      return { reply: refusedReply(request, INTERNAL_ERROR, now), fault };
    case 'unavailable503':
      return { reply: unavailableReply(request, now, world), fault };
    case 'conflict409':
    case 'precondition412':
    case 'missing404':
      return { reply: refusedReply(request, PASSING_REFUSALS[fault], now), fault };
    case 'error500Applied':
      auditedAnswer(request, world, caller);
      return { reply: refusedReply(request, INTERNAL_ERROR, now), fault };
    case 'ignored':
      return { reply: answeredReply(instead(request), caller, now, world), fault };
    case 'error500Late':
      answeredReply(request, { ...caller, landsLate: true }, now, world);
      return { reply: refusedReply(request, INTERNAL_ERROR, now), fault };
    case 'lostLate':
    case 'timeoutLate':
      return { reply: answeredReply(request, { ...caller, landsLate: true }, now, world), fault };
    case 'exclusionsDropped':
    case 'filtersDropped':
    case 'entriesDropped':
      return { reply: answeredReply(request, caller, now, world, fault), fault };
    case 'lost':
    case 'withoutId':
    case undefined:
      return { reply: answeredReply(request, caller, now, world), fault };
  }
}

/** What a request to Graph asks for. */
export const sortOf = ({ method, url }: Pick<GraphRequest, 'method' | 'url'>): Sort =>
  method === 'GET' ? 'read' : method === 'POST' && url.endsWith('/assign') ? 'assign' : 'patch';

/** Reads what a write would have changed. */
const instead = (request: GraphRequest): GraphRequest => ({
  ...request,
  method: 'GET',
  url: request.url.replace(/(\/microsoft\.graph\.\w+)?\/assign$/, '/assignments'),
});

/** The directory has limits of its own, far away from these: learn.microsoft.com/graph/throttling-limits. */
const isOfDirectory = ({ url }: GraphRequest): boolean => /^\/?(groups|me|organization)\b/.test(url);

const INTERNAL_ERROR: Refused = {
  status: 500,
  code: 'InternalServerError',
  message: 'An internal server error has occurred',
  born: 'intune',
};

const UNAVAILABLE: Refused = {
  status: 503,
  code: 'ServiceUnavailable',
  message: 'The service is temporarily unavailable. Please try again.',
  born: 'gateway',
};

const TIMED_OUT: Refused = {
  status: 504,
  code: 'GatewayTimeout',
  message: 'The service did not answer in time.',
  born: 'gateway',
};

const NOT_ALLOWED: Refused = {
  status: 403,
  code: 'Forbidden',
  message: 'Application is not authorized to perform this operation.',
  born: 'intune',
};

const isAllowed = ({ method }: GraphRequest, { access }: SimulatorSettings): boolean =>
  access === 'write' || (access === 'read' && method === 'GET');

const TOO_MANY: Refused = {
  status: 429,
  code: 'TooManyRequests',
  message: 'Too many requests. Please retry after the time that the Retry-After header gives.',
  born: 'gateway',
};

const answerDeps = (world: SimulatorState, { root }: Caller, loses?: ListLoss) => ({
  tenant: world.tenant,
  refusals: world.refusals,
  pageSize: world.settings.pageSize,
  rekey: world.settings.rekey,
  storeSource: world.settings.storeSource,
  addTwice: world.settings.addTwice,
  burden: world.settings,
  copies: world.copies,
  readLagMs: world.settings.readLagMs,
  expandLagMs: world.settings.expandLagMs,
  expandedEntriesMax: world.settings.expandedEntriesMax,
  expandedEmpty: world.settings.expandedEmpty,
  refusePatch: world.settings.refusePatch,
  kindsRefused: world.settings.kindsRefused,
  assignReply: world.settings.assignReply,
  loses: loses && { what: loses, every: world.settings.dropEvery },
  approvalFor: world.settings.approvalFor,
  approvals: world.approvals,
  audit: world.audit,
  auditRefused: world.settings.auditRefused,
  surroundings: world.settings,
  concurrentEdits: world.concurrentEdits,
  root,
});

/** The answer, and what it has changed in the audit log. */
function auditedAnswer(
  request: GraphRequest,
  world: SimulatorState,
  caller: Caller,
  loses?: ListLoss,
): Answer {
  const [path = ''] = request.url.split('?', 1);
  const route = request.method === 'GET' ? undefined : routeOf(path, request.version);
  const isPolicy = route !== undefined && 'set' in route && 'policyId' in route;
  if (!isPolicy) return answer(request, answerDeps(world, caller, loses));
  const policy = world.tenant.policy(route.set, route.policyId);
  const via = 'via' in route ? route.via : '';
  const before = world.audit.seen(policy, via);
  const answered = answer(request, answerDeps(world, caller, loses));
  if ('wrote' in answered)
    world.audit.changed(policy, via, before, {
      actor: actorOf(caller.app),
      method: request.method,
      correlationId: request.headers['client-request-id'] ?? '',
    });
  return answered;
}

function answeredReply(
  request: GraphRequest,
  caller: Caller,
  now: number,
  world: SimulatorState,
  loses?: ListLoss,
): GraphReply {
  if (!isAllowed(request, world.settings)) return refusedReply(request, NOT_ALLOWED, now);
  if (caller.landsLate && sortOf(request) !== 'read') {
    world.landings.later(world.settings.lateMs, () => {
      const landed = auditedAnswer(request, world, caller);
      if ('wrote' in landed && landed.wrote !== undefined) world.account.landedLate(landed.wrote);
    });
    return refusedReply(request, TIMED_OUT, now);
  }
  const answered: Answer =
    answerSignedIn(request, caller.app) ?? auditedAnswer(request, world, caller, loses);
  if ('refused' in answered) return refusedReply(request, answered.refused, now);
  if (answered.wrote !== undefined) world.account.wrote(answered.wrote);
  const { status, body, wrote } = answered;
  return { status, headers: replyHeaders(request, now), body, ...(wrote !== undefined && { wrote }) };
}

function unavailableReply(request: GraphRequest, now: number, { settings }: SimulatorState): GraphReply {
  const seconds = settings.unavailableRetryAfterSeconds;
  return refusedReply(request, UNAVAILABLE, now, seconds === null ? {} : { 'Retry-After': String(seconds) });
}

/** The reply to a request that was throttled, by a limit or by a fault. */
export function throttledReply(
  request: Pick<GraphRequest, 'headers' | 'url'>,
  { waitMs, scope, family }: { waitMs: number; scope: LimitScope; family?: string },
  now: number,
  world: SimulatorState,
): GraphReply {
  const { headers, toldMs } = retryAfter(world.settings.retryAfter, waitMs, wallMs(now));
  const reply = refusedReply(request, TOO_MANY, now, headers);
  return toldMs === undefined ? reply : { ...reply, backoff: { scope, toldMs, ...(family && { family }) } };
}

export function refusedReply(
  request: Pick<GraphRequest, 'headers' | 'url'>,
  refused: Refused,
  now: number,
  extraHeaders: Readonly<Record<string, string>> = {},
): GraphReply {
  const headers = replyHeaders(request, now);
  const ids = { requestId: headers['request-id'], clientRequestId: headers['client-request-id'] };
  return {
    status: refused.status,
    headers: { ...headers, ...refused.headers, ...extraHeaders },
    body: errorBody(refused, ids, request.url, wallMs(now)),
  };
}

/** Graph makes up a client-request-id for a request that has none. */
export function replyHeaders(
  { headers }: Pick<GraphRequest, 'headers'>,
  now: number,
): { 'Content-Type': string; 'request-id': string; 'client-request-id': string; Date: string } {
  const requestId = randomUUID();
  return {
    'Content-Type': 'application/json',
    'request-id': requestId,
    'client-request-id': headers['client-request-id'] ?? requestId,
    Date: new Date(wallMs(now)).toUTCString(),
  };
}
