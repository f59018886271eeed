import type { GraphRequest } from './requestToGraph.ts';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { withNesting } from './burden.ts';
import { readEnvelope, type InnerRequest } from './envelope.ts';
import { exchangeFault, type ExchangeFault, type Sort } from './faults.ts';
import {
  handleRequest,
  refusedReply,
  replyHeaders,
  sortOf,
  throttledReply,
  type Caller,
  type GraphReply,
} from './graphRequest.ts';
import { badModel, type Refused } from './refused.ts';
import type { RequestBody } from './patch.ts';
import { readJson, writeJson } from './json.ts';
import type { SimulatorSettings } from './settings.ts';
import { shuffled } from './random.ts';
import { isObject } from './target.ts';
import { answerHtml, cutBody, readText, send } from './transport.ts';
import type { ApiVersion } from './apiVersion.ts';
import { nowMs, type ProxyStatus, type SimulatorState } from './simulatorState.ts';

/** The path an injected redirect leads to. Nobody should ever follow it, least of all with a token. */
export const REDIRECT_PATH = '/simulator/redirected';

/** What a whole-envelope 429 asks for, before the style of Retry-After words it. */
const ENVELOPE_THROTTLED_MS = 1_000;

/**
 * One HTTP exchange with Graph: a `$batch` or a single request. Half of the latency passes before anything is counted or
 * applied, so what a client sends at once does not arrive at once.
 */
export async function graphExchange(
  http: IncomingMessage,
  response: ServerResponse,
  world: SimulatorState,
  { version, url, signal }: { version: ApiVersion; url: string; signal: AbortSignal },
): Promise<void> {
  const { account, settings } = world;
  const arrivedMs = nowMs();
  const isEnvelope = /^\/(\$|%24)batch$/i.test(url);
  account.exchangeArrived(isEnvelope ? 'envelope' : 'single', { userAgent: http.headers['user-agent'] });
  const envelope = isEnvelope ? (world.scriptedEnvelopes += 1) : undefined;
  const text = await readText(http);
  const outer = { version, method: http.method ?? 'GET', url, headers: plainHeaders(http), body: NO_BODY };

  const refuse = (refused: Refused, headers: Readonly<Record<string, string>> = {}): void =>
    finish(refusedReply(outer, refused, nowMs(), headers));
  const finish = (reply: GraphReply): void => {
    account.exchangeEnded(reply.status);
    send(response, reply.status, reply.headers, writeJson(reply.body), asksGzip(http, settings));
  };

  if (text === undefined) return refuse(TOO_LARGE);
  const app = tokenOf(http);
  if (app === undefined || !(settings.tokens?.includes(app) ?? true)) return refuse(NOT_SIGNED_IN, CHALLENGE);

  const sort = memoized(() => sortOfExchange(outer, isEnvelope, text));
  const fault = exchangeFault(settings, world.random, envelope, sort);
  if (fault !== undefined) account.fault(fault);
  const byProxy = PROXY_FAULTS[fault ?? ''] ?? (isEnvelope ? proxyTurn(world, sort) : undefined);
  await pause(settings.latencyMs / 2, signal);
  if (byProxy !== undefined) {
    account.exchangeEnded(byProxy);
    return answerHtml(response, byProxy);
  }
  switch (fault) {
    case 'unauthorized':
      return refuse(NOT_SIGNED_IN, CHALLENGE);
    case 'throttled': {
      const wait = { waitMs: ENVELOPE_THROTTLED_MS, scope: 'requests' as const };
      const reply = throttledReply(outer, wait, nowMs(), world);
      finish(reply);
      return backoffFrom([reply], app, world);
    }
    case 'html502':
    case 'html503':
      account.exchangeEnded(fault === 'html502' ? 502 : 503);
      return answerHtml(response, fault === 'html502' ? 502 : 503);
    case 'redirect':
      account.exchangeEnded(302);
      return send(response, 302, { Location: `${rootOf(http)}${REDIRECT_PATH}` }, '');
    case 'resetBefore':
      account.exchangeEnded('none');
      http.socket.resetAndDestroy();
      return;
    case 'halfOpen':
      account.exchangeEnded('none');
      return;
    case 'slowApply':
      await pause(settings.slowMs, signal);
      break;
    // What follows is applied first; the fault is in the way back.
    case 'resetAfter':
    case 'cutBody':
    case 'cutJson':
    case 'slow':
    case 'shuffled':
    case 'resetLate':
    case 'halfOpenLate':
    case 'proxy403':
    case 'proxy404':
    case 'proxy407':
    case undefined:
      break;
  }

  const heldUpMs = fault === 'slowApply' ? settings.slowMs : 0;
  const landsLate = fault === 'resetLate' || fault === 'halfOpenLate';
  const caller = { app, arrivedMs, heldUpMs, landsLate, root: rootOf(http) };
  let answered: Answered;
  if (isEnvelope) {
    if (http.method !== 'POST') return refuse(ONLY_POST);
    const read = readEnvelope(bodyOf(text), version);
    if ('refused' in read) return refuse(read.refused);
    answered = answerEnvelope(outer, read.requests, { ...caller, envelope: envelope ?? 0 }, fault, world);
  } else {
    const single = handleRequest({ ...outer, body: bodyOf(text) }, { ...caller, place: undefined }, world);
    account.replied(single.reply.status);
    answered = { outer: single.reply, delivered: [single.reply] };
  }

  await pause(settings.latencyMs / 2 + (fault === 'slow' ? settings.slowMs : 0), signal);
  await giveBack(answered, fault, { http, response, app, world });
}

/** An envelope is what its first write is, and a read when it holds none; so is what is no JSON. */
function sortOfExchange(outer: GraphRequest, isEnvelope: boolean, text: string): Sort {
  if (!isEnvelope) return sortOf(outer);
  const body = bodyOf(text);
  const listed = body.kind === 'json' && isObject(body.value) ? body.value.requests : undefined;
  if (!Array.isArray(listed)) return 'read';
  const sorts = listed
    .filter(isObject)
    .map(({ method, url }) => sortOf({ method: String(method).toUpperCase(), url: String(url) }));
  return sorts.find((sort) => sort !== 'read') ?? 'read';
}

/** A body is parsed for it, and most exchanges never ask. */
function memoized<T>(work: () => T): () => T {
  let done: { value: T } | undefined;
  return () => (done ??= { value: work() }).value;
}

const PROXY_FAULTS: Readonly<Record<string, ProxyStatus>> = { proxy403: 403, proxy404: 404, proxy407: 407 };

/** What a proxy answers this envelope with, if it holds only reads and its turn has come. */
function proxyTurn(world: SimulatorState, sort: () => Sort): ProxyStatus | undefined {
  if (world.proxyReads.length === 0 || sort() !== 'read') return undefined;
  world.account.fault('proxyReads');
  return world.proxyReads.shift();
}

interface Answered {
  /** The HTTP reply. */
  readonly outer: GraphReply;
  /** The replies to requests that the client gets to see. */
  readonly delivered: readonly GraphReply[];
}

function answerEnvelope(
  outer: GraphRequest,
  requests: readonly InnerRequest[],
  caller: Omit<Caller, 'place'> & { envelope: number },
  fault: ExchangeFault | undefined,
  world: SimulatorState,
): Answered {
  const statuses = new Map<string, number>();
  const delivered: GraphReply[] = [];
  const responses: unknown[] = [];
  for (const [index, { id, dependsOn, request }] of requests.entries()) {
    const failedParent = dependsOn !== undefined && (statuses.get(dependsOn) ?? 0) >= 400;
    const handled = failedParent
      ? { reply: refusedReply(request, DEPENDENCY_FAILED, nowMs()), fault: undefined }
      : handleRequest(request, { ...caller, place: { envelope: caller.envelope, request: index } }, world);
    const { status, headers, body } = handled.reply;
    statuses.set(id, status);
    if (handled.fault === 'lost' || handled.fault === 'lostUnapplied' || handled.fault === 'lostLate') {
      world.account.replied('lost');
      continue;
    }
    world.account.replied(status);
    if (handled.fault !== 'withoutId') delivered.push(handled.reply);
    responses.push({ ...(handled.fault !== 'withoutId' && { id }), status, headers, body });
  }
  const inOrder = fault === 'shuffled' ? shuffled(responses, world.random) : responses;
  return {
    outer: { status: 200, headers: replyHeaders(outer, nowMs()), body: { responses: inOrder } },
    delivered,
  };
}

async function giveBack(
  { outer, delivered }: Answered,
  fault: ExchangeFault | undefined,
  {
    http,
    response,
    app,
    world,
  }: { http: IncomingMessage; response: ServerResponse; app: string; world: SimulatorState },
): Promise<void> {
  const text = withNesting(writeJson(outer.body), world.settings);
  if (fault === 'halfOpenLate') {
    world.account.exchangeEnded('none');
    return;
  }
  if (fault === 'resetAfter' || fault === 'resetLate') {
    world.account.exchangeEnded('none');
    http.socket.resetAndDestroy();
    return;
  }
  if (fault === 'cutBody') {
    world.account.exchangeEnded('none');
    return cutBody(response, outer.status, outer.headers, text);
  }
  if (fault === 'cutJson') {
    world.account.exchangeEnded(outer.status);
    return send(response, outer.status, outer.headers, text.slice(0, Math.floor(text.length / 2)));
  }
  if (response.destroyed || http.socket.destroyed) {
    world.account.exchangeEnded('none');
    return;
  }
  world.account.exchangeEnded(outer.status);
  for (const { wrote } of delivered) if (wrote !== undefined) world.account.delivered(wrote.key);
  send(response, outer.status, outer.headers, text, asksGzip(http, world.settings));
  backoffFrom(delivered, app, world);
}

// A timer of 0 ms takes one all the same, and thousands of them would be most of what the simulator does.
const pause = async (ms: number, signal: AbortSignal): Promise<void> => {
  if (ms > 0) await setTimeout(ms, undefined, { signal });
};

/** From the moment the reply has left, its reader knows when to come back. */
function backoffFrom(replies: readonly GraphReply[], app: string, world: SimulatorState): void {
  const now = nowMs();
  for (const { backoff } of replies) {
    if (backoff !== undefined)
      world.account.backoffGiven(app, backoff.scope, now, now + backoff.toldMs, backoff.family);
  }
}

const NO_BODY: RequestBody = { kind: 'none' };
const CHALLENGE = {
  'WWW-Authenticate': 'Bearer realm="", authorization_uri="https://login.simulator/oauth2/authorize"',
};
const ONLY_POST: Refused = {
  ...badModel('Only POST is allowed on $batch.'),
  status: 405,
  code: 'MethodNotAllowed',
};
const TOO_LARGE: Refused = {
  ...badModel('The request is too large.'),
  status: 413,
  code: 'RequestEntityTooLarge',
};
const NOT_SIGNED_IN: Refused = {
  status: 401,
  code: 'InvalidAuthenticationToken',
  message: 'Access token is empty, or not one that is accepted here.',
  born: 'gateway',
};
const DEPENDENCY_FAILED: Refused = {
  status: 424,
  code: 'FailedDependency',
  message: 'The request that this one depends on has failed.',
  born: 'gateway',
};

const asksGzip = ({ headers }: IncomingMessage, { gzip }: SimulatorSettings): boolean =>
  gzip === 'always' || (gzip === 'accepted' && /\bgzip\b/.test(String(headers['accept-encoding'] ?? '')));

/** undefined when there is no bearer token. */
const tokenOf = (http: IncomingMessage): string | undefined =>
  /^Bearer +(\S+)$/i.exec(http.headers.authorization ?? '')?.[1];

/** Links lead back to the name the client came by: it may know this host by another one. */
const rootOf = (http: IncomingMessage): string =>
  `http://${http.headers.host ?? `127.0.0.1:${http.socket.localPort}`}`;

function plainHeaders(http: IncomingMessage): Record<string, string> {
  return Object.fromEntries(Object.entries(http.headers).map(([name, value]) => [name, String(value)]));
}

function bodyOf(text: string): RequestBody {
  if (text === '') return NO_BODY;
  try {
    return { kind: 'json', value: readJson(text) };
  } catch {
    return { kind: 'broken' };
  }
}
