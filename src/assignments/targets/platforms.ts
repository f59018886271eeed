import { plainTypeName } from './odataTypes.ts';

/**
 * The platforms of policies, as Graph's enum devicePlatformType names them; those of managed apps (`…MobileApplicationManagement`) as well.
 * `linux` is none of its members, and no filter is for it.
 * Source: learn.microsoft.com/graph/api/resources/intune-policyset-deviceplatformtype (beta).
 */
export type DevicePlatform =
  | 'android'
  | 'androidForWork'
  | 'androidAOSP'
  | 'androidMobileApplicationManagement'
  | 'iOS'
  | 'iOSMobileApplicationManagement'
  | 'linux'
  | 'macOS'
  | 'windowsPhone81'
  | 'windows81AndLater'
  | 'windows10AndLater'
  | 'windowsMobileApplicationManagement';

/**
 * How the type names of policies begin; the first that fits counts. Work profiles and fully managed devices are both
 * Android Enterprise, which filters call `androidForWork`.
 * Source: the heirs of deviceConfiguration and deviceCompliancePolicy in Graph's beta metadata.
 */
const PLATFORM_BY_PREFIX: readonly (readonly [prefix: string, platform: DevicePlatform])[] = [
  ['aosp', 'androidAOSP'],
  ['androidforwork', 'androidForWork'],
  ['androidworkprofile', 'androidForWork'],
  ['androiddeviceowner', 'androidForWork'],
  ['android', 'android'],
  ['ios', 'iOS'],
  ['macos', 'macOS'],
  ['windowsphone', 'windowsPhone81'],
  ['windows81', 'windows81AndLater'],
  ['windows', 'windows10AndLater'],
  ['sharedpc', 'windows10AndLater'],
  ['editionupgrade', 'windows10AndLater'],
];

/** The platform that a policy's `@odata.type` is for; undefined for types that tell none, and for unknown ones. */
export function platformOfType(policyODataType: unknown): DevicePlatform | undefined {
  const name = plainTypeName(policyODataType);
  return PLATFORM_BY_PREFIX.find(([prefix]) => name.startsWith(prefix))?.[1];
}

/** Whether a filter is of managed apps, and not of devices. */
export const isOfManagedApps = (filterPlatform: string): boolean =>
  filterPlatform.toLowerCase().endsWith('mobileapplicationmanagement');

/** Platforms of filters that fit besides the policy's own: Windows 8.1 policies reach Windows 10 devices as well. */
const ALSO_FITS: Readonly<Partial<Record<DevicePlatform, string>>> = {
  androidForWork: 'androidWorkProfile',
  windows81AndLater: 'windows10AndLater',
};

/** Whether a policy can take a filter of this platform. */
export const fitsPlatform = (policy: DevicePlatform, filterPlatform: string): boolean =>
  [policy, ALSO_FITS[policy]].some((each) => each?.toLowerCase() === filterPlatform.toLowerCase());
