import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { generateTenant } from '../../src/simulator/generateTenant.ts';
import type { SimulatorOptions } from '../../src/simulator/simulator.ts';
import { ALLOW_ALL } from '../support/cli.ts';
import { command } from '../support/command.ts';
import { expectAllWrittenOnce, ownRedis, rewriting, written, type Rewriting } from '../support/rewriting.ts';

// The built command in processes of their own, where the process is the point: signals, exit codes, what it loads. What a
// command does about a signal or a Redis that goes away is in cliInterrupted.long.test.ts, in this process.

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

  test('that comes a second time ends at once, and what was in flight is looked at before it is written again', async () => {
    const redis = await ownRedis();
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
    expect((await here.run(['worker', '--until-idle'])).exitCode).toBe(0);
    expectAllWrittenOnce(here);
  });

  test('of any of the three kinds ends a worker that waits for Redis, with 0', async () => {
    const here = await site('redis://127.0.0.1:1');
    const signals = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const;
    const ends = signals.map(async (signal) => {
      const worker = here.command('worker');
      await worker.said('Redis at redis://127.0.0.1:1 is out of reach');
      worker.kill(signal);
      return worker.ended;
    });
    for (const ended of await Promise.all(ends)) expect(ended).toMatchObject({ exitCode: 0, stdout: '' });
  });
});

describe('the process', () => {
  test('ends quietly when the reader of its results goes away', async () => {
    const redis = await ownRedis();
    const here = await site(redis.url);
    await here.run(['apply', here.changes, '--yes', ...ALLOW_ALL]);
    const results = here.command('results', '@last');
    results.closeStdout();
    const { exitCode, stderr } = await results.ended;
    expect({ exitCode, trace: /^\s+at /m.test(stderr) }).toEqual({ exitCode: 0, trace: false });
  });

  test('says that a full disk took not all of its data, when all the rest is done', async () => {
    const redis = await ownRedis();
    const here = await site(redis.url);
    const options = { env: here.env, cwd: here.dir, stdoutPath: '/dev/full' };
    const submitted = await command(['submit', '--no-plan', here.changes], options).ended;
    expect(submitted.exitCode).toBe(4);
    const runId = /^Run (\S+): \d+ rows queued/m.exec(submitted.stderr)?.[1];
    expect(submitted.stderr).toMatch(/error: Not all data could be written to stdout: .*ENOSPC/);
    expect((await here.run(['status', runId ?? ''])).exitCode).toBe(0);
    const asked = [['status'], ['status', '--json'], ['results', '@last'], ['log', '@last'], ['--help']];
    const ends = await Promise.all(asked.map((argv) => command(argv, options).ended));
    for (const [i, ran] of ends.entries()) {
      expect([asked[i], ran.exitCode]).toEqual([asked[i], 4]);
      expect(ran.stderr).not.toMatch(/^\s+at |bug:/m);
    }
  });

  test('writes to a file at stdout all that it has to say', async () => {
    const redis = await ownRedis();
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
