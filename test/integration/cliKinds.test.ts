import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Check } from '../../src/app/doctor/check.ts';
import { kindOf } from '../../src/assignments/kinds/registry.ts';
import { generateTenant } from '../../src/simulator/generateTenant.ts';
import type { SimulatorOptions } from '../../src/simulator/simulator.ts';
import type { SeedPolicy } from '../../src/simulator/tenantFile.ts';
import { ALLOW_ALL, bench, csv, type Bench } from '../support/cli.ts';
import { gateway } from '../support/gateway.ts';
import { guid } from '../support/guid.ts';
import { heldIn } from '../support/kindsCycle.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { jwt } from '../support/token.ts';
import { groupTarget } from '../support/simulatorClient.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const SETTINGS = {
  '@odata.type': '#microsoft.graph.win32LobAppAssignmentSettings',
  notifications: 'showAll',
};

const HOURLY = JSON.stringify({
  '@odata.type': '#microsoft.graph.deviceHealthScriptHourlySchedule',
  interval: 8,
});

const POLICIES: SeedPolicy[] = [
  {
    ...{ id: 'app-1', type: 'mobileApp', displayName: 'Editor' },
    properties: { publishingState: 'published' },
    assignments: [
      { id: 'x_1_0', target: groupTarget('g1'), intent: 'required', own: { settings: SETTINGS } },
      {
        ...{ id: 'x_2_0', intent: 'uninstall', own: { settings: null } },
        target: { '@odata.type': '#microsoft.graph.exclusionGroupAssignmentTarget', groupId: guid('g1') },
      },
    ],
  },
  {
    ...{ id: 'app-2', type: 'mobileApp', displayName: 'Draft' },
    properties: { publishingState: 'notPublished' },
    assignments: [],
  },
  {
    ...{ id: 'baseline', type: 'configurationPolicy', displayName: 'Baseline' },
    properties: { platforms: 'windows10', templateReference: { templateFamily: 'baseline' } },
    assignments: [{ id: 'b1', target: groupTarget('g1') }],
  },
  { id: 'mam', type: 'iosManagedAppProtection', assignments: [{ id: 'm1', target: groupTarget('g1') }] },
  {
    ...{ id: 'fix', type: 'deviceHealthScript' },
    assignments: [
      {
        ...{ id: 'f1', own: { runRemediationScript: false, runSchedule: null } },
        target: { '@odata.type': '#microsoft.graph.exclusionGroupAssignmentTarget', groupId: guid('g1') },
      },
    ],
  },
  { id: 'set', type: 'policySet', assignments: [{ id: 's1', target: groupTarget('g1') }] },
  { id: 'wifi', type: 'deviceConfiguration', assignments: [{ id: 'c1', target: groupTarget('g1') }] },
];

const site = (options: SimulatorOptions = {}, env: Record<string, string> = {}): Promise<Bench> =>
  bench(
    redis.url,
    {
      tenant: {
        policies: POLICIES,
        filters: [{ id: 'f1', displayName: 'F', platform: 'windows10AndLater' }],
      },
      ...options,
    },
    env,
  );

const tokenFor = (...roles: string[]): string =>
  jwt({ tid: '11111111-2222-3333-4444-555555555555', appid: 'app', exp: 4_000_000_000, roles });

describe('a plan', () => {
  test('tells what single policies do not take, with the reason, and queues nothing', async () => {
    const here = await site();
    const file = here.file(
      'changes.json',
      JSON.stringify([
        {
          policyType: 'mobileApp',
          policyId: 'app-2',
          action: 'add',
          targetType: 'group',
          groupId: guid('g2'),
          intent: 'required',
        },
        {
          ...{ policyType: 'configurationPolicy', policyId: 'baseline', assignmentId: 'b1' },
          ...{ targetType: 'group', groupId: guid('g1'), filterId: guid('f1'), filterType: 'include' },
        },
        {
          ...{ policyType: 'deviceHealthScript', policyId: 'fix', assignmentId: 'f1' },
          ...{ targetType: 'group', groupId: guid('g1') },
        },
        {
          policyType: 'policySet',
          policyId: 'set',
          assignmentId: 's1',
          targetType: 'group',
          groupId: guid('g2'),
        },
        {
          policyType: 'policySet',
          policyId: 'set',
          assignmentId: 's1x',
          targetType: 'group',
          groupId: guid('g1'),
        },
      ]),
    );
    const ran = await here.run(['plan', file]);
    expect(ran.exitCode, ran.stderr).toBe(2);
    expect(ran.stderr).toContain('policyId: The app is not published yet (notPublished)');
    expect(ran.stderr).toContain('filterId: Security baselines take no filter.');
    expect(ran.stderr).toContain('policyType: Policy sets are only read here');
    expect(ran.stderr).toContain('runSchedule: When the remediation runs is not said.');
    expect(ran.stderr).toContain('does not fit the tenant: 4 problems; nothing was queued');
  });

  test('stops apps that go, remediations that begin to run and app protection that is lost, until each is allowed by its count', async () => {
    const here = await site();
    const blank = { action: 'set', fromTargetType: '', fromGroupId: '', fromIntent: '', intent: '' };
    const toG2 = { ...blank, targetType: 'group', groupId: 'g2', runRemediationScript: '', runSchedule: '' };
    const fromG1 = { fromTargetType: 'group', fromGroupId: 'g1' };
    const rows = csv([
      {
        ...{ policyType: 'mobileApp', policyId: 'app-1', ...toG2, ...fromG1 },
        ...{ fromIntent: 'required', intent: 'uninstall' },
      },
      {
        ...{ policyType: 'deviceHealthScript', policyId: 'fix', ...toG2 },
        ...{ action: 'add', runRemediationScript: 'true', runSchedule: HOURLY },
      },
      { policyType: 'iosManagedAppProtection', policyId: 'mam', ...toG2, ...fromG1 },
    ]);
    const file = here.file('changes.csv', rows);
    const plan = (...allow: string[]) => here.run(['plan', file, '--max-changes-percent', 'off', ...allow]);
    const stopped = await plan();
    expect(stopped.exitCode, stopped.stderr).toBe(3);
    for (const line of [
      /^ +cuts-off=1 +app protection 1: line 4$/m,
      /^ +uninstall=1 +group g2 has it uninstalled: line 2$/m,
      /^ +remediation-on=1 +group g2: the remediation script is to run: line 3$/m,
    ])
      expect(stopped.stderr).toMatch(line);
    const { guard } = JSON.parse((await plan('--json')).stdout) as { guard: Record<string, number> };
    const allowed = Object.entries(guard).map(([kind, count]) => `${kind}=${count}`);
    expect((await plan('--allow', allowed.join(','))).exitCode).toBe(0);
    expect((await plan('--allow', allowed.join(',').replace('uninstall=1', 'uninstall=2'))).exitCode).toBe(3);
  });

  test('leaves out the policies of which one takes not what a row wants, where that is asked for', async () => {
    const here = await site();
    const toG2 = { targetType: 'group', groupId: 'g2', filterId: '', filterType: '' };
    const row = (policyType: string, policyId: string, assignmentId: string, more: object = toG2) => ({
      ...{ policyType, policyId, assignmentId },
      ...more,
    });
    const filtered = { targetType: 'group', groupId: 'g1', filterId: 'f1', filterType: 'include' };
    // Scattered, so that rows lie elsewhere than in the file.
    const rows = [
      row('deviceConfiguration', 'wifi', 'c1'),
      row('configurationPolicy', 'baseline', 'b1', filtered),
      row('iosManagedAppProtection', 'mam', 'm1'),
      row('policySet', 'set', 's1'),
      row('mobileApp', 'app-1', 'x_1_0'),
    ];
    const file = here.file('changes.csv', csv(rows));
    const refused = await here.run(['plan', file]);
    expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('with --skip-invalid') });
    const terms = ['--skip-invalid', '--max-changes-percent', 'off'];
    const applied = await here.run(['apply', file, '--yes', ...terms, ...ALLOW_ALL]);
    expect(applied.exitCode, applied.stderr).toBe(1);
    expect(applied.stderr).toContain('Security baselines take no filter.');
    expect(applied.stderr).toContain('2 rows');
    const results = JSON.parse((await here.run(['results', '@last', '--format', 'json'])).stdout) as object[];
    expect(results).toMatchObject(
      ['wifi', 'mam', 'app-1'].map((policyId) => ({ policyId, status: 'succeeded' })),
    );
    expect(here.simulator.tenant.assignmentsOf('configurationPolicies', 'baseline')).toMatchObject([
      { target: { groupId: guid('g1') } },
    ]);
  });

  test('says what no rollback takes back', async () => {
    const here = await site();
    const row = { policyType: 'mobileApp', policyId: 'app-1', assignmentId: 'x_1_0' };
    const file = here.file('changes.csv', csv([{ ...row, targetType: 'group', groupId: 'g2' }]));
    const ran = await here.run(['plan', file, ...ALLOW_ALL, '--max-changes-percent', 'off']);
    expect(ran.exitCode, ran.stderr).toBe(0);
    expect(ran.stderr).toContain(
      'A rollback puts assignments back, not what devices do meanwhile: apps that were installed or removed.',
    );
    const other = here.file(
      'other.csv',
      csv([
        {
          policyType: 'deviceConfiguration',
          policyId: 'wifi',
          assignmentId: 'c1',
          targetType: 'group',
          groupId: 'g2',
        },
      ]),
    );
    expect((await here.run(['plan', other, ...ALLOW_ALL, '--max-changes-percent', 'off'])).stderr).toContain(
      'A rollback puts assignments back, not what devices do meanwhile.',
    );
  });

  test('reads the pages of the kinds of its rows only', async () => {
    const here = await site();
    const row = { policyType: 'iosManagedAppProtection', policyId: 'mam', assignmentId: 'm1' };
    const file = here.file('changes.csv', csv([{ ...row, targetType: 'allLicensedUsers' }]));
    await here.run(['plan', file]);
    // The collection, its one list, name and members of the group that loses the policy, and the approvals; of all users there is no group to be read.
    expect(here.simulator.stats().requests['GET']).toBeLessThanOrEqual(6);
  });

  test('says of a policy that is not there that it may be hidden', async () => {
    const here = await site();
    const row = { policyType: 'deviceShellScript', policyId: 'gone', assignmentId: 'a1' };
    const file = here.file('changes.csv', csv([{ ...row, targetType: 'group', groupId: 'g2' }]));
    expect((await here.run(['plan', file])).stderr).toContain('gone, or not visible to this sign-in');
  });
});

describe('apply and rollback', () => {
  test('of an app keep what is written beside it, and put it back', async () => {
    const here = await site();
    const held = (): unknown =>
      here.simulator.tenant.assignmentsOf('mobileApps', 'app-1')?.map(({ id: _id, ...rest }) => rest);
    const before = held();
    const file = here.file(
      'changes.csv',
      csv([
        {
          ...{ policyType: 'apps', policyName: 'Editor', fromTargetType: 'group', fromGroupId: 'g1' },
          ...{ targetType: 'group', groupId: 'g2', fromIntent: 'required' },
        },
      ]),
    );
    const applied = await here.run(['apply', file, '--yes', ...ALLOW_ALL, '--max-changes-percent', 'off']);
    expect(applied.exitCode, applied.stderr).toBe(0);
    expect(here.simulator.tenant.assignmentsOf('mobileApps', 'app-1')).toMatchObject([
      { intent: 'required', settings: SETTINGS, target: { groupId: guid('g2') } },
      { intent: 'uninstall', settings: null, target: { groupId: guid('g1') } },
    ]);
    const undone = await here.run(['rollback', '@last', '--yes', '--work']);
    expect(undone.exitCode, undone.stderr).toBe(0);
    expect(held()).toEqual(before);
  });
});

describe('export', () => {
  test('leaves out kinds that the token does not allow, says so, and is no failure', async () => {
    const here = await site(
      {},
      { RETARGET_ACCESS_TOKEN: tokenFor('DeviceManagementConfiguration.ReadWrite.All'), AZURE_TENANT_ID: '' },
    );
    const ran = await here.run(['export', '--format', 'json']);
    expect(ran.exitCode, ran.stderr).toBe(0);
    const rows = JSON.parse(ran.stdout) as { policyId: string }[];
    expect(rows.map(({ policyId }) => policyId).toSorted()).toEqual(['baseline', 'set', 'wifi']);
    expect(ran.stderr).toContain(
      'Not exported, as the sign-in has not DeviceManagementApps.Read.All: apps, ',
    );
  });

  test('names a kind that is refused though the token allows it, and ends with 1', async () => {
    const here = await site({ kindsRefused: ['mobileApp', 'deviceHealthScript', 'managedEBook'] });
    const ran = await here.run(['export']);
    expect(ran.exitCode).toBe(1);
    expect(ran.stderr).toContain(
      'does not show every mobileApp, deviceHealthScript, managedEBook with its assignments: Forbidden',
    );
    expect(ran.stderr).toContain(
      'it takes DeviceManagementApps.Read.All, DeviceManagementScripts.Read.All, an Intune role that sees them, and a licence',
    );
  });

  test('names a kind that is answered with nothing but an error, and has the others', async () => {
    const here = await site();
    const gate = await gateway(here.simulator, async (requests, pass) => {
      const answer = await pass();
      const { responses } = JSON.parse(String(answer.body)) as { responses: { id: string }[] };
      const failed = requests.filter(({ url }) => url.includes('/mobileApps'));
      const error = { code: 'InternalServerError', message: 'Something went wrong.' };
      const replies = responses.map((reply) =>
        failed.some(({ id }) => id === reply.id) ? { id: reply.id, status: 500, body: { error } } : reply,
      );
      return { ...answer, body: JSON.stringify({ responses: replies }) };
    });
    const ran = await here.run(['export', '--format', 'json'], { env: { RETARGET_GRAPH_URL: gate.url } });
    expect(ran.exitCode, ran.stderr).toBe(1);
    expect(ran.stderr).toContain('does not show every mobileApp with its assignments: Graph answered 500');
    const rows = JSON.parse(ran.stdout) as { policyType: string }[];
    expect(rows.map(({ policyType }) => policyType)).toContain('deviceConfiguration');
  });
});

test('a name that is not found tells which kinds could not be read', async () => {
  const here = await site({ kindsRefused: ['mobileApp'] });
  const row = { policyName: 'Editor', action: 'add', targetType: 'group', groupId: 'g2' };
  const ran = await here.run(['plan', here.file('names.csv', csv([row]))]);
  expect(ran.exitCode).toBe(2);
  expect(ran.stderr).toContain('Apps can’t be read (Forbidden: ');
});

describe('doctor', () => {
  const checkOf = async (here: Bench, name: string, ...more: string[]): Promise<Check | undefined> => {
    const { stdout } = await here.run(['doctor', '--json', ...more]);
    return (JSON.parse(stdout) as { checks: Check[] }).checks.find((check) => check.name === name);
  };

  test('says per kind what this sign-in does with it', async () => {
    const token = tokenFor('DeviceManagementConfiguration.ReadWrite.All', 'DeviceManagementApps.Read.All');
    const here = await site(
      { kindsRefused: ['deviceHealthScript', 'roleScopeTag'] },
      { RETARGET_ACCESS_TOKEN: token, AZURE_TENANT_ID: '' },
    );
    const { message = '', status } = (await checkOf(here, 'kinds')) ?? {};
    expect(status).toBe('ok');
    expect(message).toMatch(
      /Reads and writes: configurations, compliance policies, settings catalog policies,/,
    );
    expect(message).toMatch(/Only reads: apps, .*policy sets/);
    expect(message).toMatch(/Does not read: .*remediations.*scope tags/);
    // The token does not promise these.
    expect(await checkOf(here, 'intune')).toMatchObject({ status: 'ok' });
  });

  test('tells once what is refused for several kinds, and what each lacks', async () => {
    const here = await site({ kindsRefused: ['mobileApp', 'deviceHealthScript', 'managedEBook'] });
    const refused = async (env: Record<string, string> = {}): Promise<readonly Check[]> => {
      const { stdout } = await here.run(['doctor', '--json'], { env });
      return (JSON.parse(stdout) as { checks: Check[] }).checks.filter(({ name }) => name === 'intune');
    };
    const [unknown, ...others] = await refused();
    expect(others).toEqual([]);
    expect(unknown?.message).toContain('Apps, remediations, eBooks may not be read (Forbidden: ');
    expect(unknown?.remedy?.match(/[0-9a-f-]{36}=Role/g)).toHaveLength(2);
    const roles = ['Configuration', 'Apps', 'Scripts'].map((of) => `DeviceManagement${of}.ReadWrite.All`);
    const env = { RETARGET_ACCESS_TOKEN: tokenFor(...roles), AZURE_TENANT_ID: '' };
    expect((await refused(env))[0]?.remedy).toContain('Look in Intune for a role that sees them');
  });

  test('writes back one of every kind that has a write which changes nothing', async () => {
    const tenant = generateTenant({
      ...{ configurations: 1, compliancePolicies: 1, kinds: 1, assignmentsPerPolicy: 3 },
      ...{ seed: 3, nested: false },
    });
    const here = await bench(redis.url, { tenant });
    const before = here.simulator.snapshot();
    const probed = before.policies.filter(({ type }) => ['patch', 'assign'].includes(kindOf(type).write.how));
    expect(probed.length).toBe(20);
    for (const { type, id, assignments } of probed) {
      const named = `${type}/${id}/${assignments[1]?.id}`;
      const check = await checkOf(here, 'write', '--yes', '--probe-write', named);
      expect(check, named).toMatchObject({ status: 'ok' });
    }
    expect(heldIn(here.simulator.snapshot())).toEqual(heldIn(before));
  });

  test('is kept from no probe by kinds that are not probed and can’t be read', async () => {
    const here = await site({ kindsRefused: ['deviceHealthScript'] });
    const probed = (named: string) => checkOf(here, 'write', '--yes', '--probe-write', named);
    expect(await probed('mobileApp/app-1/x_1_0')).toMatchObject({ status: 'ok' });
    expect(await probed('app-1/x_1_0')).toMatchObject({ status: 'ok' });
    expect((await probed('remediations/fix/f1'))?.message).toContain('the check of intune has failed');
  });

  test('says of the others why there is none, and asks Graph for nothing', async () => {
    const here = await site();
    for (const [named, why] of [
      ['autopilot/p/a', 'an assignment of Autopilot profiles is only added or removed'],
      ['termsAndConditions/p/a', 'an assignment of terms and conditions is only added or removed'],
      ['policySets/set/s1', 'Policy sets are only read here'],
    ] as const) {
      const ran = await here.run(['doctor', '--yes', '--probe-write', named]);
      expect(ran).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(why) });
    }
    expect(here.simulator.stats().requests).toEqual({});
  });

  test.each([
    ['mobileApp/app-1/x_1_0', 'assign works: the list of 2'],
    ['app-1/x_2_0', 'assign works: the list of 2'],
    ['iosManagedAppProtections/mam/m1', 'assign works: the list of 1'],
  ])('writes %s back, as its kind is written', async (named, says) => {
    const here = await site();
    const before = here.simulator.snapshot();
    const check = await checkOf(here, 'write', '--yes', '--probe-write', named);
    expect(check).toMatchObject({ status: 'ok', message: expect.stringContaining(says) });
    expect(here.simulator.snapshot().policies).toEqual(before.policies);
    expect(here.simulator.stats().requests['POST']).toBe(1);
  });
});
