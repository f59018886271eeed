import { odataType } from '../targets/odataTypes.ts';
import { byTarget } from './byTarget.ts';
import type { Kind } from './kind.ts';
import { SCRIPTS } from './permissions.ts';

/**
 * PowerShell scripts for Windows. Their legacy `groupAssignments` are a second list, which nobody reads.
 * Source: learn.microsoft.com/graph/api/intune-shared-devicemanagementscript-assign, learn.microsoft.com/intune/…/filters-supported-workloads
 */
export const deviceManagementScript: Kind<'deviceManagementScript'> = {
  policyType: 'deviceManagementScript',
  names: ['powerShellScript', 'powerShellScripts', 'powerShell'],
  label: { one: 'PowerShell script', many: 'PowerShell scripts' },
  apiVersions: ['beta'],
  root: 'deviceManagement',
  collection: 'deviceManagementScripts',
  forms: [[]],
  list: { name: 'displayName', also: [], expands: true },
  write: { how: 'assign', assignProperty: 'deviceManagementScriptAssignments' },
  assignmentType: odataType('deviceManagementScriptAssignment'),
  ownFields: [],
  identity: byTarget,
  targets: ['group', 'exclusionGroup', 'allDevices', 'allLicensedUsers'],
  takesFilters: false,
  leaves: 'what scripts have done',
  platformOf: () => 'windows10AndLater',
  family: 'devices',
  permissions: SCRIPTS,
  approvalType: 'script',
};
