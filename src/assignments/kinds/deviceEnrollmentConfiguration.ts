import { odataType, plainTypeName } from '../targets/odataTypes.ts';
import type { DevicePlatform } from '../targets/platforms.ts';
import type { JsonObject } from '../values/json.ts';
import { byTarget } from './byTarget.ts';
import type { Kind } from './kind.ts';
import { SOURCE_FIELDS } from './ownFields.ts';
import { SERVICE_CONFIG } from './permissions.ts';
import type { Refusal } from './refusal.ts';
import { bringsFilter, bringsTarget, noFilter, noTarget } from './refusals.ts';

/**
 * Enrolment: restrictions, limits, status pages, notifications, Windows Hello, co-management. Those of priority 0 are the tenant's defaults, which
 * are for everybody.
 * Source: learn.microsoft.com/graph/api/intune-onboarding-deviceenrollmentconfiguration-assign;
 * learn.microsoft.com/intune/…/filters-supported-workloads (filters), terraform-provider-microsoft365 (targets)
 */
export const deviceEnrollmentConfiguration: Kind<'deviceEnrollmentConfiguration'> = {
  policyType: 'deviceEnrollmentConfiguration',
  names: [
    'enrollmentConfiguration',
    'enrolmentConfiguration',
    'enrollmentRestriction',
    'enrollmentStatusPage',
  ],
  label: { one: 'enrolment configuration', many: 'enrolment configurations' },
  apiVersions: ['beta'],
  root: 'deviceManagement',
  collection: 'deviceEnrollmentConfigurations',
  forms: [[]],
  list: { name: 'displayName', also: 'all', expands: true },
  write: { how: 'assign', assignProperty: 'enrollmentConfigurationAssignments' },
  assignmentType: odataType('enrollmentConfigurationAssignment'),
  ownFields: SOURCE_FIELDS,
  identity: byTarget,
  targets: ['group', 'exclusionGroup', 'allDevices', 'allLicensedUsers'],
  takesFilters: true,
  refuses: (configuration, after, before) =>
    ofDefault(configuration) ??
    refusedTarget(configuration, after, before) ??
    refusedFilter(configuration, after, before),
  platformOf: platformOfEnrollment,
  family: 'deviceEnrollment',
  permissions: SERVICE_CONFIG,
  approvalType: undefined,
};

const ofDefault = ({ priority }: JsonObject): Refusal | undefined =>
  priority === 0
    ? {
        about: 'policyId',
        message: 'It is the tenant’s default, which is for everybody and takes no assignment.',
        remedy: 'Assign a configuration of your own, or take the row out.',
      }
    : undefined;

const STATUS_PAGE = 'windows10enrollmentcompletionpageconfiguration';
const NOTIFICATION = 'deviceenrollmentnotificationconfiguration';
const LIMIT = 'deviceenrollmentlimitconfiguration';
const RESTRICTIONS = [
  'deviceenrollmentplatformrestrictionconfiguration',
  'deviceenrollmentplatformrestrictionsconfiguration',
];

const typeOf = (configuration: JsonObject): string => plainTypeName(configuration['@odata.type']);

function refusedTarget(
  configuration: JsonObject,
  after: JsonObject,
  before: JsonObject | undefined,
): Refusal | undefined {
  const type = typeOf(configuration);
  const brings = (...types: Parameters<typeof bringsTarget>[0]): boolean =>
    bringsTarget(types, after, before);
  if (type === STATUS_PAGE && brings('exclusionGroup'))
    return noTarget('Enrolment status pages', 'exclusions', 'Write group, allDevices or allLicensedUsers.');
  if (type === NOTIFICATION && brings('exclusionGroup', 'allDevices'))
    return noTarget(
      'Enrolment notifications',
      'all devices, nor exclude a group',
      'Write group or allLicensedUsers.',
    );
  return (type === LIMIT || RESTRICTIONS.includes(type)) && brings('allDevices')
    ? noTarget(
        'Enrolment limits and restrictions',
        'all devices, as they are for users',
        'Write a group of users.',
      )
    : undefined;
}

function refusedFilter(
  configuration: JsonObject,
  after: JsonObject,
  before: JsonObject | undefined,
): Refusal | undefined {
  if (!bringsFilter(after, before)) return undefined;
  const type = typeOf(configuration);
  if (type === NOTIFICATION) return noFilter('Enrolment notifications');
  if (type === LIMIT) return noFilter('Enrolment limits');
  return RESTRICTIONS.includes(type) && platformOfEnrollment(configuration)?.startsWith('android')
    ? noFilter('Enrolment restrictions for Android')
    : undefined;
}

/** The words of `enrollmentRestrictionPlatformType`. */
const PLATFORMS: Readonly<Record<string, DevicePlatform>> = {
  android: 'android',
  androidforwork: 'androidForWork',
  ios: 'iOS',
  linux: 'linux',
  mac: 'macOS',
  windows: 'windows10AndLater',
};

function platformOfEnrollment({ platformType, ...configuration }: JsonObject): DevicePlatform | undefined {
  if (typeof platformType === 'string') return PLATFORMS[platformType.toLowerCase()];
  return typeOf(configuration) === STATUS_PAGE ? 'windows10AndLater' : undefined;
}
