import type { Kind } from './kind.ts';
import { MANAGED_APPS } from './managedAppPolicies.ts';

/** IOS app protection policies. Source: learn.microsoft.com/graph/api/intune-mam-iosmanagedappprotection-list, …-targetedmanagedappprotection-assign */
export const iosManagedAppProtection: Kind<'iosManagedAppProtection'> = {
  ...MANAGED_APPS,
  policyType: 'iosManagedAppProtection',
  names: ['iosAppProtection'],
  label: { one: 'iOS app protection policy', many: 'iOS app protection policies' },
  collection: 'iosManagedAppProtections',
  protects: () => 'app protection',
  platformOf: () => 'iOSMobileApplicationManagement',
  approvalType: undefined,
};
