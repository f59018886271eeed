import { odataType } from '../targets/odataTypes.ts';
import { byTarget } from './byTarget.ts';
import type { Kind } from './kind.ts';
import { LAST_MODIFIED } from './ownFields.ts';
import { CONFIGURATION } from './permissions.ts';

/**
 * Policy sets. Graph shows the list of one only with the policy set itself.
 * Source: learn.microsoft.com/graph/api/resources/intune-policyset-policysetassignment; github.com/microsoftgraph/microsoft-graph-explorer-v4/issues/2930
 */
export const policySet: Kind<'policySet'> = {
  policyType: 'policySet',
  names: [],
  label: { one: 'policy set', many: 'policy sets' },
  apiVersions: ['beta'],
  root: 'deviceAppManagement',
  collection: 'policySets',
  forms: [[]],
  list: { name: 'displayName', also: ['status'], expands: false },
  ownList: 'expanded',
  write: {
    how: 'refused',
    because: 'Policy sets are only read here: what they assign changes with each of their members.',
    instead: 'Change it in Intune.',
  },
  assignmentType: odataType('policySetAssignment'),
  ownFields: [LAST_MODIFIED],
  identity: byTarget,
  targets: ['group', 'exclusionGroup', 'allDevices', 'allLicensedUsers'],
  takesFilters: false,
  platformOf: () => undefined,
  family: 'bundles',
  permissions: CONFIGURATION,
  approvalType: undefined,
};
