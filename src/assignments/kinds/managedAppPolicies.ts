import { odataType } from '../targets/odataTypes.ts';
import { byTarget } from './byTarget.ts';
import type { Kind } from './kind.ts';
import { SOURCE_FIELDS } from './ownFields.ts';
import { APPS } from './permissions.ts';

/**
 * What policies of managed apps have in common: they take groups only, where all users are a group that stands for them; their filters are of
 * managed apps; and Graph shows their lists by themselves only, under the collection of the concrete kind.
 * Source: learn.microsoft.com/graph/api/resources/intune-mam-targetedmanagedapppolicyassignment; what the portal writes for all users, after CIPP
 */
export const MANAGED_APPS = {
  apiVersions: ['beta'],
  root: 'deviceAppManagement',
  forms: [[]],
  list: { name: 'displayName', also: [], expands: false },
  write: { how: 'assign', assignProperty: 'assignments' },
  assignmentType: odataType('targetedManagedAppPolicyAssignment'),
  ownFields: SOURCE_FIELDS,
  identity: byTarget,
  targets: ['group', 'exclusionGroup', 'allLicensedUsers'],
  usersAsGroup: true,
  takesFilters: true,
  managedAppFilters: true,
  family: 'managedApplications',
  permissions: APPS,
} as const satisfies Partial<Kind>;
