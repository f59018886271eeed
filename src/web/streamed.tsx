import type { FastifyReply } from 'fastify';
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { failureOf } from '../app/failure.ts';
import type { Web } from './web.ts';

/**
 * Sends a page with items in the midst of it that come one by one, as long as the browser wants them.
 * @param page the whole page, with the marker where the items go
 * @returns what resolves when the last byte is sent, or the browser has left
 */
export function sendStreamed(
  reply: FastifyReply,
  page: (marker: string) => string,
  items: AsyncIterable<VNode>,
  web: Web,
): Promise<void> {
  const marker = randomUUID();
  const [head = '', tail = ''] = page(marker).split(marker);
  const rows = Readable.from(streamed(head, items, tail, web), { objectMode: false });
  const ended = new Promise<void>((resolve) => rows.once('close', resolve));
  void reply.header('cache-control', 'no-store').type('text/html; charset=utf-8').send(rows);
  return ended;
}

async function* streamed(
  head: string,
  items: AsyncIterable<VNode>,
  tail: string,
  web: Web,
): AsyncGenerator<string> {
  yield head;
  try {
    for await (const item of items) yield renderToString(item);
  } catch (error) {
    const known = failureOf(error, web.services);
    if (known === undefined) web.services.log.error('Rows could not be read.', { err: error });
    const why =
      known === undefined ? 'The rows could not be read to their end.' : `${known.message} ${known.remedy}`;
    yield renderToString(<li class="bad">{why} Load the page again.</li>);
  }
  yield tail;
}
