import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TenantSeed } from '../../src/simulator/tenantFile.ts';
import { ALLOW_ALL, bench, csv, type Bench } from '../support/cli.ts';
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
