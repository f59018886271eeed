import { describe, expect, test } from 'vitest';
import { readAssign, replaceList } from '../../../src/simulator/assign.ts';
import type { ApiVersion } from '../../../src/simulator/apiVersion.ts';
import type { PolicySet } from '../../../src/simulator/policyKinds.ts';
import { tenantFrom, type Policy, type Tenant } from '../../../src/simulator/tenant.ts';
import type { SeedAssignment } from '../../../src/simulator/tenantFile.ts';

const NO_FILTER = {
  deviceAndAppManagementAssignmentFilterId: null,
  deviceAndAppManagementAssignmentFilterType: 'none',
};
const FILTER = {
  deviceAndAppManagementAssignmentFilterId: 'f1',
  deviceAndAppManagementAssignmentFilterType: 'include',
};
const group = (groupId: string) => ({ '@odata.type': '#microsoft.graph.groupAssignmentTarget', groupId });
const exclusion = (groupId: string) => ({
  '@odata.type': '#microsoft.graph.exclusionGroupAssignmentTarget',
  groupId,
});
const ALL_DEVICES = { '@odata.type': '#microsoft.graph.allDevicesAssignmentTarget' };
const ofPolicySet = { id: 's', target: group('set'), source: 'policySets', sourceId: 'set-1' } as const;

function tenantWith(assignments: SeedAssignment[], set: PolicySet): { tenant: Tenant; policy: Policy } {
  const type = set === 'deviceConfigurations' ? 'deviceConfiguration' : 'deviceCompliancePolicy';
  const tenant = tenantFrom({ policies: [{ id: 'p', type, assignments }] });
  const policy = tenant.policy(set, 'p');
  if (policy === undefined) throw new Error('the tenant has no policy p');
  return { tenant, policy };
}

/** The list after an `assign`, in beta; or why there was none. */
function assign(
  current: SeedAssignment[],
  body: unknown,
  {
    rekey = false,
    set = 'deviceConfigurations',
    version = 'beta',
  }: { rekey?: boolean; set?: PolicySet; version?: ApiVersion } = {},
) {
  const { tenant, policy } = tenantWith(current, set);
  const read = readAssign({ kind: 'json', value: body }, set, version, tenant.undocumented);
  if ('refused' in read) return read.refused;
  replaceList(policy, read.entries, rekey);
  return tenant.assignmentsOf(set, 'p') ?? [];
}

const listed = (after: ReturnType<typeof assign>) => {
  if (!Array.isArray(after)) throw new Error(`refused: ${after.message}`);
  return after;
};
const groupsById = (after: ReturnType<typeof assign>) =>
  Object.fromEntries(listed(after).map(({ id, target }) => [id, target.groupId]));

describe('the entries become the whole list', () => {
  const current = [
    { id: 'a1', target: group('g1') },
    { id: 'a2', target: { ...group('g2'), ...FILTER }, intent: 'remove' as const },
    { id: 'a3', target: exclusion('g3') },
  ];

  test('what they leave out is unassigned, an empty list unassigns all', () => {
    expect(groupsById(assign(current, { assignments: [{ target: group('g1') }] }))).toEqual({ a1: 'g1' });
    expect(assign(current, { assignments: [] })).toEqual([]);
  });

  test('a list sent back as it was read stays value for value, ids included', () => {
    const read = listed(assign(current, { assignments: current }));
    expect(listed(assign(current, { assignments: read }))).toEqual(read);
    expect(read.map(({ id }) => id)).toEqual(['a1', 'a2', 'a3']);
  });

  test('what an entry does not say is not taken from the old list', () => {
    const [after] = listed(assign(current, { assignments: [{ id: 'a2', target: group('g2') }] }));
    expect(after).toMatchObject({ id: 'a2', intent: 'apply', target: { ...group('g2'), ...NO_FILTER } });
  });

  test('a second entry for a target is ignored, an exclusion of the same group is another target', () => {
    const after = assign([], {
      assignments: [
        { target: { ...group('g1'), ...FILTER } },
        { target: group('G1') },
        { target: exclusion('g1') },
        { target: ALL_DEVICES },
        { target: { ...ALL_DEVICES, ...FILTER } },
      ],
    });
    expect(listed(after).map(({ target }) => target)).toEqual([
      { ...group('g1'), ...FILTER },
      { ...exclusion('g1'), ...NO_FILTER },
      { ...ALL_DEVICES, ...NO_FILTER },
    ]);
  });
});

describe('ids', () => {
  const current = [
    { id: 'a1', target: group('g1') },
    { id: 'a2', target: group('g2') },
  ];

  test('stay with the target, and with the id that is sent when the target changes', () => {
    const swapped = { assignments: [{ id: 'a1', target: group('g2') }, { target: group('g1') }] };
    expect(groupsById(assign(current, swapped))).toEqual({ a1: 'g1', a2: 'g2' });
    const moved = { assignments: [{ id: 'A1', target: group('g9') }] };
    expect(groupsById(assign(current, moved))).toEqual({ a1: 'g9' });
  });

  test('of new targets are new, and follow the target when ids do', () => {
    const [fresh] = listed(assign(current, { assignments: [{ id: 'mine', target: group('g9') }] }));
    expect(fresh?.id).toMatch(/^[0-9a-f-]{36}$/);
    const rekeyed = assign(
      current,
      { assignments: [{ id: 'a1', target: group('g9') }, { target: ALL_DEVICES }, { target: group('g2') }] },
      { rekey: true },
    );
    expect(listed(rekeyed).map(({ id }) => id)).toEqual([
      'p_g9',
      'p_adadadad-808e-44e2-905a-0b7873a8a531',
      'a2',
    ]);
  });

  test('that follow the target leave room for one entry of a group: the first, be it included or excluded', () => {
    const both = {
      assignments: [{ target: exclusion('g9') }, { target: group('G9') }, { target: ALL_DEVICES }],
    };
    const after = listed(assign([{ id: 'p_g9', target: group('g9') }], both, { rekey: true }));
    expect(after.map(({ id, target }) => [id, target['@odata.type']])).toEqual([
      ['p_g9', '#microsoft.graph.exclusionGroupAssignmentTarget'],
      ['p_adadadad-808e-44e2-905a-0b7873a8a531', '#microsoft.graph.allDevicesAssignmentTarget'],
    ]);
  });

  test('never collide, even when an older assignment has the id of the new target', () => {
    const after = assign(
      [{ id: 'p_g9', target: group('g1') }],
      { assignments: [{ target: group('g1') }, { target: group('g9') }] },
      { rekey: true },
    );
    expect(Object.values(groupsById(after))).toEqual(['g1', 'g9']);
  });
});

describe('assignments of a policy set stay as they are', () => {
  const current = [{ id: 'a1', target: group('g1') }, ofPolicySet];
  const asRead = {
    id: 's',
    target: { ...group('set'), ...NO_FILTER },
    source: 'policySets',
    sourceId: 'set-1',
  };

  test.each([
    ['left out', []],
    ['sent back', [ofPolicySet]],
    ['sent with another target', [{ id: 's', target: group('other') }]],
    ['named by their target only', [{ target: { ...group('set'), ...FILTER } }]],
  ])('when %s', (_, entries) => {
    const after = listed(assign(current, { assignments: entries }));
    expect(after).toHaveLength(1);
    expect(after[0]).toMatchObject(asRead);
  });

  test.each([
    { rekey: true, held: 1 },
    { rekey: false, held: 2 },
  ])('beside another entry for the group, which is one more where ids do not follow groups: %j', (given) => {
    for (const target of [group('set'), exclusion('set')]) {
      const after = listed(assign(current, { assignments: [{ target }, ofPolicySet] }, given));
      expect(after).toHaveLength(given.held);
      expect(after.at(-1)).toMatchObject(asRead);
    }
  });

  test('beside a direct one for the same target, which keeps its id', () => {
    const both = [ofPolicySet, { id: 'a1', target: group('set') }];
    expect(groupsById(assign(both, { assignments: both }))).toEqual({ s: 'set', a1: 'set' });
    const [, direct] = listed(assign(both, { assignments: [{ target: { ...group('set'), ...FILTER } }] }));
    expect(direct).toMatchObject({ id: 'a1', target: FILTER });
  });
});

describe('what the tenant shows it takes back', () => {
  const unknownType = { '@odata.type': '#microsoft.graph.siteAssignmentTarget', siteId: 's1', mode: 2 };
  const unknownProperty = { ...group('g1'), ring: 'fast' };

  test('undocumented types and properties', () => {
    const current = [
      { id: 'a1', target: unknownType },
      { id: 'a2', target: unknownProperty },
    ];
    const read = listed(assign(current, { assignments: current }));
    expect(read.map(({ target }) => target)).toEqual([
      { ...unknownType, ...NO_FILTER },
      { ...unknownProperty, ...NO_FILTER },
    ]);
  });

  test('and no others', () => {
    for (const target of [unknownType, unknownProperty]) {
      expect(assign([{ id: 'a1', target: group('g1') }], { assignments: [{ target }] })).toMatchObject({
        status: 400,
        born: 'gateway',
      });
    }
  });
});

test('source is written on compliance policies only', () => {
  const entry = { target: group('g1'), source: 'policySets', sourceId: 's1' };
  const source = (set: PolicySet) => listed(assign([], { assignments: [entry] }, { set }))[0]?.source;
  expect(source('deviceCompliancePolicies')).toBe('policySets');
  expect(source('deviceConfigurations')).toBe('direct');
});

test('v1.0 takes no filter, and loses those there were', () => {
  const current = [{ id: 'a1', target: { ...group('g1'), ...FILTER } }];
  expect(assign(current, { assignments: current }, { version: 'v1.0' })).toMatchObject({ status: 400 });
  const [after] = listed(assign(current, { assignments: [{ target: group('g1') }] }, { version: 'v1.0' }));
  expect(after?.target).toEqual({ ...group('g1'), ...NO_FILTER });
});

describe('is refused', () => {
  test.each<[string, unknown, RegExp]>([
    ['without assignments', {}, /'assignments'/],
    ['with assignments that are no list', { assignments: {} }, /'assignments'/],
    ['with another parameter', { assignments: [], assignment: [] }, /'assignment' in the request payload/],
    ['with an entry that is no object', { assignments: ['g1'] }, /has to be an object/],
    ['with an entry without target', { assignments: [{ id: 'a1' }] }, /'target' is missing/],
    ['with an id that is no string', { assignments: [{ id: 7, target: group('g1') }] }, /literal '7'/],
    ['with a wrong target', { assignments: [{ target: { groupId: 'g1' } }] }, /abstract/],
    ['as a list', [], /Unable to read JSON/],
  ])('%s', (_, body, message) => {
    expect(assign([], body)).toMatchObject({ status: 400, message: expect.stringMatching(message) });
  });
});
