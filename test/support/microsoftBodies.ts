import type * as Graph from '@microsoft/microsoft-graph-types-beta';
import type { Cells } from './inputRow.ts';
import type { JsonObject } from '../../src/assignments/values/json.ts';

/*
 * What is sent for each kind, written down by hand in Microsoft's types, so that the compiler finds a property that Graph does not have. It sees
 * none that is spread in, so that each is written out. The names of the parameters of `assign` are the one thing that these types don't tell.
 */

type Sets = Graph.DeviceManagement & Graph.DeviceAppManagement;
type Element<List> = NonNullable<List> extends readonly (infer Each)[] ? Each : never;
/** The collections whose policies have assignments. */
type Collection = {
  [C in keyof Sets]-?: Element<Sets[C]> extends { assignments?: unknown } ? C : never;
}[keyof Sets];
type PolicyIn<C extends Collection> = Element<Sets[C]>;
type AssignmentIn<C extends Collection> =
  PolicyIn<C> extends { assignments?: infer List } ? Element<List> : never;

/** A type as it is sent: its interface has no word for the property that says which it is. */
type Sent<Type> = Type & { '@odata.type': string };

const GROUP = '#microsoft.graph.groupAssignmentTarget';
const EXCLUSION = '#microsoft.graph.exclusionGroupAssignmentTarget';

const toG1: Sent<Graph.GroupAssignmentTarget> = { '@odata.type': GROUP, groupId: 'G1' };
const toG2: Sent<Graph.GroupAssignmentTarget> = { '@odata.type': GROUP, groupId: 'G2' };
const withoutG3: Sent<Graph.ExclusionGroupAssignmentTarget> = { '@odata.type': EXCLUSION, groupId: 'G3' };
const filtered: Sent<Graph.GroupAssignmentTarget> = {
  ...toG1,
  deviceAndAppManagementAssignmentFilterId: 'F1',
  deviceAndAppManagementAssignmentFilterType: 'include',
};

const TO_G2: Cells = { targetType: 'group', groupId: 'G2' };
const WITHOUT_G3: Cells = { targetType: 'exclusionGroup', groupId: 'G3' };

/** A list, the rows that are added to it, and the requests for them. */
export interface SentCase {
  readonly list: readonly JsonObject[];
  readonly rows: readonly Cells[];
  readonly requests: readonly { readonly method: string; readonly url: string; readonly body: JsonObject }[];
}

/** As Graph shows it, where the type that is declared is not said. */
type Shown<C extends Collection> = AssignmentIn<C> & { '@odata.type'?: string };

const asJson = (typed: object): JsonObject => ({ ...typed });

/** The lists of one collection that get a group and an exclusion. */
function assigned<C extends Collection>(
  collection: C,
  /** Of the action `assign`. Source: schemas/beta-Prod.csdl of github.com/microsoftgraph/msgraph-metadata */
  parameter: string,
  [first, ...added]: readonly [Shown<C>, Sent<AssignmentIn<C>>, Sent<AssignmentIn<C>>],
  { more = [{}, {}], cast = '' }: { more?: readonly [Cells, Cells]; cast?: string } = {},
): SentCase {
  return {
    list: [asJson(first)],
    rows: [
      { ...TO_G2, ...more[0] },
      { ...WITHOUT_G3, ...more[1] },
    ],
    requests: [
      {
        ...{ method: 'POST', url: `/${areaOf(collection)}/${collection}/P1/${cast}assign` },
        body: { [parameter]: [first, ...added].map(asJson) },
      },
    ],
  };
}

/** A list of one collection that gets a group, which is added by itself. */
const posted = <C extends Collection>(
  collection: C,
  first: Shown<C>,
  added: Sent<AssignmentIn<C>>,
): SentCase => ({
  list: [asJson(first)],
  rows: [TO_G2],
  requests: [
    { method: 'POST', url: `/${areaOf(collection)}/${collection}/P1/assignments`, body: asJson(added) },
  ],
});

const APPS: ReadonlySet<keyof Graph.DeviceAppManagement> = new Set([
  ...(['mobileApps', 'mobileAppConfigurations', 'targetedManagedAppConfigurations'] as const),
  ...(['androidManagedAppProtections', 'iosManagedAppProtections', 'windowsManagedAppProtections'] as const),
]);
const areaOf = (collection: Collection): string =>
  (APPS as ReadonlySet<string>).has(collection) ? 'deviceAppManagement' : 'deviceManagement';

/** What most kinds send and show: a target and no more. */
function ofTargets(type: string) {
  const named = { '@odata.type': `#microsoft.graph.${type}` };
  return [
    { id: 'A1', target: filtered },
    { ...named, target: toG2 },
    { ...named, target: withoutG3 },
  ] as const;
}

/** The same of those that show where an assignment comes from. */
function ofSources(type: string) {
  const [first, ...added] = ofTargets(type);
  return [{ ...first, source: 'direct', sourceId: null }, ...added] as const;
}

const APP = { '@odata.type': '#microsoft.graph.mobileAppAssignment' };
const settings: Sent<Graph.Win32LobAppAssignmentSettings> = {
  '@odata.type': '#microsoft.graph.win32LobAppAssignmentSettings',
  notifications: 'showReboot',
  restartSettings: null,
  deliveryOptimizationPriority: 'foreground',
  installTimeSettings: { useLocalTime: true, startDateTime: null, deadlineDateTime: '2026-12-01T08:00:00Z' },
};
const HEALTH = { '@odata.type': '#microsoft.graph.deviceHealthScriptAssignment' };
const daily: Sent<Graph.DeviceHealthScriptDailySchedule> = {
  '@odata.type': '#microsoft.graph.deviceHealthScriptDailySchedule',
  interval: 1,
  useUtc: false,
  time: '01:00:00',
};
const once: Sent<Graph.DeviceHealthScriptRunOnceSchedule> = {
  '@odata.type': '#microsoft.graph.deviceHealthScriptRunOnceSchedule',
  interval: 1,
  useUtc: true,
  time: '22:30:00',
  date: '2026-12-24',
};
const SCRIPT = ofTargets('deviceManagementScriptAssignment');
const CATALOG = ofSources('deviceManagementConfigurationPolicyAssignment');
const MANAGED = ofSources('targetedManagedAppPolicyAssignment');

/** One of each kind that is written. */
export const SENT_CASES = {
  deviceConfiguration: assigned(
    'deviceConfigurations',
    'assignments',
    [
      { id: 'A1', intent: 'remove', source: 'direct', sourceId: null, target: filtered },
      { '@odata.type': '#microsoft.graph.deviceConfigurationAssignment', intent: 'apply', target: toG2 },
      { '@odata.type': '#microsoft.graph.deviceConfigurationAssignment', target: withoutG3 },
    ],
    { more: [{ intent: 'apply' }, {}] },
  ),
  deviceCompliancePolicy: assigned(
    ...(['deviceCompliancePolicies', 'assignments', ofSources('deviceCompliancePolicyAssignment')] as const),
  ),
  configurationPolicy: assigned('configurationPolicies', 'assignments', CATALOG),
  groupPolicyConfiguration: assigned(
    ...([
      'groupPolicyConfigurations',
      'assignments',
      ofTargets('groupPolicyConfigurationAssignment'),
    ] as const),
  ),
  mobileApp: assigned(
    'mobileApps',
    'mobileAppAssignments',
    [
      { id: 'G1_1_0', source: 'direct', intent: 'required', settings, target: filtered },
      { ...APP, intent: 'available', settings, target: toG2 },
      { ...APP, intent: 'uninstall', target: withoutG3 },
    ],
    { more: [{ intent: 'available', settings: JSON.stringify(settings) }, { intent: 'uninstall' }] },
  ),
  deviceManagementScript: assigned(
    ...(['deviceManagementScripts', 'deviceManagementScriptAssignments', SCRIPT] as const),
  ),
  deviceShellScript: assigned('deviceShellScripts', 'deviceManagementScriptAssignments', SCRIPT),
  deviceCustomAttributeShellScript: assigned(
    ...(['deviceCustomAttributeShellScripts', 'deviceManagementScriptAssignments', SCRIPT] as const),
  ),
  deviceHealthScript: assigned(
    'deviceHealthScripts',
    'deviceHealthScriptAssignments',
    [
      { id: 'A1', runRemediationScript: true, runSchedule: once, target: filtered },
      { ...HEALTH, runRemediationScript: false, runSchedule: daily, target: toG2 },
      { ...HEALTH, runRemediationScript: false, runSchedule: null, target: withoutG3 },
    ],
    {
      more: [
        { runRemediationScript: false, runSchedule: JSON.stringify(daily) },
        { runRemediationScript: false },
      ],
    },
  ),
  windowsFeatureUpdateProfile: assigned(
    ...([
      'windowsFeatureUpdateProfiles',
      'assignments',
      ofTargets('windowsFeatureUpdateProfileAssignment'),
    ] as const),
  ),
  windowsQualityUpdateProfile: assigned(
    ...([
      'windowsQualityUpdateProfiles',
      'assignments',
      ofTargets('windowsQualityUpdateProfileAssignment'),
    ] as const),
  ),
  windowsQualityUpdatePolicy: assigned(
    ...([
      'windowsQualityUpdatePolicies',
      'assignments',
      ofTargets('windowsQualityUpdatePolicyAssignment'),
    ] as const),
  ),
  windowsDriverUpdateProfile: assigned(
    ...([
      'windowsDriverUpdateProfiles',
      'assignments',
      ofTargets('windowsDriverUpdateProfileAssignment'),
    ] as const),
  ),
  mobileAppConfiguration: assigned(
    'mobileAppConfigurations',
    'assignments',
    ofTargets('managedDeviceMobileAppConfigurationAssignment'),
    { cast: 'microsoft.graph.managedDeviceMobileAppConfiguration/' },
  ),
  targetedManagedAppConfiguration: assigned('targetedManagedAppConfigurations', 'assignments', MANAGED),
  androidManagedAppProtection: assigned('androidManagedAppProtections', 'assignments', MANAGED),
  iosManagedAppProtection: assigned('iosManagedAppProtections', 'assignments', MANAGED),
  windowsManagedAppProtection: assigned('windowsManagedAppProtections', 'assignments', MANAGED),
  compliancePolicy: assigned('compliancePolicies', 'assignments', CATALOG),
  deviceEnrollmentConfiguration: assigned(
    'deviceEnrollmentConfigurations',
    'enrollmentConfigurationAssignments',
    ofSources('enrollmentConfigurationAssignment'),
  ),
  windowsAutopilotDeploymentProfile: posted(
    'windowsAutopilotDeploymentProfiles',
    { id: 'P1_G1_0', source: 'direct', sourceId: null, target: toG1 },
    { '@odata.type': '#microsoft.graph.windowsAutopilotDeploymentProfileAssignment', target: toG2 },
  ),
  termsAndConditions: posted(
    'termsAndConditions',
    { id: 'A1', target: toG1 },
    { '@odata.type': '#microsoft.graph.termsAndConditionsAssignment', target: toG2 },
  ),
} as const;
