import type { Kind } from './kind.ts';
import { MANAGED_APPS } from './managedAppPolicies.ts';

/** Android app protection policies. Source: learn.microsoft.com/graph/api/intune-mam-androidmanagedappprotection-list, …-targetedmanagedappprotection-assign */
export const androidManagedAppProtection: Kind<'androidManagedAppProtection'> = {
  ...MANAGED_APPS,
  policyType: 'androidManagedAppProtection',
  names: ['androidAppProtection'],
  label: { one: 'Android app protection policy', many: 'Android app protection policies' },
  collection: 'androidManagedAppProtections',
  protects: () => 'app protection',
  platformOf: () => 'androidMobileApplicationManagement',
  approvalType: undefined,
};
