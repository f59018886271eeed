import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TenantSeed } from '../../src/simulator/tenantFile.ts';
import { APPLY, site, type Target } from '../support/assignSite.ts';
import { csv } from '../support/cli.ts';
import { group } from '../support/graphShapes.ts';
import { guid } from '../support/guid.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const TYPES = ['deviceConfiguration', 'deviceCompliancePolicy'] as const;
const TENANT: TenantSeed = {
  policies: TYPES.map((type) => ({
    ...{ id: type, type },
    assignments: [
      { id: `${type}_a`, target: group('old') as Target, source: 'direct', sourceId: type },
      { id: `${type}_b`, target: group('theirs') as Target, source: 'policySets', sourceId: 's1' },
    ],
  })),
};
/** A body that says of itself that a policy set assigns it. */
const ROWS = csv(
  TYPES.map((type) => ({
    ...{ policyType: type, policyId: type, assignmentId: `${type}_a` },
    body: JSON.stringify({ source: 'policySets', sourceId: 'made', target: group(guid('new')) }),
  })),
);

test.each([
  { storeSource: false, rekey: false },
  { storeSource: true, rekey: false },
  { storeSource: true, rekey: true },
])('what a row itself has made one of a policy set is put back: %j', async (options) => {
  const here = await site(redis.url, { tenant: TENANT, ...options });
  const before = here.held();
  await here.must(0, ...APPLY, here.file('rows.csv', ROWS));
  expect(here.held()['deviceCompliancePolicy']?.join()).toContain('"source":"policySets","sourceId":"made"');
  const ran = await here.must(0, 'rollback', '@last', '--yes', '--work');
  expect(ran.stderr).not.toContain('gone since');
  expect(here.held()).toEqual(before);
});
