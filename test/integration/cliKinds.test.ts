import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateTenant } from '../../src/simulator/generateTenant.ts';
import type { Check } from '../../src/app/doctor/check.ts';
import type { SimulatorOptions } from '../../src/simulator/simulator.ts';
import type { SeedPolicy } from '../../src/simulator/tenantFile.ts';
import { ALLOW_ALL, bench, csv, type Bench } from '../support/cli.ts';
import { guid } from '../support/guid.ts';
import { heldIn, isWritten, type Held } from '../support/kindsCycle.ts';
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
    expect(ran.stderr).toContain('does not fit the tenant: 3 problems; nothing was queued');
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
    expect(
      (await here.run(['plan', other, ...ALLOW_ALL, '--max-changes-percent', 'off'])).stderr,
    ).not.toContain('A rollback puts');
  });

  test('reads the pages of the kinds of its rows only', async () => {
    const here = await site();
    const row = { policyType: 'iosManagedAppProtection', policyId: 'mam', assignmentId: 'm1' };
    const file = here.file('changes.csv', csv([{ ...row, targetType: 'allLicensedUsers' }]));
    await here.run(['plan', file]);
    // The collection, its one list twice, for totals and for the plan, the group, its users and devices, and the approvals.
    expect(here.simulator.stats().requests['GET']).toBeLessThanOrEqual(8);
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
    const here = await site({ kindsRefused: ['mobileApp'] });
    const ran = await here.run(['export']);
    expect(ran.exitCode).toBe(1);
    expect(ran.stderr).toContain('does not show every mobileApp with its assignments: Forbidden');
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

test('one swap goes over all kinds, and changes nothing but the group', async () => {
  const made = generateTenant({
    ...{
      configurations: 3,
      compliancePolicies: 3,
      kinds: 3,
      assignmentsPerPolicy: 2,
      seed: 5,
      nested: false,
    },
  });
  const groups = made.policies.flatMap(({ assignments }) =>
    assignments
      .slice(-1)
      .flatMap(({ target }) => (typeof target['groupId'] === 'string' ? [target['groupId']] : [])),
  );
  const swapped = (text: string, to: string): string =>
    groups.reduce((all, id) => all.replaceAll(`"groupId":"${id}"`, `"groupId":"${guid(to)}"`), text);
  const tenant = JSON.parse(swapped(JSON.stringify(made), 'old')) as typeof made;
  const here = await bench(redis.url, { tenant });
  const held = (): Held => heldIn(here.simulator.snapshot());
  const wanted = Object.fromEntries(
    Object.entries(held()).map(([policy, list]) => [
      policy,
      isWritten(policy.split(' ')[0] ?? '')
        ? list.map((entry) => entry.replaceAll(guid('old'), guid('new'))).toSorted()
        : list,
    ]),
  );
  const file = join(here.dir, 'swap.csv');
  const rule = await here.run(['generate', 'swap', '--from', guid('old'), '--to', guid('new'), '-o', file]);
  expect(rule.exitCode, rule.stderr).toBe(0);
  expect(rule.stderr).toContain('of kinds that are only read here');
  const limits = ['--max-changes', 'off', '--max-changes-percent', 'off'];
  const applied = await here.run(['apply', file, '--yes', ...limits, ...ALLOW_ALL]);
  expect(applied.exitCode, applied.stderr).toBe(0);
  expect(held()).toEqual(wanted);
});
