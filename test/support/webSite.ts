import type { FastifyInstance } from 'fastify';
import type { InjectOptions, Response } from 'light-my-request';
import { onTestFinished } from 'vitest';
import { redactorOf, type Host } from '../../src/app/host.ts';
import { identify } from '../../src/app/identity.ts';
import { openServices, type Services } from '../../src/app/services.ts';
import { createEvents } from '../../src/events.ts';
import { NO_LOG } from '../../src/log.ts';
import { openAccess } from '../../src/web/access/openAccess.ts';
import { LINK_PATH } from '../../src/web/access/linkSignIn.ts';
import { openWeb } from '../../src/web/server.ts';
import type { Bench } from './cli.ts';

/** The pages of a bench's tenant, in this process. */
export interface WebSite {
  readonly web: FastifyInstance;
  readonly services: Services;
  /** The markup of a page. */
  page(path: string): Promise<string>;
  /** The same for people: without tags, in one line. */
  words(path: string): Promise<string>;
}

export async function webSite(
  { env, dir }: Pick<Bench, 'env' | 'dir'>,
  plans: readonly string[] = [],
): Promise<WebSite> {
  const known = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined));
  const host: Host = {
    ...{ env: known as Record<string, string>, cwd: dir, user: { name: 'ada', host: 'desk' } },
    interrupted: new AbortController().signal,
    redactor: redactorOf(known as Record<string, string>),
    ...{ argv: ['serve'], log: NO_LOG, events: createEvents(), redisInUse: {} },
  };
  const services = await openServices(identify({}, host), host);
  const access = await openAccess({ port: 0 }, services);
  const server = await openWeb(services, access, plans);
  const web = await lookingAt(server, access.link?.make() ?? '');
  onTestFinished(async () => {
    await web.close();
    await services[Symbol.asyncDispose]();
  });
  const page = async (path: string): Promise<string> => (await web.inject(path)).body;
  return { web, services, page, words: async (path) => wordsIn(await page(path)) };
}

/** The same server, as somebody sees it who has opened the link: requests come from its own pages. */
async function lookingAt(server: FastifyInstance, secret: string): Promise<FastifyInstance> {
  const came = await server.inject(`${LINK_PATH}?secret=${secret}`);
  const cookies = Object.fromEntries(came.cookies.map(({ name, value }) => [name, value]));
  const inject = (asked: string | InjectOptions): Promise<Response> => {
    const { headers, ...options } = typeof asked === 'string' ? { url: asked } : asked;
    return server.inject({
      ...{ ...options, cookies },
      headers: { accept: 'text/html', 'sec-fetch-site': 'same-origin', ...headers },
    });
  };
  return Object.assign(Object.create(server) as FastifyInstance, { inject });
}

/** What a person reads of some markup. */
export const wordsIn = (markup: string): string =>
  markup
    .replace(/<(script|style|title)\b.*?<\/\1>/gs, '')
    .replace(/<\/(p|li|h\d|dd|dt|div|a|button|tr|td|th|del|ins|summary|header|span)>/g, ' ')
    .replace(/<[^>]*>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' ')
    .trim();
