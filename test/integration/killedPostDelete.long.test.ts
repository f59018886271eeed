import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { site, type Site } from '../support/assignSite.ts';
import { ALLOW_ALL } from '../support/cli.ts';
import { command } from '../support/command.ts';
import { ANY_SIZE } from '../support/plannedTenant.ts';
import { movingAll, tenantOf } from '../support/postDeleteSite.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const ALLOW = [...ALLOW_ALL, ...ANY_SIZE];

const requests = ({ simulator }: Site): Record<string, number> => simulator.stats().requests;

/** A worker that is killed in the middle, and one that goes on. */
async function workThroughAKill(here: Site): Promise<void> {
  const { env, dir, simulator } = here;
  simulator.reset();
  simulator.reconfigure({ latencyMs: 100 });
  const worker = command(['worker'], { env: { ...env, RETARGET_CONCURRENCY: '1' }, cwd: dir });
  await vi.waitFor(() => expect(requests(here)['DELETE'] ?? 0).toBeGreaterThan(4), {
    ...{ timeout: 30_000, interval: 5 },
  });
  worker.kill('SIGKILL');
  await worker.ended;
  const policies = simulator.snapshot().policies.length;
  expect(requests(here)['DELETE']).toBeLessThan(policies);
  simulator.reconfigure({ latencyMs: 0 });
  const next = await command(['worker', '--until-idle'], { env, cwd: dir }).ended;
  expect(next.exitCode, next.stderr).toBe(0);
  const { replies, fewestAssignments } = simulator.stats();
  expect(requests(here)).toMatchObject({ POST: policies });
  expect(replies['409']).toBeUndefined();
  // None has lost its old assignment before it had its new one.
  expect(Object.values(fewestAssignments)).toEqual(Array.from({ length: policies }, () => 2));
}

test('a worker that is killed between POST and DELETE leaves what the next one goes on with, in a rollback too', async () => {
  const here = await site(redis.url, { tenant: tenantOf(25) });
  const before = here.held();
  const runId = (await here.must(0, 'submit', movingAll(here), ...ALLOW)).stdout.trim();
  await workThroughAKill(here);
  expect(new Set((await here.results(runId)).map(({ status }) => status))).toEqual(new Set(['succeeded']));
  for (const [id, held] of Object.entries(here.held())) {
    expect(held).toHaveLength(2);
    expect(held.join()).toContain(`new ${id}`);
  }
  const undone = (await here.must(0, 'rollback', runId, '--yes')).stdout.trim();
  await workThroughAKill(here);
  expect(await here.status(undone)).toMatchObject({ state: 'completed', failed: 0 });
  expect(here.held()).toEqual(before);
});
