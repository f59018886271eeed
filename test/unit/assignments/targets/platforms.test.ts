import { expect, test } from 'vitest';
import { fitsPlatform, platformOfType } from '../../../../src/assignments/targets/platforms.ts';

test.each([
  ['#microsoft.graph.iosCompliancePolicy', 'iOS'],
  ['microsoft.graph.iosikEv2VpnConfiguration', 'iOS'],
  ['#microsoft.graph.macOSGeneralDeviceConfiguration', 'macOS'],
  ['#microsoft.graph.windows10GeneralConfiguration', 'windows10AndLater'],
  ['#microsoft.graph.windowsUpdateForBusinessConfiguration', 'windows10AndLater'],
  ['#microsoft.graph.sharedPCConfiguration', 'windows10AndLater'],
  ['#microsoft.graph.editionUpgradeConfiguration', 'windows10AndLater'],
  ['#microsoft.graph.windows81CompliancePolicy', 'windows81AndLater'],
  ['#microsoft.graph.windowsPhone81CompliancePolicy', 'windowsPhone81'],
  ['#microsoft.graph.windowsPhoneEASEmailProfileConfiguration', 'windowsPhone81'],
  ['#microsoft.graph.androidCompliancePolicy', 'android'],
  ['#microsoft.graph.androidOmaCpConfiguration', 'android'],
  ['#microsoft.graph.androidForWorkCustomConfiguration', 'androidForWork'],
  ['#microsoft.graph.androidWorkProfileCompliancePolicy', 'androidForWork'],
  ['#microsoft.graph.androidDeviceOwnerCompliancePolicy', 'androidForWork'],
  ['#microsoft.graph.aospDeviceOwnerCompliancePolicy', 'androidAOSP'],
  ['#microsoft.graph.unsupportedDeviceConfiguration', undefined],
  ['#microsoft.graph.defaultDeviceCompliancePolicy', undefined],
  ['#microsoft.graph.visionOSCompliancePolicy', undefined],
  [undefined, undefined],
])('a policy of the type %s is for %s', (type, platform) => {
  expect(platformOfType(type)).toBe(platform);
});

test.each([
  ['iOS', 'iOS', true],
  ['iOS', 'ios', true],
  ['iOS', 'macOS', false],
  ['iOS', 'iOSMobileApplicationManagement', false],
  ['iOS', 'unknown', false],
  ['androidForWork', 'androidWorkProfile', true],
  ['androidForWork', 'android', false],
  ['android', 'androidForWork', false],
  ['windows81AndLater', 'windows10AndLater', true],
  ['windows10AndLater', 'windows81AndLater', false],
] as const)('whether a policy for %s takes a filter for %s: %s', (policy, of, fits) => {
  expect(fitsPlatform(policy, of)).toBe(fits);
});
