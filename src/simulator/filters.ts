import { page, selected, type Shown } from './odata.ts';
import { defaultPolicyType } from './policyKinds.ts';
import { platformOf } from './policyTypes.ts';
import { notFound, type Refused } from './refused.ts';
import type { SimulatorSettings } from './settings.ts';
import type { TenantSeed } from './tenantFile.ts';

export type FilterSettings = Pick<SimulatorSettings, 'filtersMissing' | 'filterReadsRefused'>;

/** An assignment filter of the tenant. */
export interface AssignmentFilter {
  readonly id: string;
  readonly displayName: string;
  /** A member of Graph's devicePlatformType, such as iOS. */
  readonly platform: string;
  readonly rule: string;
}

/** Reads all filters, or one when there is a `filterId`. */
export function answerFilters(
  filterId: string | undefined,
  query: URLSearchParams,
  address: string,
  {
    tenant: { filters },
    surroundings: { filtersMissing, filterReadsRefused },
    pageSize,
  }: {
    tenant: { readonly filters: readonly AssignmentFilter[] };
    surroundings: FilterSettings;
    pageSize: number;
  },
): Shown {
  if (filterReadsRefused) return { refused: FORBIDDEN };
  const missing = new Set(filtersMissing.map((id) => id.toLowerCase()));
  const current = filters.filter(({ id }) => !missing.has(id.toLowerCase()));
  if (filterId === undefined) {
    return page(current, query, address, pageSize, (filter) => selected(shown(filter), query));
  }
  const found = current.find(({ id }) => id.toLowerCase() === filterId.toLowerCase());
  return found
    ? { status: 200, body: selected(shown(found), query) }
    : { refused: notFound('Assignment filter') };
}

/** Source: learn.microsoft.com/graph/api/resources/intune-policyset-deviceandappmanagementassignmentfilter (beta). */
const shown = ({ id, displayName, platform, rule }: AssignmentFilter): Record<string, unknown> => ({
  '@odata.type': '#microsoft.graph.deviceAndAppManagementAssignmentFilter',
  id,
  createdDateTime: '2024-05-01T08:00:00Z',
  lastModifiedDateTime: '2024-05-01T08:00:00Z',
  displayName,
  description: '',
  platform,
  rule,
  roleScopeTags: ['0'],
  payloads: [],
  assignmentFilterManagementType: platform.endsWith('MobileApplicationManagement') ? 'apps' : 'devices',
});

const FORBIDDEN: Refused = {
  status: 403,
  code: 'Forbidden',
  message: 'Application is not authorized to perform this operation.',
  born: 'intune',
};

/**
 * The filters that a tenant begins with: those of the file, or, when it names none, those that its assignments use, each
 * for the platform of the first policy with it.
 */
export function seededFilters({ filters, policies }: TenantSeed): AssignmentFilter[] {
  if (filters !== undefined) {
    return filters.map((filter) => ({ ...filter, rule: filter.rule ?? DEFAULT_RULE }));
  }
  const used = new Map<string, AssignmentFilter>();
  for (const { type, odataType, assignments } of policies) {
    for (const { target } of assignments) {
      const id = target.deviceAndAppManagementAssignmentFilterId;
      if (typeof id !== 'string' || used.has(id.toLowerCase())) continue;
      const platform = platformOf(odataType ?? defaultPolicyType(type));
      used.set(id.toLowerCase(), { id, displayName: `Filter ${id}`, platform, rule: DEFAULT_RULE });
    }
  }
  return [...used.values()];
}

const DEFAULT_RULE = '(device.deviceOwnership -eq "Corporate")';
