import { randomGuid, seededRandom, type Random } from './random.ts';
import { nestedForms } from './route.ts';
import { idOfTarget } from './target.ts';
import type { SeedAssignment, SeedPolicy, TenantSeed } from './tenantFile.ts';

export interface GeneratedTenant {
  readonly configurations: number;
  readonly compliancePolicies: number;
  /** Also the number in each nested list. */
  readonly assignmentsPerPolicy: number;
  readonly seed: number;
  /** Whether some configurations have nested lists too: a fifth of them, and at least one of each of the nine forms. */
  readonly nested: boolean;
}

/** How the assignments of a generated tenant are spread; shares of all. */
const EXCLUSIONS = 0.15;
const FILTERED = 0.25;
const ALL_DEVICES = 0.1;
const ALL_USERS = 0.1;
const COLLECTIONS = 0.05;
const PLAIN_GUID_IDS = 0.4;
const FILTERS = 12;

/** A tenant as an admin might find it: every endpoint form, groups, exclusions, filters, everybody. */
export function generateTenant(wanted: GeneratedTenant): TenantSeed {
  const random = seededRandom(wanted.seed);
  const filters = Array.from({ length: FILTERS }, () => randomGuid(random));
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
    const cast = firstVia?.startsWith('microsoft.graph.') ? { odataType: `#${firstVia.split('/')[0]}` } : {};
    policies.push({
      ...configuration,
      ...cast,
      assignments: assignmentsFor(configuration.id, wanted, filters, random),
    });
    for (const via of vias[index] ?? []) {
      policies.push({
        ...configuration,
        via,
        assignments: assignmentsFor(configuration.id, wanted, filters, random),
      });
    }
  }
  for (let index = 0; index < wanted.compliancePolicies; index += 1) {
    const id = randomGuid(random);
    policies.push({
      id,
      type: 'deviceCompliancePolicy',
      displayName: `Compliance policy ${index + 1}`,
      assignments: assignmentsFor(id, wanted, filters, random),
    });
  }
  return { policies };
}

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
