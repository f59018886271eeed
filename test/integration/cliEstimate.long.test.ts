import { afterAll, beforeAll, expect, test } from 'vitest';
import { ANY_SIZE, plannedTenant } from '../support/plannedTenant.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

test('the time that the plan names is what the run takes at least, and no less than can be', async () => {
  const pace = { RETARGET_WINDOW_MS: '500', RETARGET_WRITES_PER_WINDOW: '40' };
  const here = await plannedTenant(redis.url, 240, {}, pace);
  const planned = await here.run(['plan', here.changes, '--json', ...ANY_SIZE]);
  const { secondsAtLeast, writes } = JSON.parse(planned.stdout);
  expect(writes).toBe(480);
  expect(secondsAtLeast).toBeGreaterThanOrEqual(0.9 * ((writes / 40) * 0.5));
  const applied = await here.run(['apply', here.changes, '--yes', '--json', ...ANY_SIZE]);
  const { startedAt, finishedAt } = JSON.parse(applied.stdout);
  const took = (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000;
  expect(took).toBeGreaterThanOrEqual(0.9 * secondsAtLeast);
});
