import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { RunStatus } from '../../src/runs/progress.ts';
import { generateTenant } from '../../src/simulator/generateTenant.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import type { Command } from '../support/command.ts';
import { expectAllWritten, ownRedis, rewriting, written, type Rewriting } from '../support/rewriting.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';

// What is shown of a run whose worker, Redis or Graph is gone: each in processes of their own, and awaited.
let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const TENANT = () =>
  generateTenant({
    ...{ configurations: 8, compliancePolicies: 4, assignmentsPerPolicy: 11, seed: 3, nested: false },
  });
/** Some seconds of work, and workers that count as gone after ten. */
const PACE = { RETARGET_WRITES_PER_WINDOW: '20', RETARGET_WINDOW_MS: '1000' };
const DEADLINE = { timeout: 40_000, interval: 200 };

interface Site extends Rewriting {
  readonly runId: string;
  status(): Promise<RunStatus>;
  /** The exit code and the line of `status --check`. */
  check(...more: string[]): Promise<{ exitCode: number; line: string }>;
}

async function site(redisUrl: string | undefined, tenant = TENANT()): Promise<Site> {
  const here = await rewriting(redisUrl, { tenant }, PACE);
  const runId = (await here.run(['submit', '--no-plan', here.changes])).stdout.trim();
  return {
    ...here,
    runId,
    async status() {
      const { exitCode, stdout, stderr } = await here.run(['status', runId, '--json']);
      expect(exitCode, stderr).toBe(0);
      return JSON.parse(stdout) as RunStatus;
    },
    async check(...more) {
      const { exitCode, stdout } = await here.run(['status', '--check', ...more]);
      expect(stdout.trimEnd().split('\n')).toHaveLength(1);
      return { exitCode, line: stdout.trimEnd() };
    },
  };
}

/** A worker in a process of its own that has begun to write. */
async function workerOf(here: Site): Promise<Command> {
  const worker = here.command('worker');
  await written(here, here.simulator.stats().writesDone + 20);
  return worker;
}

/** A run that nobody works on is never said to end at some time. */
const UNFORETOLD = { etaSeconds: null, doneAbout: null };

describe('status of a run that is at work', () => {
  test('names its worker, and the check is fine', async () => {
    const here = await site(redis.url);
    const worker = await workerOf(here);
    const status = await here.status();
    expect(status).toMatchObject({
      ...{ state: 'running', reason: null, waitsFor: null },
      workers: [{ host: expect.any(String), pid: worker.pid, graphAwaySince: null }],
    });
    expect(Date.parse(status.workers[0]?.since ?? '')).toBeGreaterThanOrEqual(Date.parse(status.createdAt));
    expect(Date.parse(status.lastProgressAt ?? '')).toBeLessThan(Date.now() + 1_000);
    expect(await here.check('--stalled-after', '15s')).toMatchObject({
      ...{ exitCode: 0, line: expect.stringMatching(/^fine: 1 open run, [\d,]+ of 132 rows$/) },
    });
    expect((await here.run(['status', here.runId])).stdout).toMatch(
      new RegExp(`^workers +\\S+ \\(pid ${worker.pid}\\) since 20`, 'm'),
    );
  }, 60_000);
});

test('a worker that was killed is no worker at once, the check fails within the set time, and the run is queued', async () => {
  const here = await site(redis.url);
  const worker = await workerOf(here);
  worker.kill('SIGKILL');
  await worker.ended;
  await expect.poll(here.status, DEADLINE).toMatchObject({
    ...{ reason: 'noWorker', reasonSince: expect.any(String), workers: [], ...UNFORETOLD },
    reasonText: expect.stringMatching(/^no worker since \d\d:\d\d: start one with `retarget worker`$/),
  });
  const shown = await here.run(['status']);
  expect(shown.stdout).toMatch(new RegExp(`^${here.runId} +(no worker|queued) `, 'm'));
  expect(shown.stderr).toContain(`${here.runId}: no worker since `);
  await expect
    .poll(() => here.check('--stalled-after', '3s'), DEADLINE)
    .toMatchObject({
      ...{
        exitCode: 3,
        line: expect.stringMatching(/^stalled for .*s: \S+ changes\.csv \d+\/132, no worker since /),
      },
    });
  expect((await here.check('--stalled-after', '1h')).exitCode).toBe(0);
  // Nobody is there to take note of it but whoever looks.
  await expect
    .poll(here.status, DEADLINE)
    .toMatchObject({ state: 'queued', reason: 'noWorker', ...UNFORETOLD });
  here.command('worker');
  await expect.poll(here.status, DEADLINE).toMatchObject({ state: 'running', reason: null });
  const log = JSON.parse((await here.run(['log', here.runId, '--json'])).stdout) as { action: string }[];
  expect(log.map(({ action }) => action)).toEqual([...['submit', 'begun', 'left by its workers', 'goes on']]);
}, 120_000);

test('a worker that stands still is none after a while, and the run goes on when it moves again', async () => {
  const here = await site(redis.url);
  const worker = await workerOf(here);
  worker.kill('SIGSTOP');
  onTestFinished(() => worker.kill('SIGKILL'));
  await expect.poll(() => here.check('--stalled-after', '3s'), DEADLINE).toMatchObject({ exitCode: 3 });
  await expect.poll(here.status, DEADLINE).toMatchObject({
    ...{ state: 'queued', reason: 'noWorker', workers: [], ...UNFORETOLD },
  });
  worker.kill('SIGCONT');
  await expect.poll(here.status, { ...DEADLINE, timeout: 90_000 }).toMatchObject({ state: 'completed' });
  expectAllWritten(here);
  expect((await here.check()).exitCode).toBe(0);
}, 180_000);

test('a Redis that was restarted is what a run waits for, until a time that is told; without it there is nothing to tell', async () => {
  const own = await ownRedis();
  const here = await site(own.url);
  await workerOf(here);
  await own.kill('SIGKILL');
  expect((await here.run(['status', here.runId])).exitCode).toBe(4);
  expect((await here.run(['status', '--check'])).exitCode).toBe(4);
  await own.restart();
  await expect.poll(here.status, { ...DEADLINE, interval: 50 }).toMatchObject({
    ...{ state: 'running', reason: 'restarted', waitsFor: { until: expect.any(String) } },
  });
  await expect.poll(here.status, { ...DEADLINE, timeout: 90_000 }).toMatchObject({ state: 'completed' });
  expectAllWritten(here);
}, 180_000);

test('a Graph that is out of reach is what a run waits for, since when it is, and it goes on by itself', async () => {
  const tenant = TENANT();
  const here = await site(redis.url, tenant);
  const worker = await workerOf(here);
  const watching = here.start(['watch', here.runId]);
  const { port, settings } = here.simulator;
  await here.simulator.close();
  await expect.poll(here.status, DEADLINE).toMatchObject({
    ...{ state: 'running', reason: 'graphAway', reasonSince: expect.any(String), ...UNFORETOLD },
    reasonText: expect.stringMatching(/^Graph out of reach since \d\d:\d\d: .*ECONNREFUSED/),
    workers: [{ pid: worker.pid, graphAwaySince: expect.any(String) }],
  });
  await watching.said(`(pid ${worker.pid}) since `);
  await watching.said('Graph out of reach since ');
  await expect
    .poll(() => here.check('--stalled-after', '3s'), DEADLINE)
    .toMatchObject({
      ...{ exitCode: 3, line: expect.stringContaining('Graph out of reach since ') },
    });
  const back = await startSimulator({ ...settings(), port, tenant });
  onTestFinished(() => back.close());
  await expect.poll(here.status, DEADLINE).toMatchObject({ reason: null });
  expect(await watching.ended).toMatchObject({ exitCode: 0 });
  expect((await here.check()).exitCode).toBe(0);
}, 180_000);
