import { odataType } from '../targets/odataTypes.ts';
import { byTarget } from './byTarget.ts';
import type { Kind } from './kind.ts';
import { APPS } from './permissions.ts';

/**
 * EBooks of volume purchase programs.
 * Source: learn.microsoft.com/graph/api/resources/intune-books-managedebookassignment
 */
export const managedEBook: Kind<'managedEBook'> = {
  policyType: 'managedEBook',
  names: ['eBook', 'eBooks'],
  label: { one: 'eBook', many: 'eBooks' },
  apiVersions: ['beta'],
  root: 'deviceAppManagement',
  collection: 'managedEBooks',
  forms: [[]],
  list: { name: 'displayName', also: [], expands: false },
  write: {
    how: 'refused',
    because: 'EBooks are only read here: nobody has shown how Intune takes their lists.',
    instead: 'Change it in Intune.',
  },
  assignmentType: odataType('managedEBookAssignment'),
  ownFields: [
    {
      name: 'installIntent',
      takes: ['available', 'required', 'uninstall', 'availableWithoutEnrollment'],
    },
  ],
  identity: byTarget,
  targets: ['group', 'exclusionGroup', 'allDevices', 'allLicensedUsers'],
  takesFilters: false,
  platformOf: () => 'iOS',
  family: 'books',
  permissions: APPS,
  approvalType: undefined,
};
