import { afterAll, beforeAll, test } from 'vitest';
import { fullCycle, listRows } from '../support/fullCycle.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

test('2,000 lists are planned, written by workers of which one is killed, and put back in the same way', () =>
  fullCycle(redis.url, { strategy: 'assign', killed: ['run', 'rollback'] }, listRows));
