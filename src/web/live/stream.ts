import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Hub, Listener, PageMessage, Topic } from './hub.ts';

/** Pages that may be open at a time on one server: each is a connection. */
const PAGES_MAX = 1_000;
/** So long a browser waits by itself before it comes again. */
const RETRY_MS = 1_000;

/** Server-sent events of a topic, until the browser leaves. What the page shows already is said by `Last-Event-ID`, or by `have` at first. */
export function streamOf(topic: Topic, hub: Hub, request: FastifyRequest, reply: FastifyReply): void {
  if (hub.listeners >= PAGES_MAX) {
    void reply
      .code(503)
      .header('retry-after', '10')
      .send('Too many pages are open. Close some, or load this one again later.\n');
    return;
  }
  // What plugins have set so far, as security headers, goes out as well.
  const headers = reply.getHeaders();
  reply.hijack();
  const { raw } = reply;
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) raw.setHeader(name, value);
  raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    // Proxies that gather what is sent would keep it until there is more.
    'x-accel-buffering': 'no',
  });
  raw.write(`retry: ${RETRY_MS}\n\n`);
  const listener: Listener = {
    has: lastSeen(request),
    isFull: () => raw.writableNeedDrain,
    send: (message) => void raw.write(wordsOf(message)),
    end: () => raw.destroy(),
  };
  raw.once('close', hub.join(topic, listener));
}

function lastSeen({ headers, query }: FastifyRequest): string | undefined {
  const { have } = query as { readonly have?: unknown };
  const last = headers['last-event-id'];
  if (typeof last === 'string' && last !== '') return last;
  return typeof have === 'string' ? have : undefined;
}

function wordsOf(message: PageMessage): string {
  switch (message.event) {
    case 'parts':
      // JSON has no line ends of its own, which would end the message.
      return `id: ${message.id}\nevent: parts\ndata: ${JSON.stringify(message.parts)}\n\n`;
    case 'beat':
      return 'event: beat\ndata: 1\n\n';
    case 'away':
      return `event: away\ndata: ${JSON.stringify({ since: message.since })}\n\n`;
    case 'gone':
      return 'event: gone\ndata: 1\n\n';
  }
}
