import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { generateTenant } from '../../src/simulator/generateTenant.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { ALLOW_ALL, bench, csv } from '../support/cli.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

test('a Graph that goes away in mid-run is told once, and once when it is back; the run goes on', async () => {
  const tenant = generateTenant({
    ...{ configurations: 20, compliancePolicies: 5, assignmentsPerPolicy: 4, seed: 7, nested: false },
  });
  const pace = { RETARGET_WINDOW_MS: '8000', RETARGET_WRITES_PER_WINDOW: '400' };
  const here = await bench(redis.url, { tenant }, pace);
  const rows = [...here.simulator.tenant.every()].map(({ path }, n) => ({
    ...{ url: path, targetType: 'group', groupId: `new-${n}` },
  }));
  const applying = here.start(['apply', here.file('x.csv', csv(rows)), '--yes', ...ALLOW_ALL]);
  await vi.waitFor(() => expect(here.simulator.stats().writesDone).toBeGreaterThan(0), {
    timeout: 30_000,
    interval: 5,
  });
  const { port, settings } = here.simulator;
  await here.simulator.close();
  await applying.said('Graph is out of reach: ');
  const back = await startSimulator({ ...settings(), port, tenant });
  onTestFinished(() => back.close());
  const { exitCode, stderr } = await applying.ended;
  expect(exitCode).toBe(0);
  expect(stderr.match(/Graph is out of reach: /g)).toHaveLength(1);
  expect(stderr.match(/Graph is there again\./g)).toHaveLength(1);
});
