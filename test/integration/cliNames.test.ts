import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SeedAssignment, TenantSeed } from '../../src/simulator/tenantFile.ts';
import { ALLOW_ALL, bench, csv, type Bench } from '../support/cli.ts';
import { guid } from '../support/guid.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { groupTarget } from '../support/simulatorClient.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const TENANT: TenantSeed = {
  policies: [
    {
      type: 'deviceConfiguration',
      id: 'c1',
      displayName: 'Wi-Fi',
      assignments: [{ id: 'a1', target: groupTarget('old') }],
    },
    {
      type: 'deviceCompliancePolicy',
      id: 'c2',
      displayName: 'PIN',
      assignments: [{ id: 'a2', target: groupTarget('old') }],
    },
  ],
};
/** Neither names nor platforms nor, for the second row, a kind. */
const CHANGES = csv([
  {
    policyType: 'deviceConfiguration',
    policyId: 'c1',
    assignmentId: 'a1',
    targetType: 'group',
    groupId: 'new',
  },
  {
    policyType: 'deviceCompliancePolicy',
    policyId: 'c2',
    assignmentId: 'a2',
    targetType: 'group',
    groupId: 'new',
  },
]);

const selected = async (here: Bench, ...where: string[]): Promise<string[]> => {
  const ran = await here.run([
    'results',
    '@last',
    '--format',
    'json',
    ...where.flatMap((each) => ['--where', each]),
  ]);
  return (JSON.parse(ran.stdout) as { policyId: string }[]).map(({ policyId }) => policyId);
};

test.each(['a file', 'a saved plan'])(
  'rows of %s are selected by name, platform and kind, which it does not have',
  async (what) => {
    const here = await bench(redis.url, { tenant: TENANT });
    const file = here.file('x.csv', CHANGES);
    const plan = join(here.dir, 'plan.ndjson');
    if (what !== 'a file') await here.run(['plan', file, '-o', plan, ...ALLOW_ALL]);
    const applied = await here.run([
      'apply',
      what === 'a file' ? file : plan,
      '--yes',
      ...ALLOW_ALL,
      '--plan-dir',
      'kept',
    ]);
    expect(applied, applied.stderr).toMatchObject({ exitCode: 0 });
    expect(await selected(here, 'policyName=wi*')).toEqual(['c1']);
    expect(await selected(here, 'policyType=deviceCompliancePolicy')).toEqual(['c2']);
    const runId = JSON.parse((await here.run(['status', '@last', '--json'])).stdout).runId as string;
    const kept = join(here.dir, 'kept', `${runId}.ndjson`);
    for (const which of [['@last'], ['--from', kept]]) {
      const back = await here.run(['rollback', ...which, '--where', 'policyName=PIN', '--dry-run', '--json']);
      expect(JSON.parse(back.stdout), back.stderr).toMatchObject({
        rows: 1,
        writesByType: { deviceCompliancePolicy: 1 },
      });
    }
  },
);

const CALLED = [
  { id: 'old', displayName: 'GRP-Sales' },
  { id: 'new', displayName: 'GRP-Finance' },
];
const row = (more: Readonly<Record<string, string>> = {}): string =>
  csv([
    {
      ...{ policyType: 'deviceConfiguration', policyId: 'c1', assignmentId: 'a1' },
      ...{ targetType: 'group', groupId: 'new', ...more },
    },
  ]);

describe('groups stand with their names', () => {
  test('in the plan, in what a saved plan shows, in the table of a rollback, and in a message of the results', async () => {
    const refusals = [
      { assignmentId: 'a2', status: 403, code: 'Forbidden', message: `Not for ${guid('new')}.` },
    ];
    const tenant = { ...TENANT, refusals };
    const here = await bench(redis.url, { tenant, groups: CALLED });
    const plan = join(here.dir, 'plan.ndjson');
    const planned = await here.run(['plan', here.file('x.csv', CHANGES), '-o', plan, ...ALLOW_ALL]);
    const inTable = /^ +2 +Wi-Fi +GRP-Sales \(old\) +GRP-Finance \(new\)$/m;
    expect(planned.stderr).toMatch(inTable);
    expect(planned.stderr).toMatch(/cuts-off=1 \(allowed\) +compliance 1: line 3$/m);
    const applied = await here.run(['apply', plan, '--yes', '--plan-dir', 'kept', ...ALLOW_ALL]);
    expect(applied.stderr).toMatch(inTable);
    const failed = await here.run(['results', '@last', '--only', 'failed', '--format', 'json']);
    expect(JSON.parse(failed.data)).toMatchObject([
      { errorMessage: expect.stringContaining(`Not for GRP-Finance (${guid('new')}).`) },
    ]);
    const named = await here.run([
      'results',
      '@last',
      '--where',
      'groupName=grp-fin*',
      '--only',
      'succeeded',
    ]);
    const [header = '', only = ''] = named.stdout.split('\n');
    expect(header).toMatch(/,groupId,.*policyName,platform,groupName,status,/);
    expect(only).toContain(',Wi-Fi,windows10AndLater,GRP-Finance,succeeded,');
    // What says the names beside the ids can be given again.
    const again = await here.run(['plan', here.file('again.csv', named.data)]);
    expect(again.stderr).toContain('1 already so.');
    // Somebody has changed it since.
    here.simulator.edit([
      {
        ...{ do: 'change', type: 'deviceConfiguration', policyId: 'c1', assignmentId: 'a1' },
        target: groupTarget(guid('other')) as SeedAssignment['target'],
      },
    ]);
    for (const which of [['@last'], ['--from', plan]]) {
      const back = await here.run(['rollback', ...which, '--dry-run', '--where', 'policyName=Wi-Fi']);
      expect(back.stderr).toMatch(/^ +2 +Wi-Fi +GRP-Sales \(old\) +group other$/m);
    }
  });

  test('and a name beside an id that is not its own keeps the file out, with both names', async () => {
    const here = await bench(redis.url, { tenant: TENANT, groups: CALLED });
    const shuffled = row({ groupName: 'GRP-Sales' });
    const ran = await here.run(['apply', here.file('x.csv', shuffled), '--yes', ...ALLOW_ALL]);
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toContain('x.csv:2:1 groupName: Expected the group "GRP-Sales", found "GRP-Finance"');
    const meant = await here.run(['plan', here.file('x.csv', row({ groupName: 'grp-finance' }))]);
    expect(meant.stderr).toContain('1 row to write');
  });
});

test('a run that was not planned is selected by what its file says, and by nothing that nobody has looked up', async () => {
  const here = await bench(redis.url, { tenant: TENANT });
  const submit = async (content: string) =>
    here.run(['submit', here.file('x.csv', content), '--no-plan', '--again']);
  expect((await submit(row())).exitCode).toBe(0);
  for (const column of ['platform', 'policyName']) {
    const ran = await here.run(['results', '@last', '--where', `${column}=x`]);
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toContain(`no column ${column}, and no plan has looked it up in the tenant.`);
    expect(ran.stderr).toContain('Write --where with one of: policyType, policyId, ');
  }
  expect(await selected(here, 'policyType=deviceConfiguration')).toEqual(['c1']);
  expect((await submit(row({ platform: 'iOS' }))).exitCode).toBe(0);
  expect(await selected(here, 'platform=ios')).toEqual(['c1']);
});
