import { afterAll, beforeAll, test } from 'vitest';
import { fullCycle, listRows, SMALL } from '../support/fullCycle.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

// The one of many such cycles that every `npm test` plays: `*Cycle.long.test.ts` are larger ones, `npm run chaos` worse ones.
test('lists are planned, written by workers of which one is killed, and put back in the same way', () =>
  fullCycle(redis.url, { strategy: 'assign', killed: ['run'], size: SMALL }, listRows));
