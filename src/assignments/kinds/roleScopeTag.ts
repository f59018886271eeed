import { odataType } from '../targets/odataTypes.ts';
import { byTarget } from './byTarget.ts';
import type { Kind } from './kind.ts';
import { ROLES } from './permissions.ts';

/**
 * Scope tags, which groups of devices get by themselves.
 * Source: learn.microsoft.com/graph/api/resources/intune-rbac-rolescopetagautoassignment
 */
export const roleScopeTag: Kind<'roleScopeTag'> = {
  policyType: 'roleScopeTag',
  names: ['scopeTag', 'scopeTags'],
  label: { one: 'scope tag', many: 'scope tags' },
  apiVersions: ['beta'],
  root: 'deviceManagement',
  collection: 'roleScopeTags',
  forms: [[]],
  list: { name: 'displayName', also: [], expands: false },
  write: {
    how: 'refused',
    because: 'Scope tags are only read here: they say what administrators see, and no device gets them.',
    instead: 'Change it in Intune.',
  },
  assignmentType: odataType('roleScopeTagAutoAssignment'),
  ownFields: [],
  identity: byTarget,
  targets: ['group'],
  takesFilters: false,
  platformOf: () => undefined,
  family: 'rbac',
  permissions: ROLES,
  approvalType: undefined,
};
