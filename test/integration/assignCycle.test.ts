import { afterAll, beforeAll, test } from 'vitest';
import { fullCycle } from '../support/fullCycle.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

test('2,000 lists are planned, written by workers of which one is killed, and put back in the same way', () =>
  fullCycle(
    redis.url,
    { strategy: 'assign', killed: ['run', 'rollback'] },
    ({ id: policyId, type: policyType, assignments }, n) => {
      const [first, second] = assignments;
      const row = (action: string, assignmentId = '', groupId = '') => ({
        ...{ policyType, policyId, assignmentId, action },
        ...{ targetType: groupId === '' ? '' : 'group', groupId },
      });
      switch (n % 5) {
        case 0:
          return [row('add', '', `new-${n}`), row('remove', second?.id)];
        case 1:
          return [row('clear')];
        default:
          return [row('set', first?.id, `new-${n}`)];
      }
    },
  ));
