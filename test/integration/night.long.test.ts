import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunStatus } from '../../src/runs/progress.ts';
import { ALLOW_ALL, bench, csv, type Bench } from '../support/cli.ts';
import { named, withGuids } from '../support/guid.ts';
import { command, type Command } from '../support/command.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { groupTarget } from '../support/simulatorClient.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

interface Night extends Bench {
  readonly changes: string;
  status(run?: string): Promise<RunStatus>;
  /** A process of its own. */
  process(...argv: string[]): Promise<Command>;
  arrived(): readonly number[];
  /** Resolves when the simulator has seen so many writes. */
  until(writes: number): Promise<void>;
}

/** A tenant of so many policies that takes twenty writes a second. */
async function night(rows: number, settings: Parameters<typeof bench>[1] = {}): Promise<Night> {
  const ids = numbers(rows);
  const here = await bench(
    redis.url,
    {
      ...settings,
      tenant: {
        policies: ids.map((id) => ({
          ...{ id: `p${id}`, type: 'deviceConfiguration' as const },
          assignments: [{ id: `a${id}`, target: groupTarget('old') }],
        })),
      },
    },
    { RETARGET_WRITES_PER_WINDOW: '20', RETARGET_WINDOW_MS: '1000' },
  );
  const row = (id: number) => ({
    ...{ policyType: 'deviceConfiguration', policyId: `p${id}`, assignmentId: `a${id}` },
    ...{ targetType: 'group', groupId: 'new' },
  });
  const arrived = (): readonly number[] => here.simulator.stats().writeArrivals;
  return {
    ...here,
    arrived,
    changes: here.file('changes.csv', csv(ids.map(row))),
    status: async (run = '@last') => JSON.parse((await here.run(['status', run, '--json'])).stdout),
    process: async (...argv) => command(await here.allowing(argv), { env: here.env, cwd: here.dir }),
    async until(writes) {
      while (arrived().length < writes) await sleep(50);
    },
  };
}

/** `22:10:05-22:10:11` in UTC, of moments from now on. */
const windowOf = ([from, until]: readonly [number, number]): string =>
  [from, until].map((ms) => new Date(ms).toISOString().slice(11, 19)).join('-');

const wholeSecond = (ms: number): number => Math.ceil(ms / 1000) * 1000;
const untilTime = (ms: number): Promise<void> => sleep(Math.max(0, ms - Date.now()));

test('a run over two windows, of which a worker is killed in the first and Redis between both, writes nothing outside', async () => {
  const here = await night(160);
  const now = wholeSecond(Date.now());
  const first = [now + 8_000, now + 13_000] as const;
  const second = [now + 18_000, now + 80_000] as const;
  const windows = [first, second].flatMap((each) => ['--window', windowOf(each)]);
  const applying = await here.process(
    ...['apply', here.changes, '--yes', ...ALLOW_ALL, ...windows, '--time-zone', 'UTC'],
  );
  await applying.said('the window holds 100');
  await here.until(20);
  applying.kill('SIGKILL');
  const worker = await here.process('worker');
  await untilTime(first[1] + 1_000);
  const inFirst = here.arrived().length;
  expect(inFirst).toBeGreaterThanOrEqual(20);
  expect(await here.status()).toMatchObject({ state: 'queued', reason: 'window' });
  await redis.restart();
  await here.until(160);
  while ((await here.status()).state !== 'completed') await sleep(100);
  worker.kill('SIGTERM');
  await worker.ended;
  const outside = here
    .arrived()
    .filter((ms) => ![first, second].some(([from, until]) => ms >= from && ms < until));
  expect(outside).toEqual([]);
  expect(here.arrived().filter((ms) => ms < first[1]).length).toBe(inFirst);
  expect(await here.status()).toMatchObject({ succeeded: 160, failed: 0, stale: 0 });
}, 120_000);

test('a row applied while a run waits for its night is written at once, and is not written twice', async () => {
  const here = await night(30);
  const submitted = await here.run([
    ...['submit', here.changes, ...ALLOW_ALL, '--start-at', new Date(Date.now() + 3_600_000).toISOString()],
  ]);
  expect(submitted.stderr).toContain('It begins at ');
  const noon = here.file(
    'noon.csv',
    csv([
      {
        ...{ policyType: 'deviceConfiguration', policyId: 'p7', assignmentId: 'a7' },
        ...{ targetType: 'group', groupId: 'other' },
      },
    ]),
  );
  const stopped = await here.run(['apply', noon, '--yes']);
  expect(stopped.exitCode).toBe(3);
  expect(stopped.stderr).toContain(`run-overlap=1`);
  expect(stopped.stderr).toContain(`run ${submitted.stdout.trim()} (`);
  const applied = await here.run(['apply', noon, '--yes', ...ALLOW_ALL, '--allow', 'run-overlap=1']);
  expect(applied, applied.stderr).toMatchObject({ exitCode: 0 });
  expect(here.arrived()).toHaveLength(1);
  const waits = await here.status(submitted.stdout.trim());
  expect(waits).toMatchObject({ state: 'queued', reason: 'time', etaSeconds: null });
  expect(waits.schedule).toMatchObject({ windows: [], fit: { writes: 30, moreWindows: 0 } });
  const updated = await here.run(['update', submitted.stdout.trim(), '--start-at', 'now']);
  expect(updated.stderr).toContain('begins at once');
  expect((await here.run(['worker', '--until-idle'])).exitCode).toBe(1);
  // What was changed at noon is stale, and left as it is.
  expect(await here.status(submitted.stdout.trim())).toMatchObject({ succeeded: 29, stale: 1 });
  // What has come to its end is in nobody's way.
  expect((await here.run(['plan', noon])).stderr).not.toContain('run-overlap');
  expect(here.simulator.stats().writtenAgain).toEqual([]);
});

test('a time that comes while the tenant is read is the one that was meant, and a dry run tells of it, too', async () => {
  const here = await night(20, { latencyMs: 1_000 });
  const soon = (ms: number): string => `${new Date(Date.now() + ms).toISOString().slice(0, 19)}Z`;
  const dry = await here.run(['apply', here.changes, '--dry-run', '--start-at', soon(3_600_000)]);
  expect(dry.stderr).toContain('It begins at ');
  const applied = await here.run(['apply', here.changes, '--yes', ...ALLOW_ALL, '--start-at', soon(2_000)]);
  expect(applied, applied.stderr).toMatchObject({ exitCode: 0 });
  expect(await here.status()).toMatchObject({ state: 'completed', succeeded: 20 });
});

test('at its deadline a run pauses, apply ends with 3, and it goes on by update and resume', async () => {
  const here = await night(200);
  const deadline = new Date(wholeSecond(Date.now()) + 6_000).toISOString().slice(0, 19);
  const applying = here.start([
    ...['apply', here.changes, '--yes', ...ALLOW_ALL],
    ...['--deadline', `${deadline}Z`],
  ]);
  const ran = await applying.ended;
  expect(ran).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('its deadline was') });
  expect(here.arrived().filter((ms) => ms >= Date.parse(`${deadline}Z`))).toEqual([]);
  const { runId, state, reason, succeeded } = await here.status();
  expect({ state, reason }).toEqual({ state: 'paused', reason: 'deadline' });
  expect(succeeded).toBeGreaterThan(0);
  const early = await here.run(['resume', runId]);
  expect(early).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('update ') });
  const updated = await here.run(['update', runId, '--deadline', 'off']);
  expect(updated.stderr).toContain(
    `Run ${runId}: no deadline, once it goes on with \`retarget resume ${runId}`,
  );
  expect((await here.run(['resume', runId, '--work'])).exitCode).toBe(0);
  expect(await here.status()).toMatchObject({ state: 'completed', succeeded: 200 });
});

test('an urgent run goes between two batches of the run at work, which goes on by itself, also when its command was killed meanwhile', async () => {
  const here = await night(300);
  const urgent = here.file(
    'urgent.csv',
    csv([
      {
        ...{ policyType: 'deviceConfiguration', policyId: 'p299', assignmentId: 'a299' },
        ...{ targetType: 'group', groupId: 'other' },
      },
    ]),
  );
  const applying = await here.process('apply', here.changes, '--yes', ...ALLOW_ALL);
  await here.until(20);
  const first = (await here.status()).runId;
  const going = await here.process(
    ...['apply', urgent, '--yes', '--urgent', ...ALLOW_ALL, '--allow', 'run-overlap=1'],
  );
  const done = await going.ended;
  expect(done, done.stderr).toMatchObject({ exitCode: 0 });
  const before = await here.status(first);
  expect(before.pending).toBeGreaterThan(0);
  applying.kill('SIGKILL');
  await applying.ended;
  expect((await here.run(['worker', '--until-idle'])).exitCode).toBeLessThan(2);
  expect(await here.status(first)).toMatchObject({ state: 'completed', succeeded: 299, stale: 1 });
}, 120_000);

test('a rollback begins at its time, takes back what is still as its run left it, and leaves what somebody has changed', async () => {
  const here = await night(4);
  expect((await here.run(['apply', here.changes, '--yes', ...ALLOW_ALL])).exitCode).toBe(0);
  const startAt = wholeSecond(Date.now()) + 5_000;
  const given = ['--start-at', new Date(startAt).toISOString()];
  const made = await here.run(['rollback', '@last', '--yes', ...given]);
  expect(made, made.stderr).toMatchObject({ exitCode: 0 });
  expect(made.stderr).toContain('It begins at ');
  const before = here.arrived().length;
  here.simulator.edit(
    withGuids([
      {
        ...{ do: 'change', type: 'deviceConfiguration', policyId: 'p2', assignmentId: 'a2' },
        target: groupTarget('theirs'),
      },
    ]),
  );
  const worker = await here.process('worker');
  await here.until(before + 3);
  while ((await here.status()).state !== 'completed') await sleep(100);
  worker.kill('SIGTERM');
  await worker.ended;
  expect(
    here
      .arrived()
      .slice(before)
      .every((ms) => ms >= startAt),
  ).toBe(true);
  expect(await here.status()).toMatchObject({ succeeded: 3, stale: 1 });
  const groups = [...here.simulator.tenant.every()].map(({ assignment }) =>
    named(String(assignment.target['groupId'])),
  );
  expect(groups).toEqual(['old', 'old', 'theirs', 'old']);
}, 120_000);
