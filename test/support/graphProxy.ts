import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import type { Simulator } from '../../src/simulator/simulator.ts';

export interface GraphProxy {
  /** For RETARGET_GRAPH_URL. */
  readonly url: string;
  /** Relative URLs of all requests that came, those in envelopes one by one. */
  readonly asked: readonly string[];
}

export interface GraphProxyOptions {
  /** What `GET /organization` tells; undefined: it may not be read. */
  readonly domains?: readonly string[];
  /** How far the `Date` header is off. */
  readonly dateOffMs?: number;
  /** Stands behind the host in the address. */
  readonly prefix?: string;
}

const FORBIDDEN = { error: { code: 'Authorization_RequestDenied', message: 'Insufficient privileges.' } };

/**
 * A company's proxy in front of a simulated Graph. Graph knows nothing of it, so links in replies name Graph's own address.
 * It knows the organization besides, which the simulator does not.
 */
export async function graphProxy(behind: Simulator, options: GraphProxyOptions = {}): Promise<GraphProxy> {
  const { domains, dateOffMs = 0, prefix = '' } = options;
  const asked: string[] = [];
  const organization =
    domains === undefined
      ? { status: 403, body: FORBIDDEN }
      : {
          status: 200,
          body: { value: [{ verifiedDomains: domains.map((name, n) => ({ name, isDefault: n === 0 })) }] },
        };
  const server = createServer((request, response) => {
    void (async () => {
      const path = (request.url ?? '').slice(prefix.length);
      const { requests } = JSON.parse(await text(request)) as { requests: { id: string; url: string }[] };
      asked.push(...requests.map(({ url }) => url));
      const ours = requests.filter(({ url }) => url.startsWith('/organization'));
      const theirs = requests.filter((each) => !ours.includes(each));
      const reply = await fetch(`${behind.url}${path}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: request.headers.authorization ?? '',
        },
        body: JSON.stringify({ requests: theirs.length > 0 ? theirs : [CHEAP] }),
      });
      const said = (await reply.text()).replaceAll(behind.url, 'https://graph.microsoft.com');
      const { responses, ...rest } = JSON.parse(said) as { responses?: object[] };
      const all = [
        ...(theirs.length > 0 ? (responses ?? []) : []),
        ...ours.map(({ id }) => ({ id, ...organization })),
      ];
      response.writeHead(reply.status, {
        'content-type': 'application/json',
        date: new Date(Date.now() + dateOffMs).toUTCString(),
      });
      response.end(JSON.stringify(responses === undefined ? rest : { responses: all }));
    })().catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${prefix}`, asked };
}

/** Graph takes no empty envelope. */
const CHEAP = { id: '0', method: 'GET', url: '/deviceManagement/deviceConfigurations?$top=1' };
