import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { guid } from './guid.ts';

/** What a service does with an envelope that has writes in it. */
export type Answer =
  /** It is carried out and answered. */
  | 'well'
  /** Nothing of it is, and each write is told to wait a second. */
  | 'throttled'
  /** It is carried out, and the connection ends without a reply. */
  | 'lost';

/** A write as it arrived at the service, ms since the epoch by its own clock. */
export interface ArrivedWrite {
  readonly at: number;
  readonly policyId: string;
  readonly answer: Answer;
}

/** A stand-in for Graph that shares nothing with the simulator: configurations with one assignment each, read and written by `$batch`. */
export interface ListService {
  readonly url: string;
  readonly writes: readonly ArrivedWrite[];
  /** How envelopes with writes are answered that arrive at a moment. */
  answers(answer: (at: number) => Answer): void;
  /** Of each policy the group that it is for now. */
  groups(): readonly string[];
  row(policy: number, groupId: string): Readonly<Record<string, string>>;
}

interface BatchItem {
  readonly id: string;
  readonly method: string;
  readonly url: string;
  readonly body?: { readonly target?: { readonly groupId?: string } };
}

const POLICY = /deviceConfigurations\/([^/?]+)\/assignments(?:\/([^/?]+))?/;

export async function startListService(policies: number): Promise<ListService> {
  const ids = Array.from({ length: policies }, (_, n) => guid(`policy-${n}`));
  const groupOf = new Map(ids.map((id) => [id, guid('old')]));
  const writes: ArrivedWrite[] = [];
  let answerAt: (at: number) => Answer = () => 'well';
  const assignmentOf = (policyId: string) => ({
    id: `${policyId}_a`,
    target: { '@odata.type': '#microsoft.graph.groupAssignmentTarget', groupId: groupOf.get(policyId) },
  });
  const take = ({ id, method, url, body }: BatchItem, at: number, answer: Answer): object => {
    const [, policyId = '', assignmentId] = POLICY.exec(url) ?? [];
    if (!groupOf.has(policyId))
      return { id, status: 404, body: { error: { code: 'NotFound', message: url } } };
    if (method === 'GET' && assignmentId === undefined)
      return { id, status: 200, body: { value: [assignmentOf(policyId)] } };
    if (method !== 'PATCH')
      return { id, status: 400, body: { error: { code: 'BadRequest', message: method } } };
    writes.push({ at, policyId, answer });
    if (answer === 'throttled')
      return {
        id,
        status: 429,
        headers: { 'Retry-After': '1' },
        body: { error: { code: '429', message: 'wait' } },
      };
    groupOf.set(policyId, body?.target?.groupId ?? '');
    return { id, status: 200, body: assignmentOf(policyId) };
  };
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const at = Date.now();
    if (!request.url?.endsWith('/$batch')) {
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":{"code":"NotFound"}}');
      return;
    }
    const { requests } = JSON.parse(Buffer.concat(chunks).toString()) as { requests: BatchItem[] };
    const answer = requests.some(({ method }) => method !== 'GET') ? answerAt(at) : 'well';
    const responses = requests.map((each) => take(each, at, answer));
    if (answer === 'lost') (response.socket as Socket).destroy();
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ responses }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    writes,
    answers: (answer) => void (answerAt = answer),
    groups: () => [...groupOf.values()],
    row: (policy, groupId) => ({
      ...{ policyType: 'deviceConfiguration', policyId: ids[policy] ?? '' },
      ...{ assignmentId: `${ids[policy]}_a`, targetType: 'group', groupId: guid(groupId) },
    }),
  };
}
