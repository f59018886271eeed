import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { accessTokenCredentials } from '../../src/graph/auth/credentials.ts';
import { createGraphClient, type EnvelopeReply } from '../../src/graph/client/graphClient.ts';
import { proxyFor } from '../../src/graph/client/proxy.ts';
import { makeCertificate } from '../support/certificates.ts';
import { connectProxy } from '../support/connectProxy.ts';

const ROOT = 'https://graph.example';
let directory: string;
let graph: https.Server;
let port: number;

// A Graph that nobody reaches by its name: only a proxy knows the way.
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'retarget-proxy-'));
  const tls = await makeCertificate(directory, 'graph.example', 'DNS:graph.example');
  setDefaultCACertificates([...getCACertificates('default'), tls.cert]);
  graph = https.createServer(tls, (request, response) => {
    void text(request).then((body) => {
      const { requests } = JSON.parse(body) as { requests: { id: string }[] };
      response.end(JSON.stringify({ responses: requests.map(({ id }) => ({ id, status: 200 })) }));
    });
  });
  graph.listen(0, '127.0.0.1');
  await once(graph, 'listening');
  port = (graph.address() as AddressInfo).port;
});
afterAll(async () => {
  graph.closeAllConnections();
  graph.close();
  await rm(directory, { recursive: true });
});

const REQUEST = { method: 'GET' as const, url: '/deviceManagement/x', clientRequestId: 'try' };

/** Calls, one after the other; the answer to the last. */
async function post(env: Record<string, string>, calls = 1): Promise<EnvelopeReply | undefined> {
  const client = createGraphClient({
    ...{ root: ROOT, apiVersion: 'beta', userAgent: 'retarget/test', limits: { connectMs: 300 } },
    credentials: accessTokenCredentials({ RETARGET_ACCESS_TOKEN: 'token' }),
    proxy: proxyFor(ROOT, env),
  });
  onTestFinished(() => client.close());
  let reply: EnvelopeReply | undefined;
  for (let call = 0; call < calls; call += 1) {
    reply = await client.postBatch([REQUEST], { deadlineMs: 1_000 });
    // undici gives a connection a turn of the event loop before the next call may have it.
    for (let turn = 0; turn < 3; turn += 1) await setImmediate();
  }
  return reply;
}

test('a call goes through the proxy, in one tunnel with the next, and with its user and password', async () => {
  const proxy = await connectProxy({ port });
  const env = { HTTPS_PROXY: proxy.url.replace('//', '//ann:p%40ss@') };
  expect(await post(env, 3)).toMatchObject({ replies: [{ kind: 'answered', status: 200 }] });
  const authorization = `Basic ${Buffer.from('ann:p@ss').toString('base64')}`;
  expect(proxy.asked).toEqual([{ target: 'graph.example:443', authorization }]);
});

test.each([
  [407, 'wants a sign-in of its own (HTTP 407)', 'user and password', false],
  [403, 'does not let graph.example through (HTTP 403)', 'NO_PROXY', false],
  [502, 'does not let graph.example through (HTTP 502)', 'NO_PROXY', true],
])('a proxy that answers %i is named, and nothing was sent', async (status, message, remedy, passes) => {
  const proxy = await connectProxy({ status });
  expect(await post({ HTTPS_PROXY: proxy.url.replace('//', '//ann:secret@') })).toEqual({
    kind: 'unreached',
    error: {
      ...{ code: `PROXY_${status}`, passes },
      message: `The proxy ${proxy.url} of HTTPS_PROXY ${message}.`,
      remedy: expect.stringContaining(remedy),
    },
  });
});

test('a proxy that is not there is named', async () => {
  const error = {
    code: 'ECONNREFUSED',
    message: "The proxy http://127.0.0.1:1 of https_proxy can't be reached (ECONNREFUSED).",
    remedy: expect.stringContaining('NO_PROXY'),
  };
  expect(await post({ https_proxy: '127.0.0.1:1' })).toMatchObject({ kind: 'unreached', error });
});

test('a proxy that says nothing is not waited for longer than a connection', async () => {
  const proxy = await connectProxy('silent');
  expect(await post({ HTTPS_PROXY: proxy.url })).toMatchObject({
    kind: 'unreached',
    error: { message: expect.stringContaining(proxy.url) },
  });
});

test('what NO_PROXY names is not asked of the proxy', async () => {
  const proxy = await connectProxy({ port });
  expect(await post({ HTTPS_PROXY: proxy.url, NO_PROXY: '.example' })).toMatchObject({ kind: 'unreached' });
  expect(proxy.asked).toEqual([]);
});
