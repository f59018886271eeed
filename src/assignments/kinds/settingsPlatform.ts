import type { DevicePlatform } from '../targets/platforms.ts';

/**
 * The words of `deviceManagementConfigurationPlatforms`, a set of flags.
 * Source: Graph's beta metadata, and learn.microsoft.com/graph/api/resources/intune-deviceconfigv2-devicemanagementconfigurationplatforms
 */
const PLATFORMS: Readonly<Record<string, DevicePlatform>> = {
  android: 'android',
  androidenterprise: 'androidForWork',
  aosp: 'androidAOSP',
  ios: 'iOS',
  macos: 'macOS',
  linux: 'linux',
  windows10: 'windows10AndLater',
  windows10x: 'windows10AndLater',
};

/** The platform that a property `platforms` names; undefined for none, several, or a new one. */
export const platformOfSettings = (platforms: unknown): DevicePlatform | undefined =>
  typeof platforms === 'string' ? PLATFORMS[platforms.trim().toLowerCase()] : undefined;
