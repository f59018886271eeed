import { onTestFinished } from 'vitest';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/simulator.ts';
import type { TenantSeed } from '../../src/simulator/tenantFile.ts';

/** A reply of the simulator, single or from an envelope. */
export interface SeenReply {
  readonly id?: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  // Tests look into bodies of every shape; a wrong guess fails the assertion.
  readonly body: Record<string, unknown> & { error?: { code: string; message: string; innerError: object } };
}

export const groupTarget = (groupId: string): { '@odata.type': string; groupId: string } => ({
  '@odata.type': '#microsoft.graph.groupAssignmentTarget',
  groupId,
});

/** Two configurations with two assignments each, one with a nested list, and a compliance policy with one. */
export const SMALL_TENANT: TenantSeed = {
  policies: [
    {
      id: 'c1',
      type: 'deviceConfiguration',
      displayName: 'Wi-Fi',
      assignments: [
        { id: 'a1', target: groupTarget('g1') },
        {
          id: 'a2',
          target: {
            ...groupTarget('g2'),
            deviceAndAppManagementAssignmentFilterId: 'f1',
            deviceAndAppManagementAssignmentFilterType: 'include',
          },
        },
      ],
    },
    {
      id: 'c1',
      type: 'deviceConfiguration',
      via: 'rootCertificate',
      assignments: [{ id: 'a1', target: groupTarget('g9') }],
    },
    {
      id: 'c2',
      type: 'deviceConfiguration',
      assignments: [
        { id: 'a3', target: groupTarget('g3') },
        { id: 'a4', target: groupTarget('g4'), source: 'policySets', sourceId: 's1' },
      ],
    },
    { id: 'p1', type: 'deviceCompliancePolicy', assignments: [{ id: 'a5', target: groupTarget('g5') }] },
  ],
};

/** A simulator that ends with the test, with SMALL_TENANT unless told otherwise. */
export async function simulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const started = await startSimulator({ tenant: SMALL_TENANT, ...options });
  onTestFinished(() => started.close());
  return started;
}

export const TOKEN_HEADERS = { authorization: 'Bearer token-1' };

/** A single request. `path` begins with the version. */
export async function call(
  { url }: Simulator,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = TOKEN_HEADERS,
): Promise<SeenReply> {
  const response = await fetch(`${url}${path}`, {
    method,
    redirect: 'manual',
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: text === '' ? {} : JSON.parse(text),
  };
}

/** A write of an assignment, as it stands in an envelope. `path` is without version. */
export const write = (
  id: string,
  path: string,
  target: object,
  headers: Record<string, string> = {},
): object => ({
  id,
  method: 'PATCH',
  url: path,
  headers: { 'Content-Type': 'application/json', ...headers },
  body: { target },
});

/** The replies of a `$batch`, in the order they came. */
export async function batch(
  to: Simulator,
  requests: readonly object[],
  headers: Record<string, string> = TOKEN_HEADERS,
): Promise<SeenReply[]> {
  const reply = await call(to, 'POST', '/beta/$batch', { requests }, headers);
  if (reply.status !== 200) throw new Error(`the envelope was answered with ${reply.status}`);
  return reply.body.responses as SeenReply[];
}
