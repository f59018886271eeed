import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { keysOf } from '../../src/runs/keys.ts';
import { SILENT_MS } from '../../src/runs/run.ts';
import { bench, csv, type Bench, type Ran } from '../support/cli.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { SMALL_TENANT } from '../support/simulatorClient.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const fileOf = (policyId: string, assignmentId: string): string =>
  csv([
    {
      ...{ policyType: 'deviceConfiguration', policyId, assignmentId },
      ...{ targetType: 'group', groupId: 'new' },
    },
  ]);

interface Line extends Bench {
  readonly mine: string;
  /** The run that is queued first. */
  readonly theirs: string;
  states(): Promise<Record<string, string>>;
}

/** One run that somebody else has queued, and a file for another one. */
async function line(): Promise<Line> {
  const here = await bench(redis.url, { tenant: SMALL_TENANT });
  const submitted = await here.run(['submit', '--no-plan', here.file('theirs.csv', fileOf('c1', 'a1'))]);
  return {
    ...here,
    mine: here.file('mine.csv', fileOf('c2', 'a3')),
    theirs: submitted.stdout.trim(),
    async states() {
      const runs: { source: { name: string }; state: string }[] = JSON.parse(
        (await here.run(['status', '--json'])).stdout,
      );
      return Object.fromEntries(
        runs.map(({ source, state }) => [source.name.split('/').at(-1) ?? '', state]),
      );
    },
  };
}

/** Says yes to the plan, and then what shall become of the others. */
async function answers(here: Line, answer: string, argv = ['apply', here.mine]): Promise<Ran> {
  const stdin = new PassThrough();
  const running = here.start(argv, { isTerminal: true, stdin });
  if (argv[0] === 'apply') {
    await running.said('[y/N]');
    stdin.write('y\n');
  }
  await running.said('[o]nly mine');
  stdin.write(`${answer}\n`);
  return running.ended;
}

describe('apply with a run of somebody else in line', () => {
  test('writes nothing of it without a word: unattended it stops, and --with-queued is the yes', async () => {
    const here = await line();
    const refused = await here.run(['apply', here.mine, '--yes']);
    expect(refused.exitCode).toBe(3);
    expect(refused.stderr).toContain(`1 other run of this tenant is due before this one: ${here.theirs} (`);
    expect(refused.stderr).toContain('to work on it too, let a `retarget worker` work it off, or cancel it.');
    expect(refused.stderr).toContain('--with-queued');
    expect(here.simulator.stats().writesArrived).toBe(0);
    expect(await here.states()).toEqual({ 'theirs.csv': 'queued' });
    const both = await here.run(['apply', here.mine, '--yes', '--with-queued']);
    expect(both, both.stderr).toMatchObject({ exitCode: 0 });
    expect(await here.states()).toEqual({ 'theirs.csv': 'completed', 'mine.csv': 'completed' });
  });

  test('asks: only mine leaves the other one queued', async () => {
    const here = await line();
    const ran = await answers(here, 'o');
    expect(ran, ran.stderr).toMatchObject({ exitCode: 0 });
    expect(await here.states()).toEqual({ 'theirs.csv': 'queued', 'mine.csv': 'completed' });
    expect(here.simulator.stats().writesArrived).toBe(1);
  });

  test.each([
    ['theirs too', 0, { 'theirs.csv': 'completed', 'mine.csv': 'completed' }, 2],
    ['nothing', 3, { 'theirs.csv': 'queued' }, 0],
    ['', 3, { 'theirs.csv': 'queued' }, 0],
  ])('asks: "%s" ends with %i', async (answer, exitCode, states, writes) => {
    const here = await line();
    const ran = await answers(here, answer);
    expect(ran, ran.stderr).toMatchObject({ exitCode });
    expect(await here.states()).toEqual(states);
    expect(here.simulator.stats().writesArrived).toBe(writes);
  });
});

test('resume --work and rollback --work ask as well, and a run of one’s own that stands first asks nothing', async () => {
  const here = await line();
  await answers(here, 'o');
  const undo = ['rollback', '@last', '--yes', '--work'];
  expect((await here.run(undo)).exitCode).toBe(3);
  await here.run(['submit', '--no-plan', here.mine, '--again']);
  await here.run(['pause', '@last']);
  const late = await here.run(['resume', '@last', '--work']);
  expect(late).toMatchObject({ exitCode: 3 });
  expect((await here.run(['status', '@last', '--json'])).stdout).toContain('"paused"');
  await here.run(['pause', here.theirs]);
  const first = await here.run(['resume', here.theirs, '--work']);
  expect(first, first.stderr).toMatchObject({ exitCode: 0 });
  expect((await here.run(['resume', '@last', '--work'])).exitCode).toBe(0);
});

test('a run whose workers are not heard of is queued again, its writes in doubt are settled, and the next one goes', async () => {
  const here = await line();
  const client = new Redis({ path: redis.socketPath });
  onTestFinished(() => client.disconnect());
  const { header, states } = keysOf(here.env['AZURE_TENANT_ID'] ?? '').run(here.theirs);
  // As a worker leaves it that was killed after its write was on the way, which never came.
  await client.hset(header, { state: 'running', sent: '1', seenAt: String(Date.now() - SILENT_MS - 1_000) });
  await client.hset(states, '0', Buffer.from([0x11]));
  const ran = await answers(here, 'o');
  expect(ran, ran.stderr).toMatchObject({ exitCode: 0 });
  expect(await here.states()).toEqual({ 'theirs.csv': 'queued', 'mine.csv': 'completed' });
  const [theirs] = JSON.parse((await here.run(['status', '--json'])).stdout).slice(-1);
  expect(theirs).toMatchObject({ reason: 'noWorker', pending: 1 });
  expect(await client.hget(header, 'sent')).toBe('0');
  // What it has had of sends stays known: a write that lands late is its own.
  expect([...((await client.hgetBuffer(states, '0')) ?? [])]).toEqual([0x10]);
  expect((await here.run(['resume', here.theirs, '--work'])).exitCode).toBe(2);
  expect((await here.run(['worker', '--until-idle'])).exitCode).toBe(0);
  expect(await here.states()).toEqual({ 'theirs.csv': 'completed', 'mine.csv': 'completed' });
});

test('a command that waits says for whom, and with --wait gives up: its run is paused and the other untouched', async () => {
  const here = await line();
  await here.run(['pause', '--all', '--reason', 'CHG-7']);
  const stopped = await here.run(['apply', here.mine, '--yes', '--with-queued', '--wait', '0.5s']);
  expect(stopped).toMatchObject({ exitCode: 3 });
  expect(stopped.stderr).toContain('given up after 1 s: the tenant was stopped by ada@desk');
  expect(stopped.stderr).toContain('resume ');
  expect(await here.states()).toEqual({ 'theirs.csv': 'queued', 'mine.csv': 'paused' });
  await here.run(['resume', '--all']);
  const watched = await here.run(['watch', here.theirs.slice(-4), '--wait', '0.5s']);
  expect(watched).toMatchObject({ exitCode: 3 });
  expect(watched.stderr).toContain('waits: no worker since');
  expect(await here.states()).toEqual({ 'theirs.csv': 'queued', 'mine.csv': 'paused' });

  here.simulator.reconfigure({ latencyMs: 1_500 });
  const worker = here.start(['worker']);
  await expect.poll(() => here.states(), { timeout: 20_000 }).toMatchObject({ 'theirs.csv': 'running' });
  const mine = await here.run(['resume', '@last', '--work', '--wait', '0.3s']);
  expect(mine.stderr).toContain(`waits for run ${here.theirs} (`);
  worker.interrupt('SIGTERM');
  await worker.ended;
});

describe('submit', () => {
  test('of a file plans and guards as apply does, and keeps the plan with the run', async () => {
    const here = await bench(redis.url, { tenant: SMALL_TENANT });
    const gone = here.file('gone.csv', `${fileOf('c1', 'a1')}${fileOf('c2', 'none').split('\n')[1]}\n`);
    const refused = await here.run(['submit', gone]);
    expect(refused).toMatchObject({ exitCode: 3, stdout: '' });
    expect(refused.stderr).toContain('add: --allow gone=1');
    expect(refused.stderr).toContain('Nothing was queued.');
    const allowed = await here.run(['submit', gone, '--allow', 'gone=1', '--plan-dir', 'kept']);
    expect(allowed, allowed.stderr).toMatchObject({ exitCode: 0 });
    expect(readFileSync(join(here.dir, 'kept', `${allowed.stdout.trim()}.ndjson`), 'utf8')).toContain('gone');
    expect(here.simulator.stats().writesArrived).toBe(0);
  });

  test('with --no-plan reads nothing, and takes no name for granted', async () => {
    const here = await bench(redis.url, { tenant: SMALL_TENANT });
    const named = here.file(
      'named.csv',
      fileOf('c2', 'a3').replace('policyId', 'policyName,policyId').replace(',c2', ',iOS,c2'),
    );
    const refused = await here.run(['submit', named, '--no-plan']);
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain('Leave policyName blank, or leave --no-plan out.');
    expect(
      (await here.run(['submit', here.file('bare.csv', fileOf('c2', 'none')), '--no-plan'])).exitCode,
    ).toBe(0);
    expect(here.simulator.stats().envelopes).toBe(0);
    const plan = join(here.dir, 'plan.ndjson');
    await here.run(['plan', here.file('x.csv', fileOf('c1', 'a1')), '-o', plan]);
    const foreign = here.file(
      'foreign.ndjson',
      readFileSync(plan, 'utf8').replace(/"createdAt":"2/, '"createdAt":"1'),
    );
    expect((await here.run(['submit', foreign, '--no-plan'])).exitCode).toBe(2);
    const taken = await here.run(['submit', plan, '--no-plan', '--again']);
    expect(taken, taken.stderr).toMatchObject({ exitCode: 0 });
    const { planFingerprint } = JSON.parse((await here.run(['status', '@last', '--json'])).stdout);
    expect(taken.stderr).toContain(`Plan ${planFingerprint.slice(0, 12)}`);
    expect((await here.run(['results', '@last', '-o', 'r.csv'])).stderr).toContain(
      planFingerprint.slice(0, 12),
    );
  });
});

test('status and watch say that no worker is there and foretell nothing; with one they say nothing of it', async () => {
  const here = await line();
  const [without] = JSON.parse((await here.run(['status', '--json'])).stdout);
  expect(without).toMatchObject({ reason: 'noWorker', etaSeconds: null });
  expect((await here.run(['status', '@last'])).stdout).toMatch(/no worker since \d\d:\d\d: start one/);
  const watching = here.start(['watch', '@last']);
  await watching.said('no worker since ');
  await here.run(['pause', '@last']);
  const working = here.start(['worker']);
  await working.said('Working for tenant');
  await here.run(['resume', '@last']);
  expect(await watching.ended).toMatchObject({ exitCode: 0 });
  const queued = await here.run(['submit', '--no-plan', here.mine]);
  expect(queued.stderr).not.toContain('No worker');
  working.interrupt('SIGTERM');
  await working.ended;
});
