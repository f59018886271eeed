import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { OpenId, SignInFlow } from '../../app/openId.ts';
import type { SecretStore } from '../../runs/webSessions.ts';
import type { SessionCookie } from './sessionCookie.ts';
import { CALLBACK_PATH, type WebAddress } from './address.ts';
import { refusedPage, signedInPage, signInPage } from './pages.tsx';
import { returnPath } from './returnPath.ts';
import { roleOf, withoutRole } from './role.ts';
import { digestOf, newSecret } from './sessions.ts';

export interface OpenIdDoor {
  readonly address: Extract<WebAddress, { kind: 'openid' }>;
  readonly openId: OpenId;
  readonly store: SecretStore;
  readonly cookies: SessionCookie;
  readonly isSecure: boolean;
}

/** A person has so long to sign in, ms. */
const FLOW_MS = 10 * 60_000;

interface KeptFlow extends SignInFlow {
  readonly to: string;
}

type Asked = FastifyRequest<{ Querystring: Readonly<Record<string, unknown>> }>;

export function openIdSignIn(
  app: FastifyInstance,
  { address, openId, store, cookies, isSecure }: OpenIdDoor,
): void {
  const name = isSecure ? '__Secure-retarget-flow' : 'retarget-flow';
  // The provider is another site: a stricter cookie would not come back with the person.
  const flowCookie = { path: '/sign-in', httpOnly: true, sameSite: 'lax', secure: isSecure } as const;
  const html = (reply: FastifyReply): FastifyReply => reply.type('text/html; charset=utf-8');

  app.get('/sign-in', (request: Asked, reply) => {
    const isOut = 'out' in request.query;
    const why = isOut ? 'You are signed out here.' : 'These pages are for whoever has signed in.';
    return html(reply)
      .code(isOut ? 200 : 401)
      .send(signInPage(why, returnPath(request.query['to'])));
  });

  app.get('/sign-in/openid', { exposeHeadRoute: false }, async (request: Asked, reply) => {
    const { url, flow } = await openId.begin();
    const secret = newSecret();
    const kept: KeptFlow = { ...flow, to: returnPath(request.query['to']) };
    await store.keep(digestOf(secret), JSON.stringify(kept), FLOW_MS);
    reply.setCookie(name, secret, { ...flowCookie, maxAge: FLOW_MS / 1000 });
    return reply.redirect(url, 303);
  });

  app.get(CALLBACK_PATH, { exposeHeadRoute: false }, async (request: Asked, reply) => {
    const secret = request.cookies[name];
    reply.clearCookie(name, flowCookie);
    const text = secret === undefined ? undefined : await store.take(digestOf(secret));
    if (text === undefined)
      return html(reply)
        .code(400)
        .send(
          refusedPage(
            'Not signed in',
            'This sign-in was not begun in this browser, has ended, or took too long.',
          ),
        );
    const { to, ...flow } = JSON.parse(text) as KeptFlow;
    const person = await openId.finish(new URLSearchParams(request.url.split('?')[1] ?? ''), flow);
    if ('refused' in person)
      return html(reply)
        .code(403)
        .send(refusedPage('Not signed in', `You are not signed in: ${person.refused}.`));
    const role = roleOf(person, address.roles);
    if (role === undefined)
      return html(reply)
        .code(403)
        .send(refusedPage('No role', withoutRole(person, address.roles)));
    await cookies.begin({ name: person.name, oid: person.oid, role, how: 'openid' }, request, reply);
    return html(reply).send(signedInPage(to));
  });
}
