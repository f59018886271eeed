import { MORE_KINDS } from './moreKinds.ts';
import type { AssignmentFilter } from './filters.ts';
import { randomGuid, seededRandom, type Random } from './random.ts';
import { idOfTarget } from './target.ts';
import type { SeedAssignment } from './assignmentSeed.ts';
import type { SeedPolicy } from './tenantFile.ts';

/** What one policy of a kind is made up from. */
interface Recipe {
  readonly odataType?: string;
  readonly properties?: Readonly<Record<string, unknown>>;
  /** The platform that its filters are for; undefined: it takes none. */
  readonly filters?: string;
  readonly targets: readonly (
    'group' | 'exclusionGroup' | 'allDevices' | 'allLicensedUsers' | 'usersGroup'
  )[];
  readonly own?: (random: Random, isExclusion: boolean, place: number) => SeedAssignment['own'];
  readonly intents?: readonly NonNullable<SeedAssignment['intent']>[];
}

const EVERYBODY = ['group', 'exclusionGroup', 'allDevices', 'allLicensedUsers'] as const;
const GROUPS = ['group', 'exclusionGroup'] as const;

const type = (name: string): string => `#microsoft.graph.${name}`;

const settingsCatalog = (platforms: string, templateFamily: string, filters?: string): Recipe => ({
  properties: {
    ...{ platforms, technologies: 'mdm', isAssigned: true },
    templateReference: { templateFamily },
  },
  ...(filters !== undefined && { filters }),
  targets: EVERYBODY,
});

const app = (name: string, settings: object | null, filters?: string): Recipe => ({
  odataType: type(name),
  properties: { publishingState: 'published', isAssigned: true },
  ...(filters !== undefined && { filters }),
  targets: EVERYBODY,
  intents: ['required', 'available', 'uninstall'],
  own: (_, isExclusion) => ({ settings: isExclusion ? null : settings }),
});

const SCHEDULES: readonly object[] = [
  {
    '@odata.type': type('deviceHealthScriptDailySchedule'),
    interval: 1,
    useUtc: false,
    time: '01:00:00.0000000',
  },
  { '@odata.type': type('deviceHealthScriptHourlySchedule'), interval: 8 },
  {
    '@odata.type': type('deviceHealthScriptRunOnceSchedule'),
    ...{ interval: 1, useUtc: true, time: '22:30:00.0000000', date: '2026-12-24' },
  },
];

const managedApps = (filters: string): Recipe => ({ filters, targets: [...GROUPS, 'usersGroup'] });
const script: Recipe = { targets: EVERYBODY };
const update: Recipe = { targets: GROUPS };

/** What policies of each kind are like, one after the other. */
const RECIPES: Readonly<Record<(typeof MORE_KINDS)[number]['type'], readonly [Recipe, ...Recipe[]]>> = {
  configurationPolicy: [
    settingsCatalog('windows10', 'none', 'windows10AndLater'),
    settingsCatalog('windows10', 'endpointSecurityFirewall', 'windows10AndLater'),
    settingsCatalog('macOS', 'none', 'macOS'),
    settingsCatalog('windows10', 'baseline'),
    settingsCatalog('linux', 'deviceConfigurationScripts'),
    settingsCatalog('iOS', 'none', 'iOS'),
  ],
  groupPolicyConfiguration: [{ filters: 'windows10AndLater', targets: EVERYBODY }],
  mobileApp: [
    app(
      'win32LobApp',
      {
        '@odata.type': type('win32LobAppAssignmentSettings'),
        ...{ notifications: 'showAll', restartSettings: null, deliveryOptimizationPriority: 'notConfigured' },
        installTimeSettings: {
          useLocalTime: true,
          startDateTime: null,
          deadlineDateTime: '2026-12-01T08:00:00Z',
        },
      },
      'windows10AndLater',
    ),
    app(
      'iosVppApp',
      {
        '@odata.type': type('iosVppAppAssignmentSettings'),
        useDeviceLicensing: true,
        vpnConfigurationId: null,
      },
      'iOS',
    ),
    app(
      'winGetApp',
      { '@odata.type': type('winGetAppAssignmentSettings'), notifications: 'hideAll' },
      'windows10AndLater',
    ),
    app('webApp', null),
    app('windowsMicrosoftEdgeApp', null),
  ],
  deviceManagementScript: [script],
  deviceShellScript: [script],
  deviceCustomAttributeShellScript: [script],
  deviceHealthScript: [
    {
      filters: 'windows10AndLater',
      targets: EVERYBODY,
      own: (random, isExclusion, place) => ({
        runRemediationScript: random() < 0.5,
        runSchedule: isExclusion ? null : (SCHEDULES[place % SCHEDULES.length] ?? null),
      }),
    },
  ],
  windowsFeatureUpdateProfile: [update],
  windowsQualityUpdateProfile: [update],
  windowsQualityUpdatePolicy: [update],
  windowsDriverUpdateProfile: [update],
  mobileAppConfiguration: [
    { odataType: type('iosMobileAppConfiguration'), filters: 'iOS', targets: EVERYBODY },
    { odataType: type('androidManagedStoreAppConfiguration'), filters: 'androidForWork', targets: EVERYBODY },
  ],
  targetedManagedAppConfiguration: [managedApps('iOSMobileApplicationManagement')],
  androidManagedAppProtection: [managedApps('androidMobileApplicationManagement')],
  iosManagedAppProtection: [managedApps('iOSMobileApplicationManagement')],
  windowsManagedAppProtection: [managedApps('windowsMobileApplicationManagement')],
  compliancePolicy: [{ properties: { platforms: 'linux', isAssigned: true }, targets: EVERYBODY }],
  deviceEnrollmentConfiguration: [
    {
      odataType: type('windows10EnrollmentCompletionPageConfiguration'),
      properties: { priority: 1 },
      targets: ['group', 'allDevices', 'allLicensedUsers'],
    },
    {
      odataType: type('deviceEnrollmentPlatformRestrictionConfiguration'),
      properties: { priority: 2, platformType: 'ios' },
      filters: 'iOS',
      targets: ['group'],
    },
    {
      odataType: type('deviceEnrollmentLimitConfiguration'),
      properties: { priority: 1 },
      targets: ['group'],
    },
    {
      odataType: type('deviceEnrollmentPlatformRestrictionConfiguration'),
      properties: { priority: 0, platformType: 'windows' },
      targets: [],
    },
  ],
  windowsAutopilotDeploymentProfile: [{ targets: GROUPS }],
  termsAndConditions: [{ targets: ['group', 'allLicensedUsers'] }],
  deviceManagementIntent: [{ properties: { isAssigned: true }, targets: EVERYBODY }],
  hardwareConfiguration: [{ targets: GROUPS }],
  managedEBook: [{ targets: ['group'], own: () => ({ installIntent: 'required' }) }],
  wdacSupplementalPolicy: [{ targets: GROUPS }],
  policySet: [{ properties: { status: 'success' }, targets: GROUPS }],
  intuneBrandingProfile: [{ targets: ['group'] }],
  roleScopeTag: [{ targets: ['group'] }],
};

const EXCLUSIONS = 0.2;
const FILTERED = 0.3;
const KEPT_PLATFORMS = [
  ...['windows10AndLater', 'iOS', 'macOS', 'androidForWork'],
  ...[
    'iOSMobileApplicationManagement',
    'androidMobileApplicationManagement',
    'windowsMobileApplicationManagement',
  ],
];

/** Policies of every kind but configurations and compliance policies, and the filters that they use. */
export function generateKinds({
  perKind,
  assignmentsPerPolicy,
  seed,
}: {
  readonly perKind: number;
  readonly assignmentsPerPolicy: number;
  readonly seed: number;
}): { readonly policies: SeedPolicy[]; readonly filters: AssignmentFilter[] } {
  const random = seededRandom(seed);
  const filters = KEPT_PLATFORMS.map((platform) => ({
    ...{ id: randomGuid(random), displayName: `Filter for ${platform}`, platform },
    rule: '(device.deviceOwnership -eq "Corporate")',
  }));
  const policies = MORE_KINDS.flatMap((kind) =>
    Array.from({ length: perKind }, (_, place): SeedPolicy => {
      const recipes = RECIPES[kind.type];
      const recipe = recipes[place % recipes.length] ?? recipes[0];
      const id = kind.set.endsWith('ManagedAppProtections') ? `T_${randomGuid(random)}` : randomGuid(random);
      const filterId = filters.find(({ platform }) => platform === recipe.filters)?.id;
      return {
        ...{ id, type: kind.type, displayName: `${kind.type} ${place + 1}` },
        odataType: recipe.odataType ?? type(kind.policyTypes[0]),
        ...(recipe.properties !== undefined && { properties: { ...recipe.properties } }),
        assignments: assignmentsFor(id, recipe, filterId, assignmentsPerPolicy, random),
      };
    }),
  );
  return { policies, filters };
}

function assignmentsFor(
  policyId: string,
  { targets, own, intents }: Recipe,
  filterId: string | undefined,
  wanted: number,
  random: Random,
): SeedAssignment[] {
  const assignments: SeedAssignment[] = [];
  if (targets.length === 0) return assignments;
  for (let place = 0; place < wanted; place += 1) {
    const isExclusion = place > 0 && targets.includes('exclusionGroup') && random() < EXCLUSIONS;
    const target = targetAt(place, isExclusion, targets, filterId, random);
    const isDevices = target['@odata.type'] === type('allDevicesAssignmentTarget');
    const intent = isDevices ? 'required' : intents?.[place % intents.length];
    const id = intents === undefined ? `${policyId}_${idOfTarget(target)}` : appId(target, intent);
    const more = own?.(random, isExclusion, place);
    assignments.push({ id, target, ...(intent !== undefined && { intent }), ...(more && { own: more }) });
    // Who must have an app is often kept from losing it.
    const isPaired = intent === 'required' && !isExclusion && random() < 0.5;
    if (isPaired && target['@odata.type'] === type('groupAssignmentTarget')) {
      const excluded = { '@odata.type': type('exclusionGroupAssignmentTarget'), groupId: target['groupId'] };
      assignments.push({
        ...{ id: appId(excluded, 'uninstall'), target: excluded, intent: 'uninstall' },
        own: { settings: null },
      });
    }
  }
  return assignments;
}

const appId = (target: SeedAssignment['target'], intent: SeedAssignment['intent']): string =>
  `${idOfTarget(target)}_${['available', 'required', 'uninstall'].indexOf(String(intent))}_0`;

/** Everybody comes first in a list and at most once. */
function targetAt(
  place: number,
  isExclusion: boolean,
  targets: Recipe['targets'],
  filterId: string | undefined,
  random: Random,
): SeedAssignment['target'] {
  if (isExclusion)
    return { '@odata.type': type('exclusionGroupAssignmentTarget'), groupId: randomGuid(random) };
  const everybody = targets.filter((each) => each !== 'group' && each !== 'exclusionGroup');
  const some = place === 0 && random() < 0.3 ? everybody[Math.floor(random() * everybody.length)] : undefined;
  const filter = filterId !== undefined &&
    random() < FILTERED && {
      deviceAndAppManagementAssignmentFilterId: filterId,
      deviceAndAppManagementAssignmentFilterType: random() < 0.5 ? 'include' : 'exclude',
    };
  if (some === 'usersGroup')
    return {
      '@odata.type': type('groupAssignmentTarget'),
      groupId: 'acacacac-9df4-4c7d-9d50-4ef0226f57a9',
      ...filter,
    };
  if (some !== undefined) return { '@odata.type': type(`${some}AssignmentTarget`), ...filter };
  return { '@odata.type': type('groupAssignmentTarget'), groupId: randomGuid(random), ...filter };
}
