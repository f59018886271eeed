import { afterAll, beforeAll, describe, test } from 'vitest';
import { movesEverything, restoresEverything, swapsEverywhere } from '../support/kindsCycle.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

// `kindsCycle.long.test.ts` plays the same with thousands of policies.
describe('all kinds', () => {
  test('are exported, every assignment moved to a new group, and put back value for value', () =>
    movesEverything(redis.url, { perKind: 8, assignmentsPerPolicy: 3 }));

  test('have a group swapped by one rule, and nothing changed but the group', () =>
    swapsEverywhere(redis.url, { perKind: 6, assignmentsPerPolicy: 3 }));

  test('are put back from a snapshot, whatever another hand has done to them', () =>
    restoresEverything(redis.url, { perKind: 8, assignmentsPerPolicy: 3 }));
});
