import type { Kind } from './kind.ts';
import { MANAGED_APPS } from './managedAppPolicies.ts';

/** Managed app configurations. Source: learn.microsoft.com/graph/api/intune-mam-targetedmanagedappconfiguration-list, …-targetedmanagedappprotection-assign */
export const targetedManagedAppConfiguration: Kind<'targetedManagedAppConfiguration'> = {
  ...MANAGED_APPS,
  policyType: 'targetedManagedAppConfiguration',
  names: ['managedAppConfiguration', 'appConfigurationOfManagedApps'],
  label: { one: 'managed app configuration', many: 'managed app configurations' },
  collection: 'targetedManagedAppConfigurations',
  platformOf: () => undefined,
  approvalType: undefined,
};
