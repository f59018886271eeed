import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  movesEverything,
  restoresEverything,
  swapsEverywhere,
  tenantOfKinds,
} from '../support/kindsCycle.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const LARGE = { perKind: 145, assignmentsPerPolicy: 3, windowMs: 5_000 };
const TIMEOUT_MS = 900_000;

describe('4,000 policies of all kinds with 12,000 assignments', () => {
  test('are as many', () => {
    const { policies } = tenantOfKinds(LARGE);
    expect(policies.length).toBeGreaterThan(4_000);
    expect(policies.flatMap(({ assignments }) => assignments).length).toBeGreaterThan(12_000);
  });

  test(
    'are exported, moved by workers of which two are killed, and put back in the same way',
    () => movesEverything(redis.url, { ...LARGE, kills: 2 }),
    TIMEOUT_MS,
  );

  test('have a group swapped by one rule', () => swapsEverywhere(redis.url, LARGE), TIMEOUT_MS);

  test('are put back from a snapshot', () => restoresEverything(redis.url, LARGE), TIMEOUT_MS);
});
