import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { generateTenant } from '../../src/simulator/generateTenant.ts';
import { closeRedis, openRedis } from '../../src/redis/connection.ts';
import type { SimulatorOptions } from '../../src/simulator/simulator.ts';
import { named } from '../support/guid.ts';
import { ALLOW_ALL, bench, csv, type Bench } from '../support/cli.ts';
import { command, type Command } from '../support/command.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';

// The built command in processes of their own: signals, exit codes and what a process loads.

const SILENT = { info: () => undefined, warn: () => undefined };

const TENANT = generateTenant({
  configurations: 20,
  compliancePolicies: 10,
  assignmentsPerPolicy: 8,
  seed: 3,
  nested: false,
});

interface Site extends Bench {
  readonly rows: number;
  readonly changes: string;
  command(...argv: string[]): Command;
}

/** A tenant with a file that changes all of it. */
async function site(
  redisUrl: string | undefined,
  options: SimulatorOptions = {},
  env: Record<string, string> = {},
): Promise<Site> {
  const here = await bench(redisUrl, { tenant: TENANT, ...options }, env);
  const entries = [...here.simulator.tenant.every()];
  const changes = csv(
    entries.map(({ path }, n) => ({ url: path, targetType: 'group', groupId: `new-${n}` })),
  );
  return {
    ...here,
    rows: entries.length,
    changes: here.file('changes.csv', changes),
    command: (...argv) => command(argv, { env: here.env, cwd: here.dir }),
  };
}

async function redisServer(): Promise<TestRedis> {
  const redis = await startRedisServer({
    args: ['--appendonly', 'yes', '--appendfsync', 'always'],
    tcp: true,
  });
  onTestFinished(() => redis.stop());
  return redis;
}

const written = (here: Site, atLeast: number): Promise<void> =>
  vi.waitFor(() => expect(here.simulator.stats().writesDone).toBeGreaterThanOrEqual(atLeast), {
    timeout: 30_000,
    interval: 20,
  });

/** A worker is on a connection of its own that waits for jobs. */
async function waitsForJobs(redis: TestRedis): Promise<void> {
  const client = await openRedis(redis, { patience: 'failFast', name: 'test', log: SILENT });
  onTestFinished(() => closeRedis(client));
  await vi.waitFor(async () => expect(await client.call('CLIENT', 'LIST')).toContain('cmd=bzpopmin'), {
    timeout: 30_000,
    interval: 20,
  });
}

/** Every assignment holds its own new group, and none was written a second time. */
function expectAllWrittenOnce({ simulator, rows }: Site): void {
  const groups = [...simulator.tenant.every()].map(({ assignment }) =>
    named(String(assignment.target['groupId'])),
  );
  expect(groups).toEqual(groups.map((_, n) => `new-${n}`));
  const { writtenAgain, writesDone, writesPerAssignment, throttled } = simulator.stats();
  expect({ writtenAgain, writesDone, throttled }).toEqual({
    writtenAgain: [],
    writesDone: rows,
    throttled: 0,
  });
  expect(new Set(Object.values(writesPerAssignment))).toEqual(new Set([1]));
}

const PACE = { RETARGET_WRITES_PER_WINDOW: '100', RETARGET_WINDOW_MS: '1000' };

describe('a signal', () => {
  test('ends a worker in mid-run with 0, and another one goes on: no row lost, none written twice', async () => {
    // No REDIS_URL: submit and both workers find the same embedded Redis.
    const here = await site(undefined, { latencyMs: 60 }, PACE);
    const submitted = await here.command('submit', '--no-plan', here.changes).ended;
    expect(submitted).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^\S+\n$/) });
    const first = here.command('worker');
    await written(here, 40);
    first.kill('SIGTERM');
    const ended = await first.ended;
    expect(ended).toMatchObject({ exitCode: 0, stdout: '' });
    expect(ended.stderr).toContain('Finishing what is in flight');
    const done = here.simulator.stats().writesDone;
    expect(done).toBeLessThan(here.rows);

    const second = await here.command('worker', '--until-idle').ended;
    expect(second.exitCode).toBe(0);
    expectAllWrittenOnce(here);
    const status = await here.run(['status', submitted.stdout.trim(), '--json']);
    expect(JSON.parse(status.stdout)).toMatchObject({ state: 'completed', succeeded: here.rows, pending: 0 });
  });

  test('leaves the run of apply paused, with 130; the command that is named ends it', async () => {
    const redis = await redisServer();
    const here = await site(redis.url, { latencyMs: 60 }, PACE);
    const applied = here.command(
      ...(await here.allowing(['apply', here.changes, '--yes', '--json', ...ALLOW_ALL])),
    );
    await written(here, 40);
    applied.kill('SIGINT');
    const { exitCode, stdout, stderr } = await applied.ended;
    expect(exitCode).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({
      state: 'paused',
      reason: 'interrupted',
      reasonText: 'interrupted by SIGINT',
    });
    const named = /Go on with: +retarget (resume \S+ --work)\n/.exec(stderr)?.[1] ?? '';
    const resumed = await here.command(...named.split(' ')).ended;
    expect(resumed).toMatchObject({ exitCode: 0, stdout: '' });
    expectAllWrittenOnce(here);
  });

  test('that comes a second time ends at once, and what was in flight is looked at before it is written again', async () => {
    const redis = await redisServer();
    const here = await site(redis.url, {}, PACE);
    const applied = here.command(...(await here.allowing(['apply', here.changes, '--yes', ...ALLOW_ALL])));
    await written(here, 20);
    here.simulator.reconfigure({ latencyMs: 120_000 });
    const { envelopes } = here.simulator.stats();
    await vi.waitFor(() => expect(here.simulator.stats().envelopes).toBeGreaterThan(envelopes));
    applied.kill('SIGINT');
    await applied.said('a second signal leaves at once');
    applied.kill('SIGINT');
    expect((await applied.ended).exitCode).toBe(130);
    here.simulator.reconfigure({ latencyMs: 0 });
    const status = JSON.parse((await here.run(['status', '@last', '--json'])).stdout);
    // Nobody was left to pause it, so any worker goes on with it.
    expect(status).toMatchObject({ state: 'running' });
    expect((await here.command('worker', '--until-idle').ended).exitCode).toBe(0);
    expectAllWrittenOnce(here);
  });

  test.each(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)(
    '%s ends a worker that waits for Redis, with 0',
    async (signal) => {
      const here = await site('redis://127.0.0.1:1');
      const worker = here.command('worker');
      await worker.said('Redis at redis://127.0.0.1:1 is out of reach');
      worker.kill(signal);
      expect(await worker.ended).toMatchObject({ exitCode: 0, stdout: '' });
    },
  );

  test('ends a worker whose Redis has gone away', async () => {
    const redis = await redisServer();
    const here = await site(redis.url);
    const worker = here.command('worker');
    await worker.said('Working for tenant');
    await redis.kill('SIGKILL');
    await worker.said('is out of reach');
    worker.kill('SIGTERM');
    expect((await worker.ended).exitCode).toBe(0);
  });

  test('ends a worker in order whose Redis comes back meanwhile', async () => {
    const redis = await redisServer();
    const here = await site(redis.url);
    const worker = here.command('worker', '--drain-timeout', '15');
    await waitsForJobs(redis);
    await redis.kill('SIGKILL');
    await worker.said('is out of reach');
    worker.kill('SIGTERM');
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
    const redis = await redisServer();
    const here = await site(redis.url);
    await here.run(['submit', '--no-plan', here.changes]);
    await redis.kill('SIGKILL');
    const worker = here.command('worker', '--until-idle');
    await worker.said('is out of reach');
    await redis.restart();
    expect((await worker.ended).exitCode).toBe(0);
    expectAllWrittenOnce(here);
  });

  test('may be restarted in the middle of apply', async () => {
    const redis = await redisServer();
    const here = await site(redis.url, { latencyMs: 60 }, PACE);
    const applied = here.command(...(await here.allowing(['apply', here.changes, '--yes', ...ALLOW_ALL])));
    await written(here, 40);
    await redis.restart();
    const ended = await applied.ended;
    expect(ended).toMatchObject({ exitCode: 0 });
    const groups = [...here.simulator.tenant.every()].map(({ assignment }) =>
      named(String(assignment.target['groupId'])),
    );
    expect(groups).toEqual(groups.map((_, n) => `new-${n}`));
    expect(here.simulator.stats().writtenAgain).toEqual([]);
  });
});

describe('the limit', () => {
  test.each([
    ['sliding', 1],
    ['sliding', 3],
    ['fixed', 1],
    ['fixed', 3],
  ] as const)('of a %s window is never met by %i workers that know it', async (window, workers) => {
    const redis = await redisServer();
    const limit = { writeLimit: 50, requestLimit: 500, windowMs: 800, window };
    const pace = { RETARGET_WRITES_PER_WINDOW: '50', RETARGET_WINDOW_MS: '800' };
    const here = await site(redis.url, { ...limit, latencyMs: 30 }, pace);
    await here.run(['submit', '--no-plan', here.changes]);
    const all = Array.from({ length: workers }, () => here.command('worker', '--until-idle'));
    for (const { ended } of all) expect((await ended).exitCode).toBe(0);
    expectAllWrittenOnce(here);
    expect(here.simulator.stats().writesInWindowMax.arrived).toBeLessThanOrEqual(50);
  });
});

describe('the process', () => {
  test('ends quietly when the reader of its results goes away', async () => {
    const redis = await redisServer();
    const here = await site(redis.url);
    await here.run(['apply', here.changes, '--yes', ...ALLOW_ALL]);
    const results = here.command('results', '@last');
    results.closeStdout();
    const { exitCode, stderr } = await results.ended;
    expect({ exitCode, trace: /^\s+at /m.test(stderr) }).toEqual({ exitCode: 0, trace: false });
  });

  test('says that a full disk took not all of its data, when all the rest is done', async () => {
    const redis = await redisServer();
    const here = await site(redis.url);
    const options = { env: here.env, cwd: here.dir, stdoutPath: '/dev/full' };
    const submitted = await command(['submit', '--no-plan', here.changes], options).ended;
    expect(submitted.exitCode).toBe(4);
    const runId = /^Run (\S+): \d+ rows queued/m.exec(submitted.stderr)?.[1];
    expect(submitted.stderr).toMatch(/error: Not all data could be written to stdout: .*ENOSPC/);
    expect((await here.run(['status', runId ?? ''])).exitCode).toBe(0);
    for (const argv of [
      ['status'],
      ['status', '--json'],
      ['results', '@last'],
      ['log', '@last'],
      ['--help'],
    ]) {
      const ran = await command(argv, options).ended;
      expect([argv, ran.exitCode]).toEqual([argv, 4]);
      expect(ran.stderr).not.toMatch(/^\s+at |bug:/m);
    }
  });

  test('writes to a file at stdout all that it has to say', async () => {
    const redis = await redisServer();
    const here = await site(redis.url);
    await here.run(['submit', '--no-plan', here.changes]);
    const stdoutPath = join(here.dir, 'stdout.csv');
    const ran = await command(['results', '@last'], { env: here.env, cwd: here.dir, stdoutPath }).ended;
    expect(ran.exitCode).toBe(0);
    expect(readFileSync(stdoutPath, 'utf8')).toBe((await here.run(['results', '@last'])).data);
  });

  test('loads neither BullMQ nor Azure nor Redis for --version, nor Azure for status', async () => {
    const hook = `import { registerHooks } from 'node:module';
      registerHooks({ load(url, context, next) { process._rawDebug('loaded ' + url); return next(url, context); } });`;
    const here = await site(undefined);
    const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(hook)}`];
    const loadedBy = async (...argv: string[]): Promise<string> => {
      const { exitCode, stderr } = await command(argv, { env: here.env, cwd: here.dir, nodeArgs }).ended;
      expect(exitCode).toBe(0);
      expect(stderr).toContain('loaded file:');
      return stderr;
    };
    expect(await loadedBy('--version')).not.toMatch(/bullmq|@azure|ioredis|undici/);
    const status = await loadedBy('status');
    expect(status).toContain('/ioredis/');
    expect(status).not.toContain('@azure');
  });
});
