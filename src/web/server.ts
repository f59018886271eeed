import formbody from '@fastify/formbody';
import fastifyStatic from '@fastify/static';
import fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Overviews } from '../app/runs/overview.ts';
import type { Services } from '../app/services.ts';
import { DIFF_STYLE } from '../view/beforeAfter.tsx';
import { PLOT_STYLE } from '../view/plotStyle.ts';
import { THEME } from '../view/theme.ts';
import { guardAccess, type AccessSettings } from './access/access.ts';
import { actPages } from './acts/actPage.tsx';
import { serverRoutes } from './metrics/serverRoutes.ts';
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
/** uPlot's own files, out of its package. */
const PLOTS = dirname(createRequire(import.meta.url).resolve('uplot/dist/uPlot.min.css'));

/** Names of files that a browser may keep for a while; they are asked for again with their tags. */
const STATIC = { cacheControl: true, maxAge: '1m', etag: true, index: false, redirect: false } as const;

/**
 * The pages of one tenant, ready to listen. Closed by whoever opened them, before the services are.
 * @param plans files of saved plans that are shown
 */
export async function openWeb(
  services: Services,
  access: AccessSettings,
  plans: readonly string[] = [],
): Promise<FastifyInstance> {
  const app = fastify(optionsOf(access));
  const hub = new Hub(new Overviews(services), services.log);
  const web: Web = { services, hub, bookkeeper: new Bookkeeper(services), plans };
  // Before any route is made.
  await guardAccess(app, access);
  app.addHook('preClose', async () => hub.close());
  await app.register(formbody);
  await app.register(fastifyStatic, {
    ...STATIC,
    root: [CLIENT, PLOTS],
    prefix: '/static/',
    decorateReply: false,
  });
  app.get('/static/view.css', (_request, reply) =>
    reply.type('text/css; charset=utf-8').send(THEME + PLOT_STYLE + DIFF_STYLE),
  );
  serverRoutes(app, services);
  failurePages(app, web);
  for (const page of [runsPage, runPage, rowsPage, rowPage, actPages, planPages]) page(app, web);
  return app;
}

/** As its address wants it: with TLS of its own, or behind proxies that may say who has come to them. */
function optionsOf({ address }: AccessSettings): FastifyServerOptions {
  const { tls } = address;
  const proxies = address.kind === 'openid' ? address.proxies?.addresses : undefined;
  const options = {
    // Streams of events and searches last as long as their page is open.
    ...{ forceCloseConnections: true, requestTimeout: 30_000, connectionTimeout: 0 },
    ...{ bodyLimit: 64 * 1024, routerOptions: { maxParamLength: 200 } },
    ...(proxies !== undefined && { trustProxy: [...proxies] }),
    ...(tls !== undefined && { https: { ...tls, minVersion: 'TLSv1.2' } }),
  };
  // Whether its server is one of TLS is no matter for anything that is done with it.
  return options as FastifyServerOptions;
}
