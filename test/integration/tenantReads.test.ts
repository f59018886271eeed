import { deviceCompliancePolicy } from '../../src/assignments/kinds/deviceCompliancePolicy.ts';
import { deviceConfiguration } from '../../src/assignments/kinds/deviceConfiguration.ts';
import { randomUUID } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { readAssignmentFilters } from '../../src/graph/reads/assignmentFilters.ts';
import { accessTokenCredentials } from '../../src/graph/auth/credentials.ts';
import { createGraphClient } from '../../src/graph/client/graphClient.ts';
import { readGroups } from '../../src/graph/reads/groups.ts';
import type { SendReads } from '../../src/graph/reads/reading.ts';
import { PolicyLists } from '../../src/graph/reads/policyLists.ts';
import { generateTenant } from '../../src/simulator/generateTenant.ts';
import { tenantFrom } from '../../src/simulator/tenant.ts';
import { simulator } from '../support/simulatorClient.ts';

/** Reads of a simulated tenant over real HTTP, without a limiter. */
async function readsOf(options: Parameters<typeof simulator>[0]): Promise<{ send: SendReads; base: string }> {
  const { url } = await simulator({ requestLimit: null, ...options });
  const graph = createGraphClient({
    ...{ root: url, apiVersion: 'beta', userAgent: 'test' },
    credentials: accessTokenCredentials({ RETARGET_ACCESS_TOKEN: 'token' }),
  });
  onTestFinished(() => graph.close());
  const send: SendReads = async (urls) => {
    const asked = urls.map((each) => ({ method: 'GET' as const, url: each, clientRequestId: randomUUID() }));
    const reply = await graph.postBatch(asked);
    return reply.kind === 'replies' ? reply.replies : expect.fail(reply.kind);
  };
  return { send, base: `${url}/beta` };
}

const TENANT = generateTenant({
  ...{ configurations: 50, compliancePolicies: 30, assignmentsPerPolicy: 6, seed: 11, nested: true },
});

test('all policies and assignments of a tenant are read, and nothing else', async () => {
  const { send, base } = await readsOf({ tenant: TENANT, pageSize: 4 });
  const lists = new PolicyLists(base, () => undefined);
  const kinds = [deviceConfiguration, deviceCompliancePolicy];
  const found = await lists.policies(kinds, send);
  const read = [...found.values()].flatMap((each) => (each.kind === 'policies' ? each.policies : []));
  const held = [...tenantFrom(TENANT).every()].filter(({ via }) => via === '');
  expect(read.flatMap(({ assignments }) => assignments.map(({ whole }) => whole))).toEqual(
    held.map(({ assignment }) => assignment),
  );
  expect(new Set(read.map(({ id }) => id))).toEqual(new Set(held.map(({ policyId }) => policyId)));
  const counted = await Promise.all(kinds.map((kind) => lists.count(kind, Infinity, send)));
  expect(counted).toEqual([300, 180]);
});

test('groups are judged by what the directory says', async () => {
  const { send } = await readsOf({ groupsMissing: ['m'], groupsNotSecurity: ['n'], groupsEmpty: ['e'] });
  const fact = await readGroups(['M', 'n', 'E', 'g'], send);
  expect(['m', 'n', 'e', 'g'].map((id) => fact(id).kind)).toEqual(['missing', 'notSecurity', 'empty', 'ok']);
});

test('a sign-in that may not read groups or filters leaves them unchecked', async () => {
  const { send, base } = await readsOf({ groupReadsRefused: true, filterReadsRefused: true });
  expect((await readGroups(['g'], send))('g').kind).toBe('unchecked');
  expect((await readAssignmentFilters(send, base))('f1').kind).toBe('unchecked');
});

test('filters are known with their platforms, whatever the size of a page', async () => {
  const filters = ['iOS', 'macOS', 'windows10AndLater'].map((platform, i) => ({
    ...{ id: `f${i}`, displayName: `Filter ${i}`, platform },
  }));
  const { send, base } = await readsOf({ tenant: { policies: [], filters }, pageSize: 2 });
  const fact = await readAssignmentFilters(send, base);
  expect(['F0', 'f1', 'f2', 'f3'].map(fact)).toEqual([
    ...filters.map(({ platform, displayName }) => ({ kind: 'ok', platform, name: displayName })),
    { kind: 'missing' },
  ]);
});
