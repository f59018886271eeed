import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keysOf } from '../../src/runs/keys.ts';
import type { RunStatus } from '../../src/runs/progress.ts';
import { ALLOW_ALL, bench, csv, type Bench, type Ran } from '../support/cli.ts';
import { command, type Command } from '../support/command.ts';
import { named, withGuids } from '../support/guid.ts';
import { startReceiver } from '../support/receivers.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { groupTarget } from '../support/simulatorClient.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const TYPE = 'configurationPolicy' as const;
const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const exclusion = (groupId: string) => ({
  '@odata.type': '#microsoft.graph.exclusionGroupAssignmentTarget' as const,
  groupId,
});

const isExclusion = (target: Readonly<Record<string, unknown>>): boolean =>
  String(target['@odata.type']).includes('exclusion');

interface Site extends Bench {
  readonly changes: string;
  json(...argv: string[]): Promise<unknown>;
  status(run: string): Promise<RunStatus>;
  all(): Promise<readonly RunStatus[]>;
  process(...argv: string[]): Promise<Command>;
  /** Of each policy whom it is assigned to, `-` before who is left out. */
  lists(): Record<string, string[]>;
  until(isSo: () => Promise<boolean>): Promise<void>;
  /** Submits the exclusion for so long and has it written. Answers its run. */
  excluded(time: string, ...more: string[]): Promise<{ readonly run: string; readonly ran: Ran }>;
  readonly client: Redis;
  readonly header: (run: string) => string;
}

/** Policies that are for a group each, and a file that leaves a group out of them all. */
async function site(policies: number, env: Record<string, string> = {}): Promise<Site> {
  const ids = numbers(policies);
  const here = await bench(
    redis.url,
    {
      tenant: {
        policies: ids.map((id) => ({
          ...{ id: `p${id}`, type: TYPE },
          assignments: [{ id: `a${id}`, target: groupTarget('all') }],
        })),
      },
    },
    env,
  );
  const changes = here.file(
    'away.csv',
    csv(
      ids.map((id) => ({
        ...{ action: 'add', policyType: TYPE, policyId: `p${id}` },
        ...{ targetType: 'exclusionGroup', groupId: 'away' },
      })),
    ),
  );
  const json = async (...argv: string[]): Promise<unknown> =>
    JSON.parse((await here.run([...argv, '--json'])).stdout);
  const client = new Redis(redis.socketPath, { lazyConnect: true });
  return {
    ...{ ...here, changes, json, client },
    header: (run) => keysOf(here.env['AZURE_TENANT_ID'] ?? '').run(run).header,
    status: async (run) => (await json('status', run)) as RunStatus,
    all: async () => (await json('status')) as RunStatus[],
    process: async (...argv) => command(await here.allowing(argv), { env: here.env, cwd: here.dir }),
    lists() {
      const lists: Record<string, string[]> = {};
      for (const { policyId, assignment } of here.simulator.tenant.every()) {
        const { target } = assignment;
        const sign = isExclusion(assignment.target) ? '-' : '';
        (lists[policyId] ??= []).push(`${sign}${named(String(target['groupId']))}`);
      }
      return lists;
    },
    async until(isSo) {
      while (!(await isSo())) await sleep(100);
    },
    async excluded(time, ...more) {
      const ran = await here.run(['submit', changes, ...ALLOW_ALL, '--revert-after', time, ...more]);
      expect(ran, ran.stderr).toMatchObject({ exitCode: 0 });
      return { run: ran.stdout.trim(), ran };
    },
  };
}

const edit = (here: Site, edits: readonly object[]): void =>
  here.simulator.edit(withGuids(edits.map((each) => ({ type: TYPE, ...each }))) as never);

test('a temporary exclusion ends at its time with exactly what it added, though others have changed the tenant meanwhile', async () => {
  const here = await site(6);
  const hook = await startReceiver();
  here.file('notify.json', JSON.stringify({ channels: { ops: { type: 'webhook', url: hook.url } } }));
  const { run, ran } = await here.excluded('12s', '--notify', 'ops');
  expect(ran.stderr).toMatch(
    /It is taken back at \w{3} \d{4}-\d\d-\d\d \d\d:\d\d \(\S+\) by whichever worker/,
  );
  expect((await here.status(run)).revert).toMatchObject({ isDue: false, doneAt: null, run: null });
  expect((await here.run(['status'])).stderr).toMatch(new RegExp(`${run}: to be taken back \\w{3} `));
  expect((await here.run(['status', run])).stdout).toMatch(/ends +to be taken back /);
  const worker = await here.process('worker');
  await here.until(async () => (await here.status(run)).state === 'completed');
  expect(Object.values(here.lists())).toEqual(numbers(6).map(() => ['all', '-away']));
  // p0: a group more. p1: who it was for is gone. p2: the exclusion is gone already. p3: another exclusion. p4: it is an include now.
  const away = (policyId: string): string =>
    [...here.simulator.tenant.every()].find(
      (each) => each.policyId === policyId && isExclusion(each.assignment.target),
    )?.assignment.id ?? '';
  edit(here, [
    { do: 'add', policyId: 'p0', assignment: { target: groupTarget('theirs') } },
    { do: 'remove', policyId: 'p1', assignmentId: 'a1' },
    { do: 'remove', policyId: 'p2', assignmentId: away('p2') },
    { do: 'add', policyId: 'p3', assignment: { target: exclusion('theirs') } },
    { do: 'change', policyId: 'p4', assignmentId: away('p4'), target: groupTarget('away') },
  ]);
  await here.until(async () => (await here.status(run)).revert?.run !== null);
  const by = (await here.status(run)).revert?.run ?? '';
  await here.until(async () => (await here.status(by)).state === 'completed');
  expect(here.lists()).toEqual({
    ...{ p0: ['all', 'theirs'], p2: ['all'], p3: ['all', '-theirs'] },
    ...{ p4: ['all', 'away'], p5: ['all'] },
  });
  // p1 has nobody any more; p4 is left and told.
  expect(await here.status(by)).toMatchObject({
    succeeded: 4,
    stale: 1,
    total: 5,
    purpose: 'taken back at its time',
  });
  expect((await here.run(['results', by, '--only', 'stale'])).stdout).toContain('p4');
  expect(await here.json('log', run)).toContainEqual(
    expect.objectContaining({
      action: 'taken back',
      details: expect.objectContaining({ by, rows: 4, left: 1 }),
    }),
  );
  worker.kill('SIGTERM');
  await worker.ended;
  const told = hook.received.map(({ body }) => JSON.parse(body));
  expect(told.map(({ type, subject }) => [type.split('.').at(-1), subject])).toEqual([
    ...[
      ['begun', run],
      ['ended', run],
      ['takenBack', run],
      ['begun', by],
      ['ended', by],
    ],
  ]);
  expect(told[2].data).toMatchObject({ by, taken: 4, left: 1 });
  expect((await here.run(['status', '--check'])).stdout).toMatch(/^failed rows: /);
}, 120_000);

test('a run that has not ended at its time is paused, ends as it is, and what it has written is taken back once, with two workers', async () => {
  const here = await site(80, { RETARGET_WRITES_PER_WINDOW: '4', RETARGET_WINDOW_MS: '1000' });
  const workers = await Promise.all([here.process('worker'), here.process('worker')]);
  const { run } = await here.excluded('8s');
  await here.until(async () => (await here.status(run)).revert?.run !== null);
  const first = await here.status(run);
  expect(first).toMatchObject({ state: 'cancelled', reason: 'revert' });
  expect(first.succeeded).toBeGreaterThan(0);
  expect(first.cancelled).toBeGreaterThan(0);
  const by = first.revert?.run ?? '';
  await here.until(async () => (await here.status(by)).state === 'completed');
  for (const worker of workers) worker.kill('SIGTERM');
  await Promise.all(workers.map(({ ended }) => ended));
  expect(Object.values(here.lists())).toEqual(numbers(80).map(() => ['all']));
  expect(await here.status(by)).toMatchObject({ total: first.succeeded, succeeded: first.succeeded });
  expect((await here.all()).map(({ runId }) => runId)).toEqual([by, run]);
  const actions = ((await here.json('log', run)) as { action: string }[]).map(({ action }) => action);
  expect(actions.filter((action) => ['paused', 'ended', 'taken back'].includes(action))).toEqual([
    ...['paused', 'ended', 'taken back'],
  ]);
  const again = await here.run(['retry', run]);
  expect(again).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(`was taken back`) });
}, 120_000);

test('without a worker it is overdue; one that is killed while it reverts, and a Redis that restarts, make no second one', async () => {
  const here = await site(30, { RETARGET_WRITES_PER_WINDOW: '5', RETARGET_WINDOW_MS: '1000' });
  const { run } = await here.excluded('20s');
  expect((await here.run(['worker', '--until-idle'])).exitCode).toBe(0);
  expect((await here.run(['status', '--check'])).exitCode).toBe(0);
  const ttl = await here.client.ttl(here.header(run));
  expect(ttl).toBe(-1);
  await here.until(async () => (await here.status(run)).revert?.isDue === true);
  await sleep(1_500);
  const late = await here.run(['status', '--check', '--stalled-after', '1s']);
  expect(late).toMatchObject({
    exitCode: 3,
    stdout: expect.stringMatching(/^overdue for .*no worker has done it/),
  });
  await redis.restart();
  // It dies while it reads the tenant for that.
  here.simulator.reconfigure({ latencyMs: 1_500 });
  const dying = await here.process('worker');
  await dying.said('has come: it is taken back');
  dying.kill('SIGKILL');
  await dying.ended;
  here.simulator.reconfigure({ latencyMs: 0 });
  const worker = await here.process('worker');
  await here.until(async () => (await here.status(run)).revert?.run !== null);
  const by = (await here.status(run)).revert?.run ?? '';
  await here.until(async () => (await here.status(by)).succeeded > 5);
  worker.kill('SIGKILL');
  await worker.ended;
  await redis.restart();
  expect((await here.run(['worker', '--until-idle'])).exitCode).toBe(0);
  expect(Object.values(here.lists())).toEqual(numbers(30).map(() => ['all']));
  expect(await here.status(by)).toMatchObject({ state: 'completed', succeeded: 30 });
  expect((await here.all()).map(({ runId }) => runId)).toEqual([by, run]);
  const days = (await here.client.ttl(here.header(run))) / 86_400;
  expect(days).toBeGreaterThan(29.9);
  expect((await here.run(['status', '--check'])).exitCode).toBe(0);
}, 240_000);

test('the time can be changed, taken back and given to a run that has ended; while the tenant is stopped nothing is', async () => {
  const here = await site(2);
  const { run } = await here.excluded('1h');
  await here.run(['worker', '--until-idle']);
  const never = await here.run(['update', run, '--no-revert']);
  expect(never).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining('nothing takes it back by itself'),
  });
  expect((await here.status(run)).revert).toBeNull();
  expect(await here.client.ttl(here.header(run))).toBeGreaterThan(0);
  expect((await here.run(['update', run, '--revert-after', '1s'])).stderr).toContain('it is taken back at ');
  expect(await here.client.ttl(here.header(run))).toBe(-1);
  await here.run(['pause', '--all']);
  await sleep(1_200);
  expect((await here.run(['worker', '--until-idle'])).exitCode).toBe(0);
  expect((await here.status(run)).revert).toMatchObject({ isDue: true, run: null });
  await here.run(['resume', '--all']);
  expect((await here.run(['worker', '--until-idle'])).exitCode).toBe(0);
  expect(Object.values(here.lists())).toEqual([['all'], ['all']]);
  // Once it is taken back there is nothing more to take back.
  await here.run(['update', run, '--revert-after', '1s']);
  await sleep(1_200);
  expect((await here.run(['worker', '--until-idle'])).exitCode).toBe(0);
  expect((await here.status(run)).revert).toMatchObject({
    isDue: false,
    run: null,
    doneAt: expect.any(String),
  });
  expect(await here.all()).toHaveLength(2);
}, 120_000);

test('what it may have written and has no record of stays at its time, and that is told', async () => {
  const here = await site(2);
  const { run } = await here.excluded('3s');
  // As when Redis has lost the record of it.
  edit(here, [{ do: 'add', policyId: 'p0', assignment: { target: exclusion('away') } }]);
  expect((await here.run(['worker', '--until-idle'])).exitCode).toBe(0);
  await sleep(3_000);
  expect(await here.run(['worker', '--until-idle'])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/takes run \S+ back: 1 row; 1 assignment .* stay/),
  });
  expect(here.lists()).toEqual({ p0: ['all', '-away'], p1: ['all'] });
  expect(await here.json('log', run)).toContainEqual(
    expect.objectContaining({ action: 'taken back', details: expect.objectContaining({ rows: 1, left: 1 }) }),
  );
}, 60_000);

test('while lists still read as before it waits, and monitoring is told that, not that no worker is there', async () => {
  const here = await site(2);
  const { run } = await here.excluded('3s');
  expect((await here.run(['worker', '--until-idle'])).exitCode).toBe(0);
  // Somebody has put it back at once, or reads lag behind: nobody can tell.
  const added = [...here.simulator.tenant.every()].find(({ assignment }) => isExclusion(assignment.target));
  edit(here, [{ do: 'remove', policyId: 'p0', assignmentId: added?.assignment.id }]);
  const worker = await here.process('worker');
  await worker.said(`Run ${run} is not taken back yet: the lists of 1 row still read as before`);
  await here.until(async () => (await here.status(run)).revert?.trouble !== null);
  expect(await here.run(['status', '--check', '--stalled-after', '1s'])).toMatchObject({
    exitCode: 3,
    stdout: expect.stringMatching(/^overdue for .*the lists of 1 row still read as before they were written/),
  });
}, 60_000);
