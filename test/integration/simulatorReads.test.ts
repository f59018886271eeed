import { gunzipSync } from 'node:zlib';
import { request } from 'undici';
import { describe, expect, test, vi } from 'vitest';
import { generateTenant } from '../../src/simulator/generateTenant.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import type { TenantSeed } from '../../src/simulator/tenantFile.ts';
import {
  batch,
  call,
  groupTarget,
  simulator,
  SMALL_TENANT,
  TOKEN_HEADERS,
  write,
} from '../support/simulatorClient.ts';

const C1 = '/deviceManagement/deviceConfigurations/c1';

/** Every page of a list, by the links that Graph gives. */
async function all(graph: Simulator, path: string): Promise<Record<string, unknown>[]> {
  const found: Record<string, unknown>[] = [];
  let next: string | undefined = path;
  while (next !== undefined) {
    const { status, body } = await call(graph, 'GET', next);
    if (status !== 200) throw new Error(`${next} was answered with ${status}`);
    found.push(...(body.value as Record<string, unknown>[]));
    next = (body['@odata.nextLink'] as string | undefined)?.slice(graph.url.length);
  }
  return found;
}

describe('a collection of policies', () => {
  const tenant = generateTenant({
    configurations: 30,
    compliancePolicies: 7,
    assignmentsPerPolicy: 3,
    seed: 2,
    nested: true,
  });
  const ofConfigurations = tenant.policies.filter(({ type }) => type === 'deviceConfiguration');

  test('has each policy once, nested forms or not, with its kind, name and own assignments', async () => {
    const graph = await simulator({ tenant, pageSize: 4 });
    const shown = await all(graph, '/beta/deviceManagement/deviceConfigurations?$expand=assignments');
    const own = ofConfigurations.filter(({ via }) => via === undefined);
    expect(own).toHaveLength(30);
    expect(ofConfigurations.length).toBeGreaterThan(30);
    expect(shown).toMatchObject(
      own.map(({ id, displayName, odataType, assignments }) => ({
        '@odata.type': odataType,
        id,
        displayName,
        assignments: assignments.map(({ id: assignmentId, target }) => ({ id: assignmentId, target })),
      })),
    );
    expect(await all(graph, '/beta/deviceManagement/deviceCompliancePolicies')).toHaveLength(7);
  });

  test('shows no filters in v1.0', async () => {
    const graph = await simulator({ tenant });
    const path = 'deviceManagement/deviceConfigurations?$expand=assignments';
    expect(JSON.stringify(await all(graph, `/beta/${path}`))).toContain('AssignmentFilterId');
    expect(JSON.stringify(await all(graph, `/v1.0/${path}`))).not.toContain('AssignmentFilter');
  });

  test('comes a thousand to a page unless told otherwise', async () => {
    const many = generateTenant({
      configurations: 1_500,
      compliancePolicies: 0,
      assignmentsPerPolicy: 1,
      seed: 1,
      nested: true,
    });
    const graph = await simulator({ tenant: many });
    const first = await call(graph, 'GET', '/beta/deviceManagement/deviceConfigurations?$expand=assignments');
    expect(first.body.value).toHaveLength(1_000);
    expect(await all(graph, '/beta/deviceManagement/deviceConfigurations')).toHaveLength(1_500);
  });
});

describe('assignment filters', () => {
  const filters = ['F1', 'f2', 'f3'].map((id) => ({ id, displayName: `Filter ${id}`, platform: 'iOS' }));
  const path = '/beta/deviceManagement/assignmentFilters';

  test('are read in pages, or one at a time', async () => {
    const graph = await simulator({ tenant: { ...SMALL_TENANT, filters }, pageSize: 2 });
    expect(await all(graph, path)).toMatchObject(filters);
    expect((await call(graph, 'GET', `${path}/F2?$select=platform`)).body).toEqual({
      '@odata.type': '#microsoft.graph.deviceAndAppManagementAssignmentFilter',
      platform: 'iOS',
    });
    expect((await call(graph, 'GET', `${path}/f9`)).status).toBe(404);
    expect((await call(graph, 'POST', path, {})).status).toBe(400);
  });

  test('are missing, or not to be read, as a setting says', async () => {
    const graph = await simulator({ tenant: { ...SMALL_TENANT, filters }, filtersMissing: ['f1'] });
    expect((await all(graph, path)).map(({ id }) => id)).toEqual(['f2', 'f3']);
    expect((await call(graph, 'GET', `${path}/f1`)).status).toBe(404);
    graph.reconfigure({ filterReadsRefused: true });
    expect((await call(graph, 'GET', path)).status).toBe(403);
  });
});

describe('a group', () => {
  const read = async (graph: Simulator, rest: string) => {
    const { status, body } = await call(graph, 'GET', `/v1.0/groups/${rest}`);
    return { status, body, code: body.error?.code };
  };

  test('of any id is a security group with a user and a device', async () => {
    const graph = await simulator();
    expect((await read(graph, 'g1?$select=id,securityEnabled,groupTypes')).body).toEqual({
      id: 'g1',
      securityEnabled: true,
      groupTypes: [],
    });
    expect((await read(graph, 'g1/transitiveMembers?$top=1&$select=id')).body.value).toHaveLength(1);
    expect((await read(graph, 'g1/members')).body.value).toHaveLength(2);
    expect(await read(graph, 'g1/members?$top=1000')).toMatchObject({
      status: 400,
      code: 'Request_BadRequest',
    });
  });

  test('is counted, users and devices apart, for whoever takes an answer that lags behind', async () => {
    const graph = await simulator({
      groupMembers: [{ id: 'G1', users: 1240, devices: 12 }],
      groupsEmpty: ['g2'],
      groupsMissing: ['g3'],
    });
    const eventual = { ...TOKEN_HEADERS, ConsistencyLevel: 'eventual' };
    const counted = async (id: string, of: string, headers: Record<string, string> = eventual) => {
      const path = `/beta/groups/${id}/transitiveMembers/microsoft.graph.${of}/$count`;
      const { status, body } = await call(graph, 'GET', path, undefined, headers);
      return status === 200 ? body : status;
    };
    expect([await counted('g1', 'user'), await counted('g1', 'device')]).toEqual([1240, 12]);
    expect([await counted('g2', 'user'), await counted('g9', 'device')]).toEqual([0, 1]);
    expect(await counted('g1', 'user', TOKEN_HEADERS)).toBe(400);
    expect(await counted('g3', 'user')).toBe(404);
    expect(await counted('g1', 'contact')).toBe(400);
  });

  test('is found by its id among others, of which the directory takes fifteen', async () => {
    const graph = await simulator({
      tenant: {
        ...SMALL_TENANT,
        settings: { groupsMissing: ['g2'], groups: [{ id: 'G1', displayName: 'One' }] },
      },
    });
    const filter = (ids: readonly string[]): string =>
      `?$filter=${encodeURIComponent(`id in (${ids.map((id) => `'${id}'`).join(',')})`)}&$select=id,displayName`;
    expect((await call(graph, 'GET', `/v1.0/groups${filter(['g1', 'g2', 'g3'])}`)).body.value).toEqual([
      { id: 'g1', displayName: 'One' },
      { id: 'g3', displayName: 'Group g3' },
    ]);
    const many = Array.from({ length: 16 }, (_, i) => `g${i}`);
    expect(await call(graph, 'GET', `/v1.0/groups${filter(many)}`)).toMatchObject({ status: 400 });
  });

  test('is what the tenant file says, until it is configured otherwise', async () => {
    const settings = { groupsMissing: ['G1'], groupsNotSecurity: ['g2'], groupsEmpty: ['g3'] };
    const graph = await simulator({ tenant: { ...SMALL_TENANT, settings } });
    expect(await read(graph, 'g1')).toMatchObject({ status: 404, code: 'Request_ResourceNotFound' });
    expect(await read(graph, 'g1/members')).toMatchObject({ status: 404 });
    expect((await read(graph, 'g2')).body).toMatchObject({ securityEnabled: false, groupTypes: ['Unified'] });
    expect((await read(graph, 'g3')).body).toMatchObject({ securityEnabled: true });
    expect((await read(graph, 'g3/transitiveMembers')).body.value).toEqual([]);

    const configured = await fetch(`${graph.url}/simulator/configure`, {
      method: 'POST',
      body: JSON.stringify({ groupsMissing: [], groupReadsRefused: true }),
    });
    expect(configured.status).toBe(200);
    expect(await read(graph, 'g1')).toMatchObject({ status: 403, code: 'Authorization_RequestDenied' });
    graph.reconfigure({ groupReadsRefused: false });
    expect(await read(graph, 'g1')).toMatchObject({ status: 200 });
  });

  test('is not written, and does not count against the limits of Intune', async () => {
    const graph = await simulator({ requestLimit: 1, writeLimit: 1 });
    const [one, two, three] = await batch(graph, [
      { id: '1', method: 'GET', url: '/groups/g1' },
      { id: '2', method: 'GET', url: C1 },
      { id: '3', method: 'GET', url: C1 },
    ]);
    expect([one?.status, two?.status, three?.status]).toEqual([200, 200, 429]);
    expect((await call(graph, 'PATCH', '/beta/groups/g1', {})).status).toBe(403);
  });
});

describe('another hand', () => {
  const remove = { do: 'remove', type: 'deviceConfiguration', policyId: 'c1', assignmentId: 'a1' } as const;
  const post = async (graph: Simulator, body: unknown) => {
    const reply = await fetch(`${graph.url}/simulator/edit`, { method: 'POST', body: JSON.stringify(body) });
    return { status: reply.status, text: await reply.text() };
  };

  test('edits the tenant, which no count of writes shows', async () => {
    const graph = await simulator({ writeLimit: 1 });
    const edits = [remove, { ...remove, assignmentId: 'a2' }];
    expect((await post(graph, { edits })).status).toBe(200);
    expect(graph.tenant.assignmentsOf('deviceConfigurations', 'c1')).toEqual([]);
    expect(graph.stats()).toMatchObject({ writesArrived: 0, writesDone: 0, writesPerAssignment: {} });
    expect(await post(graph, { edits: [remove] })).toEqual({
      status: 400,
      text: expect.stringContaining('deviceConfiguration c1 has no assignment a1'),
    });
  });

  test.each([
    ['the last page of the list', `${C1}/assignments?$top=2`],
    ['one of its assignments', `${C1}/assignments/a2`],
    ['its policy with assignments', `${C1}?$expand=assignments`],
    ['its collection with assignments', '/deviceManagement/deviceConfigurations?$expand=assignments'],
  ])('strikes just after %s was read as often as set', async (_, path) => {
    const graph = await simulator({ concurrentEdits: [{ afterReads: 2, edit: remove }] });
    const first = await call(graph, 'GET', `/beta${path}`);
    const second = await call(graph, 'GET', `/beta${path}`);
    expect(second.body).toEqual(first.body);
    expect(graph.tenant.at(`${C1}/assignments/a1`)).toBeUndefined();
    expect(graph.stats().faults).toEqual({ concurrentEdits: 1 });
  });

  test('does not strike when the list was not shown to its end', async () => {
    const graph = await simulator({ concurrentEdits: [{ afterReads: 1, edit: remove }] });
    for (const path of [`${C1}/assignments?$top=1`, C1, `${C1}/rootCertificate/assignments`]) {
      await call(graph, 'GET', `/beta${path}`);
    }
    expect(graph.tenant.at(`${C1}/assignments/a1`)).toBeDefined();
  });
});

test('the whole tenant can be read, and read in again', async () => {
  const graph = await simulator();
  const dump = async (from: Simulator) =>
    (await (await fetch(`${from.url}/simulator/tenant`)).json()) as NonNullable<typeof SMALL_TENANT>;
  const before = await dump(graph);
  expect(before).toEqual(graph.snapshot());
  await call(graph, 'PATCH', `/beta${C1}/assignments/a2`, { target: groupTarget('new') });
  expect(await dump(graph)).not.toEqual(before);
  expect(await dump(await simulator({ tenant: before }))).toEqual(before);
});

describe('what a tenant holds and nobody knows', () => {
  const BIG = '9007199254740993';
  const seed: TenantSeed = {
    policies: [
      {
        ...{ id: 'c1', type: 'deviceConfiguration' },
        assignments: [
          {
            id: 'a1',
            target: groupTarget('g1'),
            own: { revision: BigInt(BIG), rings: [1, { x: null }] },
          },
          { id: 'a2', target: groupTarget('g2') },
        ],
      },
    ],
  };
  /** Text for text, as a client that keeps digits would. */
  const exchange = async ({ url }: Simulator, method: string, path: string, body?: string) => {
    const headers = { ...TOKEN_HEADERS, 'content-type': 'application/json' };
    const reply = await fetch(`${url}${path}`, { method, headers, ...(body !== undefined && { body }) });
    return { status: reply.status, text: await reply.text() };
  };

  test('survives a round trip to the last digit, and is lost by who leaves it out', async () => {
    const graph = await simulator({ tenant: seed });
    const before = graph.snapshot();
    const { text } = await exchange(graph, 'GET', `/beta${C1}/assignments`);
    expect(text).toContain(`"revision":${BIG},"rings":[1,{"x":null}]`);
    const sent = text.replace('{"value"', '{"assignments"');
    expect(await exchange(graph, 'POST', `/beta${C1}/assign`, sent)).toMatchObject({ status: 200 });
    expect(graph.snapshot()).toEqual(before);
    expect((await exchange(graph, 'GET', '/simulator/tenant')).text).toContain(BIG);

    // As a client does that reads numbers as doubles.
    await exchange(graph, 'POST', `/beta${C1}/assign`, sent.replace(BIG, '9007199254740992'));
    expect(graph.snapshot()).not.toEqual(before);
    await call(graph, 'POST', `/beta${C1}/assign`, { assignments: [{ target: groupTarget('g1') }] });
    expect((await exchange(graph, 'GET', `/beta${C1}/assignments`)).text).not.toContain('revision');
  });

  test('stays when a PATCH does not mention it, and is nowhere in v1.0', async () => {
    const graph = await simulator({ tenant: seed });
    const patched = await exchange(
      graph,
      'PATCH',
      `/beta${C1}/assignments/a1`,
      JSON.stringify({ target: groupTarget('x') }),
    );
    expect(patched.text).toContain(`"revision":${BIG}`);
    expect((await exchange(graph, 'GET', `/v1.0${C1}/assignments`)).text).not.toContain('revision');
    const odd = await call(graph, 'PATCH', `/beta${C1}/assignments/a1`, { colour: 'red' });
    expect(odd.body.error?.message).toContain("'colour' does not exist");
  });

  test('may be large and deep, in lists of every kind, and is taken back', async () => {
    const graph = await simulator({ entryBytes: 200_000, nestDepth: 20_000 });
    const { text } = await exchange(graph, 'GET', `/beta${C1}/assignments`);
    expect(text.length).toBeGreaterThan(2 * (200_000 + 6 * 20_000));
    expect(text.split('{"in":').length - 1).toBe(40_000);
    const all = await exchange(
      graph,
      'GET',
      '/beta/deviceManagement/deviceConfigurations?$expand=assignments',
    );
    expect(all.text.length).toBeGreaterThan(4 * 200_000);
    graph.reconfigure({ nestDepth: 3 });
    const read = await exchange(graph, 'GET', `/beta${C1}/assignments`);
    const sent = read.text.replace('{"value"', '{"assignments"');
    expect(await exchange(graph, 'POST', `/beta${C1}/assign`, sent)).toMatchObject({ status: 200 });
    graph.reconfigure({ nestDepth: 0, entryBytes: 0 });
    expect((await exchange(graph, 'GET', `/beta${C1}/assignments`)).text).not.toContain('simulated');
  });
});

test('the source in a PATCH is read-only on configurations, unless it is stored', async () => {
  const graph = await simulator();
  const body = { target: groupTarget('x'), source: 'policySets', sourceId: 's1' };
  const source = async () => (await call(graph, 'PATCH', `/beta${C1}/assignments/a1`, body)).body.source;
  expect(await source()).toBe('direct');
  graph.reconfigure({ storeSource: true });
  expect(await source()).toBe('policySets');
  // Nobody but a policy set makes it that set's own: it can be written all the same.
  expect(await source()).toBe('policySets');
});

test('replies are compressed when that is accepted, or always', async () => {
  const graph = await simulator();
  const encodingOf = async (accepted: string) => {
    const { headers, body } = await request(`${graph.url}/beta${C1}`, {
      headers: { ...TOKEN_HEADERS, 'accept-encoding': accepted },
    });
    const bytes = Buffer.from(await body.arrayBuffer());
    const encoding = headers['content-encoding'];
    expect(JSON.parse(String(encoding === 'gzip' ? gunzipSync(bytes) : bytes))).toMatchObject({ id: 'c1' });
    return encoding;
  };
  const both = async () => [await encodingOf('identity'), await encodingOf('br, gzip')];
  expect(await both()).toEqual([undefined, undefined]);
  graph.reconfigure({ gzip: 'accepted' });
  expect(await both()).toEqual([undefined, 'gzip']);
  graph.reconfigure({ gzip: 'always' });
  expect(await both()).toEqual(['gzip', 'gzip']);
});

describe('a list that is expanded with its policy', () => {
  const shown = async (graph: Simulator) => {
    const read = await call(
      graph,
      'GET',
      '/beta/deviceManagement/deviceConfigurations?$expand=assignments&$select=id',
    );
    const [policy] = read.body.value as {
      assignments: { id: string }[];
      'assignments@odata.nextLink'?: string;
    }[];
    return { ids: policy?.assignments.map(({ id }) => id), link: policy?.['assignments@odata.nextLink'] };
  };

  test('shows so many entries, and a link to the rest', async () => {
    const graph = await simulator({ expandedEntriesMax: 1 });
    const { ids, link = '' } = await shown(graph);
    expect(ids).toEqual(['a1']);
    const rest = await call(graph, 'GET', link.slice(graph.url.length).replace("('c1')", '/c1'));
    expect(rest.body.value).toMatchObject([{ id: 'a2' }]);
  });

  test('is empty of policies that a setting names, and only there', async () => {
    const graph = await simulator({ expandedEmpty: ['c1'] });
    expect(await shown(graph)).toEqual({ ids: [], link: undefined });
    expect((await call(graph, 'GET', `/beta${C1}/assignments`)).body.value).toHaveLength(2);
  });
});

describe('a copy that lags behind', () => {
  const HOUR_MS = 3_600_000;
  const groups = async (graph: Simulator) => {
    const [list, single, expanded, all] = await batch(
      graph,
      [
        `${C1}/assignments`,
        `${C1}/assignments/a1`,
        `${C1}?$expand=assignments`,
        '/deviceManagement/deviceConfigurations?$expand=assignments',
      ].map((url, index) => ({ id: String(index), method: 'GET', url })),
    );
    type Shown = { target: { groupId: string } }[];
    const first = (shown: unknown) => (shown as Shown | undefined)?.[0]?.target.groupId;
    const [policy] = (all?.body.value ?? []) as { assignments: Shown }[];
    return {
      list: first(list?.body.value),
      single: first([single?.body]),
      expanded: first(expanded?.body.assignments),
      all: first(policy?.assignments),
    };
  };

  test('shows a list before a write, and expanded ones by a lag of their own', async () => {
    const graph = await simulator({ readLagMs: HOUR_MS });
    await call(graph, 'PATCH', `/beta${C1}/assignments/a1`, { target: groupTarget('x') });
    expect(await groups(graph)).toEqual({ list: 'g1', single: 'g1', expanded: 'x', all: 'x' });
    graph.reconfigure({ readLagMs: 0, expandLagMs: HOUR_MS });
    expect(await groups(graph)).toEqual({ list: 'x', single: 'x', expanded: 'g1', all: 'g1' });
    graph.reconfigure({ expandLagMs: 0 });
    expect(await groups(graph)).toEqual({ list: 'x', single: 'x', expanded: 'x', all: 'x' });
  });

  test('shows a list before another hand has changed it, too', async () => {
    const graph = await simulator({ expandLagMs: HOUR_MS });
    graph.edit([
      {
        do: 'change',
        type: 'deviceConfiguration',
        policyId: 'c1',
        assignmentId: 'a1',
        target: groupTarget('x'),
      },
    ]);
    expect(await groups(graph)).toEqual({ list: 'x', single: 'x', expanded: 'g1', all: 'g1' });
  });

  test('is not what a write meets: it finds an id that no read shows yet', async () => {
    const graph = await simulator({ readLagMs: HOUR_MS, rekey: true });
    const assigned = await call(graph, 'POST', `/beta${C1}/assign`, {
      assignments: [{ target: groupTarget('x') }],
    });
    expect(assigned.body.value).toMatchObject([{ id: 'c1_x' }]);
    expect((await call(graph, 'GET', `/beta${C1}/assignments/c1_x`)).status).toBe(404);
    expect((await call(graph, 'GET', `/beta${C1}/assignments/a1`)).status).toBe(200);
    const patched = await call(graph, 'PATCH', `/beta${C1}/assignments/c1_x`, { target: groupTarget('y') });
    expect(patched.status).toBe(200);
    expect((await groups(graph)).list).toBe('g1');
  });
});

describe('the fault slowApply', () => {
  test('lets a second writer come first', async () => {
    const graph = await simulator({ script: [{ envelope: 1, fault: 'slowApply' }], slowMs: 3_600_000 });
    const path = `${C1}/assignments/a1`;
    // Ends with the simulator.
    batch(graph, [write('1', path, groupTarget('first'))]).catch(() => undefined);
    while (graph.stats().faults.slowApply === undefined) await new Promise(setImmediate);
    const [second] = await batch(graph, [write('1', path, groupTarget('second'))]);
    expect(second?.status).toBe(200);
    expect(graph.tenant.at(path)?.target.groupId).toBe('second');
    expect(graph.stats().writesArrived).toBe(1);
  });

  test('applies the write in the end, also when its sender has given up', async () => {
    const graph = await simulator({ faults: { slowApply: 1 }, slowMs: 20 });
    const path = `${C1}/assignments/a1`;
    const [inEnvelope] = await batch(graph, [write('1', path, groupTarget('x'))]);
    expect(inEnvelope?.status).toBe(200);
    expect(graph.tenant.at(path)?.target.groupId).toBe('x');

    const giveUp = new AbortController();
    const left = fetch(`${graph.url}/beta${path}`, {
      method: 'PATCH',
      headers: { ...TOKEN_HEADERS, 'content-type': 'application/json' },
      body: JSON.stringify({ target: groupTarget('y') }),
      signal: giveUp.signal,
    });
    while (graph.stats().faults.slowApply !== 2) await new Promise(setImmediate);
    giveUp.abort();
    await expect(left).rejects.toThrow(/aborted/);
    await vi.waitFor(() => expect(graph.tenant.at(path)?.target.groupId).toBe('y'), { timeout: 10_000 });
  });

  test('is none of a read', async () => {
    const graph = await simulator({ faults: { slowApply: 1 }, slowMs: 3_600_000 });
    expect(await batch(graph, [{ id: '1', method: 'GET', url: C1 }])).toMatchObject([{ status: 200 }]);
    expect((await call(graph, 'GET', `/beta${C1}`)).status).toBe(200);
    expect(graph.stats().faults).toEqual({});
  });
});
