import type { Random } from './random.ts';
import type { PolicyType } from './route.ts';

/**
 * Platforms that a filter is made for. Source: learn.microsoft.com/graph/api/resources/intune-shared-deviceplatformtype
 * (beta); androidForWork is what Intune calls Android Enterprise.
 */
export const PLATFORMS = [
  'windows10AndLater',
  'iOS',
  'macOS',
  'androidForWork',
  'android',
  'windowsPhone81',
] as const;
export type Platform = (typeof PLATFORMS)[number];

/** Some of the kinds there are. Source: learn.microsoft.com/graph/api/resources/intune-deviceconfig-conceptual. */
const KINDS: Readonly<Record<PolicyType, readonly string[]>> = {
  deviceConfiguration: [
    'windows10GeneralConfiguration',
    'windows10CustomConfiguration',
    'windowsUpdateForBusinessConfiguration',
    'iosGeneralDeviceConfiguration',
    'iosCustomConfiguration',
    'macOSGeneralDeviceConfiguration',
    'macOSCustomConfiguration',
    'androidGeneralDeviceConfiguration',
    'androidWorkProfileGeneralDeviceConfiguration',
    'androidDeviceOwnerGeneralDeviceConfiguration',
  ],
  deviceCompliancePolicy: [
    'windows10CompliancePolicy',
    'iosCompliancePolicy',
    'macOSCompliancePolicy',
    'androidCompliancePolicy',
    'androidWorkProfileCompliancePolicy',
    'androidDeviceOwnerCompliancePolicy',
  ],
};

/** The `@odata.type` of some policy. */
export function anyPolicyType(type: PolicyType, random: Random): string {
  const kinds = KINDS[type];
  return `#microsoft.graph.${kinds[Math.floor(random() * kinds.length)]}`;
}

/** What a policy is when nobody says it. */
export const DEFAULT_POLICY_TYPE: Readonly<Record<PolicyType, string>> = {
  deviceConfiguration: '#microsoft.graph.windows10CustomConfiguration',
  deviceCompliancePolicy: '#microsoft.graph.windows10CompliancePolicy',
};

/** How the names of the kinds of a platform begin; the first that fits counts. */
const BEGINNINGS: readonly (readonly [string, Platform])[] = [
  ['ios', 'iOS'],
  ['macOS', 'macOS'],
  ['androidWorkProfile', 'androidForWork'],
  ['androidDeviceOwner', 'androidForWork'],
  ['androidForWork', 'androidForWork'],
  ['android', 'android'],
  ['windowsPhone81', 'windowsPhone81'],
];

/** The platform of a policy by its `@odata.type`. */
export function platformOf(odataType: string): Platform {
  const name = odataType.replace(/^#?microsoft\.graph\./, '');
  return BEGINNINGS.find(([beginning]) => name.startsWith(beginning))?.[1] ?? 'windows10AndLater';
}
