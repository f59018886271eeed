import { afterAll, beforeAll, describe, test } from 'vitest';
import { movesEverything, restoresEverything, swapsEverywhere } from '../support/kindsCycle.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

/** Over 4,000 policies and 12,000 assignments. */
const LARGE = { perKind: 145, assignmentsPerPolicy: 3, windowMs: 5_000 };

describe('4,000 policies of all kinds', () => {
  test('are exported, moved by workers of which two are killed, and put back in the same way', () =>
    movesEverything(redis.url, { ...LARGE, kills: 2 }));

  test('have a group swapped by one rule', () => swapsEverywhere(redis.url, LARGE));

  test('are put back from a snapshot', () => restoresEverything(redis.url, LARGE));
});
