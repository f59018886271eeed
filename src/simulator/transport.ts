import { gzipSync } from 'node:zlib';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Bytes of a request that are read; Graph refuses what is larger. */
const REQUEST_BYTES_MAX = 4 * 1024 * 1024;

/** The body as text; undefined when it is too large, in which case the rest is read and dropped. */
export async function readText(http: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of http) {
    // Without an encoding set, a request yields buffers.
    const buffer = chunk as Buffer;
    bytes += buffer.length;
    if (bytes <= REQUEST_BYTES_MAX) chunks.push(buffer);
  }
  return bytes <= REQUEST_BYTES_MAX ? Buffer.concat(chunks).toString() : undefined;
}

export function send(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  text: string,
  isCompressed = false,
): void {
  const body = isCompressed ? gzipSync(text) : Buffer.from(text);
  const encoding = isCompressed ? { 'Content-Encoding': 'gzip' } : {};
  response.writeHead(status, { ...headers, ...encoding, 'Content-Length': body.length });
  response.end(body);
}

const PAGES = {
  403: '403 Forbidden',
  404: '404 Not Found',
  407: '407 Proxy Authentication Required',
  502: '502 Bad Gateway',
  503: '503 Service Unavailable',
} as const;

/** The page of a gateway or a proxy, where a client expects JSON. */
export function answerHtml(response: ServerResponse, status: keyof typeof PAGES): void {
  const title = PAGES[status];
  send(
    response,
    status,
    { 'Content-Type': 'text/html', ...(status === 407 && { 'Proxy-Authenticate': 'Basic realm="proxy"' }) },
    `<html><head><title>${title}</title></head><body><center><h1>${title}</h1></center></body></html>`,
  );
}

/** Promises the whole text, sends half of it and closes the connection. Resolves when it is closed. */
export function cutBody(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  text: string,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(text) });
  response.write(text.slice(0, Math.floor(text.length / 2)), () => {
    response.destroy();
    resolve();
  });
  return promise;
}
