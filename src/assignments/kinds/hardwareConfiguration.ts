import { odataType } from '../targets/odataTypes.ts';
import { byTarget } from './byTarget.ts';
import type { Kind } from './kind.ts';
import { CONFIGURATION } from './permissions.ts';

/**
 * BIOS settings. Metadata and tools name the body of their `assign` differently.
 * Source: Graph’s beta metadata
 */
export const hardwareConfiguration: Kind<'hardwareConfiguration'> = {
  policyType: 'hardwareConfiguration',
  names: ['BIOS', 'biosConfiguration'],
  label: { one: 'BIOS configuration', many: 'BIOS configurations' },
  apiVersions: ['beta'],
  root: 'deviceManagement',
  collection: 'hardwareConfigurations',
  forms: [[]],
  list: { name: 'displayName', also: [], expands: false },
  write: {
    how: 'refused',
    because:
      'BIOS configurations are only read here: it is not known for sure how Intune takes their lists, and a wrong one unassigns the policy.',
    instead: 'Change it in Intune.',
  },
  assignmentType: odataType('hardwareConfigurationAssignment'),
  ownFields: [],
  identity: byTarget,
  targets: ['group', 'exclusionGroup', 'allDevices', 'allLicensedUsers'],
  takesFilters: true,
  platformOf: () => 'windows10AndLater',
  family: 'hardware',
  permissions: CONFIGURATION,
  approvalType: undefined,
};
