import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { generateTenant } from '../../src/simulator/generateTenant.ts';
import { ALLOW_ALL, bench } from '../support/cli.ts';
import { expectAllWritten, ownRedis, rewriting, type Rewriting } from '../support/rewriting.ts';
import { openTcpProxy } from '../support/tcpProxy.ts';

// Commands that shall end although what they wait for never comes, in processes of their own where something stays behind that
// never ends. How long that takes is not looked at: a
// command without a limit would not end within the test's.

const TENANT = generateTenant({
  configurations: 10,
  compliancePolicies: 0,
  assignmentsPerPolicy: 8,
  seed: 5,
  nested: false,
});

/** Longer than any test: what hangs, hangs. */
const FOR_EVER_MS = 600_000;

const site = (redisUrl: string | undefined): Promise<Rewriting> =>
  rewriting(redisUrl, { tenant: TENANT }, { RETARGET_WINDOW_MS: '20000' });

/** Lets some writes through, then Graph takes requests and answers none. */
async function untilGraphHangs({ simulator }: Rewriting): Promise<void> {
  await vi.waitFor(() => expect(simulator.stats().writesDone).toBeGreaterThan(0), {
    timeout: 30_000,
    interval: 5,
  });
  simulator.reconfigure({ latencyMs: FOR_EVER_MS });
  const { envelopes } = simulator.stats();
  await vi.waitFor(() => expect(simulator.stats().envelopes).toBeGreaterThan(envelopes), { timeout: 30_000 });
}

/** What was in flight is looked at by the next worker, and no row is lost. */
async function expectFinishedBy(here: Rewriting, ...argv: string[]): Promise<void> {
  here.simulator.reconfigure({ latencyMs: 0 });
  expect((await here.run(argv)).exitCode).toBe(0);
  expectAllWritten(here);
  const status = JSON.parse((await here.run(['status', '@last', '--json'])).stdout) as object;
  expect(status).toMatchObject({ state: 'completed', succeeded: here.rows, pending: 0 });
}

test('a worker leaves a Graph that hangs when its time is over, with 0, and takes the embedded Redis with it', async () => {
  const here = await site(undefined);
  await here.run(['submit', '--no-plan', here.changes]);
  const worker = here.command('worker', '--drain-timeout', '4');
  await untilGraphHangs(here);
  const pid = Number(readFileSync(join(here.dir, 'data', 'redis.pid'), 'utf8'));
  worker.kill('SIGTERM');
  const { exitCode, stderr } = await worker.ended;
  expect(exitCode).toBe(0);
  expect(stderr).toContain('did not end in time');
  expect(existsSync(`/proc/${pid}`) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('redis')).toBe(
    false,
  );
  await expectFinishedBy(here, 'worker', '--until-idle');
});

test('apply leaves a Graph that hangs, with 130 and its run paused', async () => {
  const redis = await ownRedis();
  const here = await site(redis.url);
  const applied = here.start([
    'apply',
    here.changes,
    '--yes',
    '--json',
    '--drain-timeout',
    '4',
    ...ALLOW_ALL,
  ]);
  await untilGraphHangs(here);
  applied.interrupt('SIGTERM');
  const { exitCode, stdout, stderr } = await applied.ended;
  expect(exitCode).toBe(130);
  expect(stderr).toContain('did not end in time');
  expect(JSON.parse(stdout)).toMatchObject({
    state: 'paused',
    reason: 'interrupted',
    reasonText: 'interrupted by SIGTERM',
  });
  await expectFinishedBy(here, 'resume', '@last', '--work');
});

test.each([
  ['worker', 0],
  ['apply', 130],
] as const)('%s, whose Redis does not answer any more ends, with %i', async (name, exitCode) => {
  const redis = await ownRedis();
  const proxy = await openTcpProxy(Number(new URL(redis.url ?? '').port));
  onTestFinished(() => proxy.cut());
  const here = await site(`redis://127.0.0.1:${proxy.port}`);
  if (name === 'worker') await here.run(['submit', '--no-plan', here.changes]);
  const argv = name === 'worker' ? ['worker'] : ['apply', here.changes, '--yes', ...ALLOW_ALL];
  const running = here.command(...(await here.allowing(argv)), '--drain-timeout', '4');
  await untilGraphHangs(here);
  proxy.freeze();
  running.kill('SIGTERM');
  expect((await running.ended).exitCode).toBe(exitCode);
});

test('apply whose Redis goes away ends with 130 and says that its run is not paused', async () => {
  const redis = await ownRedis();
  const here = await site(redis.url);
  const applied = here.command(
    ...(await here.allowing(['apply', here.changes, '--yes', '--drain-timeout', '8', ...ALLOW_ALL])),
  );
  await untilGraphHangs(here);
  await redis.kill('SIGKILL');
  await applied.said('is out of reach');
  applied.kill('SIGINT');
  const { exitCode, stderr } = await applied.ended;
  expect(exitCode).toBe(130);
  expect(stderr).toContain('could not be paused');
});

test.each(['0', '-1', 'soon', '1e9', ''])('--drain-timeout %j is refused with its remedy', async (text) => {
  const here = await bench('redis://127.0.0.1:1');
  const ran = await here.run(['worker', `--drain-timeout=${text}`]);
  expect(ran.exitCode).toBe(2);
  expect(ran.stderr).toContain('Write a number of seconds from 0.001 to 86,400.');
});
