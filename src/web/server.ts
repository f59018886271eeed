import formbody from '@fastify/formbody';
import fastifyStatic from '@fastify/static';
import fastify, { type FastifyInstance } from 'fastify';
import { fileURLToPath } from 'node:url';
import { Overviews } from '../app/runs/overview.ts';
import type { Services } from '../app/services.ts';
import { DIFF_STYLE } from '../view/beforeAfter.tsx';
import { PLOT_STYLE } from '../view/plotStyle.ts';
import { THEME } from '../view/theme.ts';
import { actPages } from './acts/actPage.tsx';
import { failurePages } from './failurePages.tsx';
import { Bookkeeper } from './live/runBooks.ts';
import { Hub } from './live/hub.ts';
import { rowPage } from './pages/rowPage.tsx';
import { rowsPage } from './pages/rowsPage.tsx';
import { runPage } from './pages/runPage.tsx';
import { runsPage } from './pages/runsPage.tsx';
import { planPages } from './plans/planPages.tsx';
import type { Web } from './web.ts';

const CLIENT = fileURLToPath(new URL('./client/', import.meta.url));

/** Names of files that a browser may keep for a while; they are asked for again with their tags. */
const STATIC = { cacheControl: true, maxAge: '1m', etag: true, index: false, redirect: false } as const;

const HERE = { oid: null, role: 'operator', how: 'link' } as const;

/** Nothing runs in a page but the files of this server, whatever its texts hold. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

export interface WebSettings {
  /** Files of saved plans that are to be shown. */
  readonly plans?: readonly string[];
}

/** The pages of one tenant, ready to listen. Closed by whoever opened them, before the services are. */
export async function openWeb(
  services: Services,
  { plans = [] }: WebSettings = {},
): Promise<FastifyInstance> {
  const app = fastify({
    // Streams of events and searches last as long as their page is open.
    ...{ forceCloseConnections: true, requestTimeout: 30_000, connectionTimeout: 0 },
    ...{ bodyLimit: 64 * 1024, routerOptions: { maxParamLength: 200 } },
  });
  const hub = new Hub(new Overviews(services), services.log);
  const web: Web = { services, hub, bookkeeper: new Bookkeeper(services), plans };
  // Whoever reaches this machine's own address is taken for who started the server.
  app.decorateRequest('viewer', { getter: () => ({ ...HERE, name: services.identity.operator }) });
  app.addHook('onSend', async (_request, reply) => void reply.headers(HEADERS));
  app.addHook('preClose', async () => hub.close());
  await app.register(formbody);
  await app.register(fastifyStatic, {
    ...STATIC,
    root: CLIENT,
    prefix: '/static/',
    decorateReply: false,
  });
  app.get('/static/view.css', (_request, reply) =>
    reply.type('text/css; charset=utf-8').send(THEME + PLOT_STYLE + DIFF_STYLE),
  );
  failurePages(app, web);
  for (const page of [runsPage, runPage, rowsPage, rowPage, actPages, planPages]) page(app, web);
  return app;
}
