import { odataType } from '../targets/odataTypes.ts';
import { TARGET_TYPES } from '../targets/target.ts';
import { byTarget } from './byTarget.ts';
import type { Kind } from './kind.ts';
import { LAST_MODIFIED } from './ownFields.ts';
import { CONFIGURATION } from './permissions.ts';

/**
 * Administrative templates (ADMX), all of them for Windows.
 * Source: learn.microsoft.com/graph/api/intune-grouppolicy-grouppolicyconfiguration-assign
 */
export const groupPolicyConfiguration: Kind<'groupPolicyConfiguration'> = {
  policyType: 'groupPolicyConfiguration',
  names: ['administrativeTemplate', 'administrativeTemplates', 'ADMX'],
  label: { one: 'administrative template', many: 'administrative templates' },
  apiVersions: ['beta'],
  root: 'deviceManagement',
  collection: 'groupPolicyConfigurations',
  forms: [[]],
  list: { name: 'displayName', also: [], expands: true, top: 1_000 },
  write: { how: 'assign', assignProperty: 'assignments' },
  assignmentType: odataType('groupPolicyConfigurationAssignment'),
  ownFields: [LAST_MODIFIED],
  identity: byTarget,
  targets: TARGET_TYPES,
  takesFilters: true,
  platformOf: () => 'windows10AndLater',
  family: 'groupPolicy',
  permissions: CONFIGURATION,
  approvalType: 'configurationPolicy',
};
