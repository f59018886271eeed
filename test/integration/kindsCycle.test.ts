import { afterAll, beforeAll, test } from 'vitest';
import { kindsCycle } from '../support/kindsCycle.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

test('all kinds: exported, every assignment moved to a new group, and put back value for value', () =>
  kindsCycle(redis.url, { perKind: 6, assignmentsPerPolicy: 3 }));
