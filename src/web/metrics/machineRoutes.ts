import type { FastifyInstance, FastifyReply } from 'fastify';
import { readFile } from 'node:fs/promises';
import type { Readiness } from '../../app/metrics/readiness.ts';
import { whyNotScraped } from './mayScrape.ts';
import type { Metrics } from './metrics.ts';

export interface MachineRoutes {
  readonly metrics: Metrics;
  readonly readiness: () => Promise<Readiness>;
  /** The file with the token that scrapers show, read anew each time; undefined: this machine alone reads the metrics, unless they are open. */
  readonly tokenFile: string | undefined;
  /** Whoever reaches the address may read the metrics: it was opened to others on purpose. */
  readonly isOpen: boolean;
}

const UNAVAILABLE = 503;
const FORBIDDEN = 403;

/** What machines ask for: `/healthz`, `/readyz` and `/metrics`. They have no viewer, and rules of their own. */
export function machineRoutes(
  app: FastifyInstance,
  { metrics: { registry, refresh }, readiness, tokenFile, isOpen }: MachineRoutes,
): void {
  const text = (reply: FastifyReply, status: number, words: string): FastifyReply =>
    reply
      .code(status)
      .header('cache-control', 'no-store')
      .type('text/plain; charset=utf-8')
      .send(`${words}\n`);
  app.get('/healthz', (_request, reply) => text(reply, 200, 'ok'));
  app.get('/readyz', async (_request, reply) => {
    const found = await readiness();
    return found.isReady ? text(reply, 200, 'ok') : text(reply, UNAVAILABLE, found.why);
  });
  app.get('/metrics', async (request, reply) => {
    const token = tokenFile === undefined ? undefined : await tokenIn(tokenFile);
    const why = whyNotScraped(request, token, isOpen);
    if (why !== undefined) return text(reply, FORBIDDEN, why);
    await refresh();
    return reply
      .header('cache-control', 'no-store')
      .type(registry.contentType)
      .send(await registry.metrics());
  });
}

/** A file that is gone or empty lets nobody in: no token is the same as none that fits. */
async function tokenIn(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.trim() || NOBODY;
}

/** No header can hold it. */
const NOBODY = '\n';
