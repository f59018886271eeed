import type { AskedEntry, JudgedPolicy, OwnProperty, PolicyKind } from './kindShape.ts';

/*
 * Written down from Microsoft's documentation and metadata, from what other tools send and from what people report, apart from the
 * table that the product has.
 */

const SOURCE: OwnProperty = {
  takes: { enumName: 'deviceAndAppManagementAssignmentSource', members: ['direct', 'policySets'] },
  initial: 'direct',
  readOnly: true,
};
const SOURCE_ID: OwnProperty = { takes: 'text or null', initial: null, readOnly: true };
const LAST_MODIFIED: OwnProperty = { takes: 'text or null', initial: '2026-03-01T08:00:00Z', readOnly: true };

const GROUPS = ['group', 'exclusionGroup'] as const;
const GROUPS_AND_EVERYBODY = [...GROUPS, 'allDevices', 'allLicensedUsers'] as const;

/** What most of them have in common. */
const USUAL = {
  area: 'deviceManagement',
  versions: ['beta'],
  nestedForms: [],
  name: 'displayName',
  own: {},
  takesPatch: false,
  approvalType: null,
  expandsAll: 'yes',
  takesListFilter: true,
  listsAlone: true,
} as const satisfies Partial<PolicyKind>;

const byAssign = (parameter: string, answers: 'list' | 'nothing', cast?: string) => ({
  assign: { parameter, answers, ...(cast !== undefined && { cast }) },
});

const textIn = (properties: JudgedPolicy['properties'], name: string): string => {
  const value = properties[name];
  return typeof value === 'string' ? value : '';
};

function familyIn({ properties }: JudgedPolicy): string {
  const reference = properties['templateReference'];
  return typeof reference === 'object' && reference !== null && 'templateFamily' in reference
    ? String(reference.templateFamily)
    : '';
}

const typeOfTarget = ({ target }: AskedEntry): string => String(target['@odata.type']).replace(/^.*\./, '');
const isExclusion = (entry: AskedEntry): boolean => typeOfTarget(entry) === 'exclusionGroupAssignmentTarget';

/** Which settings an app takes. */
const SETTINGS_OF: Readonly<Record<string, string>> = {
  win32LobApp: 'win32LobAppAssignmentSettings',
  winGetApp: 'winGetAppAssignmentSettings',
  iosVppApp: 'iosVppAppAssignmentSettings',
  iosStoreApp: 'iosStoreAppAssignmentSettings',
  androidManagedStoreApp: 'androidManagedStoreAppAssignmentSettings',
  macOSLobApp: 'macOsLobAppAssignmentSettings',
};

const plain = (odataType: unknown): string => String(odataType).replace(/^#?microsoft\.graph\./, '');

function appRefuses({ odataType, properties }: JudgedPolicy, entry: AskedEntry): string | undefined {
  const { own, targetNames } = entry;
  if (properties['publishingState'] !== undefined && properties['publishingState'] !== 'published')
    return 'The app is not published yet.';
  const settings = own['settings'];
  const settingsType =
    typeof settings === 'object' && settings !== null && '@odata.type' in settings
      ? plain(settings['@odata.type'])
      : undefined;
  if (isExclusion(entry) && settingsType !== undefined)
    return 'Exclusion assignment does not support MobileAppAssignment Settings.';
  if (isExclusion(entry) && plain(odataType) === 'macOSLobApp')
    return 'Exclusion assignments are not supported for this app type.';
  if (settingsType !== undefined && SETTINGS_OF[plain(odataType)] !== settingsType)
    return `Settings of type ${settingsType} are not supported for apps of type ${plain(odataType)}.`;
  if (plain(odataType) === 'windowsMicrosoftEdgeApp' && targetNames.some((name) => name.includes('Filter')))
    return 'Assignment filters are not supported for this app type.';
  const isAvailable = String(own['intent']).startsWith('available');
  return isAvailable && typeOfTarget(entry) === 'allDevicesAssignmentTarget'
    ? 'Available intent is not supported for device targets.'
    : undefined;
}

const scripts = {
  ...USUAL,
  ...byAssign('deviceManagementScriptAssignments', 'nothing'),
  assignmentType: 'deviceManagementScriptAssignment',
  approvalType: 'script',
  targets: GROUPS_AND_EVERYBODY,
  takesFilter: () => false,
} as const satisfies Partial<PolicyKind>;

const updates = {
  ...USUAL,
  ...byAssign('assignments', 'nothing'),
  takesListFilter: false,
  targets: GROUPS,
  takesFilter: () => false,
} as const satisfies Partial<PolicyKind>;

const managedApps = {
  ...USUAL,
  ...byAssign('assignments', 'nothing'),
  area: 'deviceAppManagement',
  assignmentType: 'targetedManagedAppPolicyAssignment',
  own: { source: SOURCE, sourceId: SOURCE_ID },
  expandsAll: 'no',
  targets: GROUPS,
} as const satisfies Partial<PolicyKind>;

/** Nobody shows how these are written, so that they are not. */
const readOnly = { ...USUAL, assign: null, expandsAll: 'no' } as const satisfies Partial<PolicyKind>;

export const MORE_KINDS = [
  {
    ...USUAL,
    ...byAssign('assignments', 'list'),
    type: 'configurationPolicy',
    set: 'configurationPolicies',
    name: 'name',
    policyTypes: ['deviceManagementConfigurationPolicy'],
    assignmentType: 'deviceManagementConfigurationPolicyAssignment',
    own: { source: SOURCE, sourceId: SOURCE_ID },
    approvalType: 'configurationPolicy',
    // github.com/microsoftgraph/msgraph-sdk-powershell/issues/3337
    expandsOne: (policy) => (familyIn(policy).startsWith('endpointSecurity') ? 'empty' : 'list'),
    takesFilter: (policy) =>
      familyIn(policy) !== 'baseline' &&
      textIn(policy.properties, 'platforms') !== 'linux' &&
      !(
        textIn(policy.properties, 'platforms') === 'macOS' && familyIn(policy) === 'endpointSecurityAntivirus'
      ),
  },
  {
    ...USUAL,
    ...byAssign('assignments', 'list'),
    type: 'groupPolicyConfiguration',
    set: 'groupPolicyConfigurations',
    policyTypes: ['groupPolicyConfiguration'],
    assignmentType: 'groupPolicyConfigurationAssignment',
    own: { lastModifiedDateTime: LAST_MODIFIED },
    approvalType: 'configurationPolicy',
  },
  {
    ...USUAL,
    ...byAssign('mobileAppAssignments', 'nothing'),
    type: 'mobileApp',
    set: 'mobileApps',
    area: 'deviceAppManagement',
    policyTypes: [
      'win32LobApp',
      'winGetApp',
      'iosVppApp',
      'iosStoreApp',
      'androidManagedStoreApp',
      'macOSLobApp',
      'webApp',
      'windowsMicrosoftEdgeApp',
    ],
    assignmentType: 'mobileAppAssignment',
    own: {
      intent: {
        takes: {
          enumName: 'installIntent',
          members: ['available', 'required', 'uninstall', 'availableWithoutEnrollment'],
        },
        initial: 'required',
        required: true,
      },
      settings: { takes: { abstractType: 'mobileAppAssignmentSettings' }, initial: null },
      source: SOURCE,
      sourceId: SOURCE_ID,
    },
    approvalType: 'app',
    expandsAll: 'withFilter',
    targets: GROUPS_AND_EVERYBODY,
    takesFilter: ({ odataType }) => !['webApp', 'windowsMicrosoftEdgeApp'].includes(plain(odataType)),
    refuses: appRefuses,
    byIntent: true,
  },
  {
    ...scripts,
    type: 'deviceManagementScript',
    set: 'deviceManagementScripts',
    policyTypes: ['deviceManagementScript'],
  },
  { ...scripts, type: 'deviceShellScript', set: 'deviceShellScripts', policyTypes: ['deviceShellScript'] },
  {
    ...scripts,
    type: 'deviceCustomAttributeShellScript',
    set: 'deviceCustomAttributeShellScripts',
    policyTypes: ['deviceCustomAttributeShellScript'],
  },
  {
    ...scripts,
    ...byAssign('deviceHealthScriptAssignments', 'nothing'),
    type: 'deviceHealthScript',
    set: 'deviceHealthScripts',
    policyTypes: ['deviceHealthScript'],
    assignmentType: 'deviceHealthScriptAssignment',
    own: {
      runRemediationScript: { takes: 'boolean', initial: false, required: true },
      runSchedule: { takes: { abstractType: 'deviceHealthScriptRunSchedule' }, initial: null },
    },
    takesListFilter: false,
    takesFilter: () => true,
    refuses: (_, entry) =>
      isExclusion(entry) && (entry.own['runSchedule'] ?? null) !== null
        ? 'An exclusion has no run schedule.'
        : undefined,
  },
  ...(
    [
      ['windowsFeatureUpdateProfile', 'windowsFeatureUpdateProfiles'],
      ['windowsQualityUpdateProfile', 'windowsQualityUpdateProfiles'],
      ['windowsQualityUpdatePolicy', 'windowsQualityUpdatePolicies'],
      ['windowsDriverUpdateProfile', 'windowsDriverUpdateProfiles'],
    ] as const
  ).map(
    ([type, set]) =>
      ({ ...updates, type, set, policyTypes: [type], assignmentType: `${type}Assignment` }) as const,
  ),
  {
    ...USUAL,
    // Without the cast there is no such action.
    ...byAssign('assignments', 'nothing', 'microsoft.graph.managedDeviceMobileAppConfiguration'),
    type: 'mobileAppConfiguration',
    set: 'mobileAppConfigurations',
    area: 'deviceAppManagement',
    policyTypes: ['iosMobileAppConfiguration', 'androidManagedStoreAppConfiguration'],
    assignmentType: 'managedDeviceMobileAppConfigurationAssignment',
    targets: GROUPS_AND_EVERYBODY,
  },
  {
    ...managedApps,
    type: 'targetedManagedAppConfiguration',
    set: 'targetedManagedAppConfigurations',
    policyTypes: ['targetedManagedAppConfiguration'],
  },
  {
    ...managedApps,
    type: 'androidManagedAppProtection',
    set: 'androidManagedAppProtections',
    policyTypes: ['androidManagedAppProtection'],
  },
  {
    ...managedApps,
    type: 'iosManagedAppProtection',
    set: 'iosManagedAppProtections',
    policyTypes: ['iosManagedAppProtection'],
  },
  {
    ...managedApps,
    type: 'windowsManagedAppProtection',
    set: 'windowsManagedAppProtections',
    policyTypes: ['windowsManagedAppProtection'],
  },
  {
    ...USUAL,
    ...byAssign('assignments', 'list'),
    type: 'compliancePolicy',
    set: 'compliancePolicies',
    name: 'name',
    policyTypes: ['deviceManagementCompliancePolicy'],
    assignmentType: 'deviceManagementConfigurationPolicyAssignment',
    own: { source: SOURCE, sourceId: SOURCE_ID },
    approvalType: 'compliancePolicy',
    takesFilter: ({ properties }) => textIn(properties, 'platforms') !== 'linux',
  },
  {
    ...USUAL,
    ...byAssign('enrollmentConfigurationAssignments', 'nothing'),
    type: 'deviceEnrollmentConfiguration',
    set: 'deviceEnrollmentConfigurations',
    policyTypes: [
      'deviceEnrollmentPlatformRestrictionConfiguration',
      'windows10EnrollmentCompletionPageConfiguration',
      'deviceEnrollmentLimitConfiguration',
      'deviceEnrollmentNotificationConfiguration',
    ],
    assignmentType: 'enrollmentConfigurationAssignment',
    own: { source: SOURCE, sourceId: SOURCE_ID },
    targets: GROUPS_AND_EVERYBODY,
    takesFilter: ({ odataType, properties }) =>
      !['deviceEnrollmentLimitConfiguration', 'deviceEnrollmentNotificationConfiguration'].includes(
        plain(odataType),
      ) && !textIn(properties, 'platformType').startsWith('android'),
    refuses: ({ odataType, properties }, entry) => {
      if (properties['priority'] === 0) return 'Default enrollment configurations cannot be assigned.';
      return plain(odataType) === 'windows10EnrollmentCompletionPageConfiguration' && isExclusion(entry)
        ? 'Exclusion targets are not supported.'
        : undefined;
    },
  },
  {
    ...USUAL,
    assign: null,
    single: 'numbered',
    type: 'windowsAutopilotDeploymentProfile',
    set: 'windowsAutopilotDeploymentProfiles',
    policyTypes: [
      'azureADWindowsAutopilotDeploymentProfile',
      'activeDirectoryWindowsAutopilotDeploymentProfile',
    ],
    assignmentType: 'windowsAutopilotDeploymentProfileAssignment',
    own: { source: SOURCE, sourceId: SOURCE_ID },
    targets: [...GROUPS, 'allDevices'],
    takesFilter: () => false,
  },
  {
    ...USUAL,
    assign: null,
    single: 'guid',
    type: 'termsAndConditions',
    set: 'termsAndConditions',
    versions: ['beta', 'v1.0'],
    policyTypes: ['termsAndConditions'],
    assignmentType: 'termsAndConditionsAssignment',
    expandsAll: 'no',
    targets: ['group', 'allLicensedUsers', 'configurationManagerCollection'],
    takesFilter: () => false,
  },
  {
    ...readOnly,
    type: 'deviceManagementIntent',
    set: 'intents',
    policyTypes: ['deviceManagementIntent'],
    assignmentType: 'deviceManagementIntentAssignment',
  },
  {
    ...readOnly,
    type: 'hardwareConfiguration',
    set: 'hardwareConfigurations',
    policyTypes: ['hardwareConfiguration'],
    assignmentType: 'hardwareConfigurationAssignment',
  },
  {
    ...readOnly,
    type: 'managedEBook',
    set: 'managedEBooks',
    area: 'deviceAppManagement',
    policyTypes: ['iosVppEBook'],
    assignmentType: 'managedEBookAssignment',
    own: {
      installIntent: {
        takes: { enumName: 'installIntent', members: ['available', 'required', 'uninstall'] },
        initial: 'required',
      },
    },
  },
  {
    ...readOnly,
    type: 'wdacSupplementalPolicy',
    set: 'wdacSupplementalPolicies',
    area: 'deviceAppManagement',
    policyTypes: ['windowsDefenderApplicationControlSupplementalPolicy'],
    assignmentType: 'windowsDefenderApplicationControlSupplementalPolicyAssignment',
  },
  {
    ...readOnly,
    type: 'policySet',
    set: 'policySets',
    area: 'deviceAppManagement',
    policyTypes: ['policySet'],
    assignmentType: 'policySetAssignment',
    own: { lastModifiedDateTime: LAST_MODIFIED },
    // github.com/microsoftgraph/microsoft-graph-explorer-v4/issues/2930
    listsAlone: false,
  },
  {
    ...readOnly,
    type: 'intuneBrandingProfile',
    set: 'intuneBrandingProfiles',
    name: 'profileName',
    policyTypes: ['intuneBrandingProfile'],
    assignmentType: 'intuneBrandingProfileAssignment',
  },
  {
    ...readOnly,
    type: 'roleScopeTag',
    set: 'roleScopeTags',
    policyTypes: ['roleScopeTag'],
    assignmentType: 'roleScopeTagAutoAssignment',
  },
] as const satisfies readonly PolicyKind[];
