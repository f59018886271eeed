import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import type { BatchRequest, LostWhy } from '../../src/graph/client/batchEnvelope.ts';
import { accessTokenCredentials } from '../../src/graph/auth/credentials.ts';
import { createGraphClient } from '../../src/graph/client/graphClient.ts';
import type { EnvelopeReply, GraphClient, GraphClientOptions } from '../../src/graph/client/graphClient.ts';

const TOKEN = 's3cret.t0ken.sig';
const TWO: readonly BatchRequest[] = [
  { method: 'PATCH', url: '/deviceManagement/a', body: { target: 'ä' }, clientRequestId: 'try-a' },
  { method: 'GET', url: '/deviceManagement/b', clientRequestId: 'try-b' },
];
const DONE = JSON.stringify({
  responses: [
    { id: 'm-1', status: 404 },
    { id: 'm-0', status: 200, body: { ok: true } },
  ],
});

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

/** A Graph that treats each call as told, and keeps what it was asked and over which connection. */
async function graphThat(answer: http.RequestListener) {
  const calls: { request: http.IncomingMessage; body: string; connection: net.Socket }[] = [];
  const server = http.createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += String(chunk);
    calls.push({ request, body, connection: request.socket });
    answer(request, response);
  });
  return { calls, root: await listening(server) };
}

/** A Graph below HTTP: it gets the connection as soon as a whole call has come in. */
async function graphThatSpeaks(answer: (connection: net.Socket) => void) {
  const calls: string[] = [];
  const server = net.createServer((connection) => {
    let text = '';
    connection.on('error', () => {});
    connection.on('data', (chunk) => {
      text += String(chunk);
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1]);
      const bodyAt = text.indexOf('\r\n\r\n') + 4;
      if (bodyAt < 4 || Buffer.byteLength(text.slice(bodyAt)) < length) return;
      calls.push(text);
      text = '';
      answer(connection);
    });
  });
  return { calls, root: await listening(server) };
}

async function listening(server: net.Server, port = 0): Promise<string> {
  const connections = new Set<net.Socket>();
  server.on('connection', (connection) => {
    connections.add(connection.on('close', () => connections.delete(connection)));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  ends.push(async () => {
    for (const connection of connections) connection.destroy();
    server.close();
    await once(server, 'close');
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function clientOf(root: string, options: Partial<GraphClientOptions> = {}): GraphClient {
  const client = createGraphClient({
    root,
    apiVersion: 'beta',
    credentials: accessTokenCredentials({ RETARGET_ACCESS_TOKEN: TOKEN }),
    userAgent: 'retarget/1.2.3',
    newMark: () => 'm',
    ...options,
  });
  ends.push(() => client.close());
  return client;
}

const post = (root: string, limits: GraphClientOptions['limits'] = {}): Promise<EnvelopeReply> =>
  clientOf(root, { limits }).postBatch(TWO);

/** undici gives a connection a turn of the event loop before the next call may have it. */
async function connectionFree(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await setImmediate();
}

const bothLost = (why: LostWhy, more = {}) => ({
  kind: 'replies',
  replies: [
    { kind: 'lost', why, ...more },
    { kind: 'lost', why, ...more },
  ],
});

const json = (response: http.ServerResponse, status: number, body: string, headers = {}): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
};

describe('a call that goes well', () => {
  test('says who asks, for which run and under which id, and carries the batch', async () => {
    const graph = await graphThat((_request, response) => json(response, 200, DONE));
    await clientOf(graph.root).postBatch(TWO, { runId: 'r-17' });
    const [call] = graph.calls;
    expect(call?.request).toMatchObject({ method: 'POST', url: '/beta/$batch' });
    expect(call?.request.headers).toMatchObject({
      authorization: `Bearer ${TOKEN}`,
      'content-type': 'application/json',
      'user-agent': 'retarget/1.2.3 run/r-17',
      'client-request-id': expect.stringMatching(/^[\da-f-]{36}$/),
    });
    expect(JSON.parse(call?.body ?? '')).toMatchObject({
      requests: [
        { id: 'm-0', method: 'PATCH', url: '/deviceManagement/a', body: { target: 'ä' } },
        { id: 'm-1', method: 'GET', url: '/deviceManagement/b' },
      ],
    });
  });

  test('gives the replies in the order asked, with the ids that support asks for', async () => {
    const headers = { 'Request-Id': 'req-1', Date: 'Sat, 21 Nov 2026 12:00:00 GMT' };
    const graph = await graphThat((_request, response) => json(response, 200, DONE, headers));
    expect(await post(graph.root)).toMatchObject({
      kind: 'replies',
      requestId: 'req-1',
      date: 'Sat, 21 Nov 2026 12:00:00 GMT',
      replies: [
        { kind: 'answered', status: 200, body: { ok: true } },
        { kind: 'answered', status: 404 },
      ],
    });
  });

  test('keeps its connection for the next call, and each call has an id of its own', async () => {
    const graph = await graphThat((_request, response) => json(response, 200, DONE));
    const client = clientOf(graph.root);
    for (let n = 0; n < 3; n += 1) {
      await client.postBatch(TWO);
      await connectionFree();
    }
    expect(graph.calls).toHaveLength(3);
    expect(new Set(graph.calls.map(({ connection }) => connection)).size).toBe(1);
    expect(new Set(graph.calls.map(({ request }) => request.headers['client-request-id'])).size).toBe(3);
  });

  test('reads a date to retry after by the clock of Graph', async () => {
    const body = JSON.stringify({
      responses: [{ id: 'm-0', status: 429, headers: { 'retry-after': 'Sat, 21 Nov 2026 12:00:09 GMT' } }],
    });
    const headers = { Date: 'Sat, 21 Nov 2026 12:00:00 GMT' };
    const graph = await graphThat((_request, response) => json(response, 200, body, headers));
    expect(await post(graph.root)).toMatchObject({
      replies: [{ status: 429, retryAfterMs: 9000 }, { why: 'missing' }],
    });
  });
});

describe('a call whose end nobody knows is lost, each request of it', () => {
  test.each([500, 502, 503, 504])('an HTML page with %i', async (status) => {
    const graph = await graphThat((_request, response) => {
      response
        .writeHead(status, { 'content-type': 'text/html', 'retry-after': '3' })
        .end('<html>Bad Gateway');
    });
    expect(await post(graph.root)).toMatchObject(bothLost('serverError', { status, retryAfterMs: 3000 }));
    expect(graph.calls).toHaveLength(1);
  });

  test('a 408 from something in between', async () => {
    const graph = await graphThat((_request, response) => json(response, 408, '{}'));
    expect(await post(graph.root)).toMatchObject(bothLost('timedOut', { status: 408 }));
  });

  test.each([
    ['an HTML page', '<html>Sign in</html>', 'notJson'],
    ['nothing', '', 'notJson'],
    ['half of the JSON', DONE.slice(0, 40), 'notJson'],
    ['packed JSON that does not say so', gzipSync(DONE), 'notJson'],
    ['JSON of another shape', '{"value":[]}', 'unreadable'],
    ['a JSON text', '"done"', 'unreadable'],
  ] as const)('a 200 with %s', async (_what, body, why) => {
    const graph = await graphThat((_request, response) => response.writeHead(200).end(body));
    expect(await post(graph.root)).toMatchObject(bothLost(why));
  });

  test('a redirect, and it is not followed', async () => {
    const elsewhere = await graphThat((_request, response) => json(response, 200, DONE));
    const graph = await graphThat((_request, response) => {
      response.writeHead(307, { location: `${elsewhere.root}/beta/$batch` }).end();
    });
    expect(await post(graph.root)).toMatchObject(bothLost('redirected', { status: 307 }));
    expect(elsewhere.calls).toHaveLength(0);
  });

  test('a connection that is reset before the reply, and the write is not sent again', async () => {
    const graph = await graphThatSpeaks((connection) => connection.resetAndDestroy());
    expect(await post(graph.root)).toEqual(bothLost('reset'));
    expect(graph.calls).toHaveLength(1);
  });

  test('a connection that is closed politely before the reply', async () => {
    const graph = await graphThatSpeaks((connection) => connection.end());
    expect(await post(graph.root)).toEqual(bothLost('reset'));
    expect(graph.calls).toHaveLength(1);
  });

  test('a kept connection that dies under the second call, and that is not sent again', async () => {
    const graph = await graphThatSpeaks((connection) => {
      if (graph.calls.length > 1) connection.resetAndDestroy();
      else connection.write(`HTTP/1.1 200 OK\r\ncontent-length: ${DONE.length}\r\n\r\n${DONE}`);
    });
    const client = clientOf(graph.root);
    expect(await client.postBatch(TWO)).toMatchObject({ replies: [{ status: 200 }, { status: 404 }] });
    expect(await client.postBatch(TWO)).toEqual(bothLost('reset'));
    expect(graph.calls).toHaveLength(2);
  });

  test.each([
    ['by length', `content-length: ${DONE.length}\r\n\r\n${DONE.slice(0, -1)}`],
    ['by length, after the headers', `content-length: ${DONE.length}\r\n\r\n`],
    ['in chunks', `transfer-encoding: chunked\r\n\r\n${DONE.length.toString(16)}\r\n${DONE}\r\n`],
  ])('a reply that is cut short, told %s', async (_how, rest) => {
    const graph = await graphThatSpeaks((connection) => connection.end(`HTTP/1.1 200 OK\r\n${rest}`));
    expect(await post(graph.root)).toMatchObject(bothLost('cutShort', { status: 200 }));
    expect(graph.calls).toHaveLength(1);
  });

  test('an answer that is not HTTP', async () => {
    const graph = await graphThatSpeaks((connection) => connection.end('SSH-2.0-OpenSSH_9.2\r\n'));
    expect(await post(graph.root)).toEqual(bothLost('unreadable'));
  });

  test.each([
    ['a Graph that never answers', { headersMs: 50 }, ''],
    ['a reply that stops in the middle', { bodyMs: 50 }, 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{'],
    ['a call that takes too long as a whole', { requestMs: 400 }, ''],
    [
      'a call that takes too long within its reply',
      { requestMs: 400 },
      'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{',
    ],
  ])('%s, and its connection is destroyed', async (_what, limits, piece) => {
    const connections: net.Socket[] = [];
    const closed: Promise<unknown>[] = [];
    const graph = await graphThatSpeaks((connection) => {
      connections.push(connection);
      closed.push(once(connection, 'close'));
      if (piece !== '') connection.write(piece);
    });
    expect(await post(graph.root, limits)).toMatchObject(bothLost('timedOut'));
    await Promise.all(closed);
    expect(connections).toHaveLength(1);
  });

  test.each([
    ['and says so', { 'content-length': '5000' }],
    ['without a word', {}],
  ])('a reply that is larger than we hold, %s', async (_how, headers) => {
    const graph = await graphThat((_request, response) => json(response, 200, ' '.repeat(5000), headers));
    expect(await post(graph.root, { replyBytes: 4999 })).toMatchObject(bothLost('tooLarge'));
  });

  test('a reply of just the size we hold is read', async () => {
    const graph = await graphThat((_request, response) => json(response, 200, DONE.padEnd(5000)));
    expect(await post(graph.root, { replyBytes: 5000 })).toMatchObject({
      replies: [{ status: 200 }, { status: 404 }],
    });
  });
});

// Something in between that answers from memory would turn an earlier success into one that never was.
test('the answer to an earlier call, given once more, is none to this one', async () => {
  let first: string | undefined;
  const graph = await graphThat((_request, response) => {
    const { requests } = JSON.parse(graph.calls.at(-1)?.body ?? '') as { requests: { id: string }[] };
    first ??= JSON.stringify({ responses: requests.map(({ id }) => ({ id, status: 200 })) });
    json(response, 200, first);
  });
  const client = createGraphClient({
    ...{ root: graph.root, apiVersion: 'beta', userAgent: 'retarget/1.2.3' },
    credentials: accessTokenCredentials({ RETARGET_ACCESS_TOKEN: TOKEN }),
  });
  ends.push(() => client.close());
  expect(await client.postBatch(TWO)).toMatchObject({ replies: [{ status: 200 }, { status: 200 }] });
  expect(await client.postBatch(TWO)).toEqual(expect.objectContaining(bothLost('missing')));
});

describe('a reply that is packed', () => {
  const packed = (coding: string, body: Buffer, status = 200) =>
    graphThat((_request, response) =>
      response
        .writeHead(status, { 'content-type': 'application/json', 'content-encoding': coding })
        .end(body),
    );

  test.each([
    ['gzip', gzipSync(DONE)],
    ['GZIP', gzipSync(DONE)],
    ['deflate', deflateSync(DONE)],
    ['deflate', deflateRawSync(DONE)],
    ['br', brotliCompressSync(DONE)],
    ['identity', Buffer.from(DONE)],
    ['deflate, gzip', gzipSync(deflateSync(DONE))],
  ])('as %s is read', async (coding, body) => {
    const graph = await packed(coding, body);
    expect(await post(graph.root)).toMatchObject({ replies: [{ status: 200 }, { status: 404 }] });
    expect(graph.calls[0]?.request.headers['accept-encoding']).toBe('gzip, deflate, br');
  });

  test('in a refusal tells its reason', async () => {
    const graph = await packed('gzip', gzipSync('{"error":{"code":"Code","message":"No."}}'), 403);
    expect(await post(graph.root)).toMatchObject({ kind: 'refused', error: { code: 'Code' } });
  });

  // A few kB may come out as gigabytes.
  test.each([
    ['gzip', gzipSync(DONE.padEnd(5000))],
    ['deflate', deflateSync(DONE.padEnd(5000))],
    ['br', brotliCompressSync(DONE.padEnd(5000))],
    ['gzip, gzip', gzipSync(gzipSync(DONE.padEnd(5000)))],
  ])('as %s and is larger than we hold, once it is unpacked, is lost', async (coding, body) => {
    const graph = await packed(coding, body);
    expect(body.length).toBeLessThan(1000);
    expect(await post(graph.root, { replyBytes: 4999 })).toMatchObject(bothLost('tooLarge'));
  });

  test.each([
    ['cut short', 'gzip', gzipSync(DONE).subarray(0, -12), 'cutShort'],
    ['nothing of the kind', 'gzip', Buffer.from(DONE), 'unreadable'],
    ['in an unknown way', 'zstd', Buffer.from('x'), 'unreadable'],
    ['too often', 'gzip, gzip, gzip, gzip', gzipSync(DONE), 'unreadable'],
  ] as const)('%s is lost', async (_what, coding, body, why) => {
    const graph = await packed(coding, body);
    expect(await post(graph.root)).toMatchObject(bothLost(why));
  });

  test('in an unknown way is told with that', async () => {
    const graph = await packed('zstd', Buffer.from('x'));
    expect(await post(graph.root)).toMatchObject(
      bothLost('unreadable', { saw: 'HTTP 200, application/json, encoded as zstd' }),
    );
  });
});

describe('after a 503 the next call takes a new connection', () => {
  const INNER = JSON.stringify({
    responses: [
      { id: 'm-0', status: 503 },
      { id: 'm-1', status: 200 },
    ],
  });
  test.each([
    ['for the whole', 503, '{}'],
    ['for one request', 200, INNER],
  ])('%s', async (_what, status, body) => {
    const graph = await graphThat((_request, response) => json(response, status, body));
    const client = clientOf(graph.root);
    await client.postBatch(TWO);
    await connectionFree();
    await client.postBatch(TWO);
    expect(new Set(graph.calls.map(({ connection }) => connection)).size).toBe(2);
  });
});

describe('a call that Graph refuses as a whole', () => {
  test.each([
    [400, 'BadRequest', {}, undefined],
    [401, 'InvalidAuthenticationToken', {}, undefined],
    [403, 'Forbidden', {}, undefined],
    [413, 'RequestEntityTooLarge', {}, undefined],
    [429, 'TooManyRequests', { 'retry-after': '2.5' }, 2500],
    [429, 'TooManyRequests', {}, undefined],
  ])("with %i %s keeps Graph's words and its wait", async (status, code, headers, retryAfterMs) => {
    const body = JSON.stringify({ error: { code, message: 'Because.' } });
    const graph = await graphThat((_request, response) => {
      json(response, status, body, { ...headers, 'request-id': 'req-2' });
    });
    expect(await post(graph.root)).toEqual({
      kind: 'refused',
      status,
      error: { code, message: 'Because.' },
      isForeign: false,
      requestId: 'req-2',
      retryAfterMs,
      // Node's own, unless the answer has one.
      date: expect.stringMatching(/GMT$/),
    });
    expect(graph.calls).toHaveLength(1);
  });

  test('without readable words, or with words that are cut, is refused nevertheless', async () => {
    const page = await graphThat((_request, response) => response.writeHead(403).end('<html>Blocked'));
    const cut = await graphThatSpeaks((connection) => {
      connection.end('HTTP/1.1 401 Unauthorized\r\ncontent-length: 100\r\n\r\n{"error":');
    });
    expect(await post(page.root)).toMatchObject({ kind: 'refused', status: 403, error: { code: 'Http403' } });
    expect(await post(cut.root)).toMatchObject({ kind: 'refused', status: 401, error: { code: 'Http401' } });
  });
});

describe('a call that can not have reached Graph', () => {
  /** A port of this machine that nobody listens on. */
  async function freePort(): Promise<number> {
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    return port;
  }

  test('for a closed port says so, and what to check', async () => {
    const client = clientOf(`http://127.0.0.1:${await freePort()}`);
    expect(await client.postBatch(TWO, { deadlineMs: 0 })).toEqual({
      kind: 'unreached',
      error: {
        code: 'ECONNREFUSED',
        message: expect.stringContaining('refused the connection'),
        remedy: expect.stringContaining('RETARGET_GRAPH_URL'),
        passes: true,
      },
    });
  });

  test('for an unknown name says so', async () => {
    const client = clientOf('http://graph.invalid', { limits: { connectMs: 1000 } });
    const reply = await client.postBatch(TWO, { deadlineMs: 0 });
    expect(reply).toMatchObject({
      kind: 'unreached',
      error: { message: expect.stringContaining('graph.invalid') },
    });
  });

  test('for a peer that does not speak TLS is unreached, as nothing of the call was written', async () => {
    const received: Buffer[] = [];
    const server = net.createServer((connection) => {
      connection.on('error', () => {});
      connection.on('data', (chunk: Buffer) => {
        received.push(chunk);
        connection.resetAndDestroy();
      });
    });
    const root = (await listening(server)).replace('http:', 'https:');
    expect(await clientOf(root).postBatch(TWO, { deadlineMs: 0 })).toMatchObject({ kind: 'unreached' });
    expect(received.length).toBeGreaterThan(0);
    expect(Buffer.concat(received).toString('latin1')).not.toContain('deviceManagement');
  });

  test('for a connection that takes too long is unreached', async () => {
    const server = net.createServer(() => {});
    const root = (await listening(server)).replace('http:', 'https:');
    const reply = await clientOf(root, { limits: { connectMs: 50 } }).postBatch(TWO, { deadlineMs: 0 });
    expect(reply).toMatchObject({ kind: 'unreached', error: { code: 'UND_ERR_CONNECT_TIMEOUT' } });
  });

  test('is tried again while its time allows, and goes through when Graph is back', async () => {
    const port = await freePort();
    const server = http.createServer((request, response) => {
      request.resume().on('end', () => json(response, 200, DONE));
    });
    const { promise: failedOnce, resolve } = Promise.withResolvers<void>();
    const client = clientOf(`http://127.0.0.1:${port}`, {
      trace: { sent() {}, notReached: () => resolve() },
    });
    const reply = client.postBatch(TWO);
    await failedOnce;
    await listening(server, port);
    expect(await reply).toMatchObject({ replies: [{ status: 200 }, { status: 404 }] });
  });

  test('in time is not sent late: a permit from the limiter is void by then', async () => {
    const graph = await graphThat((_request, response) => json(response, 200, DONE));
    const client = clientOf(graph.root);
    expect(await client.postBatch(TWO, { deadlineMs: 0 })).toMatchObject({
      kind: 'unreached',
      error: { code: 'SEND_TOO_LATE' },
    });
    expect(graph.calls).toHaveLength(0);
    await client.postBatch(TWO);
    expect(graph.calls).toHaveLength(1);
  });
});

describe('a call that is aborted', () => {
  test('in flight ends at once with the reason, and its connection with it', async () => {
    const reason = new Error('draining');
    const controller = new AbortController();
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const graph = await graphThatSpeaks((connection) => {
      connection.on('close', () => resolve());
      controller.abort(reason);
    });
    const client = clientOf(graph.root);
    await expect(client.postBatch(TWO, { signal: controller.signal })).rejects.toBe(reason);
    await closed;
  });

  test('before it connected is never sent', async () => {
    const controller = new AbortController();
    const server = net.createServer(() => controller.abort(new Error('draining')));
    const root = (await listening(server)).replace('http:', 'https:');
    await expect(clientOf(root).postBatch(TWO, { signal: controller.signal })).rejects.toThrow('draining');
  });

  test('beforehand does not even connect', async () => {
    const graph = await graphThat((_request, response) => json(response, 200, DONE));
    const signal = AbortSignal.abort(new Error('too late'));
    await expect(clientOf(graph.root).postBatch(TWO, { signal })).rejects.toThrow('too late');
    expect(graph.calls).toHaveLength(0);
  });
});

test('the token appears in nothing that is said', async () => {
  const said: unknown[] = [];
  const say = (words: unknown): void => void said.push(words);
  const trace = { sent: say, notReached: say };
  const graph = await graphThat((request, response) =>
    json(response, 401, `"${request.headers.authorization}"`),
  );
  const refusing = clientOf(graph.root, { trace });
  const gone = clientOf('http://127.0.0.1:1', { trace });
  said.push(await refusing.postBatch(TWO), await gone.postBatch(TWO, { deadlineMs: 0 }));
  const everything = said.map((words) => `${String(words)} ${JSON.stringify(words)}`).join('\n');
  expect(said.length).toBeGreaterThan(3);
  expect(everything).not.toContain('s3cret');
});

test('closing breaks off what is under way, and that is lost', async () => {
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  const graph = await graphThatSpeaks(() => resolve());
  const client = clientOf(graph.root);
  const reply = client.postBatch(TWO);
  await asked;
  await client.close();
  expect(await reply).toEqual(bothLost('reset'));
});

test('a closed client is a bug to use, not a network matter', async () => {
  const graph = await graphThat((_request, response) => json(response, 200, DONE));
  const client = createGraphClient({
    root: graph.root,
    apiVersion: 'v1.0',
    credentials: accessTokenCredentials({ RETARGET_ACCESS_TOKEN: TOKEN }),
    userAgent: 'retarget/1.2.3',
    newMark: () => 'm',
  });
  await client.close();
  await expect(client.postBatch(TWO)).rejects.toThrow(/closed|destroyed/i);
});
