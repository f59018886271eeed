import { odataType } from '../targets/odataTypes.ts';
import { byTarget } from './byTarget.ts';
import type { Kind } from './kind.ts';
import { CONFIGURATION } from './permissions.ts';

/**
 * Quality update profiles for Windows. They are for groups of devices, without filters.
 * Source: learn.microsoft.com/graph/api/intune-softwareupdate-windowsqualityupdateprofile-assign
 */
export const windowsQualityUpdateProfile: Kind<'windowsQualityUpdateProfile'> = {
  policyType: 'windowsQualityUpdateProfile',
  names: ['expeditedUpdate', 'qualityUpdateProfile'],
  label: { one: 'quality update profile', many: 'quality update profiles' },
  apiVersions: ['beta'],
  root: 'deviceManagement',
  collection: 'windowsQualityUpdateProfiles',
  forms: [[]],
  list: { name: 'displayName', also: [], expands: true, top: 200 },
  write: { how: 'assign', assignProperty: 'assignments' },
  assignmentType: odataType('windowsQualityUpdateProfileAssignment'),
  ownFields: [],
  identity: byTarget,
  targets: ['group', 'exclusionGroup'],
  takesFilters: false,
  leaves: 'updates that were installed',
  platformOf: () => 'windows10AndLater',
  family: 'updates',
  permissions: CONFIGURATION,
  approvalType: undefined,
};
