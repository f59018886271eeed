import type { FastifyInstance } from 'fastify';
import { onTestFinished } from 'vitest';
import { redactorOf, type Host } from '../../src/app/host.ts';
import { identify } from '../../src/app/identity.ts';
import { openServices, type Services } from '../../src/app/services.ts';
import { createEvents } from '../../src/events.ts';
import { NO_LOG } from '../../src/log.ts';
import { openWeb, type WebSettings } from '../../src/web/server.ts';
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
  settings: WebSettings = {},
): Promise<WebSite> {
  const known = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined));
  const host: Host = {
    ...{ env: known as Record<string, string>, cwd: dir, user: { name: 'ada', host: 'desk' } },
    interrupted: new AbortController().signal,
    redactor: redactorOf(known as Record<string, string>),
    ...{ argv: ['serve'], log: NO_LOG, events: createEvents(), redisInUse: {} },
  };
  const services = await openServices(identify({}, host), host);
  const web = await openWeb(services, settings);
  onTestFinished(async () => {
    await web.close();
    await services[Symbol.asyncDispose]();
  });
  const page = async (path: string): Promise<string> => (await web.inject(path)).body;
  return { web, services, page, words: async (path) => wordsIn(await page(path)) };
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
