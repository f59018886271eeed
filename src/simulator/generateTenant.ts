import type { AssignmentFilter } from './filters.ts';
import { anyPolicyType, platformOf, PLATFORMS, type Platform } from './policyTypes.ts';
import { generateKinds } from './generateKinds.ts';
import { randomGuid, seededRandom, type Random } from './random.ts';
import { nestedForms } from './route.ts';
import { idOfTarget } from './target.ts';
import type { SeedAssignment } from './assignmentSeed.ts';
import type { SeedPolicy, TenantSeed } from './tenantFile.ts';

export interface GeneratedTenant {
  readonly configurations: number;
  readonly compliancePolicies: number;
  /** Also the number in each nested list. */
  readonly assignmentsPerPolicy: number;
  readonly seed: number;
  /** Whether some configurations have nested lists too: a fifth of them, and at least one of each of the nine forms. */
  readonly nested: boolean;
  /** Policies of each other kind (settings catalog, apps, scripts, …); 0 by default. */
  readonly kinds?: number | undefined;
  /** Share of the assignments that a policy set made; 0 by default. */
  readonly policySetShare?: number | undefined;
  /** Share of the assignments with a target that no documentation names; 0 by default. */
  readonly unknownTargetShare?: number | undefined;
  /** Share of the assignments with a property of their own that no documentation names; 0 by default. */
  readonly unknownPropertyShare?: number | undefined;
}

/** How the assignments of a generated tenant are spread; shares of all. */
const EXCLUSIONS = 0.15;
const FILTERED = 0.25;
const ALL_DEVICES = 0.1;
const ALL_USERS = 0.1;
const COLLECTIONS = 0.05;
const PLAIN_GUID_IDS = 0.4;
const FILTERS = 12;
const POLICY_SETS = 3;

/** Chance of its own for what came later, or the ids of a seed would change. */
const TYPES_SALT = 0x7e57_0001;
const ODDITIES_SALT = 0x7e57_0002;
const PROPERTIES_SALT = 0x7e57_0003;
const KINDS_SALT = 0x7e57_0004;

/** A tenant as an admin might find it: every endpoint form, groups, exclusions, filters, everybody. */
export function generateTenant(wanted: GeneratedTenant): TenantSeed {
  const random = seededRandom(wanted.seed);
  const types = seededRandom(wanted.seed ^ TYPES_SALT);
  const filters = Array.from({ length: FILTERS }, (_, index) => filterAt(index, randomGuid(random)));
  const policies: SeedPolicy[] = [];

  const configurations = Array.from({ length: wanted.configurations }, (_, index) => ({
    id: randomGuid(random),
    type: 'deviceConfiguration' as const,
    displayName: `Configuration ${index + 1}`,
  }));
  const vias = configurations.map(() => [] as string[]);
  if (wanted.nested && wanted.configurations > 0) {
    const forms = nestedForms(() => randomGuid(random));
    const lists = Math.max(forms.length, Math.floor(wanted.configurations / 5));
    for (let index = 0; index < lists; index += 1) {
      const form = index % forms.length;
      vias[index % wanted.configurations]?.push(nestedForms(() => randomGuid(random))[form] ?? '');
    }
  }
  for (const [index, configuration] of configurations.entries()) {
    const [firstVia] = vias[index] ?? [];
    const someType = anyPolicyType('deviceConfiguration', types);
    const odataType = firstVia?.startsWith('microsoft.graph.') ? `#${firstVia.split('/')[0]}` : someType;
    const fitting = filtersFor(platformOf(odataType), filters);
    for (const via of ['', ...(vias[index] ?? [])]) {
      policies.push({
        ...configuration,
        odataType,
        ...(via !== '' && { via }),
        assignments: assignmentsFor(configuration.id, wanted, fitting, random),
      });
    }
  }
  for (let index = 0; index < wanted.compliancePolicies; index += 1) {
    const id = randomGuid(random);
    const odataType = anyPolicyType('deviceCompliancePolicy', types);
    policies.push({
      id,
      type: 'deviceCompliancePolicy',
      displayName: `Compliance policy ${index + 1}`,
      odataType,
      assignments: assignmentsFor(id, wanted, filtersFor(platformOf(odataType), filters), random),
    });
  }
  const more = generateKinds({
    ...{ perKind: wanted.kinds ?? 0, assignmentsPerPolicy: wanted.assignmentsPerPolicy },
    seed: wanted.seed ^ KINDS_SALT,
  });
  return {
    policies: [...withOddities(policies, wanted), ...more.policies],
    filters: more.policies.length === 0 ? filters : [...filters, ...more.filters],
  };
}

/** The filters are of one platform after the other, so that each has as many. */
function filterAt(index: number, id: string): AssignmentFilter & { platform: Platform } {
  const platform = PLATFORMS[index % PLATFORMS.length] ?? PLATFORMS[0];
  return {
    id,
    displayName: `Filter ${index + 1}`,
    platform,
    rule: '(device.deviceOwnership -eq "Corporate")',
  };
}

const filtersFor = (
  platform: Platform,
  filters: readonly (AssignmentFilter & { platform: Platform })[],
): string[] => filters.filter((filter) => filter.platform === platform).map(({ id }) => id);

/** The same assignments, with the wanted share of them made by a policy set, or with a target of an unknown type. */
function withOddities(
  policies: readonly SeedPolicy[],
  { seed, policySetShare = 0, unknownTargetShare = 0, unknownPropertyShare = 0 }: GeneratedTenant,
): SeedPolicy[] {
  const random = seededRandom(seed ^ ODDITIES_SALT);
  const properties = seededRandom(seed ^ PROPERTIES_SALT);
  const policySets = Array.from({ length: POLICY_SETS }, () => randomGuid(random));
  const odd = (assignment: SeedAssignment): SeedAssignment => {
    const isOfSet = random() < policySetShare;
    const isUnknown = random() < unknownTargetShare;
    return {
      ...assignment,
      ...(isUnknown && { target: unknownTarget(random) }),
      ...(properties() < unknownPropertyShare && { own: unknownProperties(properties) }),
      ...(isOfSet && {
        source: 'policySets',
        sourceId: policySets[Math.floor(random() * POLICY_SETS)] ?? null,
      }),
    };
  };
  return policies.map((policy) => ({ ...policy, assignments: policy.assignments.map(odd) }));
}

/** What a service may add one day: properties of every shape, which nobody must lose. */
const unknownTarget = (random: Random): SeedAssignment['target'] => ({
  '@odata.type': '#microsoft.graph.deviceCategoryAssignmentTarget',
  deviceCategoryId: randomGuid(random),
  weight: Math.floor(random() * 1000) / 8,
  labels: ['kiosk', 'Ä "quoted"'],
  schedule: { '@odata.type': '#microsoft.graph.assignmentSchedule', from: '2027-01-01', until: null },
});

/** One number in it no double can hold. */
const unknownProperties = (random: Random): NonNullable<SeedAssignment['own']> => ({
  settings: { '@odata.type': '#microsoft.graph.assignmentSettings', rings: [1, 2], note: null },
  revision: 9_007_199_254_740_993n + BigInt(Math.floor(random() * 1000)) * 2n,
});

function assignmentsFor(
  policyId: string,
  { assignmentsPerPolicy }: GeneratedTenant,
  filters: readonly string[],
  random: Random,
): SeedAssignment[] {
  return Array.from({ length: assignmentsPerPolicy }, (_, position) => {
    const target = targetAt(position, filters, random);
    const id = random() < PLAIN_GUID_IDS ? randomGuid(random) : `${policyId}_${idOfTarget(target)}`;
    return { id, target };
  });
}

/** Everybody comes first in a list and at most once, as a policy can't be assigned to the same target twice. */
function targetAt(position: number, filters: readonly string[], random: Random): SeedAssignment['target'] {
  const everybody = position === 0 ? random() : 1;
  if (everybody < ALL_DEVICES) return { '@odata.type': '#microsoft.graph.allDevicesAssignmentTarget' };
  if (everybody < ALL_DEVICES + ALL_USERS)
    return { '@odata.type': '#microsoft.graph.allLicensedUsersAssignmentTarget' };
  const kind = random();
  if (kind < EXCLUSIONS) {
    return { '@odata.type': '#microsoft.graph.exclusionGroupAssignmentTarget', groupId: randomGuid(random) };
  }
  if (kind < EXCLUSIONS + COLLECTIONS) {
    return {
      '@odata.type': '#microsoft.graph.configurationManagerCollectionAssignmentTarget',
      collectionId: randomGuid(random),
    };
  }
  const group = { '@odata.type': '#microsoft.graph.groupAssignmentTarget', groupId: randomGuid(random) };
  if (random() >= FILTERED) return group;
  return {
    ...group,
    deviceAndAppManagementAssignmentFilterId: filters[Math.floor(random() * filters.length)] ?? null,
    deviceAndAppManagementAssignmentFilterType: random() < 0.5 ? 'include' : 'exclude',
  };
}
