import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { SeedPolicy, TenantSeed } from '../../src/simulator/tenantFile.ts';
import { APPLY, site, type Site } from '../support/assignSite.ts';
import { ALLOW_ALL, csv } from '../support/cli.ts';
import { command } from '../support/command.ts';
import { group } from '../support/graphShapes.ts';
import { guid } from '../support/guid.ts';
import { ANY_SIZE } from '../support/plannedTenant.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const TYPES = ['windowsAutopilotDeploymentProfile', 'termsAndConditions'] as const;
const ALLOW = [...ALLOW_ALL, ...ANY_SIZE];

/** So many policies of each kind, with two assignments each. */
const tenantOf = (each: number): TenantSeed => ({
  policies: TYPES.flatMap((type) =>
    Array.from({ length: each }, (_, i): SeedPolicy => {
      const id = `${type}-${i}`;
      return {
        ...{ type, id, displayName: id },
        assignments: ['old', 'stays'].map((name) => ({
          id: `${id}_${name}`,
          target: group(guid(`${name} ${id}`)) as SeedPolicy['assignments'][number]['target'],
        })),
      };
    }),
  ),
});

const movingAll = (here: Site): string =>
  here.file(
    'rows.csv',
    csv(
      here.simulator.snapshot().policies.map(({ type, id, assignments: [first] }) => ({
        ...{ policyType: type, policyId: id, assignmentId: first?.id },
        ...{ targetType: 'group', groupId: guid(`new ${id}`) },
      })),
    ),
  );

const requests = (here: Site) => here.simulator.stats().requests;

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
  const lists = simulator.snapshot().policies.map(({ assignments }) => assignments.length);
  // None has lost its old assignment before it had its new one.
  expect(Math.min(...lists)).toBe(2);
  expect(requests(here)['DELETE']).toBeLessThan(lists.length);
  simulator.reconfigure({ latencyMs: 0 });
  const next = await command(['worker', '--until-idle'], { env, cwd: dir }).ended;
  expect(next.exitCode, next.stderr).toBe(0);
  expect(requests(here)).toMatchObject({ POST: lists.length });
  expect(simulator.stats().replies['409']).toBeUndefined();
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

test('what stayed half done is told, and a rollback takes the new assignment away again', async () => {
  const refusals = [{ method: 'DELETE', policyId: `${TYPES[0]}-0`, status: 403, times: 1 }] as const;
  const here = await site(redis.url, { tenant: tenantOf(2), refusals: [...refusals] });
  const before = here.held();
  await here.must(1, ...APPLY, ...ANY_SIZE, movingAll(here), '--max-failures', 'off');
  const failed = (await here.results()).filter(({ status }) => status === 'failed');
  expect(failed).toMatchObject([{ policyId: `${TYPES[0]}-0`, errorCode: 'OldNotRemoved' }]);
  expect(here.held()[`${TYPES[0]}-0`]).toHaveLength(3);
  await here.must(0, 'rollback', '@last', '--yes', '--work');
  expect(here.held()).toEqual(before);
});

test('a plan counts two writes for what is retargeted, one for what is added', async () => {
  const here = await site(redis.url, { tenant: tenantOf(2) });
  const [first] = here.simulator.snapshot().policies;
  const added = { policyType: first?.type, policyId: first?.id, action: 'add', targetType: 'group' };
  const rows = here.file('added.csv', csv([{ ...added, groupId: guid('more') }]));
  const planned = async (file: string) =>
    JSON.parse((await here.must(0, 'plan', file, '--json', ...ALLOW)).stdout) as Record<string, unknown>;
  expect(await planned(movingAll(here))).toMatchObject({ writes: 4, requests: 8 });
  expect(await planned(rows)).toMatchObject({ writes: 1, requests: 1 });
});
