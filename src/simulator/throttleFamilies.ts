/**
 * The families of requests that Intune counts apart, as far as it is told which they are. Written down from
 * learn.microsoft.com/graph/throttling-limits, "Intune service limits", apart from the table that the product keeps.
 */
export const CONFIGURATION = 'device configuration';

/** The first segment behind the area that belongs to a family. */
const FAMILIES: Readonly<Record<string, readonly string[]>> = {
  [CONFIGURATION]: ['deviceConfigurations', 'deviceCompliancePolicies'],
  'device config v2': ['configurationPolicies', 'reusablePolicySettings'],
  'device intent': ['intents'],
  devices: [
    ...['deviceManagementScripts', 'deviceShellScripts', 'deviceCustomAttributeShellScripts'],
    ...['deviceHealthScripts', 'deviceComplianceScripts'],
  ],
  updates: ['windowsFeatureUpdateProfiles', 'windowsQualityUpdateProfiles'],
  'device enrollment': ['deviceEnrollmentConfigurations'],
  applications: ['mobileApps', 'mobileAppConfigurations', 'iosLobAppProvisioningConfigurations'],
  'managed applications': [
    ...['androidManagedAppProtections', 'iosManagedAppProtections', 'windowsManagedAppProtections'],
    ...['targetedManagedAppConfigurations', 'managedAppPolicies'],
  ],
  bundles: ['policySets', 'assignmentFilters'],
  'company terms': ['termsAndConditions'],
  books: ['managedEBooks'],
  wip: ['intuneBrandingProfiles'],
  unlock: ['wdacSupplementalPolicies'],
  rbac: ['roleScopeTags'],
};

/** Of this one twice as many are taken as of the others. */
const DOUBLE = 'devices';

const bySegment = new Map(
  Object.entries(FAMILIES).flatMap(([family, segments]) =>
    segments.map((segment) => [segment.toLowerCase(), family] as const),
  ),
);

/** What is in no list is counted with the configurations, or apart, each set by itself: nobody knows. */
export function familyOf(url: string, unlistedApart: boolean): string {
  const [, segment = ''] = /^\/?device(?:App)?Management\/([^/(?]+)/i.exec(url) ?? [];
  const listed = bySegment.get(segment.toLowerCase());
  return listed ?? (unlistedApart && segment !== '' ? segment : CONFIGURATION);
}

/** How many times the usual limit a family takes. */
export const shareOf = (family: string): number => (family === DOUBLE ? 2 : 1);
