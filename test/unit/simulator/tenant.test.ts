import { hash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { generateTenant } from '../../../src/simulator/generateTenant.ts';
import { nestedForms } from '../../../src/simulator/route.ts';
import { tenantFrom, type AssignmentEntry } from '../../../src/simulator/tenant.ts';
import { checkedSeed, readTenantFile } from '../../../src/simulator/tenantFile.ts';

const group = { '@odata.type': '#microsoft.graph.groupAssignmentTarget', groupId: 'g1' };
const wanted = { configurations: 40, compliancePolicies: 10, assignmentsPerPolicy: 4, seed: 3, nested: true };

async function fileWith(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tenant-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'tenant.json');
  await writeFile(path, text);
  return path;
}

describe('a tenant that is made up', () => {
  const entries: AssignmentEntry[] = [...tenantFrom(generateTenant(wanted)).every()];

  test('has every endpoint form', () => {
    const shapes = new Set(entries.map(({ set, via }) => `${set} ${via.replace(/[0-9a-f-]{36}$/, 'ID')}`));
    expect(shapes).toEqual(
      new Set([
        'deviceConfigurations ',
        'deviceCompliancePolicies ',
        ...nestedForms(() => 'ID').map((via) => `deviceConfigurations ${via}`),
      ]),
    );
  });

  test('has as many assignments as asked for, each at a path of its own', () => {
    expect(entries).toHaveLength((40 + 10 + 9) * 4);
    expect(new Set(entries.map(({ path }) => path)).size).toBe(entries.length);
  });

  test('mixes targets, filters and kinds of id', () => {
    const targets = entries.map(({ assignment }) => assignment.target);
    const types = new Set(targets.map((target) => target['@odata.type']));
    expect(types.size).toBe(5);
    expect(targets.some((target) => target.deviceAndAppManagementAssignmentFilterId !== null)).toBe(true);
    const composed = entries.filter(({ assignment, policyId }) => assignment.id.startsWith(`${policyId}_`));
    expect(composed.length).toBeGreaterThan(0);
    expect(composed.length).toBeLessThan(entries.length);
  });

  test('has only assignments that Graph would take, and is the same for the same seed', () => {
    expect(() => checkedSeed(generateTenant(wanted), 'wrong')).not.toThrow();
    expect(generateTenant(wanted)).toEqual(generateTenant(wanted));
    expect(generateTenant(wanted)).not.toEqual(generateTenant({ ...wanted, seed: 4 }));
  });

  test('has every nested form even when it has two configurations', () => {
    const few = tenantFrom(generateTenant({ ...wanted, configurations: 2, compliancePolicies: 0 }));
    expect([...few.every()]).toHaveLength((2 + 9) * 4);
  });
});

/** By the beginning of the name of a policy's kind; the first that fits counts. */
const PLATFORM_OF_KIND: readonly [RegExp, string][] = [
  [/^#microsoft\.graph\.ios/, 'iOS'],
  [/^#microsoft\.graph\.macOS/, 'macOS'],
  [/^#microsoft\.graph\.android(WorkProfile|DeviceOwner)/, 'androidForWork'],
  [/^#microsoft\.graph\.android/, 'android'],
  [/^#microsoft\.graph\.windowsPhone81/, 'windowsPhone81'],
  [/^#microsoft\.graph\.windows/, 'windows10AndLater'],
];

describe('a large tenant that is made up', () => {
  const large = { ...wanted, configurations: 200, compliancePolicies: 100 };
  const seed = generateTenant(large);

  // Benches and tests build their files from what a seed gives.
  test('has the ids that its seed has always given', () => {
    const ids = generateTenant(wanted).policies.map((policy) => [
      policy.id,
      policy.type,
      policy.via,
      policy.displayName,
      policy.assignments.map(({ id, target }) => [
        id,
        target['@odata.type'],
        target.groupId,
        target.collectionId,
        target.deviceAndAppManagementAssignmentFilterType,
      ]),
    ]);
    expect(hash('sha256', JSON.stringify(ids))).toBe(
      '4736d5ee7dfecb625cbc33730b0138e291044f07cb3eae58edf37d71618fd509',
    );
  });

  test('has policies of every platform, and filters of their own platform on them', () => {
    const platformById = new Map(seed.filters?.map(({ id, platform }) => [id, platform]));
    const seen = new Set<string>();
    for (const { odataType = '', type, assignments } of seed.policies) {
      const platform = PLATFORM_OF_KIND.find(([kind]) => kind.test(odataType))?.[1];
      seen.add(`${type} ${platform}`);
      for (const { target } of assignments) {
        const filterId = target.deviceAndAppManagementAssignmentFilterId;
        if (typeof filterId === 'string') expect(platformById.get(filterId)).toBe(platform);
      }
    }
    for (const platform of ['windows10AndLater', 'iOS', 'macOS', 'androidForWork', 'android']) {
      expect(seen).toContain(`deviceConfiguration ${platform}`);
      expect(seen).toContain(`deviceCompliancePolicy ${platform}`);
    }
  });

  test('has assignments of policy sets and unknown targets in the shares asked for, under the same ids', () => {
    const odd = generateTenant({ ...large, policySetShare: 0.2, unknownTargetShare: 0.1 });
    const idsOf = ({ policies }: typeof seed) =>
      policies.flatMap(({ assignments }) => assignments.map(({ id }) => id));
    expect(idsOf(odd)).toEqual(idsOf(seed));
    const assignments = odd.policies.flatMap((policy) => policy.assignments);
    const share = (count: number): number => count / assignments.length;
    expect(share(assignments.filter(({ source }) => source === 'policySets').length)).toBeCloseTo(0.2, 1);
    const unknown = assignments.filter(
      ({ target }) => target['@odata.type'] === '#microsoft.graph.deviceCategoryAssignmentTarget',
    );
    expect(share(unknown.length)).toBeCloseTo(0.1, 1);
  });
});

test('a share of the assignments may have properties that nobody knows, under the same ids and targets', () => {
  const wanted = { configurations: 4, compliancePolicies: 2, assignmentsPerPolicy: 5, seed: 7, nested: true };
  const plain = generateTenant(wanted).policies.flatMap(({ assignments }) => assignments);
  const odd = generateTenant({ ...wanted, unknownPropertyShare: 0.5 }).policies.flatMap(
    ({ assignments }) => assignments,
  );
  expect(odd.map(({ id, target }) => ({ id, target }))).toEqual(plain);
  const revisions = odd.flatMap(({ own }) => (own === undefined ? [] : [own['revision']]));
  expect(revisions.length).toBeGreaterThan(plain.length / 4);
  expect(revisions.length).toBeLessThan(plain.length);
  expect(revisions[0]).toBeGreaterThan(2n ** 53n);
});

test('a tenant file without filters has those that its assignments use, for the platform of the policy', () => {
  const filtered = {
    ...group,
    deviceAndAppManagementAssignmentFilterId: 'f1',
    deviceAndAppManagementAssignmentFilterType: 'include',
  };
  const policy = {
    id: 'p1',
    type: 'deviceConfiguration' as const,
    odataType: '#microsoft.graph.iosCustomConfiguration',
    assignments: [{ id: 'a1', target: filtered }],
  };
  expect(tenantFrom({ policies: [policy] }).filters).toMatchObject([{ id: 'f1', platform: 'iOS' }]);
  expect(tenantFrom({ policies: [policy], filters: [] }).filters).toEqual([]);
});

test('a tenant file gives its policies, a nested list apart, with what is left out filled in', async () => {
  const path = await fileWith(
    JSON.stringify({
      policies: [
        {
          id: 'P1',
          type: 'deviceConfiguration',
          displayName: 'Wi-Fi',
          assignments: [{ id: 'A1', target: group }],
        },
        {
          id: 'p1',
          type: 'deviceConfiguration',
          via: 'rootCertificate',
          assignments: [{ id: 'A1', target: group, intent: 'remove' }],
        },
        {
          id: 'p1',
          type: 'deviceCompliancePolicy',
          assignments: [{ id: 'A2', target: { '@odata.type': 'microsoft.graph.newTarget', x: 1 } }],
        },
      ],
    }),
  );
  const tenant = tenantFrom(await readTenantFile(path));
  expect(tenant.assignmentsOf('deviceConfigurations', 'p1')).toEqual([
    {
      '@odata.type': '#microsoft.graph.deviceConfigurationAssignment',
      id: 'A1',
      target: {
        ...group,
        deviceAndAppManagementAssignmentFilterId: null,
        deviceAndAppManagementAssignmentFilterType: 'none',
      },
      intent: 'apply',
      source: 'direct',
      sourceId: null,
    },
  ]);
  expect(
    tenant.at('/deviceManagement/deviceConfigurations/p1/rootCertificate/assignments/a1'),
  ).toHaveProperty('intent', 'remove');
  const compliance = tenant.at('/deviceManagement/deviceCompliancePolicies/p1/assignments/a2');
  expect(compliance?.target).toMatchObject({ '@odata.type': '#microsoft.graph.newTarget', x: 1 });
  expect(compliance).not.toHaveProperty('intent');
  expect(tenant.assignmentsOf('deviceCompliancePolicies', 'p2')).toBeUndefined();
});

describe('a wrong tenant file says where', () => {
  const policy = { id: 'p1', type: 'deviceConfiguration', assignments: [] as unknown[] };
  test.each<[string, string, RegExp]>([
    ['no JSON', '{', /can't be read/],
    ['an unknown property', JSON.stringify({ policies: [{ ...policy, name: 'x' }] }), /policies\.0.*name/],
    [
      'a via that is no form',
      JSON.stringify({ policies: [{ ...policy, via: 'x' }] }),
      /policies\.0\.via: is none of the nested forms/,
    ],
    [
      'a via of a compliance policy',
      JSON.stringify({ policies: [{ ...policy, type: 'deviceCompliancePolicy', via: 'rootCertificate' }] }),
      /policies\.0\.via/,
    ],
    ['a list twice', JSON.stringify({ policies: [policy, { ...policy, id: 'P1' }] }), /stands in it twice/],
    [
      'an assignment twice',
      JSON.stringify({
        policies: [
          {
            ...policy,
            assignments: [
              { id: 'a', target: group },
              { id: 'A', target: group },
            ],
          },
        ],
      }),
      /assignment A stands in it twice/,
    ],
    [
      'a refusal of nothing',
      JSON.stringify({ policies: [], refusals: [{ status: 403 }] }),
      /needs a policyId or an assignmentId/,
    ],
  ])('%s', async (_, text, message) => {
    await expect(readTenantFile(await fileWith(text))).rejects.toThrow(message);
  });
});
