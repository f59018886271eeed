import { connect } from 'node:net';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { generateTenant } from '../../src/simulator/generateTenant.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { batch, call, groupTarget, simulator, TOKEN_HEADERS, write } from '../support/simulatorClient.ts';

const C1 = '/deviceManagement/deviceConfigurations/c1';
const NO_FILTER = {
  deviceAndAppManagementAssignmentFilterId: null,
  deviceAndAppManagementAssignmentFilterType: 'none',
};

describe('a write', () => {
  test('is answered with the updated assignment, which the tenant then holds', async () => {
    const graph = await simulator();
    const reply = await call(graph, 'PATCH', `/beta${C1}/assignments/a1`, {
      target: groupTarget('new'),
      intent: 'remove',
    });
    const expected = {
      '@odata.type': '#microsoft.graph.deviceConfigurationAssignment',
      id: 'a1',
      target: { ...groupTarget('new'), ...NO_FILTER },
      intent: 'remove',
      source: 'direct',
      sourceId: null,
    };
    expect(reply).toMatchObject({ status: 200, body: expected });
    expect(graph.tenant.at(`${C1}/assignments/a1`)).toEqual(expected);
  });

  test('reaches every assignment of a tenant with all endpoint forms, in envelopes', async () => {
    const tenant = generateTenant({
      configurations: 12,
      compliancePolicies: 3,
      assignmentsPerPolicy: 3,
      seed: 1,
      nested: true,
    });
    const graph = await simulator({ tenant });
    const paths = [...graph.tenant.every()].map(({ path }) => path);
    for (let from = 0; from < paths.length; from += 20) {
      const requests = paths
        .slice(from, from + 20)
        .map((path, index) => write(`${index}`, path, groupTarget(path)));
      const replies = await batch(graph, requests);
      expect(replies.map(({ status }) => status)).toEqual(requests.map(() => 200));
      graph.reset();
    }
    for (const { path, assignment } of graph.tenant.every()) expect(assignment.target.groupId).toBe(path);
  });

  test('of a nested form changes the list of the certificate profile, not that of the policy', async () => {
    const graph = await simulator();
    await call(graph, 'PATCH', `/beta${C1}/rootCertificate/assignments/a1`, { target: groupTarget('new') });
    expect(graph.tenant.at(`${C1}/rootCertificate/assignments/a1`)?.target.groupId).toBe('new');
    expect(graph.tenant.at(`${C1}/assignments/a1`)?.target.groupId).toBe('g1');
  });

  test('gives the assignment a new id when ids follow targets, at its old place in the list', async () => {
    const graph = await simulator({ rekey: true });
    const reply = await call(graph, 'PATCH', `/beta${C1}/assignments/a1`, { target: groupTarget('g7') });
    expect(reply.body.id).toBe('c1_g7');
    const idsNow = () => graph.tenant.assignmentsOf('deviceConfigurations', 'c1')?.map(({ id }) => id);
    expect(idsNow()).toEqual(['c1_g7', 'a2']);
    const everybody = { target: { '@odata.type': '#microsoft.graph.allDevicesAssignmentTarget' } };
    const next = await call(graph, 'PATCH', `/beta${C1}/assignments/c1_g7`, everybody);
    expect(next.body.id).toBe('c1_adadadad-808e-44e2-905a-0b7873a8a531');
    expect((await call(graph, 'GET', `/beta${C1}/assignments/a1`)).status).toBe(404);
    expect(idsNow()).toEqual(['c1_adadadad-808e-44e2-905a-0b7873a8a531', 'a2']);
    // Both writes were of one assignment, whatever it was called.
    expect(graph.stats().writesPerAssignment).toEqual({ [`${C1}/assignments/a1`]: 2 });
  });

  test('onto a group that is there already leaves two entries, or overwrites it when ids follow targets', async () => {
    for (const rekey of [false, true]) {
      const graph = await simulator({ rekey });
      await call(graph, 'PATCH', `/beta${C1}/assignments/a1`, { target: groupTarget('G2') });
      const now = graph.tenant.assignmentsOf('deviceConfigurations', 'c1') ?? [];
      const moved = { ...groupTarget('G2'), ...NO_FILTER };
      if (rekey) expect(now).toMatchObject([{ id: 'c1_G2', target: moved }]);
      else expect(now).toMatchObject([{ id: 'a1', target: moved }, { id: 'a2' }]);
    }
  });

  test('onto an excluded group includes it when ids follow targets, and onto one of a policy set is refused', async () => {
    const graph = await simulator({ rekey: true });
    const exclusion = { '@odata.type': '#microsoft.graph.exclusionGroupAssignmentTarget', groupId: 'g8' };
    const added = { id: 'c2_g8', target: exclusion };
    graph.edit([{ do: 'add', type: 'deviceConfiguration', policyId: 'c2', assignment: added }]);
    const C2 = '/beta/deviceManagement/deviceConfigurations/c2';
    const refused = await call(graph, 'PATCH', `${C2}/assignments/a3`, { target: groupTarget('g4') });
    expect(refused.status).toBe(400);
    await call(graph, 'PATCH', `${C2}/assignments/a3`, { target: groupTarget('g8') });
    expect(graph.tenant.assignmentsOf('deviceConfigurations', 'c2')).toMatchObject([
      { id: 'c2_g8', target: groupTarget('g8') },
      { id: 'a4', source: 'policySets' },
    ]);
  });

  test('that keeps the group overwrites nothing, even where a group stands twice', async () => {
    const graph = await simulator({ rekey: true });
    const twin = { id: 'twin', target: groupTarget('g1') };
    graph.edit([{ do: 'add', type: 'deviceConfiguration', policyId: 'c1', assignment: twin }]);
    await call(graph, 'PATCH', `/beta${C1}/assignments/a1`, { target: groupTarget('g1'), intent: 'remove' });
    expect(graph.tenant.assignmentsOf('deviceConfigurations', 'c1')).toMatchObject([
      { id: 'c1_g1', intent: 'remove' },
      { id: 'a2' },
      { id: 'twin' },
    ]);
  });

  test('in v1.0 shows and takes less, and loses the filter', async () => {
    const graph = await simulator();
    expect((await call(graph, 'GET', `/v1.0${C1}/assignments/a2`)).body).toEqual({
      '@odata.type': '#microsoft.graph.deviceConfigurationAssignment',
      id: 'a2',
      target: groupTarget('g2'),
    });
    const refused = await call(graph, 'PATCH', `/v1.0${C1}/assignments/a2`, {
      target: groupTarget('x'),
      intent: 'apply',
    });
    expect(refused.body.error?.message).toMatch(/^The property 'intent' does not exist on type/);
    expect(
      (await call(graph, 'PATCH', `/v1.0${C1}/assignments/a2`, { target: groupTarget('x') })).status,
    ).toBe(200);
    expect(graph.tenant.at(`${C1}/assignments/a2`)?.target).toEqual({ ...groupTarget('x'), ...NO_FILTER });
  });
});

describe('a refusal', () => {
  test('by Intune has JSON text for a message', async () => {
    const graph = await simulator();
    const { status, body } = await call(graph, 'PATCH', `/beta${C1}/assignments/none`, {
      target: groupTarget('x'),
    });
    expect({ status, code: body.error?.code }).toEqual({ status: 404, code: 'ResourceNotFound' });
    expect(JSON.parse(body.error?.message ?? '')).toMatchObject({
      _version: 3,
      Message: expect.stringMatching(/^Assignment not found - Operation ID .* Activity ID: /),
      RetryAfter: null,
    });
  });

  test('of a body that the model does not know comes before the question whether there is such an assignment', async () => {
    const graph = await simulator();
    const statusOf = async (body: object): Promise<number> =>
      (await call(graph, 'PATCH', `/beta${C1}/assignments/none`, body)).status;
    expect(await statusOf({ target: { ...groupTarget('x'), color: 'red' } })).toBe(400);
    expect(await statusOf({ target: groupTarget('') })).toBe(404);
  });

  test('by the gateway has a sentence for a message, and the ids of the request', async () => {
    const graph = await simulator();
    const reply = await call(
      graph,
      'PATCH',
      `/beta${C1}/assignments/a1`,
      { traget: 1 },
      { ...TOKEN_HEADERS, 'client-request-id': 'mine' },
    );
    expect(reply).toMatchObject({
      status: 400,
      headers: { 'client-request-id': 'mine', 'request-id': expect.any(String), date: expect.any(String) },
      body: {
        error: {
          code: 'BadRequest',
          message: expect.stringMatching(/^The property 'traget' does not exist/),
          innerError: {
            date: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/),
            'request-id': reply.headers['request-id'],
            'client-request-id': 'mine',
          },
        },
      },
    });
  });

  test.each([
    ['POST', `${C1}/assignments`, '~/singleton/navigation/key/navigation '],
    ['DELETE', `${C1}/assignments/a1`, '~/singleton/navigation/key/navigation/key '],
    ['PATCH', `${C1}/assignments`, '~/singleton/navigation/key/navigation '],
  ])('of %s %s says that there is no route', async (method, path, template) => {
    const { status, body } = await call(await simulator(), method, `/beta${path}`, {});
    expect({ status, code: body.error?.code }).toEqual({
      status: 400,
      code: 'No method match route template',
    });
    expect(body.error?.message).toContain(`${template}with http verb ${method}`);
  });

  test('meets what a policy set owns, what is forbidden, and what a rule names as often as it says', async () => {
    const graph = await simulator({
      forbidden: ['p1'],
      refusals: [{ assignmentId: 'a1', status: 409, code: 'Conflict', message: 'busy', times: 1 }],
    });
    const path = (rest: string): string => `/beta/deviceManagement/${rest}`;
    const body = { target: groupTarget('x') };
    const statusOf = async (rest: string): Promise<number> =>
      (await call(graph, 'PATCH', path(rest), body)).status;
    expect(await statusOf('deviceConfigurations/c2/assignments/a4')).toBe(400);
    expect(await statusOf('deviceCompliancePolicies/p1/assignments/a5')).toBe(403);
    expect(await statusOf('deviceConfigurations/c1/assignments/a1')).toBe(409);
    expect(await statusOf('deviceConfigurations/c1/assignments/a1')).toBe(200);
    expect(graph.stats().replies).toEqual({ 200: 1, 400: 1, 403: 1, 409: 1 });
  });
});

describe('a list', () => {
  test('comes in pages with an absolute link that leads through all of it', async () => {
    const graph = await simulator({ pageSize: 1 });
    const first = await call(graph, 'GET', `/beta${C1}/assignments`);
    const link = String(first.body['@odata.nextLink']);
    expect(link).toMatch(new RegExp(`^${graph.url}/beta${C1}/assignments\\?\\$skiptoken=`));
    const second = await call(graph, 'GET', link.slice(graph.url.length));
    expect(
      [first, second].flatMap(({ body }) => (body.value as { id: string }[]).map(({ id }) => id)),
    ).toEqual(['a1', 'a2']);
    expect(second.body).not.toHaveProperty('@odata.nextLink');
  });

  test('of policies can be had with their assignments, and keeps its options from page to page', async () => {
    const graph = await simulator();
    const path = '/beta/deviceManagement/deviceConfigurations?$expand=assignments&$select=id&$top=1';
    const first = await call(graph, 'GET', path);
    const link = String(first.body['@odata.nextLink']);
    const second = await call(graph, 'GET', link.slice(graph.url.length));
    const seen = [first, second].flatMap(
      ({ body }) => body.value as { id: string; assignments: { id: string }[] }[],
    );
    expect(seen.map(({ id, assignments }) => [id, assignments.map((each) => each.id)])).toEqual([
      ['c1', ['a1', 'a2']],
      ['c2', ['a3', 'a4']],
    ]);
    expect(seen[0]).not.toHaveProperty('displayName');
    expect(
      (await call(graph, 'GET', '/beta/deviceManagement/deviceCompliancePolicies')).body.value,
    ).toHaveLength(1);
  });

  test('links within an envelope are absolute too, and lead to the host that was asked', async () => {
    const graph = await simulator();
    const [reply] = await batch(graph, [{ id: '1', method: 'GET', url: `${C1}/assignments?$top=1` }]);
    expect(String(reply?.body['@odata.nextLink'])).toMatch(
      new RegExp(`^${graph.url}/beta${C1}/assignments\\?`),
    );
  });

  test('of what is not there, or with options that are none, is refused', async () => {
    const graph = await simulator();
    const statusOf = async (path: string): Promise<number> =>
      (await call(graph, 'GET', `/beta${path}`)).status;
    expect(await statusOf('/deviceManagement/deviceConfigurations/none/assignments')).toBe(404);
    expect(await statusOf('/deviceManagement/deviceConfigurations/c2/rootCertificate/assignments')).toBe(404);
    expect(await statusOf(`${C1}/assignments?$skiptoken=xyz`)).toBe(400);
    expect(await statusOf(`${C1}/assignments?$tpo=5`)).toBe(400);
    expect(await statusOf('/deviceManagement/deviceConfigurations?$expand=asignments')).toBe(400);
    expect(await statusOf(`${C1}?$expand=assignments`)).toBe(200);
  });
});

describe('an envelope', () => {
  test('is refused as a whole when it is malformed', async () => {
    const graph = await simulator();
    const requests = [
      write('a', `${C1}/assignments/a1`, groupTarget('x')),
      write('A', `${C1}/assignments/a2`, groupTarget('x')),
    ];
    const reply = await call(graph, 'POST', '/v1.0/$batch', { requests });
    expect(reply).toMatchObject({ status: 400, body: { error: { code: 'BadRequest' } } });
    expect(graph.stats()).toMatchObject({ envelopes: 1, exchanges: { 400: 1 }, requests: {} });
  });

  test('has a reply of its own for each request, with its ids', async () => {
    const graph = await simulator();
    const replies = await batch(graph, [
      write('w', `${C1}/assignments/a1`, groupTarget('x'), { 'client-request-id': 'mine' }),
      { id: 'v', method: 'GET', url: `/beta${C1}` },
      { id: 'm', method: 'GET', url: '/deviceManagement/deviceConfigurations/none' },
    ]);
    expect(replies.map(({ id, status }) => [id, status])).toEqual([
      ['w', 200],
      ['v', 400],
      ['m', 404],
    ]);
    expect(replies[0]?.headers).toMatchObject({
      'client-request-id': 'mine',
      'request-id': expect.any(String),
    });
    expect(replies[1]?.body.error?.message).toBe("Resource not found for the segment 'beta'.");
  });

  test('leaves out what depends on a failure', async () => {
    const graph = await simulator();
    const replies = await batch(graph, [
      write('1', `${C1}/assignments/none`, groupTarget('x')),
      { ...write('2', `${C1}/assignments/a1`, groupTarget('x')), dependsOn: ['1'] },
      { ...write('3', `${C1}/assignments/a2`, groupTarget('x')), dependsOn: ['2'] },
    ]);
    expect(replies.map(({ status }) => status)).toEqual([404, 424, 424]);
    expect(graph.tenant.at(`${C1}/assignments/a1`)?.target.groupId).toBe('g1');
  });
});

describe('sign-in', () => {
  test('is needed, with a token that is accepted', async () => {
    const graph = await simulator({ tokens: ['token-1'] });
    const statusOf = async (headers: Record<string, string>): Promise<number> =>
      (await call(graph, 'GET', `/beta${C1}`, undefined, headers)).status;
    expect(await statusOf({})).toBe(401);
    expect(await statusOf({ authorization: 'Bearer token-2' })).toBe(401);
    expect(await statusOf(TOKEN_HEADERS)).toBe(200);
  });
});

describe('throttling', () => {
  const writes = (count: number): object[] =>
    Array.from({ length: count }, (_, index) =>
      write(`${index}`, `${C1}/assignments/a1`, groupTarget(`${index}`)),
    );
  const statuses = (replies: readonly { status: number }[]): number[] => replies.map(({ status }) => status);

  test('counts each request of an envelope, and says when to come back', async () => {
    const graph = await simulator({ writeLimit: 3, retryAfter: 'decimal' });
    const replies = await batch(graph, writes(5));
    expect(statuses(replies)).toEqual([200, 200, 200, 429, 429]);
    expect(replies[3]?.body.error?.code).toBe('TooManyRequests');
    const seconds = Number(replies[3]?.headers['Retry-After']);
    expect(seconds).toBeGreaterThan(15);
    expect(seconds).toBeLessThanOrEqual(20);
    expect(graph.tenant.at(`${C1}/assignments/a1`)?.target.groupId).toBe('2');
    expect(graph.stats()).toMatchObject({
      writesArrived: 5,
      writesAdmitted: 3,
      throttled: 2,
      writesInWindowMax: { arrived: 5, admitted: 3 },
    });
  });

  test('meets single requests alike, reads by their own limit, and each app by itself', async () => {
    const graph = await simulator({ writeLimit: 1, requestLimit: 3 });
    const read = () => call(graph, 'GET', `/beta${C1}`);
    const patch = (headers = TOKEN_HEADERS) =>
      call(graph, 'PATCH', `/beta${C1}/assignments/a1`, { target: groupTarget('x') }, headers);
    const seen = [await patch(), await patch(), await read(), await read(), await read()];
    expect(statuses(seen)).toEqual([200, 429, 200, 200, 429]);
    expect(seen[1]?.headers['retry-after']).toBe('20');
    expect((await patch({ authorization: 'Bearer token-2' })).status).toBe(200);
  });

  test('is lifted when the window has passed, and writes sent before that are told', async () => {
    const graph = await simulator({ writeLimit: 1, windowMs: 150, backoffGraceMs: 0, retryAfter: 'one' });
    expect(statuses(await batch(graph, writes(2)))).toEqual([200, 429]);
    expect(graph.stats().requestsDuringBackoff).toBe(0);
    await expect.poll(async () => statuses(await batch(graph, writes(1)))).toEqual([200]);
    expect(graph.stats().requestsDuringBackoff).toBeGreaterThan(0);
  });
});

describe('its own paths', () => {
  test('tell what was seen, take settings and start anew', async () => {
    const graph = await simulator();
    await call(graph, 'GET', `/beta${C1}`, undefined, { ...TOKEN_HEADERS, 'user-agent': 'retarget/1 run/2' });
    expect((await call(graph, 'GET', '/stats', undefined, {})).body).toMatchObject({
      singles: 1,
      requests: { GET: 1 },
      userAgents: ['retarget/1 run/2'],
    });
    expect((await call(graph, 'POST', '/simulator/configure', { writeLimit: 7 }, {})).body).toMatchObject({
      writeLimit: 7,
      windowMs: 20_000,
    });
    const wrong = await call(graph, 'POST', '/simulator/configure', { writeLimit: 'seven' }, {});
    expect(wrong).toMatchObject({
      status: 400,
      body: { error: { message: expect.stringContaining('writeLimit') } },
    });
    expect((await call(graph, 'POST', '/simulator/reset', {}, {})).body).toMatchObject({ singles: 0 });
    expect(graph.settings().writeLimit).toBe(7);
    expect((await call(graph, 'GET', '/other', undefined, {})).status).toBe(404);
  });
});

test('close ends open connections, and the port can be taken again', async () => {
  const graph = await startSimulator();
  const socket = connect(graph.port, '127.0.0.1');
  await once(socket, 'connect');
  const closed = once(socket, 'close');
  await graph.close();
  await closed;
  const again = await startSimulator({ port: graph.port });
  await expect(startSimulator({ port: graph.port })).rejects.toThrow(/can't listen on port/);
  await again.close();
  await expect(startSimulator({ port: 70_000 })).rejects.toThrow(/can't listen on port 70000/);
});
