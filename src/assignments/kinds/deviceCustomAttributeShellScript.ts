import { odataType } from '../targets/odataTypes.ts';
import { byTarget } from './byTarget.ts';
import type { Kind } from './kind.ts';
import { SCRIPTS } from './permissions.ts';

/**
 * Custom attributes of macOS devices, which are scripts as well.
 * Source: learn.microsoft.com/graph/api/intune-devices-devicecustomattributeshellscript-assign, learn.microsoft.com/intune/…/filters-supported-workloads
 */
export const deviceCustomAttributeShellScript: Kind<'deviceCustomAttributeShellScript'> = {
  policyType: 'deviceCustomAttributeShellScript',
  names: ['customAttribute', 'customAttributes'],
  label: { one: 'custom attribute', many: 'custom attributes' },
  apiVersions: ['beta'],
  root: 'deviceManagement',
  collection: 'deviceCustomAttributeShellScripts',
  forms: [[]],
  list: { name: 'displayName', also: [], expands: true },
  write: { how: 'assign', assignProperty: 'deviceManagementScriptAssignments' },
  assignmentType: odataType('deviceManagementScriptAssignment'),
  ownFields: [],
  identity: byTarget,
  targets: ['group', 'exclusionGroup', 'allDevices', 'allLicensedUsers'],
  takesFilters: false,
  leaves: 'what scripts have done',
  platformOf: () => 'macOS',
  family: 'devices',
  permissions: SCRIPTS,
  approvalType: 'script',
};
