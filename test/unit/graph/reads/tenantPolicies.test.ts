import { expect, test } from 'vitest';
import { deviceCompliancePolicy } from '../../../../src/assignments/kinds/deviceCompliancePolicy.ts';
import { deviceConfiguration } from '../../../../src/assignments/kinds/deviceConfiguration.ts';
import type { Reply } from '../../../../src/graph/client/batchEnvelope.ts';
import { PolicyLists } from '../../../../src/graph/reads/policyLists.ts';
import type { SendReads } from '../../../../src/graph/reads/reading.ts';
import type { PolicyKind } from '../../../../src/assignments/kinds/registry.ts';
import type { TenantPolicies } from '../../../../src/graph/reads/tenantPolicies.ts';

const BASE = 'https://graph.microsoft.com/beta';
const CONFIGURATIONS = '/deviceManagement/deviceConfigurations?$expand=assignments&$select=id,displayName';
const COMPLIANCE = '/deviceManagement/deviceCompliancePolicies?$expand=assignments&$select=id,displayName';
const listOf = (id: string): string => `/deviceManagement/deviceConfigurations/${id}/assignments`;

const answered = (status: number, body: unknown = {}): Reply => ({ kind: 'answered', status, body });
const assignment = (id: string) => ({
  id,
  target: { '@odata.type': '#microsoft.graph.allDevicesAssignmentTarget' },
});
const policy = (id: string, assignmentIds: readonly string[], more: object = {}) => ({
  '@odata.type': '#microsoft.graph.iosGeneralDeviceConfiguration',
  id,
  displayName: `Policy ${id}`,
  assignments: assignmentIds.map(assignment),
  ...more,
});
const page = (value: readonly unknown[], next?: string): Reply =>
  answered(200, { value, ...(next !== undefined && { '@odata.nextLink': next }) });

/** Answers each url with what stands for it, the last one for ever, and keeps what was asked for together. */
function graphOf(replies: Readonly<Record<string, Reply | readonly Reply[]>>): {
  send: SendReads;
  asked: string[][];
} {
  const asked: string[][] = [];
  const left = new Map(Object.entries(replies).map(([url, each]) => [url, [each].flat()]));
  const answer = (url: string): Reply => {
    const [first, ...rest] = left.get(url) ?? [];
    if (first === undefined) throw new Error(`nobody expected a read of ${url}`);
    if (rest.length > 0) left.set(url, rest);
    return first;
  };
  return {
    asked,
    send: async (urls) => {
      asked.push([...urls]);
      return urls.map(answer);
    },
  };
}

const tenantPolicies = (
  kinds: readonly PolicyKind[],
  send: SendReads,
): Promise<ReadonlyMap<PolicyKind, TenantPolicies>> =>
  new PolicyLists(BASE, () => undefined).policies(kinds, send);

/** How many assignments these policies have together; undefined when they could not be read. */
const countAssignments = (found: TenantPolicies | undefined): number | undefined =>
  found?.kind === 'policies'
    ? found.policies.reduce((total, { assignments }) => total + assignments.length, 0)
    : undefined;

test('both collections are read side by side, page by page, with their assignments', async () => {
  const next = `${BASE}${CONFIGURATIONS}&$skiptoken=x`;
  const { send, asked } = graphOf({
    [CONFIGURATIONS]: page([policy('c1', ['a1', 'a2'])], next),
    [`${CONFIGURATIONS}&$skiptoken=x`]: page([policy('c2', [])]),
    [COMPLIANCE]: page([policy('p1', ['a3'], { '@odata.type': undefined, displayName: null })]),
  });
  const found = await tenantPolicies([deviceConfiguration, deviceCompliancePolicy], send);
  expect(asked).toEqual([[CONFIGURATIONS, COMPLIANCE], [`${CONFIGURATIONS}&$skiptoken=x`]]);
  expect(found.get(deviceConfiguration)).toEqual({
    kind: 'policies',
    policies: [
      {
        kind: deviceConfiguration,
        id: 'c1',
        platform: 'iOS',
        displayName: 'Policy c1',
        shown: { '@odata.type': '#microsoft.graph.iosGeneralDeviceConfiguration' },
        assignments: ['a1', 'a2'].map((id) => ({ ...assignment(id), whole: assignment(id) })),
      },
      expect.objectContaining({ id: 'c2', assignments: [] }),
    ],
  });
  expect(found.get(deviceCompliancePolicy)).toMatchObject({
    policies: [{ id: 'p1', platform: undefined, displayName: undefined }],
  });
  expect([...found.values()].map(countAssignments)).toEqual([2, 1]);
});

/** A kind whose policies have another name property, tell their platform elsewhere, and whose lists do not come along. */
const ODD = {
  ...deviceConfiguration,
  list: { name: 'name', also: ['platforms'], expands: false } as const,
  platformOf: ({ platforms }: { readonly platforms?: unknown }) =>
    platforms === 'macOS' ? ('macOS' as const) : undefined,
};

test('a kind says how its policies are read: their name, their platform, and each list on its own', async () => {
  const { send, asked } = graphOf({
    '/deviceManagement/deviceConfigurations?$select=id,name,platforms': page([
      { id: 'c1', name: 'Firewall', displayName: 'not this', platforms: 'macOS' },
    ]),
    [listOf('c1')]: page([assignment('a1')]),
  });
  const found = await tenantPolicies([ODD], send);
  expect(asked).toHaveLength(2);
  expect(found.get(ODD)).toMatchObject({
    policies: [{ id: 'c1', displayName: 'Firewall', platform: 'macOS', assignments: [{ id: 'a1' }] }],
  });
});

test('only the types that are wanted are read', async () => {
  const { send, asked } = graphOf({ [COMPLIANCE]: page([]) });
  const found = await tenantPolicies([deviceCompliancePolicy], send);
  expect(asked).toEqual([[COMPLIANCE]]);
  expect([...found]).toEqual([[deviceCompliancePolicy, { kind: 'policies', policies: [] }]]);
});

// Taking what stands in the page for the whole would lose the rest without a word.
test.each<readonly [string, object]>([
  ['that is cut', { 'assignments@odata.nextLink': `${BASE}${listOf('c1')}?$skiptoken=x` }],
  ['that is not there', { assignments: undefined }],
  ['that is null', { assignments: null }],
])('a list %s is read on its own, from its start to its end', async (_, more) => {
  const { send, asked } = graphOf({
    [CONFIGURATIONS]: page([policy('c1', ['a1'], more), policy('c2', ['b1'])]),
    [listOf('c1')]: page([assignment('a1')], `${BASE}${listOf('c1')}?$skiptoken=y`),
    [`${listOf('c1')}?$skiptoken=y`]: page([assignment('a2')]),
  });
  const found = (await tenantPolicies([deviceConfiguration], send)).get(deviceConfiguration);
  const ids =
    found?.kind === 'policies' &&
    found.policies.map(({ id, assignments }) => [id, assignments.map((each) => each.id)]);
  expect(ids).toEqual([
    ['c1', ['a1', 'a2']],
    ['c2', ['b1']],
  ]);
  expect(asked).toEqual([[CONFIGURATIONS], [listOf('c1')], [`${listOf('c1')}?$skiptoken=y`]]);
  expect(countAssignments(found)).toBe(3);
});

const CUT = page([policy('c1', [], { assignments: null }), policy('c2', ['b1'])]);

test('a policy that is gone before its list is read is left out', async () => {
  const { send } = graphOf({ [CONFIGURATIONS]: CUT, [listOf('c1')]: answered(404) });
  const found = (await tenantPolicies([deviceConfiguration], send)).get(deviceConfiguration);
  expect(found).toMatchObject({ kind: 'policies', policies: [{ id: 'c2' }] });
});

test.each<readonly [string, Reply, object]>([
  ['refused', answered(403), { kind: 'refused', status: 403 }],
  ['lost', { kind: 'lost', why: 'reset' }, { kind: 'unread' }],
  ['without a value', answered(200), { kind: 'refused', error: { code: 'ReadIncomplete' } }],
])('a list on its own that is %s makes the whole type unread', async (_, reply, expected) => {
  const { send } = graphOf({ [CONFIGURATIONS]: CUT, [listOf('c1')]: reply });
  const found = (await tenantPolicies([deviceConfiguration], send)).get(deviceConfiguration);
  expect(found).toMatchObject(expected);
  expect(countAssignments(found)).toBeUndefined();
});

const ERROR = { code: 'Forbidden', message: 'said by Graph' };

test.each<readonly [string, Reply, object]>([
  ['refused', { ...answered(403), error: ERROR } as Reply, { kind: 'refused', status: 403, error: ERROR }],
  ['asked for a token', answered(401), { kind: 'signIn' }],
  ['lost again and again', { kind: 'lost', why: 'reset' }, { kind: 'unread' }],
  ['no collection', answered(200, 'text'), { kind: 'unreadable' }],
  ['of an entry without an id', page([policy('c1', []), { displayName: 'x' }]), { kind: 'unreadable' }],
  [
    'of an assignment without a target',
    page([{ ...policy('c1', []), assignments: [{ id: 'a' }] }]),
    { kind: 'unreadable' },
  ],
  ['leading elsewhere', page([], `${BASE}/deviceManagement/other?x`), { kind: 'unreadable' }],
])('one type %s says so, and the other is shown all the same', async (_, reply, expected) => {
  const { send } = graphOf({ [CONFIGURATIONS]: reply, [COMPLIANCE]: page([policy('p1', ['a'])]) });
  const found = await tenantPolicies([deviceConfiguration, deviceCompliancePolicy], send);
  expect(found.get(deviceConfiguration)).toMatchObject(expected);
  expect(countAssignments(found.get(deviceConfiguration))).toBeUndefined();
  expect(countAssignments(found.get(deviceCompliancePolicy))).toBe(1);
});

// Which options a collection takes is told by what others ask for, and by no contract.
test('a collection that does not take what it is asked with is asked for plainly, and its lists by themselves', async () => {
  const { send, asked } = graphOf({
    [CONFIGURATIONS]: answered(400),
    '/deviceManagement/deviceConfigurations': page([{ id: 'c1', displayName: 'Policy c1' }]),
    [listOf('c1')]: page([assignment('a1')]),
  });
  const found = (await tenantPolicies([deviceConfiguration], send)).get(deviceConfiguration);
  expect(found).toMatchObject({ kind: 'policies', policies: [{ id: 'c1', assignments: [{ id: 'a1' }] }] });
  expect(asked).toHaveLength(3);
});

test('one that is not taken plainly either says why, as at first', async () => {
  const { send } = graphOf({
    [CONFIGURATIONS]: { ...answered(400), error: ERROR } as Reply,
    '/deviceManagement/deviceConfigurations': answered(404),
  });
  const found = (await tenantPolicies([deviceConfiguration], send)).get(deviceConfiguration);
  expect(found).toMatchObject({ kind: 'refused', status: 400, error: ERROR });
});

test('a throttled page is asked for again', async () => {
  const { send, asked } = graphOf({ [COMPLIANCE]: [answered(429), answered(429), page([])] });
  const found = await tenantPolicies([deviceCompliancePolicy], send);
  expect(found.get(deviceCompliancePolicy)).toEqual({ kind: 'policies', policies: [] });
  expect(asked).toHaveLength(3);
});
