import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { keysOf } from '../../src/runs/keys.ts';
import { SILENT_MS } from '../../src/runs/run.ts';
import { bench, csv, type Bench } from '../support/cli.ts';
import { startReceiver, type Receiver } from '../support/receivers.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { groupTarget } from '../support/simulatorClient.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ tcp: true });
});
afterAll(() => redis.stop());

/** A tenant whose run was at work when its only worker died, longer ago than a worker may be silent. */
async function leftAlone(): Promise<{
  readonly here: Bench;
  readonly runId: string;
  readonly hook: Receiver;
}> {
  const here = await bench(redis.url, {
    tenant: {
      policies: [
        { id: 'p1', type: 'deviceConfiguration', assignments: [{ id: 'a1', target: groupTarget('old') }] },
      ],
    },
  });
  const hook = await startReceiver();
  here.file('notify.json', JSON.stringify({ channels: { ops: { type: 'webhook', url: hook.url } } }));
  const file = here.file(
    'changes.csv',
    csv([
      {
        ...{ policyType: 'deviceConfiguration', policyId: 'p1', assignmentId: 'a1' },
        ...{ targetType: 'group', groupId: 'new' },
      },
    ]),
  );
  const submitted = await here.run(['submit', '--no-plan', file, '--notify', 'ops']);
  expect(submitted).toMatchObject({ exitCode: 0 });
  const runId = submitted.stdout.trim();
  const client = new Redis({ path: redis.socketPath });
  onTestFinished(() => client.disconnect());
  const { header } = keysOf(here.env['AZURE_TENANT_ID'] ?? '').run(runId);
  await client.hset(header, { state: 'running', seenAt: String(Date.now() - SILENT_MS - 1_000) });
  return { here, runId, hook };
}

test('serve tells that a run stands still, where no worker is left that would', async () => {
  const { here, runId, hook } = await leftAlone();
  const serving = here.start(['serve', '--port', '0']);
  const [told] = await hook.until(1);
  expect(JSON.parse(told?.body ?? '')).toMatchObject({
    type: 'intune-retarget.run.stalled',
    data: { run: runId, reason: 'noWorker' },
  });
  serving.interrupt('SIGINT');
  expect(await serving.ended).toMatchObject({ exitCode: 0 });
});

test('a notify.json that nobody can read keeps no page from being served, and that nobody is told is said', async () => {
  const { here, hook } = await leftAlone();
  here.file('notify.json', '{"channels": ');
  const serving = here.start(['serve', '--port', '0']);
  await serving.said('It ends with Ctrl-C');
  expect(serving.text()).toContain('Nobody is told by this process');
  serving.interrupt('SIGINT');
  expect(await serving.ended).toMatchObject({ exitCode: 0 });
  expect(hook.received).toEqual([]);
});
