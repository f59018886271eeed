import { odataType } from '../targets/odataTypes.ts';
import { byTarget } from './byTarget.ts';
import type { Kind } from './kind.ts';
import { CONFIGURATION } from './permissions.ts';

/**
 * Quality update policies for Windows. They are for groups of devices, without filters.
 * Source: learn.microsoft.com/graph/api/intune-softwareupdate-windowsqualityupdatepolicy-assign; the page of limits names them in no family
 */
export const windowsQualityUpdatePolicy: Kind<'windowsQualityUpdatePolicy'> = {
  policyType: 'windowsQualityUpdatePolicy',
  names: ['hotpatch', 'hotpatchPolicy', 'qualityUpdatePolicy'],
  label: { one: 'quality update policy', many: 'quality update policies' },
  apiVersions: ['beta'],
  root: 'deviceManagement',
  collection: 'windowsQualityUpdatePolicies',
  forms: [[]],
  list: { name: 'displayName', also: [], expands: true, top: 200 },
  write: { how: 'assign', assignProperty: 'assignments' },
  assignmentType: odataType('windowsQualityUpdatePolicyAssignment'),
  ownFields: [],
  identity: byTarget,
  targets: ['group', 'exclusionGroup'],
  takesFilters: false,
  leaves: 'updates that were installed',
  platformOf: () => 'windows10AndLater',
  family: 'qualityUpdatePolicies',
  permissions: CONFIGURATION,
  approvalType: undefined,
};
