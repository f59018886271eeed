import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import type { Simulator } from '../../src/simulator/simulator.ts';

export interface GatewayRequest {
  readonly id: string;
  readonly method: string;
  readonly url: string;
  readonly body?: unknown;
}

export interface GatewayAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** What the gateway makes of one envelope; `pass` asks the simulated Graph behind it. */
export type Intercept = (
  requests: readonly GatewayRequest[],
  pass: (requests?: readonly GatewayRequest[]) => Promise<GatewayAnswer>,
) => GatewayAnswer | Promise<GatewayAnswer>;

export interface Gateway {
  /** For RETARGET_GRAPH_URL. */
  readonly url: string;
  /** Each envelope that came … */
  readonly envelopes: (readonly GatewayRequest[])[];
  /** … and its text. */
  readonly texts: string[];
}

/** Stands for text that JSON.parse would bend: behind the gateway it is another one. */
export type Alias = readonly [outside: string, behind: string];

/** Something between a client and a simulated Graph, that may answer instead of it or change what it says. */
export async function gateway(
  behind: Pick<Simulator, 'url'>,
  intercept: Intercept,
  [outside, inside]: Alias = ['', ''],
): Promise<Gateway> {
  const texts: string[] = [];
  const swapped = (whole: string, from: string, to: string): string =>
    from === '' ? whole : whole.replaceAll(from, to);
  const envelopes: (readonly GatewayRequest[])[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const asked = await text(request);
      texts.push(asked);
      const { requests } = JSON.parse(swapped(asked, outside, inside)) as { requests: GatewayRequest[] };
      envelopes.push(requests);
      const pass = async (some: readonly GatewayRequest[] = requests): Promise<GatewayAnswer> => {
        const reply = await fetch(`${behind.url}${request.url}`, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            authorization: request.headers.authorization ?? '',
          },
          body: JSON.stringify({ requests: some }),
        });
        return {
          status: reply.status,
          headers: { 'content-type': 'application/json' },
          body: swapped(await reply.text(), inside, outside),
        };
      };
      const { status, headers, body } = await intercept(requests, pass);
      response.writeHead(status, headers).end(body);
    })().catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, envelopes, texts };
}

/** The page of a proxy that wants something first. */
export const proxyPage = (status: number, title = 'Access Denied'): GatewayAnswer => ({
  status,
  headers: { 'content-type': 'text/html; charset=utf-8', server: 'gate/1.0' },
  body: `<html><head><title>${title}</title></head><body>Ask your administrator.</body></html>`,
});

/** The same answer to each request of an envelope. */
export const eachAnswered = (
  requests: readonly GatewayRequest[],
  answer: (request: GatewayRequest) => object,
): GatewayAnswer => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ responses: requests.map((request) => ({ id: request.id, ...answer(request) })) }),
});
