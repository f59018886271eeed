import type { Kind } from './kind.ts';
import { MANAGED_APPS } from './managedAppPolicies.ts';

/** Windows app protection policies. Source: learn.microsoft.com/graph/api/intune-mam-windowsmanagedappprotection-list, …-targetedmanagedappprotection-assign */
export const windowsManagedAppProtection: Kind<'windowsManagedAppProtection'> = {
  ...MANAGED_APPS,
  policyType: 'windowsManagedAppProtection',
  names: ['windowsAppProtection'],
  label: { one: 'Windows app protection policy', many: 'Windows app protection policies' },
  collection: 'windowsManagedAppProtections',
  protects: () => 'app protection',
  platformOf: () => 'windowsMobileApplicationManagement',
  approvalType: undefined,
};
