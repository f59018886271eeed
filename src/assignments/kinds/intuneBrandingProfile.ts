import { odataType } from '../targets/odataTypes.ts';
import { byTarget } from './byTarget.ts';
import type { Kind } from './kind.ts';
import { APPS } from './permissions.ts';

/**
 * What the Company Portal looks like.
 * Source: learn.microsoft.com/graph/api/resources/intune-wip-intunebrandingprofileassignment
 */
export const intuneBrandingProfile: Kind<'intuneBrandingProfile'> = {
  policyType: 'intuneBrandingProfile',
  names: ['branding', 'brandingProfile'],
  label: { one: 'branding profile', many: 'branding profiles' },
  apiVersions: ['beta'],
  root: 'deviceManagement',
  collection: 'intuneBrandingProfiles',
  forms: [[]],
  list: { name: 'profileName', also: [], expands: false },
  write: {
    how: 'refused',
    because: 'Branding profiles are only read here.',
    instead: 'Change it in Intune.',
  },
  assignmentType: odataType('intuneBrandingProfileAssignment'),
  ownFields: [],
  identity: byTarget,
  targets: ['group', 'allLicensedUsers'],
  takesFilters: false,
  platformOf: () => undefined,
  family: 'wip',
  permissions: APPS,
  approvalType: undefined,
};
