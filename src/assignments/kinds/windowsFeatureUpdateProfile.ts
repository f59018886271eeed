import { odataType } from '../targets/odataTypes.ts';
import { byTarget } from './byTarget.ts';
import type { Kind } from './kind.ts';
import { CONFIGURATION } from './permissions.ts';

/**
 * Feature update profiles for Windows. They are for groups of devices, without filters.
 * Source: learn.microsoft.com/graph/api/intune-softwareupdate-windowsfeatureupdateprofile-assign
 */
export const windowsFeatureUpdateProfile: Kind<'windowsFeatureUpdateProfile'> = {
  policyType: 'windowsFeatureUpdateProfile',
  names: ['featureUpdate', 'featureUpdates', 'featureUpdateProfile'],
  label: { one: 'feature update profile', many: 'feature update profiles' },
  apiVersions: ['beta'],
  root: 'deviceManagement',
  collection: 'windowsFeatureUpdateProfiles',
  forms: [[]],
  list: { name: 'displayName', also: [], expands: true, top: 200 },
  write: { how: 'assign', assignProperty: 'assignments' },
  assignmentType: odataType('windowsFeatureUpdateProfileAssignment'),
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
