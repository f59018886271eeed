import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { closeRedis, openRedis } from '../../src/redis/connection.ts';
import { generateTenant } from '../../src/simulator/generateTenant.ts';
import type { SimulatorOptions } from '../../src/simulator/simulator.ts';
import { ALLOW_ALL } from '../support/cli.ts';
import {
  expectAllWritten,
  expectAllWrittenOnce,
  ownRedis,
  rewriting,
  written,
  type Rewriting,
} from '../support/rewriting.ts';
import type { TestRedis } from '../support/redisServer.ts';

// What commands that work do about a signal, and about a Redis that goes away, in this process: signals that come to a process of
// its own are in cliSignals.long.test.ts.

const SILENT = { info: () => undefined, warn: () => undefined };

const TENANT = generateTenant({
  configurations: 16,
  compliancePolicies: 4,
  assignmentsPerPolicy: 8,
  seed: 3,
  nested: false,
});

const site = (
  redisUrl: string | undefined,
  options: SimulatorOptions = {},
  env: Record<string, string> = {},
): Promise<Rewriting> => rewriting(redisUrl, { tenant: TENANT, ...options }, env);

const PACE = { RETARGET_WRITES_PER_WINDOW: '100', RETARGET_WINDOW_MS: '1000' };

/** A worker is on a connection of its own that waits for jobs. */
async function waitsForJobs(redis: TestRedis): Promise<void> {
  const client = await openRedis(redis, { patience: 'failFast', name: 'test', log: SILENT });
  onTestFinished(() => closeRedis(client));
  await vi.waitFor(async () => expect(await client.call('CLIENT', 'LIST')).toContain('cmd=bzpopmin'), {
    timeout: 30_000,
    interval: 20,
  });
}

describe('a signal', () => {
  test('leaves the run of apply paused, with 130; the command that is named ends it', async () => {
    const redis = await ownRedis();
    const here = await site(redis.url, { latencyMs: 60 }, PACE);
    const applied = here.start(['apply', here.changes, '--yes', '--json', ...ALLOW_ALL]);
    await written(here, 40);
    applied.interrupt('SIGINT');
    const { exitCode, stdout, stderr } = await applied.ended;
    expect(exitCode).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({
      state: 'paused',
      reason: 'interrupted',
      reasonText: 'interrupted by SIGINT',
    });
    const named = /Go on with: +retarget (resume \S+ --work)\n/.exec(stderr)?.[1] ?? '';
    const resumed = await here.run(named.split(' '));
    expect(resumed).toMatchObject({ exitCode: 0, stdout: '' });
    expectAllWrittenOnce(here);
  });

  test('ends a worker whose Redis has gone away', async () => {
    const redis = await ownRedis();
    const here = await site(redis.url);
    const worker = here.start(['worker']);
    await worker.said('Working for tenant');
    await redis.kill('SIGKILL');
    await worker.said('is out of reach');
    worker.interrupt('SIGTERM');
    expect((await worker.ended).exitCode).toBe(0);
  });

  test('ends a worker in order whose Redis comes back meanwhile', async () => {
    const redis = await ownRedis();
    const here = await site(redis.url);
    const worker = here.start(['worker', '--drain-timeout', '15']);
    await waitsForJobs(redis);
    await redis.kill('SIGKILL');
    await worker.said('is out of reach');
    worker.interrupt('SIGTERM');
    await worker.said('Finishing what is in flight');
    await redis.restart();
    const { exitCode, stderr } = await worker.ended;
    expect({ exitCode, isLate: stderr.includes('did not end in time') }).toEqual({
      exitCode: 0,
      isLate: false,
    });
  });
});

describe('Redis', () => {
  test('is waited for by a worker, which works when it is there', async () => {
    const redis = await ownRedis();
    const here = await site(redis.url);
    await here.run(['submit', '--no-plan', here.changes]);
    await redis.kill('SIGKILL');
    const worker = here.start(['worker', '--until-idle']);
    await worker.said('is out of reach');
    await redis.restart();
    expect((await worker.ended).exitCode).toBe(0);
    expectAllWrittenOnce(here);
  });

  test('may be restarted in the middle of apply', async () => {
    const redis = await ownRedis();
    const here = await site(redis.url, { latencyMs: 60 }, PACE);
    const applied = here.start(['apply', here.changes, '--yes', ...ALLOW_ALL]);
    await written(here, 40);
    await redis.restart();
    const ended = await applied.ended;
    expect(ended).toMatchObject({ exitCode: 0 });
    expectAllWritten(here);
    expect(here.simulator.stats().writtenAgain).toEqual([]);
  });
});

describe('the limit', () => {
  // Of one worker alone it is proved by limiterWorkers.test.ts, and by each permit in limiter.test.ts.
  test.each(['sliding', 'fixed'] as const)(
    'of a %s window is never met by three workers that know it',
    async (window) => {
      const redis = await ownRedis();
      const limit = { writeLimit: 50, requestLimit: 500, windowMs: 800, window };
      const pace = { RETARGET_WRITES_PER_WINDOW: '50', RETARGET_WINDOW_MS: '800' };
      const here = await site(redis.url, { ...limit, latencyMs: 30 }, pace);
      await here.run(['submit', '--no-plan', here.changes]);
      const all = Array.from({ length: 3 }, () => here.start(['worker', '--until-idle']));
      for (const { ended } of all) expect((await ended).exitCode).toBe(0);
      expectAllWrittenOnce(here);
      expect(here.simulator.stats().writesInWindowMax.arrived).toBeLessThanOrEqual(50);
    },
  );
});
