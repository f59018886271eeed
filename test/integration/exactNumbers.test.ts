import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TenantSeed } from '../../src/simulator/tenantFile.ts';
import { ALLOW_ALL, bench, csv, type Ran } from '../support/cli.ts';
import { gateway, type Gateway } from '../support/gateway.ts';
import { groupTarget } from '../support/simulatorClient.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

/** What JSON.parse would make 9007199254740992 of. */
const DIGITS = '9007199254740993';

const TENANT: TenantSeed = {
  policies: [
    {
      ...{ id: 'wifi', type: 'deviceConfiguration' },
      assignments: [
        { id: 'w1', target: { '@odata.type': '#microsoft.graph.newTarget', stamp: 'DIGITS' } },
        { id: 'w2', target: groupTarget('g2') },
      ],
    },
  ],
};

/** A tenant that shows such a number: behind the gateway it stands as text. */
async function tenantWithDigits(): Promise<{
  readonly gate: Gateway;
  readonly dir: string;
  run(...argv: readonly string[]): Promise<Ran>;
  stamp(): unknown;
  apply(cells: Record<string, string>): Promise<Ran>;
}> {
  const here = await bench(redis.url, { tenant: TENANT });
  const gate = await gateway(here.simulator, (_, pass) => pass(), [DIGITS, '"DIGITS"']);
  const env = { RETARGET_GRAPH_URL: gate.url };
  const run = (...argv: readonly string[]): Promise<Ran> => here.run(argv, { env });
  return {
    ...{ gate, dir: here.dir, run },
    stamp: () =>
      here.simulator.tenant
        .assignmentsOf('deviceConfigurations', 'wifi')
        ?.map(({ target }) => target['stamp'])
        .find((stamp) => stamp !== undefined),
    apply: (cells) => {
      const row = { policyType: 'deviceConfiguration', policyId: 'wifi', ...cells };
      return run('apply', here.file('x.csv', csv([row])), '--yes', ...ALLOW_ALL, '--plan-dir', here.dir);
    },
  };
}

const writesOf = ({ texts }: Gateway): string[] => texts.filter((text) => /"(POST|PATCH)"/.test(text));

test('a number of an entry that no row is about is written back digit by digit', async () => {
  const tenant = await tenantWithDigits();
  const ran = await tenant.apply({ action: 'add', targetType: 'allDevices' });
  expect(ran, ran.stderr).toMatchObject({ exitCode: 0 });
  expect(writesOf(tenant.gate)).toEqual([expect.stringContaining(`"stamp":${DIGITS}`)]);
  expect(tenant.stamp()).toBe('DIGITS');
});

test.each(['by the record', 'by the plan'])('what a rollback puts back has its digits (%s)', async (how) => {
  const tenant = await tenantWithDigits();
  const cells = { assignmentId: 'w1', targetType: 'group', groupId: 'g1' };
  expect((await tenant.apply(cells)).exitCode).toBe(0);
  expect(tenant.stamp()).toBeUndefined();
  const { stdout } = await tenant.run('results', '@last', '--format', 'json');
  expect(stdout).toContain(`"stamp":${DIGITS}`);
  const runId = (JSON.parse((await tenant.run('status', '@last', '--json')).stdout) as { runId: string })
    .runId;
  const from = how === 'by the record' ? [runId] : ['--from', join(tenant.dir, `${runId}.ndjson`)];
  const back = await tenant.run('rollback', ...from, '--yes', '--work');
  expect(back.stderr).toContain('1 succeeded');
  expect(tenant.stamp()).toBe('DIGITS');
});
