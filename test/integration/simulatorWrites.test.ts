import { describe, expect, test } from 'vitest';
import type { FaultName } from '../../src/simulator/faults.ts';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/simulator.ts';
import { batch, call, groupTarget, simulator, write, TOKEN_HEADERS } from '../support/simulatorClient.ts';

const C1 = '/deviceManagement/deviceConfigurations/c1';
const C2 = '/deviceManagement/deviceConfigurations/c2';
const P1 = '/deviceManagement/deviceCompliancePolicies/p1';

/** An `assign` of groups, as it stands in an envelope. */
const assign = (
  id: string,
  policy: string,
  groups: readonly string[],
  headers: Record<string, string> = {},
): object => ({
  id,
  method: 'POST',
  url: `${policy}/assign`,
  headers: { 'Content-Type': 'application/json', ...headers },
  body: { assignments: groups.map((group) => ({ target: groupTarget(group) })) },
});
const groupsOf = ({ tenant }: Simulator, policyId = 'c1') =>
  (tenant.assignmentsOf('deviceConfigurations', policyId) ?? []).map(({ target }) => target.groupId);

describe('assign', () => {
  test('replaces the lists of several policies in an envelope, and is one write for each', async () => {
    const graph = await simulator();
    const replies = await batch(graph, [assign('1', C1, ['g1', 'x']), assign('2', P1, ['y'])]);
    expect(replies.map(({ status }) => status)).toEqual([200, 200]);
    expect(replies[0]?.body).toEqual({ value: graph.tenant.assignmentsOf('deviceConfigurations', 'c1') });
    expect(groupsOf(graph)).toEqual(['g1', 'x']);
    expect(graph.tenant.assignmentsOf('deviceConfigurations', 'c1', 'rootCertificate')).toHaveLength(1);
    expect(graph.stats()).toMatchObject({
      writesArrived: 2,
      writesAdmitted: 2,
      writesDone: 2,
      assignsPerPolicy: { [`${C1}/assign`]: 1, [`${P1}/assign`]: 1 },
      writesPerAssignment: {},
      writtenAgain: [],
    });
    expect(graph.stats().writeArrivals).toHaveLength(2);
    await batch(graph, [assign('1', C1, ['z'])]);
    expect(graph.stats().writtenAgain).toEqual([`${C1}/assign`]);
  });

  test('leaves the assignments of a policy set in the list', async () => {
    const graph = await simulator();
    await batch(graph, [assign('1', C2, ['x'])]);
    expect(groupsOf(graph, 'c2')).toEqual(['g4', 'x']);
  });

  test('is answered with null when told so, and in v1.0 without filters', async () => {
    const graph = await simulator({ assignReply: 'null' });
    const body = { assignments: [{ target: groupTarget('g2') }] };
    expect(await call(graph, 'POST', `/v1.0${C1}/assign`, body)).toMatchObject({ status: 200, body: null });
    expect(groupsOf(graph)).toEqual(['g2']);
    graph.reconfigure({ assignReply: 'list' });
    const reply = await call(graph, 'POST', `/v1.0${C1}/assign`, body);
    expect(reply.body.value).toEqual([
      {
        '@odata.type': '#microsoft.graph.deviceConfigurationAssignment',
        id: 'a2',
        target: groupTarget('g2'),
      },
    ]);
  });

  test('gives ids that follow the target when ids do', async () => {
    const graph = await simulator({ rekey: true });
    const [reply] = await batch(graph, [assign('1', C1, ['x', 'g2'])]);
    expect(reply?.body.value).toMatchObject([{ id: 'c1_x' }, { id: 'a2' }]);
  });

  test('counts against the limit of writes, and none is applied beyond it', async () => {
    const graph = await simulator({ writeLimit: 1 });
    const replies = await batch(graph, [assign('1', C1, ['x']), assign('2', C2, ['x'])]);
    expect(replies.map(({ status }) => status)).toEqual([200, 429]);
    expect(groupsOf(graph, 'c2')).toEqual(['g3', 'g4']);
  });

  test.each<[FaultName, boolean, boolean]>([
    ['error500', true, false],
    ['error500Applied', true, true],
    ['unavailable503', true, false],
    ['lost', true, true],
    ['lostUnapplied', true, false],
    ['withoutId', true, true],
    ['resetBefore', false, false],
    ['resetAfter', false, true],
    ['cutBody', false, true],
    ['throttled', false, false],
  ])('is hit by %s', async (fault, hasReplies, applied) => {
    const graph = await simulator({ script: [{ envelope: 1, fault }] });
    const replies = await batch(graph, [assign('1', C1, ['x'])]).catch(() => undefined);
    expect(replies !== undefined).toBe(hasReplies);
    expect(groupsOf(graph)).toEqual(applied ? ['x'] : ['g1', 'g2']);
  });

  test('is refused for a policy that is forbidden or unknown, by a rule, and by another verb', async () => {
    const graph = await simulator({
      forbidden: ['c1', 'a3'],
      refusals: [{ policyId: 'p1', method: 'POST', status: 409, code: 'Conflict', times: 1 }],
    });
    const unknown = '/deviceManagement/deviceConfigurations/c9';
    const [forbidden, ofAssignment, ruled, missing] = await batch(graph, [
      assign('1', C1, []),
      assign('2', C2, ['x']),
      assign('3', P1, []),
      assign('4', unknown, []),
    ]);
    expect([forbidden?.status, ofAssignment?.status, ruled?.status, missing?.status]).toEqual([
      403, 200, 409, 404,
    ]);
    const get = await call(graph, 'GET', `/beta${C1}/assign`);
    expect(get.body.error?.code).toBe('No method match route template');
    expect((await call(graph, 'POST', `/beta${C1}/rootCertificate/assign`, { assignments: [] })).status).toBe(
      400,
    );
  });
});

describe('an assign that says 200 and loses what was to stay', () => {
  const EXCLUSION = '#microsoft.graph.exclusionGroupAssignmentTarget';
  const excluded = { id: 'x1', target: { '@odata.type': EXCLUSION, groupId: 'g8' } };
  const lossy = async (fault: FaultName, more: SimulatorOptions = {}) => {
    const graph = await simulator({ faults: { [fault]: 1 }, ...more });
    graph.edit([{ do: 'add', type: 'deviceConfiguration', policyId: 'c1', assignment: excluded }]);
    const kept = graph.tenant.assignmentsOf('deviceConfigurations', 'c1') ?? [];
    const assignments = [
      ...kept,
      { target: groupTarget('new') },
      { target: { '@odata.type': EXCLUSION, groupId: 'new' } },
    ];
    const reply = await call(graph, 'POST', `/beta${C1}/assign`, { assignments });
    expect([reply.status, (reply.body.value as unknown[]).length]).toEqual([200, 5]);
    return graph;
  };

  test('exclusionsDropped', async () => {
    expect(groupsOf(await lossy('exclusionsDropped'))).toEqual(['g1', 'g2', 'new', 'new']);
  });

  test('filtersDropped', async () => {
    const graph = await lossy('filtersDropped');
    expect(groupsOf(graph)).toHaveLength(5);
    expect(graph.tenant.at(`${C1}/assignments/a2`)?.target).toMatchObject({
      deviceAndAppManagementAssignmentFilterId: null,
      deviceAndAppManagementAssignmentFilterType: 'none',
    });
  });

  test('entriesDropped, every so many', async () => {
    expect(groupsOf(await lossy('entriesDropped'))).toEqual(['g2', 'g8', 'new', 'new']);
    expect(groupsOf(await lossy('entriesDropped', { dropEvery: 2 }))).toEqual(['g2', 'new', 'new']);
    expect(groupsOf(await lossy('entriesDropped', { dropEvery: 1 }))).toEqual(['new', 'new']);
  });

  test('hits no PATCH', async () => {
    const graph = await simulator({ faults: { entriesDropped: 1 } });
    await batch(graph, [write('1', `${C1}/assignments/a1`, groupTarget('x'))]);
    expect([groupsOf(graph), graph.stats().faults]).toEqual([['x', 'g2'], {}]);
  });
});

test('a policy type that refuses PATCH says so as Intune does, and takes assign', async () => {
  const graph = await simulator({ refusePatch: ['deviceCompliancePolicy'] });
  const [compliance, configuration, assigned] = await batch(graph, [
    write('1', `${P1}/assignments/a5`, groupTarget('x')),
    write('2', `${C1}/assignments/a1`, groupTarget('x')),
    assign('3', P1, ['y']),
  ]);
  expect([compliance?.status, configuration?.status, assigned?.status]).toEqual([400, 200, 200]);
  expect(compliance?.body.error?.code).toBe('No method match route template');
  const told: { Message: string } = JSON.parse(compliance?.body.error?.message ?? '');
  expect(told.Message).toMatch(
    /^No OData route exists that match template ~\/singleton\/navigation\/key\/navigation\/key with http verb PATCH/,
  );
});

describe('an approval', () => {
  const justification = { 'x-msft-approval-justification': Buffer.from('CHG-1').toString('base64') };
  const codeOf = (reply: { headers: Readonly<Record<string, string>> } | undefined): string =>
    reply?.headers['x-msft-approval-code'] ?? 'none';
  const open = async (graph: Simulator) => (await fetch(`${graph.url}/simulator/approvals`)).json();
  const decide = (graph: Simulator, decision: string, body: unknown) =>
    fetch(`${graph.url}/simulator/${decision}`, { method: 'POST', body: JSON.stringify(body) });

  test('is asked for by the policy types that need one, and lets the same write through', async () => {
    const graph = await simulator({ approvalFor: ['deviceConfiguration'] });
    const filed = await batch(graph, [
      assign('1', C1, ['x'], justification),
      write('2', `${C2}/assignments/a3`, groupTarget('x'), justification),
      write('3', `${P1}/assignments/a5`, groupTarget('x')),
    ]);
    expect(filed.map(({ status }) => status)).toEqual([403, 403, 200]);
    expect(groupsOf(graph)).toEqual(['g1', 'g2']);
    const codes = filed.slice(0, 2).map(codeOf);
    expect(await open(graph)).toMatchObject([
      {
        code: codes[0],
        status: 'needsApproval',
        method: 'POST',
        url: `${C1}/assign`,
        justification: 'CHG-1',
      },
      { code: codes[1], status: 'needsApproval', method: 'PATCH' },
    ]);
    for (const code of codes) expect((await decide(graph, 'approve', { code })).status).toBe(200);
    const done = await batch(graph, [
      assign('1', C1, ['x'], { 'X-MSFT-Approval-Code': codes[0] ?? '' }),
      write('2', `${C2}/assignments/a3`, groupTarget('x'), { 'x-msft-approval-code': codes[1] ?? '' }),
    ]);
    expect(done.map(({ status }) => status)).toEqual([200, 200]);
    expect([groupsOf(graph), groupsOf(graph, 'c2')]).toEqual([['x'], ['x', 'g4']]);
    expect(graph.stats().writesDone).toBe(3);
  });

  test('is not filed for a write that is refused anyway', async () => {
    const graph = await simulator({ approvalFor: ['deviceConfiguration'], forbidden: ['c1'] });
    await batch(graph, [assign('1', C1, [], justification), assign('2', `${C2}x`, [], justification)]);
    expect(await open(graph)).toEqual([]);
  });

  test('can be rejected or expire, and is answered with a code of its own', async () => {
    const graph = await simulator({ approvalFor: ['deviceConfiguration'], approvalStatus: 412 });
    const [rejected] = await batch(graph, [assign('1', C1, ['x'], justification)]);
    expect(rejected?.status).toBe(412);
    expect((await decide(graph, 'reject', { code: codeOf(rejected) })).status).toBe(200);
    graph.reconfigure({ approvalExpiryMs: 0 });
    const [expired] = await batch(graph, [assign('1', C2, ['x'], justification)]);
    const again = await batch(graph, [
      assign('1', C1, ['x'], { 'x-msft-approval-code': codeOf(rejected) }),
      assign('2', C2, ['x'], { 'x-msft-approval-code': codeOf(expired) }),
    ]);
    expect(again.map(({ body }) => body.error?.code)).toEqual(['ApprovalRejected', 'ApprovalExpired']);
    expect((await decide(graph, 'approve', { code: codeOf(expired) })).status).toBe(400);
    expect((await decide(graph, 'approve', {})).status).toBe(400);
  });

  test('can be looked up through Graph, as can the policies that ask for it', async () => {
    const graph = await simulator({ approvalFor: ['deviceCompliancePolicy', 'deviceConfiguration'] });
    const filed = await batch(graph, [
      assign('1', C1, ['x'], justification),
      assign('2', C2, ['x'], justification),
    ]);
    const code = codeOf(filed[1]);
    const filter = encodeURIComponent(`requestId eq '${code}'`);
    const found = await call(
      graph,
      'GET',
      `/beta/deviceManagement/operationApprovalRequests?$filter=${filter}`,
    );
    expect(found.body.value).toEqual([
      {
        '@odata.type': '#microsoft.graph.operationApprovalRequest',
        id: code,
        requestDateTime: expect.any(String),
        expirationDateTime: expect.any(String),
        status: 'needsApproval',
        requestJustification: 'CHG-1',
      },
    ]);
    const paged = await call(graph, 'GET', '/beta/deviceManagement/operationApprovalRequests?$top=1');
    expect(paged.body['@odata.nextLink']).toMatch(
      /^http:.*\/beta\/deviceManagement\/operationApprovalRequests\?/,
    );
    const policies = await call(
      graph,
      'GET',
      '/beta/deviceManagement/operationApprovalPolicies?$select=policyType',
    );
    expect(policies.body.value).toMatchObject([
      { policyType: 'compliancePolicy' },
      { policyType: 'configurationPolicy' },
    ]);
    expect((await call(graph, 'GET', '/v1.0/deviceManagement/operationApprovalPolicies')).status).toBe(400);
    graph.reconfigure({ approvalFor: [] });
    const none = await call(graph, 'GET', '/beta/deviceManagement/operationApprovalPolicies');
    expect(none.body.value).toEqual([]);
  });
});

test('a target that another hand brought is taken back', async () => {
  const graph = await startSimulator({
    tenant: { policies: [{ id: 'c1', type: 'deviceConfiguration', assignments: [] }] },
  });
  await using _ = graph;
  const target = { '@odata.type': '#microsoft.graph.siteAssignmentTarget', siteId: 's1' };
  const edit = { do: 'add', type: 'deviceConfiguration', policyId: 'c1', assignment: { target } };
  await fetch(`${graph.url}/simulator/edit`, { method: 'POST', body: JSON.stringify({ edits: [edit] }) });
  const { body } = await call(graph, 'GET', `/beta${C1}/assignments`, undefined, TOKEN_HEADERS);
  const reply = await call(graph, 'POST', `/beta${C1}/assign`, { assignments: body.value });
  expect(reply).toMatchObject({ status: 200, body: { value: [{ target }] } });
});
