import { odataType } from '../targets/odataTypes.ts';
import { TARGET_TYPES } from '../targets/target.ts';
import { isJsonObject, type JsonObject } from '../values/json.ts';
import { byTarget } from './byTarget.ts';
import type { Kind } from './kind.ts';
import { SOURCE_FIELDS } from './ownFields.ts';
import { CONFIGURATION } from './permissions.ts';
import type { Refusal } from './refusal.ts';
import { bringsFilter, bringsTarget, noFilter, noTarget } from './refusals.ts';
import { platformOfSettings } from './settingsPlatform.ts';

/**
 * Settings catalog, endpoint security, security baselines, device preparation, Linux scripts. A single policy's `$expand=assignments` shows an
 * empty list for endpoint security; the collection's, and the list by itself, are right.
 * Source: learn.microsoft.com/graph/api/intune-deviceconfigv2-devicemanagementconfigurationpolicy-assign (body),
 * github.com/microsoftgraph/msgraph-sdk-powershell/issues/3337 (the empty list),
 * learn.microsoft.com/intune/…/filters-supported-workloads (filters; that it takes none of Apple's declarative settings is told by no property).
 */
export const configurationPolicy: Kind<'configurationPolicy'> = {
  policyType: 'configurationPolicy',
  names: ['deviceManagementConfigurationPolicy', 'settingsCatalog', 'endpointSecurity', 'securityBaseline'],
  label: { one: 'settings catalog policy', many: 'settings catalog policies' },
  apiVersions: ['beta'],
  root: 'deviceManagement',
  collection: 'configurationPolicies',
  forms: [[]],
  list: {
    name: 'name',
    also: ['platforms', 'technologies', 'templateReference', 'isAssigned'],
    expands: true,
    top: 1_000,
  },
  write: { how: 'assign', assignProperty: 'assignments' },
  assignmentType: odataType('deviceManagementConfigurationPolicyAssignment'),
  ownFields: SOURCE_FIELDS,
  identity: byTarget,
  targets: TARGET_TYPES,
  takesFilters: true,
  refuses: (policy, after, before) =>
    filterRefusal(policy, after, before) ?? targetRefusal(policy, after, before),
  isDeployed: true,
  platformOf: ({ platforms }) => platformOfSettings(platforms),
  family: 'deviceConfigurationV2',
  permissions: CONFIGURATION,
  approvalType: 'configurationPolicy',
};

/** Templates of endpoint security that take no filter on macOS. */
const UNFILTERED_ON_MAC = new Set([
  ...['endpointsecurityantivirus', 'endpointsecuritydiskencryption', 'endpointsecurityfirewall'],
]);

function familyOf({ templateReference }: JsonObject): string {
  const family = isJsonObject(templateReference) ? templateReference['templateFamily'] : undefined;
  return typeof family === 'string' ? family.toLowerCase() : '';
}

function filterRefusal(
  policy: JsonObject,
  after: JsonObject,
  before: JsonObject | undefined,
): Refusal | undefined {
  if (!bringsFilter(after, before)) return undefined;
  const family = familyOf(policy);
  const platform = platformOfSettings(policy['platforms']);
  if (family === 'baseline') return noFilter('Security baselines');
  if (platform === 'linux') return noFilter('Policies for Linux');
  return platform === 'macOS' && UNFILTERED_ON_MAC.has(family)
    ? noFilter('Antivirus, disk encryption and firewall policies for macOS')
    : undefined;
}

/** Device preparation is about users who sign in to a new device. */
const targetRefusal = (
  policy: JsonObject,
  after: JsonObject,
  before: JsonObject | undefined,
): Refusal | undefined =>
  familyOf(policy) === 'enrollmentconfiguration' &&
  bringsTarget(['allDevices', 'exclusionGroup'], after, before)
    ? noTarget(
        'Device preparation policies',
        'all devices, nor exclude a group',
        'Write group or allLicensedUsers.',
      )
    : undefined;
