import { everybodyIn, targetIn } from '../targets/currentTarget.ts';
import { FILTER_ID, FILTER_TYPE, filterOf } from '../targets/filter.ts';
import { odataType, plainTypeName } from '../targets/odataTypes.ts';
import { platformOfType, type DevicePlatform } from '../targets/platforms.ts';
import type { TargetType } from '../targets/target.ts';
import { isJsonObject, type JsonObject } from '../values/json.ts';
import { canonicalText } from '../changes/canonical.ts';
import { byTarget } from './byTarget.ts';
import type { Kind } from './kind.ts';
import { SOURCE_FIELDS } from './ownFields.ts';
import { APPS } from './permissions.ts';
import type { Refusal } from './refusal.ts';
import { bringsFilter, isExcluding, isSaid, noFilter } from './refusals.ts';

const intentOf = ({ intent }: JsonObject): string => (typeof intent === 'string' ? intent.toLowerCase() : '');

/**
 * Apps of every platform. What an app is assigned for is its intent: a group may be required to have it and be excluded from its removal, so that
 * an assignment is named by target and intent. Intune keeps one for all devices, and one for all users, whatever their intents.
 * Source: learn.microsoft.com/graph/api/intune-apps-mobileapp-assign (body), …/resources/intune-apps-mobileappassignment,
 * learn.microsoft.com/intune/…/apps-deploy (targets), the portal's own `$filter` of the collection.
 */
export const mobileApp: Kind<'mobileApp'> = {
  policyType: 'mobileApp',
  names: ['app', 'apps', 'application', 'applications'],
  label: { one: 'app', many: 'apps' },
  apiVersions: ['beta'],
  root: 'deviceAppManagement',
  collection: 'mobileApps',
  forms: [[]],
  list: {
    name: 'displayName',
    also: ['publishingState', 'isAssigned'],
    filter:
      "(microsoft.graph.managedApp/appAvailability eq null or microsoft.graph.managedApp/appAvailability eq 'lineOfBusiness' or isAssigned eq true)",
    expands: true,
  },
  write: { how: 'assign', assignProperty: 'mobileAppAssignments' },
  assignmentType: odataType('mobileAppAssignment'),
  ownFields: [
    { name: 'intent', takes: ['available', 'required', 'uninstall', 'availableWithoutEnrollment'] },
    { name: 'settings', takes: 'json' },
    ...SOURCE_FIELDS,
  ],
  idsRepeat: true,
  identity: (assignment) =>
    everybodyIn(targetIn(assignment)) === undefined
      ? `${intentOf(assignment)} ${byTarget(assignment)}`
      : byTarget(assignment),
  partOf: intentOf,
  targets: ['group', 'exclusionGroup', 'allDevices', 'allLicensedUsers'] satisfies TargetType[],
  takesFilters: true,
  entryRefusal,
  addRefusal: (entry) =>
    intentOf(entry) === ''
      ? {
          about: 'intent',
          message: 'An app is assigned with an intent.',
          remedy: 'Write required, available, uninstall or availableWithoutEnrollment.',
        }
      : undefined,
  refuses: (app, after, before) =>
    unpublished(app) ??
    otherSettings(app, after, before) ??
    refusedFilter(app, after, before) ??
    refusedExclusion(app, after, before),
  settled,
  asSent,
  leaves: 'apps that were installed or removed',
  isDeployed: true,
  platformOf: (app) => platformOfApp(app['@odata.type']),
  family: 'applications',
  permissions: APPS,
  approvalType: 'app',
};

/** An exclusion has no settings. */
function settled({ settings, ...entry }: JsonObject): JsonObject {
  return settings === undefined || isExcluding(entry) ? entry : { ...entry, settings };
}

/** Where there is no filter none is named: the new Edge takes not even that. */
function asSent(entry: JsonObject): JsonObject {
  const target = targetIn(entry);
  if (filterOf(target) !== undefined) return entry;
  const { [FILTER_ID]: _id, [FILTER_TYPE]: _type, ...audience } = target;
  return { ...entry, target: audience };
}

function entryRefusal(entry: JsonObject): Refusal | undefined {
  if (isExcluding(entry) && isSaid(entry['settings']))
    return {
      about: 'settings',
      message: 'An exclusion from an app has no settings.',
      remedy: 'Leave settings blank.',
    };
  if (intentOf(entry).startsWith('available') && everybodyIn(targetIn(entry)) === 'allDevices')
    return {
      about: 'targetType',
      message: 'An app is made available to users, not to all devices.',
      remedy: 'Write required as intent, or allLicensedUsers or a group of users as target.',
    };
  return undefined;
}

const nameOf = (app: JsonObject): string => plainTypeName(app['@odata.type']);

/** Intune takes no assignment of an app that is still being prepared. */
function unpublished({ publishingState }: JsonObject): Refusal | undefined {
  if (publishingState !== 'notPublished' && publishingState !== 'processing') return undefined;
  return {
    about: 'policyId',
    message: `The app is not published yet (${publishingState}), and can’t be assigned before.`,
    remedy: 'Finish it in Intune, then start again.',
  };
}

/** Which apps settings of a type are for. Source: the heirs of mobileAppAssignmentSettings in Graph's beta metadata. */
const APPS_OF_SETTINGS: Readonly<Record<string, readonly string[]>> = {
  androidmanagedstoreappassignmentsettings: ['androidmanagedstoreapp', 'androidmanagedstorewebapp'],
  iosddmlobappassignmentsettings: ['iosddmlobapp', 'ioslobapp'],
  ioslobappassignmentsettings: ['ioslobapp'],
  iosstoreappassignmentsettings: ['iosstoreapp'],
  iosvppappassignmentsettings: ['iosvppapp'],
  macoslobappassignmentsettings: ['macoslobapp'],
  macosvppappassignmentsettings: ['macosvppapp'],
  microsoftstoreforbusinessappassignmentsettings: ['microsoftstoreforbusinessapp'],
  win32catalogappassignmentsettings: ['win32catalogapp'],
  win32lobappassignmentsettings: ['win32lobapp', 'win32catalogapp'],
  windowsappxappassignmentsettings: ['windowsappx'],
  windowsuniversalappxappassignmentsettings: ['windowsuniversalappx'],
  wingetappassignmentsettings: ['wingetapp'],
};

function otherSettings(
  app: JsonObject,
  { settings }: JsonObject,
  before: JsonObject | undefined,
): Refusal | undefined {
  if (!isJsonObject(settings) || canonicalText(settings) === canonicalText(before?.['settings']))
    return undefined;
  const apps = APPS_OF_SETTINGS[plainTypeName(settings['@odata.type'])];
  if (apps === undefined || nameOf(app) === '' || apps.includes(nameOf(app))) return undefined;
  return {
    about: 'settings',
    message: `Settings of the type ${String(settings['@odata.type'])} are for other apps than one of the type ${String(app['@odata.type'])}.`,
    remedy: 'Write the settings as an export shows them for such an app, or leave settings blank.',
  };
}

/** Source: learn.microsoft.com/intune/…/filters-supported-workloads; of Edge, what IntuneManagement does. */
const UNFILTERED = new Set(['webapp', 'windowswebapp', 'windowsmicrosoftedgeapp']);

const refusedFilter = (
  app: JsonObject,
  after: JsonObject,
  before: JsonObject | undefined,
): Refusal | undefined =>
  UNFILTERED.has(nameOf(app)) && bringsFilter(after, before)
    ? noFilter(nameOf(app) === 'windowsmicrosoftedgeapp' ? 'Assignments of Microsoft Edge' : 'Web links')
    : undefined;

/** A list with one is refused as a whole. Source: Intuneomator, pull request 69. */
const refusedExclusion = (
  app: JsonObject,
  after: JsonObject,
  before: JsonObject | undefined,
): Refusal | undefined =>
  nameOf(app) === 'macoslobapp' && isExcluding(after) && !(before && isExcluding(before))
    ? {
        about: 'targetType',
        message: 'A line-of-business app for macOS takes no exclusion.',
        remedy: 'Assign it to a group that leaves these devices out.',
      }
    : undefined;

/** How the names of apps begin that say nothing of their platform, or another one. */
const PLATFORM_BY_PREFIX: readonly (readonly [prefix: string, platform: DevicePlatform])[] = [
  ['androidmanagedstore', 'androidForWork'],
  ['managedandroid', 'android'],
  ['managedios', 'iOS'],
  ['macos', 'macOS'],
  ['win32', 'windows10AndLater'],
  ['winget', 'windows10AndLater'],
  ['officesuite', 'windows10AndLater'],
  ['microsoftstoreforbusiness', 'windows10AndLater'],
];

function platformOfApp(appType: unknown): DevicePlatform | undefined {
  const name = plainTypeName(appType);
  return PLATFORM_BY_PREFIX.find(([prefix]) => name.startsWith(prefix))?.[1] ?? platformOfType(appType);
}
