import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { ALLOW_ALL, csv } from '../support/cli.ts';
import { expectAllWritten, rewriting, written, type Rewriting } from '../support/rewriting.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { generateTenant } from '../../src/simulator/generateTenant.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const TENANT = generateTenant({
  // A policy with more than half a batch has one for itself.
  ...{ configurations: 40, compliancePolicies: 20, assignmentsPerPolicy: 11, seed: 3, nested: false },
});
const FEW = generateTenant({
  ...{ configurations: 8, compliancePolicies: 4, assignmentsPerPolicy: 11, seed: 3, nested: false },
});
/** So slow that the stop finds jobs in the queue, which would all look at the tenant if they might. */
const SLOW = {
  ...{ RETARGET_WRITES_PER_WINDOW: '400', RETARGET_WINDOW_MS: '1000', RETARGET_CONCURRENCY: '1' },
};
const LATENCY_MS = 300;

const site = (tenant = TENANT): Promise<Rewriting> =>
  rewriting(redis.url, { tenant, latencyMs: LATENCY_MS }, SLOW);

const writtenMore = (here: Rewriting, more: number): Promise<void> =>
  written(here, here.simulator.stats().writesDone + more);

describe('pause --all with three workers', () => {
  test('lets no request of a run leave once it has answered, and resume --all ends every run', async () => {
    const here = await site();
    const runId = (await here.run(['submit', '--no-plan', here.changes])).stdout.trim();
    const dying = here.command('worker');
    const workers = [here.start(['worker']), here.start(['worker'])];
    await writtenMore(here, 20);
    const stopped = await here.run(['pause', '--all', '--reason', 'CHG-7']);
    expect(stopped, stopped.stderr).toMatchObject({ exitCode: 0, stdout: '' });
    expect(stopped.stderr).toContain('retarget resume --all');
    const { envelopes, writesDone } = here.simulator.stats();
    expect(writesDone).toBeLessThan(here.rows);

    // A new run, a worker that dies and one that comes: none of it may send anything.
    const other = here.file(
      'other.csv',
      csv([
        {
          url: '/deviceManagement/deviceConfigurations/none/assignments/a',
          targetType: 'group',
          groupId: 'g',
        },
      ]),
    );
    const late = await here.run(['submit', '--no-plan', other]);
    expect(late.stderr).toContain('was stopped by ada@desk');
    dying.kill('SIGKILL');
    await dying.ended;
    workers.push(here.start(['worker']));
    for (const worker of workers) await worker.said('(CHG-7); it goes on with');
    await redis.restart();
    const jobs = await jobsDoneIn(here, 1_500);
    expect(here.simulator.stats().envelopes).toBe(envelopes);
    // Work that was refused is not asked for again and again.
    expect(jobs).toBeLessThan(5);

    const status = JSON.parse((await here.run(['status', runId, '--json'])).stdout);
    expect(status).toMatchObject({
      state: 'running',
      reasonText: expect.stringMatching(/stopped by ada@desk at 20.*\(CHG-7\)/),
    });
    const all = await here.run(['status']);
    expect(all.stderr).toContain('Nothing is sent for now: the tenant was stopped by ada@desk');
    // Not as if they were at work.
    expect(all.stdout).toMatch(new RegExp(`^${runId} +stopped `, 'm'));
    expect(all.stdout).not.toMatch(/ (running|queued) /);
    expect((await here.run(['status', runId])).stdout).toMatch(/^state +stopped: the tenant was stopped/m);

    here.simulator.reconfigure({ latencyMs: 0 });
    const goesOn = await here.run(['resume', '--all', '--json']);
    expect(goesOn).toMatchObject({ exitCode: 0 });
    expect(JSON.parse(goesOn.stdout)).toEqual({ stopped: null });
    const watched = await here.run(['watch', runId]);
    expect(watched, watched.stderr).toMatchObject({ exitCode: 0 });
    expect((await here.run(['watch', '@last'])).exitCode).toBe(1);
    const { writtenAgain, throttled } = here.simulator.stats();
    expect({ writtenAgain, throttled }).toEqual({ writtenAgain: [], throttled: 0 });
    expectAllWritten(here);
    for (const worker of workers) worker.interrupt('SIGTERM');
    for (const { ended } of workers) expect((await ended).exitCode).toBe(0);
    const actions = JSON.parse((await here.run(['log', runId, '--json'])).stdout).map(
      ({ action }: { action: string }) => action,
    );
    expect(actions).toEqual(['submit', 'begun', 'stop', 'let go on', 'ended']);
  }, 90_000);
});

describe('resume --all', () => {
  test('asks for a worker when nobody is there to go on, in words that can be followed', async () => {
    const here = await site(FEW);
    await here.run(['submit', '--no-plan', here.changes]);
    await here.run(['pause', '--all']);
    const { stderr } = await here.run(['resume', '--all']);
    expect(stderr).toContain('No worker is at work for this tenant: start one with `retarget worker`.');
    expect(stderr).not.toContain('--work');
  });

  test('asks for none when a command is at work on the only run, or no run is left', async () => {
    const here = await site(FEW);
    await here.run(['pause', '--all']);
    expect((await here.run(['resume', '--all'])).stderr).not.toContain('No worker');
    await here.run(['submit', '--no-plan', here.changes]);
    await here.run(['pause', '@last']);
    const working = here.start(['resume', '@last', '--work']);
    await writtenMore(here, 20);
    await here.run(['pause', '--all']);
    expect((await here.run(['resume', '--all'])).stderr).not.toContain('No worker');
    here.simulator.reconfigure({ latencyMs: 0 });
    await working.ended;
  }, 60_000);
});

/** Jobs of the tenant that workers have taken up in so many ms. */
async function jobsDoneIn({ env }: Rewriting, ms: number): Promise<number> {
  const client = new Redis(redis.socketPath);
  const scripts = async (): Promise<number> => {
    const info = await client.info('commandstats');
    return Number(/cmdstat_evalsha:calls=(\d+)/.exec(info)?.[1] ?? 0);
  };
  expect(env['AZURE_TENANT_ID']).toBeDefined();
  const before = await scripts();
  await sleep(ms);
  const after = await scripts();
  client.disconnect();
  return after - before;
}

test('apply says that the tenant is stopped before it asks, and waits until it is let go on', async () => {
  const here = await site(FEW);
  here.simulator.reconfigure({ latencyMs: 0 });
  await here.run(['worker', '--until-idle']);
  await here.run(['pause', '--all']);
  const stdin = new PassThrough();
  const applied = here.start(['apply', here.changes, ...ALLOW_ALL], { isTerminal: true, stdin });
  await applied.said('[y/N]');
  expect(applied.text()).toMatch(
    /Nothing is sent for now: the tenant was stopped by ada@desk at [^]*\[y\/N\]/,
  );
  stdin.write('y\n');
  await applied.said('The tenant was stopped by');
  expect(here.simulator.stats().writesArrived).toBe(0);
  await here.run(['resume', '--all']);
  const ran = await applied.ended;
  expect(ran, ran.stderr).toMatchObject({ exitCode: 0 });
  expect(ran.stderr).toContain('The tenant goes on.');
  const again = await here.run(['resume', '--all']);
  expect(again.stderr).toContain('was not stopped');
}, 60_000);

describe('pause --all', () => {
  test('of a tenant that this Redis has never seen is refused, with those that it knows', async () => {
    const own = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
    onTestFinished(() => own.stop());
    const elsewhere = { REDIS_URL: own.url };
    const here = await site(FEW);
    const pause = (tenant: string | undefined, ...more: string[]) =>
      here.run(['pause', '--all', ...more], { env: { ...elsewhere, AZURE_TENANT_ID: tenant } });
    const nobody = await pause(undefined);
    expect(nobody).toMatchObject({ exitCode: 2, stdout: '' });

    for (const tenant of ['north', 'south'])
      await here.run(['worker', '--until-idle'], { env: { ...elsewhere, AZURE_TENANT_ID: tenant } });
    const mistyped = await pause(undefined);
    expect(mistyped).toMatchObject({ exitCode: 2, stdout: '' });
    expect(mistyped.stderr).toMatch(/Nothing was stopped[^]*--tenant with one of north, south/);
    const client = new Redis(own.socketPath);
    onTestFinished(() => client.disconnect());
    expect(await client.keys('*default*:ledger*')).toEqual([]);

    // Nor is another one than is meant said to be well.
    const check = (tenant: string | undefined) =>
      here.run(['status', '--check'], { env: { ...elsewhere, AZURE_TENANT_ID: tenant } });
    expect((await check('north')).stdout).toBe('fine: no run is open\n');
    for (const tenant of [undefined, 'east'])
      expect(await check(tenant)).toMatchObject({
        ...{
          exitCode: 2,
          stdout: '',
          stderr: expect.stringMatching(/Nothing was checked[^]*one of north, south/),
        },
      });

    const stopped = await pause('north', '--json');
    expect(stopped, stopped.stderr).toMatchObject({ exitCode: 0 });
    expect(stopped.stderr).toContain('Tenant north is stopped');
    expect(stopped.stderr).toContain('Not stopped: south, nothing at work or in line');
    expect(JSON.parse(stopped.stdout)).toMatchObject({
      tenant: 'north',
      notStopped: [{ tenant: 'south', runs: [] }],
    });

    // What goes on elsewhere is named, and --every-tenant stops it as well.
    const atSouth = { ...elsewhere, AZURE_TENANT_ID: 'south' };
    await here.run(['submit', '--no-plan', here.changes], { env: atSouth });
    expect((await pause('north')).stderr).toMatch(/Not stopped: south, changes\.csv 0\/132/);
    const every = await pause(undefined, '--every-tenant', '--json');
    expect(every, every.stderr).toMatchObject({ exitCode: 0 });
    expect(every.stderr).toContain('2 tenants stopped: north, south');
    expect(JSON.parse(every.stdout)).toMatchObject({ tenants: [{ id: 'north' }, { id: 'south' }] });
    expect(await client.keys('*default*:ledger*')).toEqual([]);
    const status = await here.run(['status'], { env: atSouth });
    expect(status.stderr).toContain('Nothing is sent for now: the tenant was stopped by ada@desk');
    const goesOn = await here.run(['resume', '--every-tenant'], {
      env: { ...elsewhere, AZURE_TENANT_ID: undefined },
    });
    expect(goesOn.stderr).toContain('2 tenants let go on: north, south.');
    const log = await here.run(['log', '--json'], { env: atSouth });
    expect(JSON.parse(log.stdout).map(({ action }: { action: string }) => action)).toEqual([
      ...['submit', 'stop', 'let go on'],
    ]);
    expect((await pause('north', '--every-tenant', '--tenant', 'north')).exitCode).toBe(2);
  }, 60_000);
});

test('a run and --all exclude each other, and one of them is needed', async () => {
  const here = await site(FEW);
  for (const argv of [['pause'], ['pause', '@last', '--all'], ['resume'], ['resume', '--all', '--work']]) {
    const ran = await here.run(argv);
    expect(ran).toMatchObject({ exitCode: 2, stdout: '' });
    expect(ran.stderr).toContain('--all');
  }
});
