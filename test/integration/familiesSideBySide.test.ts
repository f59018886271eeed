import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SeedPolicy } from '../../src/simulator/tenantFile.ts';
import { site } from '../support/assignSite.ts';
import { ALLOW_ALL, csv } from '../support/cli.ts';
import { graphProxy } from '../support/graphProxy.ts';
import { group } from '../support/graphShapes.ts';
import { guid } from '../support/guid.ts';
import { ANY_SIZE } from '../support/plannedTenant.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

/** One kind of each of five families. */
const TYPES = {
  configurationPolicy: 'configurationPolicies',
  deviceManagementScript: 'deviceManagementScripts',
  windowsFeatureUpdateProfile: 'windowsFeatureUpdateProfiles',
  androidManagedAppProtection: 'androidManagedAppProtections',
  groupPolicyConfiguration: 'groupPolicyConfigurations',
} as const;
type Type = keyof typeof TYPES;

/** Writes in a window that each family takes, and the slow one. */
const [LIMIT, SLOW_LIMIT] = [20, 4];
/** Windows that they have to do in. */
const [WINDOWS, SLOW_WINDOWS] = [1, 3];
/** Long against what a machine can stand still for in between. */
const WINDOW_MS = 1_500;

const policiesOf = (type: Type, many: number): SeedPolicy[] =>
  Array.from({ length: many }, (_, n) => {
    const id = guid(`${type} ${n}`);
    const target = group(guid('old')) as SeedPolicy['assignments'][number]['target'];
    return { type, id, displayName: id, assignments: [{ id: `${id}_a`, target }] };
  });

test('a family that waits for its limit keeps no other from its writes', async () => {
  const [slow, ...others] = Object.keys(TYPES) as Type[];
  // The slow one stands first in the file, and its one batch has three windows to go.
  const policies = [slow, ...others].flatMap((type) =>
    type === undefined ? [] : policiesOf(type, type === slow ? SLOW_WINDOWS * SLOW_LIMIT : WINDOWS * LIMIT),
  );
  const here = await site(redis.url, { tenant: { policies }, writeLimit: LIMIT, windowMs: WINDOW_MS });
  const proxy = await graphProxy(here.simulator);
  const env = {
    RETARGET_WRITES_PER_WINDOW: `${LIMIT}, deviceConfigurationV2=${SLOW_LIMIT}`,
    RETARGET_WINDOW_MS: String(WINDOW_MS),
    ...{ RETARGET_CONCURRENCY: '1', RETARGET_GRAPH_URL: proxy.url },
  };
  const file = here.file(
    'rows.csv',
    csv(
      policies.map(({ type, id, assignments: [first] }) => ({
        ...{ policyType: type, policyId: id, assignmentId: first?.id },
        ...{ targetType: 'group', groupId: guid(`new ${id}`) },
      })),
    ),
  );
  const runId = (await here.run(['submit', file, ...ALLOW_ALL, ...ANY_SIZE], { env })).stdout.trim();
  const worked = await here.run(['worker', '--until-idle'], { env });
  expect(worked.exitCode, worked.stderr).toBe(0);
  expect(await here.status(runId)).toMatchObject({ succeeded: policies.length, throttled: 0 });

  const written = proxy.asked.filter((url) => url.endsWith('/assign')).map((url) => url.split('/')[2]);
  expect(written).toHaveLength(policies.length);
  const lastOf = (type: Type): number => written.lastIndexOf(TYPES[type]);
  const ofSlow = written.flatMap((set, place) => (set === TYPES.configurationPolicy ? [place] : []));
  // All the others come to their end while the slow one waits for its last window.
  const lastWindow = ofSlow.at(-SLOW_LIMIT) ?? 0;
  for (const type of others) expect(lastOf(type), type).toBeLessThan(lastWindow);
  const { families } = await here.status(runId);
  expect(families).toEqual(
    expect.arrayContaining([expect.objectContaining({ family: 'deviceConfigurationV2', pending: 0 })]),
  );
});
