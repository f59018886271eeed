import { odataType } from '../targets/odataTypes.ts';
import { byTarget } from './byTarget.ts';
import type { Kind } from './kind.ts';
import { SCRIPTS } from './permissions.ts';

/**
 * Shell scripts for macOS.
 * Source: learn.microsoft.com/graph/api/intune-shared-deviceshellscript-assign, learn.microsoft.com/intune/…/filters-supported-workloads
 */
export const deviceShellScript: Kind<'deviceShellScript'> = {
  policyType: 'deviceShellScript',
  names: ['shellScript', 'shellScripts', 'macOSShellScript'],
  label: { one: 'shell script', many: 'shell scripts' },
  apiVersions: ['beta'],
  root: 'deviceManagement',
  collection: 'deviceShellScripts',
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
