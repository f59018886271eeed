import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keysOf } from '../../src/runs/keys.ts';
import { HOUR_MS } from '../../src/runs/run.ts';
import type { SimulatorOptions } from '../../src/simulator/simulator.ts';
import type { TenantSeed } from '../../src/simulator/tenantFile.ts';
import { ALLOW_ALL, bench, csv, type Bench, type Ran } from '../support/cli.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { groupTarget } from '../support/simulatorClient.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const ROWS = 60;
const IDS = Array.from({ length: ROWS }, (_, n) => `a${n}`);
const TENANT: TenantSeed = {
  policies: IDS.map((id) => ({
    ...{ id: `p${id}`, type: 'deviceConfiguration' as const },
    assignments: [{ id, target: groupTarget('old') }],
  })),
};
const changesOf = (ids: readonly string[]): string =>
  csv(
    ids.map((id, n) => ({
      ...{ policyType: 'deviceConfiguration', policyId: `p${id}`, assignmentId: id },
      ...{ targetType: 'group', groupId: 'new', platform: n % 2 === 0 ? 'iOS' : 'android' },
    })),
  );

interface Site extends Bench {
  readonly changes: string;
  status(): Promise<Record<string, unknown>>;
  apply(...more: string[]): Promise<Ran>;
}

async function site(options: SimulatorOptions = {}, env: Record<string, string> = {}): Promise<Site> {
  const here = await bench(redis.url, { tenant: TENANT, ...options }, env);
  const changes = here.file('changes.csv', changesOf(IDS));
  return {
    ...here,
    changes,
    status: async () => JSON.parse((await here.run(['status', '@last', '--json'])).stdout),
    apply: (...more) => here.run(['apply', changes, '--yes', ...ALLOW_ALL, ...more]),
  };
}

/** Nobody may write these rows, counted from the first. */
const forbidden = (to: number, from = 0): SimulatorOptions => ({ forbidden: IDS.slice(from, to) });

describe('an aborted run', () => {
  test('names its cause and the ways on; resume goes on with the rest only, retry with what failed too', async () => {
    const here = await site(forbidden(30, 5), { RETARGET_CONCURRENCY: '1' });
    const ran = await here.apply('--max-failures', '22');
    expect(ran.exitCode, ran.stderr).toBe(3);
    const { runId, state, failed, pending } = await here.status();
    expect(state).toBe('aborted');
    for (const way of ['results', 'resume', 'retry', 'update'])
      expect(ran.stderr).toContain(`retarget ${way} ${runId}`);
    expect(ran.stderr).toMatch(/in a row failed with Forbidden|rows failed, more than 22/);
    expect(Number(pending)).toBeGreaterThan(0);

    here.simulator.reconfigure({ forbidden: [] });
    const resumed = await here.run(['resume', '@last', '--work']);
    expect(resumed, resumed.stderr).toMatchObject({ exitCode: 1 });
    expect(resumed.stderr).toContain(`goes on with ${String(pending)} rows; what failed stays failed`);
    expect(await here.status()).toMatchObject({
      state: 'completed',
      failed,
      succeeded: ROWS - Number(failed),
    });
    const retried = await here.run(['retry', '@last', '--work']);
    expect(retried, retried.stderr).toMatchObject({ exitCode: 0 });
    expect(await here.status()).toMatchObject({ failed: 0, succeeded: ROWS });
  });

  test('with nothing left to be tried says so', async () => {
    const here = await site(forbidden(ROWS));
    const few = here.file('few.csv', changesOf(IDS.slice(0, 20)));
    await here.run(['apply', few, '--yes', ...ALLOW_ALL]);
    const resumed = await here.run(['resume', '@last']);
    expect(resumed.exitCode).toBe(2);
    expect(resumed.stderr).toContain('retarget retry');
  });
});

describe('retry of a part', () => {
  test('takes the failed rows that --where and --rows mean, and leaves the others failed', async () => {
    const here = await site(forbidden(8));
    expect((await here.apply('--max-failures', 'off')).exitCode).toBe(1);
    here.simulator.reconfigure({ forbidden: [] });
    const some = await here.run([
      'retry',
      '@last',
      '--where',
      'platform=IOS',
      '--where',
      'errorCode=forb*',
      '--work',
    ]);
    expect(some.stderr).toContain('4 rows of run');
    expect(await here.status()).toMatchObject({ state: 'completed', failed: 4, succeeded: ROWS - 4 });
    const named = here.file('rows.csv', changesOf([IDS[1] ?? '', IDS[40] ?? '']));
    expect((await here.run(['retry', '@last', '--rows', named, '--work'])).exitCode).toBe(1);
    expect(await here.status()).toMatchObject({ failed: 3, succeeded: ROWS - 3 });
    const none = await here.run(['retry', '@last', '--where', 'status=succeeded', '--work']);
    expect(none.stderr).toContain('No row of this run that is meant failed or was left out');
    const wrong = await here.run(['retry', '@last', '--where', 'platfrm=iOS']);
    expect(wrong).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('Did you mean platform?') });
  });

  test('that opens no row does not ask for a worker', async () => {
    const here = await site();
    await here.run(['apply', here.changes, '--yes', ...ALLOW_ALL]);
    const none = await here.run(['retry', '@last', '--where', 'status=succeeded']);
    expect(none.exitCode).toBe(0);
    expect(none.stderr).toContain('No row of this run that is meant failed');
    expect(none.stderr).not.toContain('worker');
  });

  test('of a cancelled run leaves what was not meant unwritten', async () => {
    const here = await site();
    await here.run(['submit', '--no-plan', here.changes]);
    await here.run(['cancel', '@last']);
    await here.run(['retry', '@last', '--where', 'platform=iOS', '--work']);
    expect(await here.status()).toMatchObject({ state: 'completed', succeeded: 30, cancelled: 30 });
    expect(here.simulator.stats().writesDone).toBe(30);
  });
});

describe('update', () => {
  test('changes how a run goes on, shows it, and off takes it back', async () => {
    const here = await site(forbidden(8));
    await here.run(['submit', '--no-plan', here.changes, '--max-failures', '3']);
    const set = await here.run([
      ...[
        'update',
        '@last',
        '--max-failures',
        '10%',
        '--writes-per-window',
        '40',
        '--reason',
        'CHG-2',
        '--json',
      ],
    ]);
    expect(set, set.stderr).toMatchObject({ exitCode: 0 });
    expect(JSON.parse(set.stdout)).toMatchObject({ maxFailures: '10%', writesPerWindow: 40 });
    const shown = await here.run(['status', '@last']);
    expect(shown.stdout).toMatch(/max failures +10%\nits own limit +40 writes a window/);
    await here.run(['update', '@last', '--writes-per-window', 'off']);
    expect(await here.status()).toMatchObject({ maxFailures: '10%', writesPerWindow: null });
    expect((await here.run(['worker', '--until-idle'])).exitCode).toBe(1);
    // With the three that it was submitted with it would have stopped.
    expect(await here.status()).toMatchObject({ state: 'completed', failed: 8 });
    const late = await here.run(['update', '@last', '--max-failures', 'off']);
    expect(late).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("can't be updated") });
  });

  test('says who is told from now on, also of one that has ended', async () => {
    const here = await site();
    await here.run(['submit', '--no-plan', here.changes]);
    const channels = { ops: { type: 'webhook', url: 'http://127.0.0.1:1/' } };
    here.file('notify.json', JSON.stringify({ channels }));
    const unknown = await here.run(['update', '@last', '--notify', 'opps']);
    expect(unknown).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('did you mean "ops"?') });
    const updated = await here.run(['update', '@last', '--notify', 'ops']);
    expect(updated).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('ops is told of it.') });
    expect(await here.status()).toMatchObject({ channels: [{ channel: 'ops' }] });
    await here.run(['cancel', '@last']);
    const off = await here.run(['update', '@last', '--notify', 'off']);
    expect(off).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('nobody is told of it.') });
    expect(await here.status()).toMatchObject({ channels: [] });
  });

  test('refuses what it can’t read, and nothing at all', async () => {
    const here = await site();
    await here.run(['submit', '--no-plan', here.changes]);
    for (const flags of [
      [],
      ['--max-failures', 'some'],
      ['--writes-per-window', '0'],
      ['--writes-per-window', 'x'],
    ])
      expect((await here.run(['update', '@last', ...flags])).exitCode).toBe(2);
    expect(await here.status()).toMatchObject({ maxFailures: '5%', writesPerWindow: null });
  });
});

test('a run that has grown too old waits for resume, and the worker names the command', async () => {
  const here = await site();
  const runId = (await here.run(['submit', '--no-plan', here.changes])).stdout.trim();
  const client = new Redis(redis.socketPath);
  const { header } = keysOf(here.env['AZURE_TENANT_ID'] ?? '').run(runId);
  await client.hset(header, { freshAt: Date.now() - 30 * HOUR_MS });
  client.disconnect();
  const worker = await here.run(['worker', '--until-idle']);
  expect(worker.exitCode).toBe(3);
  expect(worker.stderr).toMatch(/paused \(it is 30 h old[^]*retarget resume /);
  expect(here.simulator.stats().envelopes).toBe(0);
  const shown = await here.run(['status', runId]);
  expect(shown.stdout).toMatch(/state +paused: it is 30 h old/);
  expect(shown.stderr).toContain(`Go on with: retarget resume ${runId}`);
  expect((await here.run(['resume', runId])).exitCode).toBe(0);
  expect((await here.run(['worker', '--until-idle'])).exitCode).toBe(0);
  expect(await here.status()).toMatchObject({ state: 'completed', succeeded: ROWS });
});

test('a strategy that is none is refused before anything is changed', async () => {
  const here = await site();
  await here.run(['submit', '--no-plan', here.changes]);
  await here.run(['pause', '@last']);
  const wrong = await here.run(['resume', '@last', '--strategy', 'asign']);
  expect(wrong).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('assign') });
  expect(await here.status()).toMatchObject({ state: 'paused' });
});
