import { odataType, plainTypeName } from '../targets/odataTypes.ts';
import { platformOfType } from '../targets/platforms.ts';
import { byTarget } from './byTarget.ts';
import type { Kind } from './kind.ts';
import { APPS } from './permissions.ts';

/**
 * App configuration of managed devices. Graph has its `assign` only behind a cast.
 * Source: learn.microsoft.com/graph/api/intune-apps-manageddevicemobileappconfiguration-assign, which shows it without;
 * github.com/microsoftgraph/microsoft-graph-docs/issues/20609 (the cast)
 */
export const mobileAppConfiguration: Kind<'mobileAppConfiguration'> = {
  policyType: 'mobileAppConfiguration',
  names: ['managedDeviceMobileAppConfiguration', 'appConfiguration', 'appConfigurationPolicy'],
  label: { one: 'app configuration', many: 'app configurations' },
  apiVersions: ['beta'],
  root: 'deviceAppManagement',
  collection: 'mobileAppConfigurations',
  forms: [[]],
  list: { name: 'displayName', also: [], expands: true },
  write: {
    how: 'assign',
    assignProperty: 'assignments',
    assignCast: 'microsoft.graph.managedDeviceMobileAppConfiguration',
  },
  assignmentType: odataType('managedDeviceMobileAppConfigurationAssignment'),
  ownFields: [],
  identity: byTarget,
  targets: ['group', 'exclusionGroup', 'allDevices', 'allLicensedUsers'],
  takesFilters: true,
  platformOf: (policy) =>
    plainTypeName(policy['@odata.type']).startsWith('androidmanagedstore')
      ? 'androidForWork'
      : platformOfType(policy['@odata.type']),
  family: 'applications',
  permissions: APPS,
  approvalType: undefined,
};
