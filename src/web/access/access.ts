import cookie from '@fastify/cookie';
import csrf from '@fastify/csrf-protection';
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { SecretStore } from '../../runs/webSessions.ts';
import type { Viewer } from '../viewer.ts';
import type { WebAddress } from './address.ts';
import type { OneTimeLink } from './oneTimeLink.ts';
import type { OpenId } from '../../app/openId.ts';
import { linkSignIn } from './linkSignIn.ts';
import { openIdSignIn } from './openIdSignIn.ts';
import { comingPage, refusedPage } from './pages.tsx';
import { returnPath } from './returnPath.ts';
import { isNavigation, isSafe, whyFromElsewhere, whyNotHere } from './requests.ts';
import { SessionCookie } from './sessionCookie.ts';
import { Sessions, type Session } from './sessions.ts';

/** How those who look are known. */
export type Door =
  | { readonly kind: 'link'; readonly link: OneTimeLink; /** Whose machine it is. */ readonly name: string }
  | { readonly kind: 'openid'; readonly openId: OpenId };

export interface AccessSettings {
  readonly address: WebAddress;
  readonly door: Door;
  readonly store: SecretStore;
  /** Of the session, which a browser gives to all ports of a host: of two servers on this machine each has its own. */
  readonly cookieName?: string;
  readonly now?: () => number;
  /** For tests: how often it is seen whether a stream may go on, ms. */
  readonly streamCheckMs?: number;
}

/** What is not for people, and has rules of its own. */
const FOR_MACHINES: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics']);
/** What anybody may see who reaches this server: how to sign in, and files that are in the package. */
const isOpen = (path: string): boolean =>
  path.startsWith('/static/') || path === '/sign-in' || path.startsWith('/sign-in/');

const SIGN_INS_PER_MINUTE = 20;
const ACTS_PER_MINUTE = 60;
const MINUTE_MS = 60_000;
/** How often it is seen whether a stream of events may still go on. */
const STREAM_CHECK_MS = 30_000;

const CONTENT_SECURITY_POLICY = [
  ...["default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'"],
  ...["form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"],
].join('; ');

/**
 * Lets nobody look who may not: to be called before any route is made. From then on each request has its `viewer`, and each act needs a
 * token, `request.formToken` of the page that it stands on, in a hidden field `_csrf` or the header `x-csrf-token`.
 */
export async function guardAccess(app: FastifyInstance, settings: AccessSettings): Promise<void> {
  const { address, door, store, now, streamCheckMs = STREAM_CHECK_MS } = settings;
  const sessions = new Sessions(store, now);
  const isSecure =
    address.tls !== undefined || (address.kind === 'openid' && address.origin.startsWith('https:'));
  const found = new WeakMap<FastifyRequest, Session>();
  const replies = new WeakMap<FastifyRequest, FastifyReply>();
  await app.register(cookie);
  await app.register(rateLimit, { global: false });
  app.decorateRequest('viewer', {
    getter(this: FastifyRequest): Viewer {
      const session = found.get(this);
      if (session === undefined) throw new Error(`nobody looks at ${this.routeOptions.url ?? 'this'}`);
      return session.viewer;
    },
  });
  app.decorateRequest('hasViewer', {
    getter(this: FastifyRequest): boolean {
      return found.has(this);
    },
  });
  app.decorateRequest('formToken', {
    getter(this: FastifyRequest): string {
      return replies.get(this)?.generateCsrf() ?? '';
    },
  });
  // What makes and checks the tokens asks for a session of this shape.
  app.decorateRequest('session', {
    getter(this: FastifyRequest): Pick<Session, '_csrf'> | undefined {
      return found.get(this);
    },
  });
  await app.register(csrf, { sessionPlugin: '@fastify/session', getToken: tokenOf });
  const signInLimit = app.createRateLimit({ max: SIGN_INS_PER_MINUTE, timeWindow: MINUTE_MS });
  const actLimit = app.createRateLimit({
    ...{ max: ACTS_PER_MINUTE, timeWindow: MINUTE_MS },
    keyGenerator: (request: FastifyRequest) => found.get(request)?._csrf ?? request.ip,
  });
  const cookies = new SessionCookie(sessions, isSecure, settings.cookieName ?? 'retarget');

  app.addHook('onSend', async (_request, reply) => {
    reply.headers({
      'content-security-policy': CONTENT_SECURITY_POLICY,
      'x-content-type-options': 'nosniff',
      // Not `no-referrer`: browsers then send a form of our own with `Origin: null`, as if it were another site's.
      'referrer-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
      ...(isSecure && { 'strict-transport-security': 'max-age=31536000' }),
    });
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
  });

  app.addHook('onRequest', async (request, reply) => {
    const path = pathOf(request);
    if (FOR_MACHINES.has(path)) return;
    const elsewhere = whyNotHere(request, address);
    if (elsewhere !== undefined) return refuse(request, reply, 421, 'Not here', elsewhere);
    const foreign = whyFromElsewhere(request, address);
    if (foreign !== undefined) return refuse(request, reply, 403, 'Refused', foreign);
    if (isOpen(path)) {
      if (path.startsWith('/sign-in/') && (await isTooMuch(request, reply, signInLimit))) return reply;
      return;
    }
    const session = await cookies.sessionOf(request);
    if (session === undefined) return sendToSignIn(request, reply);
    found.set(request, session);
    replies.set(request, reply);
    if (isStream(request)) watch(request, reply, cookies, streamCheckMs);
    if (isSafe(request)) return;
    if (await isTooMuch(request, reply, actLimit)) return reply;
    if (session.viewer.role === 'reader' && path !== SIGN_OUT)
      return refuse(
        request,
        reply,
        403,
        'Refused',
        `${session.viewer.name} may look here, and change nothing: that takes the role of an operator`,
      );
  });
  // After the body was read, which may hold the token.
  app.addHook('preHandler', (request, reply, done) => {
    if (isSafe(request) || !found.has(request)) return done();
    app.csrfProtection(request, reply, done);
  });

  app.post(SIGN_OUT, async (request, reply) => {
    await cookies.end(request, reply);
    return reply.redirect('/sign-in?out=1', 303);
  });
  if (door.kind === 'link') linkSignIn(app, door.link, door.name, cookies);
  else if (address.kind === 'openid')
    openIdSignIn(app, { ...settings, address, openId: door.openId, cookies, isSecure });
}

const SIGN_OUT = '/sign-out';

/** As the router has it, as an address may be written in many ways; blank: there is no such route. */
const pathOf = ({ routeOptions }: FastifyRequest): string => routeOptions.url ?? '';

function tokenOf(request: FastifyRequest): string | undefined | void {
  const header = request.headers['x-csrf-token'];
  if (typeof header === 'string') return header;
  const { body } = request;
  const field = typeof body === 'object' && body !== null && '_csrf' in body ? body._csrf : undefined;
  return typeof field === 'string' ? field : undefined;
}

type Limit = ReturnType<FastifyInstance['createRateLimit']>;

async function isTooMuch(request: FastifyRequest, reply: FastifyReply, limit: Limit): Promise<boolean> {
  const asked = await limit(request);
  if (asked.isAllowed || !asked.isExceeded) return false;
  reply.header('retry-after', String(asked.ttlInSeconds));
  refuse(
    request,
    reply,
    429,
    'Too often',
    `this was asked for too often; it goes again in ${asked.ttlInSeconds} s`,
  );
  return true;
}

/** Whoever opens a page is led to the sign-in; a script is told that there is nobody. */
function sendToSignIn(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (isNavigation(request)) {
    // Who follows a link in a message has come without the cookie, which goes with requests from our own pages only.
    if (request.headers['sec-fetch-site'] === 'cross-site')
      return reply.type('text/html; charset=utf-8').send(comingPage(returnPath(request.url)));
    return reply.redirect(`/sign-in?to=${encodeURIComponent(request.url)}`, 303);
  }
  return reply.code(401).send({ error: 'Nobody is signed in. Open the page again to sign in.' });
}

function refuse(
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  title: string,
  why: string,
): FastifyReply {
  reply.code(status);
  return isNavigation(request) || /\btext\/html\b/.test(request.headers.accept ?? '')
    ? reply.type('text/html; charset=utf-8').send(refusedPage(title, `${capitalized(why)}.`))
    : reply.send({ error: `${capitalized(why)}.` });
}

const capitalized = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

const isStream = ({ headers }: FastifyRequest): boolean =>
  /\btext\/event-stream\b/.test(headers.accept ?? '');

/** A stream ends with the session that it was opened in: who has signed out sees nothing more. */
function watch(request: FastifyRequest, reply: FastifyReply, cookies: SessionCookie, everyMs: number): void {
  const timer = setInterval(() => {
    void cookies.sessionOf(request).then(
      (session) => {
        if (session === undefined) reply.raw.destroy();
      },
      // The store is out of reach: it is asked again.
      () => undefined,
    );
  }, everyMs);
  timer.unref();
  reply.raw.once('close', () => clearInterval(timer));
}
