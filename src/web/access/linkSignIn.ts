import type { FastifyInstance } from 'fastify';
import type { SessionCookie } from './sessionCookie.ts';
import type { OneTimeLink } from './oneTimeLink.ts';
import { linkPage, signedInPage } from './pages.tsx';

/** Of the link that `serve` prints: its secret stands behind this. */
export const LINK_PATH = '/sign-in/link';

/** @param name the account that the server runs as */
export function linkSignIn(
  app: FastifyInstance,
  link: OneTimeLink,
  name: string,
  cookies: SessionCookie,
): void {
  app.get<{ Querystring: Readonly<Record<string, unknown>> }>('/sign-in', (request, reply) =>
    reply
      .code('out' in request.query ? 200 : 401)
      .type('text/html; charset=utf-8')
      .send(
        linkPage(
          'out' in request.query ? 'You are signed out.' : 'These pages are for whoever has the link.',
        ),
      ),
  );
  // A HEAD, as of who only looks where a link leads, must not use it up.
  app.get<{ Querystring: Readonly<Record<string, unknown>> }>(
    LINK_PATH,
    { exposeHeadRoute: false },
    async (request, reply) => {
      const { secret } = request.query;
      reply.type('text/html; charset=utf-8');
      if (typeof secret === 'string' && link.use(secret))
        await cookies.begin({ name, oid: null, role: 'operator', how: 'link' }, request, reply);
      // A browser may have asked for it before its owner did: who is in already is not sent away.
      else if ((await cookies.sessionOf(request)) === undefined)
        return reply
          .code(403)
          .send(
            linkPage('This link is not good any more: it was used, is too old, or there is a newer one.'),
          );
      return reply.send(signedInPage('/'));
    },
  );
}
