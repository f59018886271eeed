import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SimulatorOptions } from '../../src/simulator/simulator.ts';
import type { SeedPolicy } from '../../src/simulator/tenantFile.ts';
import { ANY_SIZE } from '../support/plannedTenant.ts';
import { bench, csv } from '../support/cli.ts';
import { guid } from '../support/guid.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { groupTarget } from '../support/simulatorClient.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const policy = (type: SeedPolicy['type'], id: string, more: object = {}): SeedPolicy => ({
  ...{ type, id, displayName: id },
  assignments: [{ id: `${id}-a`, target: groupTarget('old'), ...more }],
});

const POLICIES = [
  policy('configurationPolicy', 'active'),
  policy('configurationPolicy', 'draft'),
  policy('configurationPolicy', 'over'),
  { ...policy('mobileApp', 'app', { intent: 'required' }), properties: { publishingState: 'published' } },
  // Of a kind that is in no deployment, whatever its id.
  policy('deviceConfiguration', 'plain'),
];

const DEPLOYMENTS: SimulatorOptions['deployments'] = [
  { payloadId: 'active', mode: 'active', state: 'notStarted' },
  { payloadId: 'draft', mode: 'draft', state: 'notStarted' },
  { payloadId: 'over', mode: 'active', state: 'completed' },
  { payloadId: 'app', mode: 'active', state: 'paused' },
  { payloadId: 'plain', mode: 'active', state: 'inProgress' },
];

async function planned(options: SimulatorOptions, ...flags: readonly string[]) {
  const here = await bench(redis.url, { tenant: { policies: POLICIES }, ...options });
  const rows = POLICIES.map(({ type, id }) => ({
    ...{ policyType: type, policyId: id, assignmentId: `${id}-a` },
    ...{ targetType: 'group', groupId: guid('new') },
  }));
  const file = here.file('rows.csv', csv(rows));
  const ran = await here.run(['plan', file, '--json', ...ANY_SIZE, ...flags]);
  const { guard } = JSON.parse(ran.stdout) as { readonly guard: Readonly<Record<string, number>> };
  return { here, ran, guard, asked: here.simulator.stats().requests };
}

test('a policy or an app in an active deployment is a finding, by the name of that', async () => {
  const { guard, ran, here } = await planned({ deployments: DEPLOYMENTS });
  expect(ran.exitCode).toBe(3);
  expect(guard).toEqual({ 'in-deployment': 2 });
  const shown = await here.run(['plan', `${here.dir}/rows.csv`, '--details', ...ANY_SIZE]);
  expect(shown.stderr + shown.stdout).toMatch(/in the deployment "?Deployment 1"?.*by itself/);
  const allowed = ['--allow', 'in-deployment=2', ...ANY_SIZE];
  expect((await here.run(['plan', `${here.dir}/rows.csv`, ...allowed])).exitCode).toBe(0);
});

test('where the tenant has no deployments, or none under way, nothing is said', async () => {
  for (const deployments of [null, []]) {
    const { guard, ran } = await planned({ deployments });
    expect(ran.exitCode, ran.stderr).toBe(0);
    expect(guard).toEqual({});
    expect(ran.stderr + ran.stdout).not.toMatch(/deployment/i);
  }
});
