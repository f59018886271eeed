import { afterAll, beforeAll, test } from 'vitest';
import { fullCycle } from '../support/fullCycle.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

test('2,000 policies are planned, written, and put back by workers of which one is killed', () =>
  fullCycle(
    redis.url,
    { strategy: 'patch', killed: ['run', 'rollback'] },
    ({ id: policyId, type: policyType, assignments: [, second] }, n) => [
      { policyType, policyId, assignmentId: second?.id, targetType: 'group', groupId: `new-${n}` },
    ],
  ));
