import { expect, test } from 'vitest';
import type { Simulator } from '../../src/simulator/simulator.ts';
import type { SeedAssignment } from '../../src/simulator/assignmentSeed.ts';
import type { SeedPolicy } from '../../src/simulator/tenantFile.ts';
import { call, groupTarget, simulator, type SeenReply } from '../support/simulatorClient.ts';

const excluded = (groupId: string) => ({
  ...{ '@odata.type': '#microsoft.graph.exclusionGroupAssignmentTarget', groupId },
});
const assignment = (id = 'a1', more: Partial<SeedAssignment> = {}): SeedAssignment => ({
  ...{ id, target: groupTarget('g1') },
  ...more,
});
const policy = (type: SeedPolicy['type'], more: Partial<SeedPolicy> = {}): SeedPolicy => ({
  ...{ id: 'p1', type, assignments: [assignment()] },
  ...more,
});

const tenant = (...policies: SeedPolicy[]): Promise<Simulator> => simulator({ tenant: { policies } });
const get = (graph: Simulator, path: string): Promise<SeenReply> => call(graph, 'GET', `/beta${path}`);
const post = (graph: Simulator, path: string, body: object): Promise<SeenReply> =>
  call(graph, 'POST', `/beta${path}`, body);
const messageOf = ({ body }: SeenReply): string => body.error?.message ?? '';

const SETTINGS = {
  '@odata.type': '#microsoft.graph.win32LobAppAssignmentSettings',
  notifications: 'showAll',
};

test('one endpoint security policy that is expanded shows an empty list; its list, and the collection, the truth', async () => {
  const templateReference = { templateFamily: 'endpointSecurityFirewall' };
  const graph = await tenant(policy('configurationPolicy', { properties: { templateReference } }));
  const path = '/deviceManagement/configurationPolicies';
  expect((await get(graph, `${path}/p1?$expand=assignments`)).body['assignments']).toEqual([]);
  expect((await get(graph, `${path}/p1/assignments`)).body['value']).toHaveLength(1);
  const { value } = (await get(graph, `${path}?$expand=assignments`)).body as {
    value: { assignments: object[] }[];
  };
  expect(value[0]?.assignments).toHaveLength(1);
});

test('app configuration of devices is assigned behind a cast, and answered with nothing', async () => {
  const graph = await tenant(policy('mobileAppConfiguration'));
  const path = '/deviceAppManagement/mobileAppConfigurations/p1';
  const body = { assignments: [{ target: groupTarget('g2') }] };
  const plain = await post(graph, `${path}/assign`, body);
  expect(plain.status).toBe(400);
  expect(plain.body.error?.code).toBe('No method match route template');
  const cast = `${path}/microsoft.graph.managedDeviceMobileAppConfiguration/assign`;
  expect((await post(graph, cast, body)).status).toBe(204);
  expect(graph.tenant.assignmentsOf('mobileAppConfigurations', 'p1')).toMatchObject([
    { target: groupTarget('g2') },
  ]);
});

test.each([
  [
    'deviceManagementScript',
    '/deviceManagement/deviceManagementScripts',
    'deviceManagementScriptAssignments',
  ],
  ['deviceShellScript', '/deviceManagement/deviceShellScripts', 'deviceManagementScriptAssignments'],
  [
    'deviceEnrollmentConfiguration',
    '/deviceManagement/deviceEnrollmentConfigurations',
    'enrollmentConfigurationAssignments',
  ],
  ['windowsFeatureUpdateProfile', '/deviceManagement/windowsFeatureUpdateProfiles', 'assignments'],
  ['iosManagedAppProtection', '/deviceAppManagement/iosManagedAppProtections', 'assignments'],
] as const)('%s takes its list under its own name only', async (type, set, name) => {
  const graph = await tenant(policy(type));
  const list = [{ target: groupTarget('g2') }];
  const wrong = await post(graph, `${set}/p1/assign`, {
    [name === 'assignments' ? 'wrongAssignments' : 'assignments']: list,
  });
  expect([wrong.status, messageOf(wrong)]).toEqual([
    400,
    expect.stringContaining('is not a valid parameter'),
  ]);
  expect((await post(graph, `${set}/p1/assign`, { [name]: list })).status).toBe(204);
  expect((await call(graph, 'PATCH', `/beta${set}/p1/assignments/a1`, list[0])).status).toBe(400);
});

test('an app has a group once for each intent, and ids that say so', async () => {
  const graph = await tenant(policy('mobileApp', { odataType: '#microsoft.graph.win32LobApp' }));
  const entries = [
    { intent: 'required', target: groupTarget('g2'), settings: SETTINGS },
    { intent: 'uninstall', target: excluded('g2'), settings: null },
    { intent: 'available', target: groupTarget('g2') },
    { intent: 'required', target: groupTarget('g2') },
  ];
  const reply = await post(graph, '/deviceAppManagement/mobileApps/p1/assign', {
    mobileAppAssignments: entries,
  });
  expect(reply.status).toBe(204);
  const list = graph.tenant.assignmentsOf('mobileApps', 'p1') ?? [];
  expect(list.map(({ id, intent }) => [id, intent])).toEqual([
    ['g2_1_0', 'required'],
    ['g2_2_0', 'uninstall'],
    ['g2_0_0', 'available'],
  ]);
});

test.each<readonly [what: string, SeedPolicy, path: string, body: object, says: string]>([
  [
    'settings of an exclusion',
    policy('mobileApp'),
    '/deviceAppManagement/mobileApps',
    { mobileAppAssignments: [{ intent: 'required', target: excluded('g2'), settings: SETTINGS }] },
    'Exclusion assignment does not support MobileAppAssignment Settings.',
  ],
  [
    'settings of another app',
    policy('mobileApp', { odataType: '#microsoft.graph.winGetApp' }),
    '/deviceAppManagement/mobileApps',
    { mobileAppAssignments: [{ intent: 'required', target: groupTarget('g2'), settings: SETTINGS }] },
    'are not supported for apps of type winGetApp',
  ],
  [
    'an app without an intent',
    policy('mobileApp'),
    '/deviceAppManagement/mobileApps',
    { mobileAppAssignments: [{ target: groupTarget('g2') }] },
    "Required property 'intent' is missing",
  ],
  [
    'an app that is not published',
    policy('mobileApp', { properties: { publishingState: 'processing' } }),
    '/deviceAppManagement/mobileApps',
    { mobileAppAssignments: [{ intent: 'required', target: groupTarget('g2') }] },
    'not published yet',
  ],
  [
    'a remediation without its switch',
    policy('deviceHealthScript'),
    '/deviceManagement/deviceHealthScripts',
    { deviceHealthScriptAssignments: [{ target: groupTarget('g2'), runSchedule: null }] },
    "Required property 'runRemediationScript' is missing",
  ],
  [
    'all users for managed apps',
    policy('androidManagedAppProtection'),
    '/deviceAppManagement/androidManagedAppProtections',
    { assignments: [{ target: { '@odata.type': '#microsoft.graph.allLicensedUsersAssignmentTarget' } }] },
    "Targets of type 'allLicensedUsers' are not supported",
  ],
  [
    'a filter on a script',
    policy('deviceShellScript'),
    '/deviceManagement/deviceShellScripts',
    {
      deviceManagementScriptAssignments: [
        {
          target: {
            ...groupTarget('g2'),
            deviceAndAppManagementAssignmentFilterId: 'f1',
            deviceAndAppManagementAssignmentFilterType: 'include',
          },
        },
      ],
    },
    'Assignment filters are not supported for this policy.',
  ],
  [
    'a default of enrolment',
    policy('deviceEnrollmentConfiguration', { properties: { priority: 0 } }),
    '/deviceManagement/deviceEnrollmentConfigurations',
    { enrollmentConfigurationAssignments: [{ target: groupTarget('g2') }] },
    'Default enrollment configurations cannot be assigned.',
  ],
])('refuses %s, and changes nothing', async (_, seed, path, body, says) => {
  const graph = await tenant(seed);
  const before = graph.snapshot();
  const reply = await post(graph, `${path}/p1/assign`, body);
  expect([reply.status, messageOf(reply)]).toEqual([400, expect.stringContaining(says)]);
  expect(graph.snapshot()).toEqual(before);
});

test('collections are expanded as each kind allows', async () => {
  const graph = await tenant(
    policy('mobileApp'),
    policy('iosManagedAppProtection'),
    policy('policySet'),
    policy('windowsDriverUpdateProfile'),
  );
  const statusOf = async (path: string): Promise<number> => (await get(graph, path)).status;
  expect(await statusOf('/deviceAppManagement/mobileApps?$expand=assignments')).toBe(400);
  expect(
    await statusOf('/deviceAppManagement/mobileApps?$filter=isAssigned%20eq%20true&$expand=assignments'),
  ).toBe(200);
  expect(await statusOf('/deviceAppManagement/iosManagedAppProtections?$expand=assignments')).toBe(400);
  expect(await statusOf('/deviceManagement/windowsDriverUpdateProfiles?$filter=x')).toBe(400);
  expect(await statusOf('/deviceAppManagement/policySets/p1/assignments')).toBe(400);
  const one = await get(graph, '/deviceAppManagement/policySets/p1?$expand=assignments');
  expect(one.body['assignments']).toHaveLength(1);
});

test('a kind that the token may not use is forbidden, reads and writes', async () => {
  const graph = await tenant(policy('mobileApp'), policy('deviceShellScript'));
  graph.reconfigure({ kindsRefused: ['mobileApp'] });
  const statuses = [
    await get(graph, '/deviceAppManagement/mobileApps'),
    await get(graph, '/deviceAppManagement/mobileApps/p1/assignments'),
    await post(graph, '/deviceAppManagement/mobileApps/p1/assign', { mobileAppAssignments: [] }),
    await get(graph, '/deviceManagement/deviceShellScripts'),
  ].map(({ status }) => status);
  expect(statuses).toEqual([403, 403, 403, 200]);
});
