import { odataType } from '../targets/odataTypes.ts';
import { byTarget } from './byTarget.ts';
import type { Kind } from './kind.ts';
import { APPS } from './permissions.ts';

/**
 * What Windows in S mode may run besides.
 * Source: learn.microsoft.com/graph/api/resources/intune-unlock-windowsdefenderapplicationcontrolsupplementalpolicyassignment
 */
export const wdacSupplementalPolicy: Kind<'wdacSupplementalPolicy'> = {
  policyType: 'wdacSupplementalPolicy',
  names: ['sMode', 'windowsDefenderApplicationControlSupplementalPolicy'],
  label: { one: 'S mode supplemental policy', many: 'S mode supplemental policies' },
  apiVersions: ['beta'],
  root: 'deviceAppManagement',
  collection: 'wdacSupplementalPolicies',
  forms: [[]],
  list: { name: 'displayName', also: [], expands: false },
  write: {
    how: 'refused',
    because:
      'S mode supplemental policies are only read here: nobody has shown how Intune takes their lists.',
    instead: 'Change it in Intune.',
  },
  assignmentType: odataType('windowsDefenderApplicationControlSupplementalPolicyAssignment'),
  ownFields: [],
  identity: byTarget,
  targets: ['group', 'exclusionGroup', 'allDevices', 'allLicensedUsers'],
  takesFilters: false,
  platformOf: () => 'windows10AndLater',
  family: 'unlock',
  permissions: APPS,
  approvalType: undefined,
};
