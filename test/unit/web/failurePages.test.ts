import fastify from 'fastify';
import { expect, test } from 'vitest';
import { EXIT, UserError } from '../../../src/errors.ts';
import { NO_LOG } from '../../../src/log.ts';
import { failurePages } from '../../../src/web/failurePages.tsx';
import type { Web } from '../../../src/web/web.ts';

/** A server on which who looks can't be found out, as sessions are where Redis is. */
async function pageOf(error: Error): Promise<{ readonly status: number; readonly markup: string }> {
  const app = fastify();
  app.decorateRequest('hasViewer', false);
  failurePages(app, { services: { log: NO_LOG, redisInUse: {} } } as unknown as Web);
  app.get('/runs/r1', () => {
    throw error;
  });
  const { statusCode, body } = await app.inject({ url: '/runs/r1', headers: { accept: 'text/html' } });
  return { status: statusCode, markup: body };
}

test('whoever can’t be looked up, as Redis is away, is told what to do, not to be somebody else, and nothing of what is behind', async () => {
  const away = new UserError('Redis at redis://secret.example:6379 does not answer.', {
    ...{ remedy: 'Start it.', exitCode: EXIT.environment },
  });
  const { status, markup } = await pageOf(away);
  expect(status).toBe(503);
  expect(markup).toContain('Out of reach');
  expect(markup).toContain('Load this page again in a moment');
  expect(markup).toContain('href="/readyz"');
  expect(markup).not.toContain('somebody else');
  expect(markup).not.toContain('secret.example');
});
