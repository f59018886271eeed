import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { generateTenant } from '../../src/simulator/generateTenant.ts';
import { startReceiver, type Received } from '../support/receivers.ts';
import { ownRedis, rewriting, written } from '../support/rewriting.ts';

const TENANT = generateTenant({
  configurations: 16,
  compliancePolicies: 4,
  assignmentsPerPolicy: 8,
  seed: 3,
  nested: false,
});

const typeOf = ({ body }: Received): string => (JSON.parse(body) as { type: string }).type;

test('a worker that is killed is silent from then on, `status --check` ends with 3, and the next worker tells of it', async () => {
  const redis = await ownRedis();
  // One write a window of a second: the run is at work for as long as the test lasts.
  const here = await rewriting(
    redis.url,
    { tenant: TENANT },
    { RETARGET_WRITES_PER_WINDOW: '1', RETARGET_WINDOW_MS: '1000' },
  );
  const [alive, hook] = await Promise.all([startReceiver(), startReceiver()]);
  here.file(
    'notify.json',
    JSON.stringify({
      channels: {
        alive: { type: 'heartbeat', url: alive.url, everySeconds: 1 },
        ops: { type: 'webhook', url: hook.url, events: ['stalled'] },
      },
      default: ['ops'],
    }),
  );
  const submitted = await here.run(['submit', '--no-plan', here.changes]);
  expect(submitted.exitCode).toBe(0);
  const first = here.command('worker');
  await alive.until(2);
  await written(here, 1);
  expect((await here.run(['status', '--check', '--stalled-after', '1m'])).exitCode).toBe(0);
  first.kill('SIGKILL');
  await first.ended;
  const pings = alive.received.length;
  const check = () => here.run(['status', '--check', '--stalled-after', '2s']);
  await vi.waitFor(async () => expect((await check()).exitCode).toBe(3), { timeout: 30_000, interval: 100 });
  expect((await check()).stdout).toMatch(/^stalled for .*no worker/);
  // Once the worker has been silent for long enough, whoever looks puts the run in line again.
  const state = async (): Promise<unknown> =>
    JSON.parse((await here.run(['status', '@last', '--json'])).stdout).state;
  await vi.waitFor(async () => expect(await state()).toBe('queued'), { timeout: 30_000, interval: 200 });
  expect(alive.received).toHaveLength(pings);
  const second = here.command('worker');
  await hook.until(1);
  await alive.until(pings + 1);
  second.kill('SIGKILL');
  expect(hook.received.map(typeOf)).toEqual(['intune-retarget.run.stalled']);
  expect(JSON.parse(hook.received[0]?.body ?? '')).toMatchObject({
    subject: submitted.stdout.trim(),
    data: { reason: 'noWorker', commands: { 'Start a worker': expect.stringContaining('worker') } },
  });
}, 60_000);

test('a worker that does not reach Graph keeps silent, until it does', async () => {
  const redis = await ownRedis();
  const here = await rewriting(redis.url, { tenant: TENANT }, { RETARGET_WINDOW_MS: '1000' });
  const alive = await startReceiver();
  here.file(
    'notify.json',
    JSON.stringify({ channels: { alive: { type: 'heartbeat', url: alive.url, everySeconds: 1 } } }),
  );
  const nobody = { env: { RETARGET_GRAPH_URL: 'http://127.0.0.1:9' } };
  await here.run(['submit', '--no-plan', here.changes], nobody);
  const worker = here.start(['worker'], nobody);
  await worker.said('Graph is out of reach');
  // The first call may have come before that was known.
  const pings = alive.received.length;
  await sleep(2_500);
  expect(alive.received).toHaveLength(pings);
  worker.interrupt('SIGTERM');
  await worker.ended;
});
