import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { COMMANDS } from '../../src/cli/program.ts';
import { ACL_COMMANDS, ACL_RULES } from '../../src/redis/aclUser.ts';
import { closeRedis, openRedis } from '../../src/redis/connection.ts';
import type { RedisPatience, RedisClient } from '../../src/redis/connection.ts';
import { preflight } from '../../src/redis/preflight.ts';
import { ALLOW_ALL, bench, csv } from '../support/cli.ts';
import { deadPort, startReceiver } from '../support/receivers.ts';
import { startRedisServer } from '../support/redisServer.ts';
import type { TestRedis } from '../support/redisServer.ts';
import { groupTarget } from '../support/simulatorClient.ts';
import { newGroups, startRun } from '../support/redisRun.ts';

const ROWS = 60;
const USER = 'retarget';
const PASSWORD = 'us3r';
const quiet = { info: () => {}, warn: () => {} };

/** What a worker, a producer and a queue of ours call of BullMQ's. Others would need more commands than are documented. */
const QUEUE_SCRIPTS = [
  ...['addStandardJob', 'getCounts', 'moveToActive', 'moveToFinished', 'moveToDelayed', 'updateData'],
  // And where a channel takes nothing.
  ...['retryJob', 'saveStacktrace', 'getRanges', 'getState'],
  ...['moveJobFromActiveToWait', 'moveStalledJobsToWait', 'extendLock', 'extendLocks', 'releaseLock'],
];
/** Said by a client to a cluster, or in rare moments: not in this test's run, nor in a script. */
const SAID_BY_CLIENTS = [
  ...['ping', 'select', 'cluster|slots', 'cluster|info', 'readonly', 'readwrite', 'asking'],
  ...['unlink', 'zrevrange'],
];

test('a user with the documented commands does a whole run, with a worker, and is refused nothing', async () => {
  const server = await startRedisServer({ tcp: true });
  onTestFinished(() => server.stop());
  const admin = await open(server, undefined, 'failFast');
  await admin.call('ACL', 'SETUSER', USER, 'on', `>${PASSWORD}`, ...ACL_RULES.split(' '));
  const run = await startRun((patience) => open(server, `${USER}:${PASSWORD}`, patience), { rows: ROWS });

  expect(await run.ended()).toMatchObject({ state: 'completed', counts: { succeeded: ROWS } });
  expect(run.tenant().groups).toEqual(newGroups(ROWS));
  expect(await run.states()).toEqual(Array(ROWS).fill('succeeded'));
  expect(await run.producer.hasWorkers()).toBe(true);
  expect(await run.runs.runs()).toHaveLength(1);
  // The script of `retry` scans, that of a transition ends a run: both are part of what a user does.
  expect(await run.runs.retry('r1', { from: ['completed'], open: 'failed' })).toMatchObject({ kind: 'done' });
  expect(await run.runs.transition('r1', { to: 'paused', from: ['running'] })).toMatchObject({
    kind: 'wrong',
  });
  expect(await admin.acl('LOG')).toEqual([]);
});

test('every command that a script of ours or of BullMQ calls is documented', () => {
  const inScripts = commandsInScripts();
  expect(inScripts.size).toBeGreaterThan(20);
  expect([...inScripts].filter((command) => !isAllowed(command))).toEqual([]);
});

test('every command line works for such a user, who is refused nothing but a look at the settings', async () => {
  const server = await startRedisServer({ tcp: true, args: ['--appendonly', 'yes'] });
  onTestFinished(() => server.stop());
  const admin = await open(server, undefined, 'failFast');
  await admin.call('ACL', 'SETUSER', USER, 'on', `>${PASSWORD}`, ...ACL_RULES.split(' '));
  const ids = ['a0', 'a1', 'a2', 'a3'];
  const here = await bench(String(server.url).replace('//', `//${USER}:${PASSWORD}@`), {
    tenant: {
      policies: ids.map((id) => ({
        ...{ id: `p${id}`, type: 'deviceConfiguration' as const },
        assignments: [{ id, target: groupTarget('old') }],
      })),
    },
  });
  const file = (name: string, groupId: string): string => {
    const row = (id: string) => ({ policyType: 'deviceConfiguration', policyId: `p${id}`, assignmentId: id });
    return here.file(name, csv(ids.map((id) => ({ ...row(id), targetType: 'group', groupId }))));
  };
  const ran = new Set<string>();
  const does = async (exitCode: number, command: string, ...rest: string[]): Promise<void> => {
    ran.add(command);
    const ended = await here.run([command, ...rest]);
    expect(ended, `${command}: ${ended.stderr}`).toMatchObject({ exitCode });
  };

  await does(0, 'doctor');
  await does(0, 'plan', file('one.csv', 'one'), '-o', join(here.dir, 'plan.ndjson'), ...ALLOW_ALL);
  await does(0, 'apply', file('one.csv', 'one'), '--yes', '--verify', ...ALLOW_ALL);
  await does(0, 'status');
  await does(0, 'results', '@last');
  await does(0, 'export');
  const snapshot = join(here.dir, 'snapshot.json');
  await does(0, 'snapshot', '-o', snapshot);
  await does(0, 'diff', snapshot, 'now');
  await does(0, 'restore', snapshot, '--yes', ...ALLOW_ALL);
  await does(0, 'generate', 'exclude', '--group', '11111111-1111-4111-8111-111111111111');
  await does(0, 'rollback', '@last', '--yes', '--work');
  await does(0, 'submit', '--no-plan', file('two.csv', 'two'));
  await does(0, 'pause', '@last', '--reason', 'why');
  await does(0, 'update', '@last', '--max-failures', '50%', '--writes-per-window', '50');
  await does(0, 'resume', '@last');
  await does(0, 'pause', '--all');
  await does(0, 'resume', '--all');
  await does(0, 'cancel', '@last');
  await does(0, 'retry', '@last');
  await does(0, 'log', '@last');
  await does(0, 'worker', '--until-idle');
  await does(0, 'watch', '@last');
  here.simulator.reconfigure({ forbidden: ids });
  await does(1, 'apply', file('three.csv', 'three'), '--yes', '--max-failures', 'off', ...ALLOW_ALL);
  here.simulator.reconfigure({ forbidden: [] });
  await does(0, 'retry', '@last', '--work');
  await does(0, 'approval');
  // The token is no person's; until that is known it reads the run.
  await does(2, 'approve', '@last', '--reason', 'x', '--fingerprint', 'f'.repeat(32));
  await does(0, 'history');
  await does(0, 'report', '@last', '-o', join(here.dir, 'report.html'));
  await does(0, 'prove', '@last');
  await does(0, 'rehearse', join(here.dir, 'plan.ndjson'), '-o', join(here.dir, 'rehearsal.html'));
  ran.add('serve');
  const serving = here.start(['serve', '--port', '0']);
  await serving.said('It ends with Ctrl-C');
  serving.interrupt('SIGINT');
  expect(await serving.ended).toMatchObject({ exitCode: 0 });
  const hook = await startReceiver();
  const gone = { type: 'webhook', url: `http://127.0.0.1:${await deadPort()}/` };
  here.file(
    'notify.json',
    JSON.stringify({ channels: { ops: { type: 'webhook', url: hook.url }, gone }, default: ['ops', 'gone'] }),
  );
  await does(4, 'notify', '--test');
  await does(0, 'apply', file('four.csv', 'four'), '--yes', ...ALLOW_ALL);
  expect(hook.received).toHaveLength(3);

  const alone = ['simulate', 'demo'];
  expect([...ran].toSorted()).toEqual(
    Object.keys(COMMANDS)
      .filter((name) => !alone.includes(name))
      .toSorted(),
  );
  const refused = ((await admin.acl('LOG', 128)) as unknown[][]).map(
    (entry) => entry[entry.indexOf('object') + 1],
  );
  expect(refused.filter((command) => command !== 'config|get')).toEqual([]);

  // Nor is it given what nobody needs.
  const used = commandsOf(await admin.info('commandstats'));
  const known = new Set([...used, ...commandsInScripts(), ...SAID_BY_CLIENTS]);
  expect(ACL_COMMANDS.filter((command) => !known.has(command))).toEqual([]);
});

test('such a user sees no other keys and no settings, and the preflight makes do with what it may read', async () => {
  const server = await startRedisServer({ tcp: true, args: ['--maxmemory-policy', 'allkeys-lru'] });
  onTestFinished(() => server.stop());
  const admin = await open(server, undefined, 'failFast');
  await admin.call('ACL', 'SETUSER', USER, 'on', `>${PASSWORD}`, ...ACL_RULES.split(' '));
  const redis = await open(server, `${USER}:${PASSWORD}`, 'failFast');
  await expect(redis.get('other')).rejects.toThrow('NOPERM');
  await expect(redis.config('GET', 'requirepass')).rejects.toThrow('NOPERM');
  await expect(redis.call('FLUSHALL')).rejects.toThrow('NOPERM');
  expect(await preflight(redis)).toMatchObject([{ message: expect.stringContaining('"allkeys-lru"') }]);
});

test('a user that may not run INFO is told the rules that it needs', async () => {
  const server = await startRedisServer({ tcp: true });
  onTestFinished(() => server.stop());
  const admin = await open(server, undefined, 'failFast');
  await admin.call('ACL', 'SETUSER', USER, 'on', `>${PASSWORD}`, ...ACL_RULES.split(' '), '-info');
  const redis = await open(server, `${USER}:${PASSWORD}`, 'failFast');
  const [finding] = await preflight(redis);
  expect(finding).toMatchObject({ severity: 'error', message: expect.stringContaining('INFO') });
  // It is to be pasted into a shell.
  const pasted =
    /`redis-cli -u \S+ --askpass acl setuser retarget ([^`]+)`/.exec(finding?.remedy ?? '')?.[1] ?? '';
  const words = execFileSync('sh', ['-c', `printf '%s\\n' ${pasted}`], { encoding: 'utf8' })
    .trim()
    .split('\n');
  expect(words).toEqual(ACL_RULES.split(' '));
  await admin.call('ACL', 'SETUSER', USER, ...words);
  expect(await redis.info('server')).toContain('run_id');
});

test('a command line that is refused a right names the Redis that is to give it, and no password', async () => {
  const server = await startRedisServer({ tcp: true });
  onTestFinished(() => server.stop());
  const admin = await open(server, undefined, 'failFast');
  await admin.call('ACL', 'SETUSER', USER, 'on', `>${PASSWORD}`, ...ACL_RULES.split(' '), '-zrevrange');
  const here = await bench(String(server.url).replace('//', `//${USER}:${PASSWORD}@`));
  const { exitCode, stderr } = await here.run(['status']);
  expect(exitCode).toBe(4);
  expect(stderr).toContain(`redis-cli -u ${server.url} --askpass acl setuser ${USER} resetkeys`);
  expect(stderr).not.toContain(PASSWORD);
});

async function open(
  server: TestRedis,
  user: string | undefined,
  patience: RedisPatience,
): Promise<RedisClient> {
  const url = String(server.url).replace('//', user === undefined ? '//' : `//${user}@`);
  const redis = await openRedis({ url }, { patience, name: 'test', log: quiet });
  onTestFinished(() => closeRedis(redis));
  return redis;
}

const isAllowed = (command: string): boolean => (ACL_COMMANDS as readonly string[]).includes(command);

const commandsOf = (stats: string): string[] =>
  [...stats.matchAll(/^cmdstat_([^:]+):/gm)].map(([, command = '']) => command);

const commandsInScripts = (): Set<string> =>
  new Set([...ourScripts(), ...queueScripts()].flatMap(commandsCalled));

const commandsCalled = (lua: string): string[] =>
  [...lua.matchAll(/call\(\s*['"]([A-Za-z]+)['"]/g)].map(([, command = '']) => command.toLowerCase());

function ourScripts(): string[] {
  const folder = join(import.meta.dirname, '../../src/runs/lua');
  const found = readdirSync(folder).filter((file) => file.endsWith('.lua'));
  expect(found.length).toBeGreaterThan(0);
  return found.map((file) => readFileSync(join(folder, file), 'utf8'));
}

function queueScripts(): string[] {
  const folder = join(import.meta.dirname, '../../node_modules/bullmq/dist/esm/scripts');
  const files = readdirSync(folder);
  return QUEUE_SCRIPTS.map((script) => {
    const file = files.find((name) => new RegExp(`^${script}-\\d+\\.js$`).test(name));
    if (file === undefined) throw new Error(`BullMQ has no script ${script} any more`);
    return readFileSync(join(folder, file), 'utf8');
  });
}
