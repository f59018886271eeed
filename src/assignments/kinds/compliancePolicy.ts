import { odataType } from '../targets/odataTypes.ts';
import { TARGET_TYPES } from '../targets/target.ts';
import { byTarget } from './byTarget.ts';
import type { Kind } from './kind.ts';
import { SOURCE_FIELDS } from './ownFields.ts';
import { CONFIGURATION } from './permissions.ts';
import { bringsFilter, noFilter } from './refusals.ts';
import { platformOfSettings } from './settingsPlatform.ts';

/**
 * Compliance policies of the settings catalog, as Linux has them; the others are `deviceCompliancePolicy`.
 * Source: learn.microsoft.com/graph/api/intune-deviceconfigv2-devicemanagementcompliancepolicy-assign
 */
export const compliancePolicy: Kind<'compliancePolicy'> = {
  policyType: 'compliancePolicy',
  names: ['deviceManagementCompliancePolicy', 'linuxCompliancePolicy'],
  label: { one: 'settings catalog compliance policy', many: 'settings catalog compliance policies' },
  apiVersions: ['beta'],
  root: 'deviceManagement',
  collection: 'compliancePolicies',
  forms: [[]],
  list: { name: 'name', also: ['platforms', 'isAssigned'], expands: true },
  write: { how: 'assign', assignProperty: 'assignments' },
  assignmentType: odataType('deviceManagementConfigurationPolicyAssignment'),
  ownFields: SOURCE_FIELDS,
  identity: byTarget,
  targets: TARGET_TYPES,
  takesFilters: true,
  refuses: (policy, after, before) =>
    platformOfSettings(policy['platforms']) === 'linux' && bringsFilter(after, before)
      ? noFilter('Policies for Linux')
      : undefined,
  protects: () => 'compliance',
  platformOf: ({ platforms }) => platformOfSettings(platforms),
  family: 'complianceV2',
  permissions: CONFIGURATION,
  approvalType: 'compliancePolicy',
};
