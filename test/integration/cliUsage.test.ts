import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { closeRedis, openRedis } from '../../src/redis/connection.ts';
import { RunStore } from '../../src/runs/runStore.ts';
import { bench, csv } from '../support/cli.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { SMALL_TENANT } from '../support/simulatorClient.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const SILENT = { info: () => undefined, warn: () => undefined };
const CHANGES = csv([
  {
    policyType: 'deviceConfiguration',
    policyId: 'c1',
    assignmentId: 'a1',
    targetType: 'group',
    groupId: 'g7',
  },
]);
const jwt = (claims: object): string =>
  `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;

describe('wrong usage ends with 2 and says what was meant', () => {
  const wrong: readonly [string[], string[]][] = [
    [
      ['aply', 'x.csv'],
      ['unknown command', 'Did you mean apply?'],
    ],
    [
      ['apply', 'x.csv', '--yess'],
      ['unknown option', 'Did you mean --yes?'],
    ],
    [['apply'], ["missing required argument 'file'", 'retarget apply --help']],
    [
      ['status', 'a', 'b'],
      ['too many arguments', 'retarget status --help'],
    ],
    [
      ['apply', 'nowhere.csv', '--yes'],
      ['Cannot read nowhere.csv', 'Give the path'],
    ],
    [['apply', '.', '--yes'], ['it is a directory']],
    [
      ['apply', 'x.csv'],
      ['There is no terminal to ask on.', '--yes'],
    ],
    [
      ['apply', '-'],
      ['nobody to ask', 'retarget apply - --yes'],
    ],
    [
      ['plan', 'x.csv', '-o', 'plan.csv'],
      ['A plan is NDJSON, and plan.csv does not end so.', 'Write -o plan.ndjson.', 'retarget export'],
    ],
    [
      ['rollback', '20200101-000000-abcd'],
      ['has no run "20200101-000000-abcd"', 'retarget status'],
    ],
    [
      ['export', '--where', 'status=failed'],
      ['An export has no column status.', 'policyName'],
    ],
    [
      ['export', '--where', 'note=x'],
      ['An export has no column note.', 'policyName'],
    ],
    [
      ['plan', 'x.csv', '--input-format', 'csvv'],
      ['--input-format is "csvv".', 'Did you mean csv?'],
    ],
    [
      ['plan', 'x.csv', '--api-version', 'betta'],
      ['--api-version is "betta"', 'Did you mean beta?'],
    ],
    [
      ['submit', '--no-plan', 'x.csv', '--keep-days', 'long'],
      ['--keep-days is "long"', 'whole number'],
    ],
    [
      ['submit', '--no-plan', 'x.csv', '--graph-url', 'http://graph.example'],
      ['plain http to another machine'],
    ],
    [
      ['submit', '--no-plan', 'x.csv', '--tenant', 'a b'],
      ['"a b" is no tenant', 'GUID'],
    ],
    [['status', '--redis-url', 'localhost:6379'], ['redis://']],
    [
      ['results', '@last', '--only', 'faild'],
      ['--only is "faild".', 'Did you mean failed?'],
    ],
    [['results', '@last', '--format', 'jsn'], ['Did you mean json?']],
    [
      ['results', '@last', '-o', 'results.xlsx'],
      ['names no format', '--format'],
    ],
    [['simulate', '--window', 'sliding-ish'], ['window']],
    [['simulate', '--write-limit', 'many'], ['"many" is no number']],
    [
      ['status', '@last'],
      ['has no runs yet', 'retarget apply'],
    ],
    [
      ['watch', '20260101-000000-abcd'],
      ['has no run "20260101-000000-abcd"', 'retarget status'],
    ],
  ];
  test.each(wrong)('%j', async (argv, says) => {
    const here = await bench(redis.url);
    here.file('x.csv', CHANGES);
    const ran = await here.run(argv);
    expect(ran).toMatchObject({ exitCode: 2, stdout: '' });
    for (const text of says) expect(ran.stderr).toContain(text);
    expect(ran.stderr).not.toMatch(/^\s+at |bug:/m);
    expect(here.simulator.stats().envelopes).toBe(0);
  });

  const settings: readonly [Record<string, string>, string[]][] = [
    [{ RETARGET_WINDOW: '4000' }, ['no setting RETARGET_WINDOW', 'Did you mean RETARGET_WINDOW_MS?']],
    [{ RETARGET_CLOUD: 'usgow' }, ['RETARGET_CLOUD is "usgow"', 'Did you mean usgov?']],
    [{ RETARGET_CONCURRENCY: '0' }, ['RETARGET_CONCURRENCY is "0"', 'from 1 to 64']],
    [{ RETARGET_WRITES_PER_WINDOW: '1e3' }, ['whole number']],
    [{ RETARGET_WRITES_PER_WINDOW: '80, device=150' }, ['Did you mean devices?', 'family=number']],
    [{ RETARGET_GRAPH_URL: 'ftp://graph' }, ['does not start with https://']],
  ];
  test.each(settings)('the setting %j', async (env, says) => {
    const here = await bench(redis.url);
    const ran = await here.run(['status'], { env });
    expect(ran.exitCode).toBe(2);
    for (const text of says) expect(ran.stderr).toContain(text);
  });

  test('a token of another tenant than the one that is given', async () => {
    const here = await bench(redis.url);
    const [mine, other] = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'];
    const env = { RETARGET_ACCESS_TOKEN: jwt({ tid: mine }) };
    const ran = await here.run(['status', '--tenant', other], { env });
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toContain(`The sign-in is for tenant ${mine}, not for ${other}.`);
    expect((await here.run(['status', '--tenant', mine.toUpperCase()], { env })).exitCode).toBe(0);
  });
});

describe('settings', () => {
  test('come from .env when the environment has none or an empty one, and a flag wins over both', async () => {
    const here = await bench(redis.url);
    writeFileSync(join(here.dir, '.env'), 'RETARGET_CONCURRENCY=none\n');
    expect((await here.run(['status'], { env: { RETARGET_CONCURRENCY: '' } })).stderr).toContain('"none"');
    expect((await here.run(['status'], { env: { RETARGET_CONCURRENCY: '2' } })).exitCode).toBe(0);
    const flag = await here.run(['status', '--redis-url', 'redis://127.0.0.1:1'], {
      env: { RETARGET_CONCURRENCY: '2' },
    });
    expect(flag.exitCode).toBe(4);
  });

  test('help and version are data, and need nothing', async () => {
    const here = await bench(undefined, {}, { RETARGET_NONSENSE: '1' });
    const version = await here.run(['--version']);
    expect(version).toMatchObject({ exitCode: 0, stderr: '' });
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    for (const name of [
      'apply',
      'plan',
      'submit',
      'worker',
      'status',
      'watch',
      'results',
      'pause',
      'resume',
    ]) {
      const help = await here.run([name, '-h']);
      expect(help).toMatchObject({ exitCode: 0, stderr: '' });
      expect(help.stdout).toMatch(
        new RegExp(`Usage: retarget ${name} [^]*Example:\n {2}\\$ .*retarget ${name}`),
      );
    }
  });
});

describe('an environment that does not do', () => {
  test('no Redis: every command but worker ends with 4 and a remedy', async () => {
    const here = await bench('redis://127.0.0.1:1');
    const file = here.file('x.csv', CHANGES);
    const commands = [
      ['apply', file, '--yes'],
      ['plan', file],
      ['submit', '--no-plan', file],
      ['status'],
      ['watch', '@last'],
      ['results', '@last'],
      ['pause', '@last'],
      ['resume', '@last'],
      ['cancel', '@last'],
      ['retry', '@last'],
    ];
    const started = performance.now();
    for (const ran of await Promise.all(commands.map((argv) => here.run(argv)))) {
      expect(ran).toMatchObject({ exitCode: 4, stdout: '' });
      expect(ran.stderr).toContain('Cannot use Redis at redis://127.0.0.1:1');
      expect(ran.stderr).toContain('set REDIS_URL');
    }
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  test('a Redis that never answers: 4 within 5 s', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    onTestFinished(() => void silent.close());
    const address = silent.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const here = await bench(`redis://127.0.0.1:${port}`);
    const started = performance.now();
    const ran = await here.run(['status']);
    expect(ran.exitCode).toBe(4);
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  test("no Redis and a bad file: the file's problems come, with 2", async () => {
    const here = await bench('redis://127.0.0.1:1');
    const ran = await here.run([
      'submit',
      '--no-plan',
      here.file('x.csv', CHANGES.replace('group,', 'grp,')),
    ]);
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toContain(':2:4 targetType');
  });

  test('no redis-server for the embedded one: 4, and how to get one', async () => {
    const here = await bench(undefined, {}, { PATH: '/nowhere' });
    const ran = await here.run(['status']);
    expect(ran.exitCode).toBe(4);
    expect(ran.stderr).toContain('redis-server');
  });

  test('no token: plan, apply and worker end with 4 and the command that gets one; status needs none', async () => {
    const here = await bench(
      redis.url,
      { tenant: SMALL_TENANT },
      { RETARGET_ACCESS_TOKEN: '', AZURE_TOKEN_CREDENTIALS: 'AzureCliCredential' },
    );
    const file = here.file('x.csv', CHANGES);
    for (const argv of [
      ['plan', file],
      ['apply', file, '--yes'],
      ['worker', '--until-idle'],
    ]) {
      const ran = await here.run(argv);
      expect(ran).toMatchObject({ exitCode: 4, stdout: '' });
      expect(ran.stderr).toContain('There is no sign-in for Microsoft Graph');
      expect(ran.stderr).toContain('`az login --service-principal');
    }
    expect((await here.run(['status', '--json'])).stdout).toBe('[]\n');
  });

  test('a refused token: apply ends with 4 before anything is queued', async () => {
    const here = await bench(redis.url, { tenant: SMALL_TENANT, tokens: ['another'] });
    const ran = await here.run(['apply', here.file('x.csv', CHANGES), '--yes']);
    expect(ran.exitCode).toBe(4);
    expect(ran.stderr).toContain('nothing was queued');
    expect((await here.run(['status', '--json'])).stdout).toBe('[]\n');
  });

  test('a Graph out of reach: apply ends with 4 before anything is queued', async () => {
    const here = await bench(
      redis.url,
      {},
      { RETARGET_GRAPH_URL: 'http://127.0.0.1:1', RETARGET_WINDOW_MS: '100' },
    );
    const ran = await here.run(['apply', here.file('x.csv', CHANGES), '--yes']);
    expect(ran.exitCode).toBe(4);
    expect(ran.stderr).toContain('nothing was queued');
  });

  test('a Redis that refuses writes in the middle: 4 with a remedy, not a bug', async () => {
    const full = await startRedisServer({ args: ['--appendonly', 'yes', '--maxmemory', '1'], tcp: true });
    onTestFinished(() => full.stop());
    const here = await bench(full.url, { tenant: SMALL_TENANT });
    const ran = await here.run(['submit', '--no-plan', here.file('x.csv', CHANGES)]);
    expect(ran.exitCode).toBe(4);
    expect(ran.stderr).toMatch(/Redis refused: OOM[^]*\n {2}Give Redis more memory/);
    expect(ran.stderr).not.toMatch(/^\s+at /m);
  });

  test('a password in an address of Redis is recorded and shown nowhere', async () => {
    const locked = await startRedisServer({
      args: ['--appendonly', 'yes', '--requirepass', 'hush'],
      tcp: true,
    });
    onTestFinished(() => locked.stop());
    const here = await bench(undefined, { tenant: SMALL_TENANT });
    const url = locked.url?.replace('//', '//:hush@') ?? '';
    const ran = await here.run(['submit', '--no-plan', here.file('x.csv', CHANGES), '--redis-url', url]);
    expect(ran.exitCode).toBe(0);
    const status = await here.run(['status', ran.stdout.trim(), '--redis-url', url]);
    expect(ran.stderr + status.stdout + status.stderr).not.toContain('hush');
    const client = await openRedis({ url }, { patience: 'failFast', name: 'test', log: SILENT });
    const run = await new RunStore(client, here.env['AZURE_TENANT_ID'] ?? '').run(ran.stdout.trim());
    await closeRedis(client);
    expect(run?.arguments).toContain(url.replace(':hush', '…'));
    const wrong = await here.run(['status', '--redis-url', url.replace('hush', 'guess')]);
    expect(wrong.exitCode).toBe(4);
    expect(wrong.stderr).not.toContain('guess');
  });
});
