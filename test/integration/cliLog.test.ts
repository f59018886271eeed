import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bench, csv, type Bench } from '../support/cli.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { SMALL_TENANT } from '../support/simulatorClient.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const CHANGES = csv([
  { policyType: 'deviceConfiguration', policyId: 'c1', assignmentId: 'a1', targetType: 'allDevices' },
  { policyType: 'deviceConfiguration', policyId: 'c1', assignmentId: 'a2', targetType: 'allLicensedUsers' },
]);
const ALLOW = ['--allow', 'all-devices=1,all-users=1,filter-lost=0', '--allow', 'max-changes=2'];

interface Said {
  readonly at: string;
  readonly operator: string;
  readonly action: string;
  readonly reason: string | null;
  readonly details: Readonly<Record<string, unknown>>;
}
const logOf = async (here: Bench, runId = '@last'): Promise<Said[]> =>
  JSON.parse((await here.run(['log', runId, '--json'])).stdout);

test('the log has who did what, when, why, with what allowed, for each command', async () => {
  const here = await bench(redis.url, { tenant: SMALL_TENANT });
  const plan = `${here.dir}/plan.ndjson`;
  await here.run(['plan', here.file('x.csv', CHANGES), '-o', plan]);
  const submitted = await here.run(['submit', plan, ...ALLOW, '--reason', 'CHG-1']);
  expect(submitted, submitted.stderr).toMatchObject({ exitCode: 0 });
  for (const argv of [
    ['pause', '@last', '--reason', 'lunch'],
    ['update', '@last', '--max-failures', '7'],
    ['resume', '@last'],
    ['cancel', '@last', '--reason', 'CHG-1 is off'],
    ['retry', '@last'],
  ])
    expect(await here.run(argv)).toMatchObject({ exitCode: 0 });
  const said = await logOf(here);
  expect(said.map(({ action, reason }) => [action, reason])).toEqual([
    ['submit', 'CHG-1'],
    ['pause', 'lunch'],
    ['update', null],
    ['resume', null],
    ['cancel', 'CHG-1 is off'],
    ['retry', null],
  ]);
  expect(said.every(({ operator, at }) => operator === 'ada@desk' && Date.parse(at) > 0)).toBe(true);
  expect(said[0]?.details).toMatchObject({
    allow: ['all-devices=1,all-users=1,filter-lost=0', 'max-changes=2'],
    planOf: expect.stringMatching(/^20.*Z$/),
    arguments: expect.arrayContaining(['submit', plan]),
  });
  expect(said[2]?.details).toMatchObject({ maxFailures: '7' });
});

test('the reason that somebody gave stands in the status as well', async () => {
  const here = await bench(redis.url, { tenant: SMALL_TENANT });
  await here.run(['submit', '--no-plan', here.file('x.csv', CHANGES)]);
  await here.run(['pause', '@last', '--reason', 'CHG-2 is late']);
  expect((await here.run(['status', '@last'])).stdout).toMatch(
    /^state +paused: by ada@desk: CHG-2 is late$/m,
  );
  expect((await here.run(['status'])).stderr).toContain('by ada@desk: CHG-2 is late');
});

test('it outlives the run, as a table too; an unknown run is told', async () => {
  const here = await bench(redis.url, { tenant: SMALL_TENANT });
  const runId = (
    await here.run(['submit', '--no-plan', here.file('x.csv', CHANGES), '--reason', 'a\u001b[2Jb'])
  ).stdout.trim();
  const client = new Redis(redis.socketPath);
  const keys = (await client.keys(`retarget:{${here.env['AZURE_TENANT_ID']}}:*${runId}*`)).filter(
    (key) => !key.includes(':log:'),
  );
  await client.del(...keys);
  client.disconnect();
  expect((await here.run(['status', runId])).exitCode).toBe(2);
  const table = await here.run(['log', runId]);
  expect(table).toMatchObject({ exitCode: 0, stderr: '' });
  expect(table.stdout).toMatch(
    /^TIME +WHO +WHAT +REASON +DETAILS\n20\S+Z +ada@desk +submit +a\\u001b\[2Jb +retarget submit .*x\.csv/,
  );
  const unknown = await here.run(['log', 'nobody']);
  expect(unknown).toMatchObject({
    exitCode: 2,
    stdout: '',
    stderr: expect.stringContaining('no run "nobody"'),
  });
});

test('without a run it is that of the tenant, in which a run that is gone is found by its last letters', async () => {
  const here = await bench(redis.url, { tenant: SMALL_TENANT });
  const submit = async (name: string): Promise<string> =>
    (await here.run(['submit', '--no-plan', '--again', here.file(name, CHANGES)])).stdout.trim();
  const [first, second] = [await submit('x.csv'), await submit('y.csv')];
  await here.run(['cancel', first.slice(-4), '--reason', 'off']);
  await here.run(['pause', '--all']);
  const table = (await here.run(['log'])).stdout;
  expect(table).toMatch(/^TIME +RUN +WHO +WHAT +REASON +DETAILS\n/);
  expect(table).toMatch(new RegExp(`${first} +ada@desk +cancel +off +2 cancelled; retarget cancel`));
  expect(table).toMatch(new RegExp(`${second} +ada@desk +submit`));
  expect(table.match(/ada@desk +stop /g)).toHaveLength(1);
  const client = new Redis(redis.socketPath);
  await client.del(`retarget:{${here.env['AZURE_TENANT_ID']}}:run:${first}`);
  client.disconnect();
  expect((await logOf(here, first.slice(-4))).map(({ action }) => action)).toEqual(['submit', 'cancel']);
  expect((await here.run(['status', first.slice(-4)])).exitCode).toBe(2);
});

test('of a long log the newest entries are shown, and how many came before', async () => {
  const here = await bench(redis.url, { tenant: SMALL_TENANT });
  const runId = (await here.run(['submit', '--no-plan', here.file('x.csv', CHANGES)])).stdout.trim();
  const client = new Redis(redis.socketPath);
  const [key = ''] = await client.keys(`*{${here.env['AZURE_TENANT_ID']}}*log:${runId}`);
  const entry = {
    at: 0,
    operator: 'ada@desk',
    action: 'set',
    reason: null,
    details: { x: 'y'.repeat(5_000) },
  };
  await client.rpush(key, ...Array.from({ length: 205 }, (_, n) => JSON.stringify({ ...entry, at: n })));
  client.disconnect();
  const table = await here.run(['log', runId]);
  expect(table.stdout.trimEnd().split('\n')).toHaveLength(1 + 200);
  expect(Math.max(...table.stdout.split('\n').map((line) => line.length))).toBeLessThan(700);
  expect(table.stderr).toBe(`… 6 earlier entries: retarget log ${runId} --all\n`);
  const all = await here.run(['log', runId, '--json', '--all']);
  expect(JSON.parse(all.stdout)).toHaveLength(206);
  expect(all.stderr).toBe('');
});

test('the answer to a canary is in it', async () => {
  const here = await bench(redis.url, { tenant: SMALL_TENANT });
  const file = here.file('x.csv', CHANGES);
  const stopped = await here.run(['apply', file, '--canary', '1', '--canary-stop', '--yes', ...ALLOW]);
  expect(stopped, stopped.stderr).toMatchObject({ exitCode: 3 });
  const [applied, begun, resting, canary] = await logOf(here);
  expect(begun).toMatchObject({
    ...{ action: 'begun', operator: 'the run itself' },
    details: { state: 'running', worker: expect.stringMatching(/^desk \(pid \d+\)$/) },
  });
  expect(resting).toMatchObject({ action: 'paused', reason: 'canary', details: { state: 'paused' } });
  expect(applied).toMatchObject({ action: 'apply' });
  expect(canary).toMatchObject({
    action: 'canary',
    details: { goesOn: false, succeeded: 1, notAsDesired: 0 },
  });
});
