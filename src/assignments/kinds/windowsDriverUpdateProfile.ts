import { odataType } from '../targets/odataTypes.ts';
import { byTarget } from './byTarget.ts';
import type { Kind } from './kind.ts';
import { CONFIGURATION } from './permissions.ts';

/**
 * Driver update profiles for Windows. They are for groups of devices, without filters.
 * Source: learn.microsoft.com/graph/api/intune-softwareupdate-windowsdriverupdateprofile-assign; the page of limits names them in no family
 */
export const windowsDriverUpdateProfile: Kind<'windowsDriverUpdateProfile'> = {
  policyType: 'windowsDriverUpdateProfile',
  names: ['driverUpdate', 'driverUpdates', 'driverUpdateProfile'],
  label: { one: 'driver update profile', many: 'driver update profiles' },
  apiVersions: ['beta'],
  root: 'deviceManagement',
  collection: 'windowsDriverUpdateProfiles',
  forms: [[]],
  list: { name: 'displayName', also: [], expands: true, top: 200 },
  write: { how: 'assign', assignProperty: 'assignments' },
  assignmentType: odataType('windowsDriverUpdateProfileAssignment'),
  ownFields: [],
  identity: byTarget,
  targets: ['group', 'exclusionGroup'],
  takesFilters: false,
  leaves: 'updates that were installed',
  platformOf: () => 'windows10AndLater',
  family: 'driverUpdates',
  permissions: CONFIGURATION,
  approvalType: undefined,
};
