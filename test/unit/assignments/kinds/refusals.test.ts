import { expect, test } from 'vitest';
import { entryAfter } from '../../../../src/assignments/changes/entryAfter.ts';
import { patchBody } from '../../../../src/assignments/changes/request.ts';
import { planBatch } from '../../../../src/assignments/changes/planBatch.ts';
import { listPath } from '../../../../src/assignments/kinds/address.ts';
import type { Change, DesiredChange } from '../../../../src/assignments/rows/change.ts';
import { changeOf } from '../../../../src/assignments/rows/change.ts';
import type { PolicyType } from '../../../../src/assignments/kinds/registry.ts';
import type { JsonObject } from '../../../../src/assignments/values/json.ts';
import { ALL_USERS_GROUP } from '../../../../src/assignments/values/guid.ts';
import { current, group } from '../../../support/graphShapes.ts';
import { BETA, inputRow, problemsOf, type Cells } from '../../../support/inputRow.ts';

const typed = (name: string, more: JsonObject = {}): JsonObject => ({
  '@odata.type': `#microsoft.graph.${name}`,
  ...more,
});
const add = (policyType: string, cells: Cells): Cells => ({
  policyType,
  policyId: 'P1',
  action: 'add',
  ...cells,
});
const toGroup: Cells = { targetType: 'group', groupId: 'G1' };
const excluding: Cells = { targetType: 'exclusionGroup', groupId: 'G1' };
const filtered: Cells = { ...toGroup, filterId: 'F1', filterType: 'include' };
const allDevices: Cells = { targetType: 'allDevices' };
const allUsers: Cells = { targetType: 'allLicensedUsers' };
const schedule = JSON.stringify(typed('deviceHealthScriptHourlySchedule', { interval: 1 }));
const settings = (name: string): string => JSON.stringify(typed(`${name}AssignmentSettings`));

const UPDATES = [
  'windowsFeatureUpdateProfile',
  'windowsQualityUpdateProfile',
  'windowsQualityUpdatePolicy',
  'windowsDriverUpdateProfile',
];
const SCRIPTS = ['deviceManagementScript', 'deviceShellScript', 'deviceCustomAttributeShellScript'];
const MANAGED_APPS = [
  ...['targetedManagedAppConfiguration', 'androidManagedAppProtection'],
  ...['iosManagedAppProtection', 'windowsManagedAppProtection'],
];

/**
 * What each kind takes: all users, all devices, groups, exclusions, collections, and filters, as its documentation, the portal and other tools have it. Written
 * down apart from the registry.
 */
const TAKEN: Readonly<Record<PolicyType, string>> = {
  deviceConfiguration: 'U D G X C F',
  deviceCompliancePolicy: 'U D G X C F',
  configurationPolicy: 'U D G X C F',
  groupPolicyConfiguration: 'U D G X C F',
  mobileApp: 'U D G X F',
  deviceManagementScript: 'U D G X',
  deviceShellScript: 'U D G X',
  deviceCustomAttributeShellScript: 'U D G X',
  deviceHealthScript: 'U D G X F',
  windowsFeatureUpdateProfile: 'G X',
  windowsQualityUpdateProfile: 'G X',
  windowsQualityUpdatePolicy: 'G X',
  windowsDriverUpdateProfile: 'G X',
  mobileAppConfiguration: 'U D G X F',
  targetedManagedAppConfiguration: 'U G X F',
  androidManagedAppProtection: 'U G X F',
  iosManagedAppProtection: 'U G X F',
  windowsManagedAppProtection: 'U G X F',
  compliancePolicy: 'U D G X C F',
  deviceEnrollmentConfiguration: 'U D G X F',
  windowsAutopilotDeploymentProfile: 'D G X',
  termsAndConditions: 'U G C',
  deviceManagementIntent: '',
  hardwareConfiguration: '',
  managedEBook: '',
  wdacSupplementalPolicy: '',
  policySet: '',
  intuneBrandingProfile: '',
  roleScopeTag: '',
};
const COLLECTION: Cells = { targetType: 'configurationManagerCollection', collectionId: 'C1' };

test.each(Object.entries(TAKEN).filter(([, letters]) => letters !== ''))(
  '%s takes %s, and any other target or filter is a problem',
  (policyType, letters) => {
    const more: Cells =
      policyType === 'mobileApp'
        ? { intent: 'required' }
        : policyType === 'deviceHealthScript'
          ? { runRemediationScript: 'false', runSchedule: schedule }
          : {};
    const cases: readonly (readonly [letter: string, cells: Cells, column: string])[] = [
      ['U', { ...allUsers, ...more }, 'targetType'],
      ['D', { ...allDevices, ...more }, 'targetType'],
      ['G', { ...toGroup, ...more }, 'targetType'],
      ['X', policyType === 'mobileApp' ? { ...excluding, ...more } : excluding, 'targetType'],
      ['C', { ...COLLECTION, ...more }, 'targetType'],
      ['F', { ...filtered, ...more }, 'filterId'],
    ];
    for (const action of ['add', 'set'])
      for (const [letter, cells, column] of cases) {
        const row = { policyType, policyId: 'P1', action, ...(action === 'set' && { assignmentId: 'A1' }) };
        const told = problemsOf({ ...row, ...cells }).map(({ name }) => name);
        expect([letter, told]).toEqual([letter, letters.includes(letter) ? [] : [column]]);
      }
  },
);

const AUTOPILOT = 'windowsAutopilotDeploymentProfile';
const TERMS = 'termsAndConditions';

type Case = readonly [what: string, cells: Cells, column: string, says: string];

/** What a row says by itself, without a look at the tenant. */
const BY_KIND: readonly Case[] = [
  ...UPDATES.flatMap((type): Case[] => [
    [`all devices for ${type}`, add(type, allDevices), 'targetType', "can't be assigned to allDevices"],
    [`all users for ${type}`, add(type, allUsers), 'targetType', "can't be assigned to allLicensedUsers"],
    [`a filter for ${type}`, add(type, filtered), 'filterId', 'take no filter'],
  ]),
  ...SCRIPTS.map((type): Case => [`a filter for ${type}`, add(type, filtered), 'filterId', 'take no filter']),
  ...MANAGED_APPS.flatMap((type): Case[] => [
    [`all devices for ${type}`, add(type, allDevices), 'targetType', "can't be assigned to allDevices"],
    [
      `all users in Graph’s own shape for ${type}`,
      add(type, { target: typed('allLicensedUsersAssignmentTarget') }),
      'target',
      'have no such target as all users',
    ],
  ]),
  [
    'all users for Autopilot',
    add(AUTOPILOT, allUsers),
    'targetType',
    "can't be assigned to allLicensedUsers",
  ],
  ['a filter for Autopilot', add(AUTOPILOT, filtered), 'filterId', 'take no filter'],
  ['all devices for terms', add(TERMS, allDevices), 'targetType', "can't be assigned to allDevices"],
  ['an exclusion from terms', add(TERMS, excluding), 'targetType', "can't be assigned to exclusionGroup"],
  ['a filter for terms', add(TERMS, filtered), 'filterId', 'take no filter'],
  ['no intent', add('mobileApp', toGroup), 'intent', 'An app is assigned with an intent.'],
  [
    'another kind’s intent',
    add('mobileApp', { ...toGroup, intent: 'apply' }),
    'intent',
    '"apply" is no intent',
  ],
  [
    'settings of an exclusion',
    add('mobileApp', { ...excluding, intent: 'required', settings: settings('win32LobApp') }),
    'settings',
    'An exclusion from an app has no settings.',
  ],
  [
    'settings without a type',
    add('mobileApp', { ...toGroup, intent: 'required', settings: '{"notifications":"showAll"}' }),
    'settings',
    'settings does not say of which type it is.',
  ],
  [
    'an app available to all devices',
    add('mobileApp', { ...allDevices, intent: 'available' }),
    'targetType',
    'made available to users, not to all devices',
  ],
  [
    'a collection for an app',
    add('mobileApp', {
      targetType: 'configurationManagerCollection',
      collectionId: 'C1',
      intent: 'required',
    }),
    'targetType',
    "Apps can't be assigned to configurationManagerCollection.",
  ],
  [
    'a remediation without its switch',
    add('deviceHealthScript', { ...toGroup, runSchedule: schedule }),
    'runRemediationScript',
    'Whether the remediation script runs is not said.',
  ],
  [
    'a remediation without its schedule',
    add('deviceHealthScript', { ...toGroup, runRemediationScript: 'true' }),
    'runSchedule',
    'When the remediation runs is not said.',
  ],
  [
    'a schedule of an exclusion',
    add('deviceHealthScript', { ...excluding, runSchedule: schedule }),
    'runSchedule',
    'An exclusion from a remediation has no schedule.',
  ],
  [
    'a switch that is neither',
    add('deviceHealthScript', { ...toGroup, runRemediationScript: 'yes', runSchedule: schedule }),
    'runRemediationScript',
    '"yes" is no runRemediationScript.',
  ],
  [
    'settings of a script',
    add('deviceShellScript', { ...toGroup, settings: '{}' }),
    'settings',
    'have no settings',
  ],
];

test.each(BY_KIND)('a row is refused for %s', (_, cells, column, says) => {
  expect(problemsOf(cells)).toEqual([
    expect.objectContaining({ name: column, message: expect.stringContaining(says) }),
  ]);
});

test('what a kind takes is none of these', () => {
  const taken: readonly Cells[] = [
    ...UPDATES.flatMap((type) => [add(type, toGroup), add(type, excluding)]),
    ...SCRIPTS.flatMap((type) => [add(type, toGroup), add(type, allDevices), add(type, allUsers)]),
    ...MANAGED_APPS.flatMap((type) => [add(type, filtered), add(type, excluding), add(type, allUsers)]),
    add('mobileApp', { ...filtered, intent: 'Available', settings: settings('win32LobApp') }),
    add('mobileApp', { ...excluding, intent: 'uninstall' }),
    add('mobileApp', { ...allUsers, intent: 'availableWithoutEnrollment', settings: 'none' }),
    add('deviceHealthScript', { ...filtered, runRemediationScript: false, runSchedule: schedule }),
    add('deviceHealthScript', excluding),
    ...[toGroup, excluding, allDevices].map((cells) => add(AUTOPILOT, cells)),
    ...[toGroup, allUsers].map((cells) => add(TERMS, cells)),
  ];
  for (const cells of taken) expect([cells, problemsOf(cells)]).toEqual([cells, []]);
});

test('all users are, for managed apps, the group that stands for them', () => {
  for (const type of MANAGED_APPS)
    expect(patchBody(desiredIn(add(type, allUsers)), undefined)['target']).toMatchObject(
      group(ALL_USERS_GROUP),
    );
});

const inApp = (name: string, more: JsonObject = {}): JsonObject =>
  typed(name, { publishingState: 'published', ...more });
const inCatalog = (platforms: string, templateFamily = 'none'): JsonObject => ({
  platforms,
  templateReference: { templateFamily },
});
const required = { intent: 'required' };

type PolicyCase = readonly [what: string, cells: Cells, policy: JsonObject, about: string, says: string];

/** What one policy of a kind does not take. */
const BY_POLICY: readonly PolicyCase[] = [
  [
    'a filter on a baseline',
    add('configurationPolicy', filtered),
    inCatalog('windows10', 'baseline'),
    'filterId',
    'Security baselines take no filter.',
  ],
  [
    'a filter on Linux',
    add('configurationPolicy', filtered),
    inCatalog('linux'),
    'filterId',
    'Policies for Linux take no filter.',
  ],
  ...['Antivirus', 'DiskEncryption', 'Firewall'].map((part): PolicyCase => [
    `a filter on macOS ${part}`,
    add('configurationPolicy', filtered),
    inCatalog('macOS', `endpointSecurity${part}`),
    'filterId',
    'for macOS take no filter',
  ]),
  [
    'all devices for device preparation',
    add('configurationPolicy', allDevices),
    inCatalog('windows10', 'enrollmentConfiguration'),
    'targetType',
    'Device preparation policies can',
  ],
  [
    'an exclusion from device preparation',
    add('configurationPolicy', excluding),
    inCatalog('windows10', 'enrollmentConfiguration'),
    'targetType',
    'nor exclude a group',
  ],
  [
    'a filter on compliance of Linux',
    add('compliancePolicy', filtered),
    { platforms: 'linux' },
    'filterId',
    'Policies for Linux take no filter.',
  ],
  [
    'a filter on updates of iOS',
    add('deviceConfiguration', filtered),
    typed('iosUpdateConfiguration'),
    'filterId',
    'Update policies for iOS and iPadOS take no filter.',
  ],
  [
    'a filter on a wired network',
    add('deviceConfiguration', filtered),
    typed('windowsWiredNetworkConfiguration'),
    'filterId',
    'Wired networks for Windows take no filter.',
  ],
  ...['notPublished', 'processing'].map((publishingState): PolicyCase => [
    `an app that is ${publishingState}`,
    add('mobileApp', { ...toGroup, ...required }),
    inApp('winGetApp', { publishingState }),
    'policyId',
    'not published yet',
  ]),
  [
    'settings of another type of app',
    add('mobileApp', { ...toGroup, ...required, settings: settings('iosVppApp') }),
    inApp('win32LobApp'),
    'settings',
    'are for other apps than one of the type #microsoft.graph.win32LobApp',
  ],
  [
    'a filter on a web link',
    add('mobileApp', { ...filtered, ...required }),
    inApp('webApp'),
    'filterId',
    'Web links take no filter.',
  ],
  [
    'a filter on Edge',
    add('mobileApp', { ...filtered, ...required }),
    inApp('windowsMicrosoftEdgeApp'),
    'filterId',
    'Assignments of Microsoft Edge take no filter.',
  ],
  [
    'an exclusion from a line-of-business app for macOS',
    add('mobileApp', { ...excluding, ...required }),
    inApp('macOSLobApp'),
    'targetType',
    'takes no exclusion',
  ],
  [
    'a default of enrolment',
    add('deviceEnrollmentConfiguration', toGroup),
    typed('deviceEnrollmentLimitConfiguration', { priority: 0 }),
    'policyId',
    'the tenant’s default',
  ],
  [
    'an exclusion from a status page',
    add('deviceEnrollmentConfiguration', excluding),
    typed('windows10EnrollmentCompletionPageConfiguration', { priority: 1 }),
    'targetType',
    "Enrolment status pages can't be assigned to exclusions.",
  ],
  [
    'all devices for a notification',
    add('deviceEnrollmentConfiguration', allDevices),
    typed('deviceEnrollmentNotificationConfiguration', { priority: 1 }),
    'targetType',
    'Enrolment notifications can',
  ],
  [
    'all devices for a restriction',
    add('deviceEnrollmentConfiguration', allDevices),
    typed('deviceEnrollmentPlatformRestrictionConfiguration', { priority: 1, platformType: 'ios' }),
    'targetType',
    'as they are for users',
  ],
  [
    'a filter on a notification',
    add('deviceEnrollmentConfiguration', filtered),
    typed('deviceEnrollmentNotificationConfiguration', { priority: 1 }),
    'filterId',
    'Enrolment notifications take no filter.',
  ],
  [
    'a filter on a limit',
    add('deviceEnrollmentConfiguration', filtered),
    typed('deviceEnrollmentLimitConfiguration', { priority: 1 }),
    'filterId',
    'Enrolment limits take no filter.',
  ],
  [
    'a filter on a restriction for Android',
    add('deviceEnrollmentConfiguration', filtered),
    typed('deviceEnrollmentPlatformRestrictionConfiguration', {
      priority: 1,
      platformType: 'androidForWork',
    }),
    'filterId',
    'Enrolment restrictions for Android take no filter.',
  ],
];

const changeIn = (cells: Cells): Change => {
  const read = changeOf(inputRow(cells), BETA);
  if ('problems' in read) throw new Error(read.problems.map(({ message }) => message).join(' '));
  return read.change;
};

function desiredIn(cells: Cells): DesiredChange {
  const change = changeIn(cells);
  if (change.desired === undefined) throw new Error('it wants nothing');
  return change;
}

const refusalOf = (cells: Cells, policy: JsonObject, before?: JsonObject) => {
  const change = desiredIn(cells);
  return change.address.kind.refuses?.(
    policy,
    entryAfter(change, undefined, patchBody(change, undefined)),
    before,
  );
};

test.each(BY_POLICY)('a policy refuses %s', (_, cells, policy, about, says) => {
  expect(refusalOf(cells, policy)).toMatchObject({
    about,
    message: expect.stringContaining(says),
    remedy: expect.stringMatching(/\.$/),
  });
});

test.each(BY_POLICY.filter(([, , , about]) => about !== 'policyId'))(
  'what the tenant has already is nobody’s fault: %s',
  (_, cells, policy) => {
    const change = desiredIn(cells);
    const there = entryAfter(change, undefined, patchBody(change, undefined));
    expect(refusalOf(cells, policy, there)).toBeUndefined();
  },
);

test('other policies of these kinds take the same', () => {
  const taken: readonly (readonly [Cells, JsonObject])[] = [
    [add('configurationPolicy', filtered), inCatalog('windows10', 'endpointSecurityFirewall')],
    [add('configurationPolicy', filtered), inCatalog('macOS')],
    [add('mobileApp', { ...filtered, ...required, settings: settings('win32LobApp') }), inApp('win32LobApp')],
    [add('mobileApp', { ...filtered, ...required, settings: settings('brandNewApp') }), inApp('win32LobApp')],
    [add('mobileApp', { ...excluding, ...required }), inApp('win32LobApp')],
    [
      add('deviceEnrollmentConfiguration', filtered),
      typed('deviceEnrollmentPlatformRestrictionConfiguration', { priority: 2, platformType: 'ios' }),
    ],
  ];
  for (const [cells, policy] of taken) expect(refusalOf(cells, policy)).toBeUndefined();
});

const READ_ONLY = [
  ...['deviceManagementIntent', 'hardwareConfiguration', 'managedEBook', 'wdacSupplementalPolicy'],
  ...['policySet', 'intuneBrandingProfile', 'roleScopeTag'],
];

test.each(READ_ONLY)(
  'a write to %s is refused with the reason, and what is so already is not',
  (policyType) => {
    const decided = (cells: Cells) => {
      const row = { change: changeIn({ policyType, policyId: 'P1', assignmentId: 'A1', ...cells }) };
      const snapshot = new Map([
        [listPath(row.change.address), { kind: 'list' as const, assignments: [current(group('G1'))] }],
      ]);
      return planBatch([row], snapshot, {
        ...{ apiVersion: 'beta', strategy: 'patch', standing: () => 'open', isGuarded: () => true },
      })[0];
    };
    expect(decided(toGroup)).toMatchObject({ kind: 'alreadySo' });
    for (const cells of [{ targetType: 'group', groupId: 'G2' }, { action: 'remove' }])
      expect(decided(cells)).toMatchObject({
        ...{ kind: 'refused', code: 'KindNotWritten' },
        message: expect.stringContaining('only read here'),
      });
  },
);

test('where nothing is read such a row is a problem of the file', () => {
  for (const policyType of READ_ONLY) {
    const cells = { policyType, policyId: 'P1', assignmentId: 'A1', ...toGroup };
    expect(problemsOf(cells, { ...BETA, unplanned: true })).toEqual([
      expect.objectContaining({ name: 'policyType', message: expect.stringContaining('only read here') }),
    ]);
  }
});
