import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { RunStatus } from '../../src/runs/progress.ts';
import { bench, csv, type Bench } from '../support/cli.ts';
import { command, type Command } from '../support/command.ts';
import { guid } from '../support/guid.ts';
import { startListService, type ListService } from '../support/lists.ts';
import { openTcpProxy } from '../support/tcpProxy.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const wholeSecond = (ms: number): number => Math.ceil(ms / 1000) * 1000;
const untilTime = (ms: number): Promise<void> => sleep(Math.max(0, ms - Date.now()));

type Span = readonly [from: number, until: number];

/** `22:10:05-22:10:11` in UTC. */
const windowOf = (span: Span): string => span.map((ms) => new Date(ms).toISOString().slice(11, 19)).join('-');

interface Edge extends Bench {
  readonly service: ListService;
  readonly changes: string;
  submit(windows: readonly Span[], ...more: string[]): Promise<void>;
  /** One whose answers from Redis are so late, by which its permits have aged when it gets them. */
  worker(redisDelayMs?: number): Promise<Command>;
  status(): Promise<RunStatus>;
  until(isSo: (run: RunStatus) => boolean): Promise<void>;
  /** Writes outside of all of these by the service's own account, in ms after the end of the one before. */
  outside(windows: readonly Span[]): number[];
}

/** A service that takes ten writes in half a second, and a run that moves each of its policies. */
async function edge(policies: number): Promise<Edge> {
  const service = await startListService(policies);
  const here = await bench(
    redis.url,
    {},
    { RETARGET_GRAPH_URL: service.url, RETARGET_WRITES_PER_WINDOW: '10', RETARGET_WINDOW_MS: '1000' },
  );
  const changes = here.file('changes.csv', csv(numbers(policies).map((n) => service.row(n, 'new'))));
  const status = async (): Promise<RunStatus> =>
    JSON.parse((await here.run(['status', '@last', '--json'])).stdout);
  return {
    ...{ ...here, service, changes, status },
    async submit(windows, ...more) {
      const given = windows.flatMap((each) => ['--window', windowOf(each)]);
      const ran = await here.run(['submit', changes, '--no-plan', ...given, '--time-zone', 'UTC', ...more]);
      expect(ran, ran.stderr).toMatchObject({ exitCode: 0 });
    },
    async worker(redisDelayMs) {
      if (redisDelayMs === undefined) return command(['worker'], { env: here.env, cwd: here.dir });
      const proxy = await openTcpProxy(Number(new URL(redis.url ?? '').port), redisDelayMs);
      onTestFinished(() => proxy.cut());
      return command(['worker'], {
        env: { ...here.env, REDIS_URL: `redis://127.0.0.1:${proxy.port}` },
        cwd: here.dir,
      });
    },
    async until(isSo) {
      while (!isSo(await status())) await sleep(100);
    },
    outside: (windows) =>
      service.writes
        .filter(({ at }) => !windows.some(([from, until]) => at >= from && at < until))
        .map(
          ({ at }) => at - Math.max(...windows.map(([, until]) => until).filter((until) => until <= at), 0),
        ),
  };
}

/** Two windows of so many ms, the first in some seconds. */
function twoWindows(firstMs: number): readonly [Span, Span] {
  const now = wholeSecond(Date.now());
  const first = [now + 4_000, now + 4_000 + firstMs] as const;
  return [first, [first[1] + 4_000, first[1] + 120_000]];
}

test.each(['throttled', 'lost'] as const)(
  'writes that are %s while a window closes are not sent again before the next one opens, and all come true',
  async (answer) => {
    const here = await edge(60);
    const windows = twoWindows(5_000);
    const [[, closes]] = windows;
    here.service.answers((at) => (at >= closes - 1_800 && at < closes + 500 ? answer : 'well'));
    await here.submit(windows);
    const worker = await here.worker();
    await here.until(({ state }) => state === 'completed');
    worker.kill('SIGTERM');
    await worker.ended;
    expect(here.outside(windows)).toEqual([]);
    expect(here.service.writes.some((write) => write.answer === answer)).toBe(true);
    expect(await here.status()).toMatchObject({ succeeded: 60, failed: 0, unsure: 0 });
    expect(here.service.groups()).toEqual(numbers(60).map(() => guid('new')));
    // What was carried out is read before it is written, however its reply was lost.
    const carriedOut = here.service.writes.filter((write) => write.answer !== 'throttled');
    expect(carriedOut).toHaveLength(60);
  },
  120_000,
);

/** Less than a permit is good for, which is half a second here. */
const REDIS_DELAY_MS = 350;

test('what had its permit before a window closes has left by then, however late the permit was heard of', async () => {
  const here = await edge(100);
  const worker = await here.worker(REDIS_DELAY_MS);
  await worker.said('Working for tenant');
  const windows = twoWindows(13_000);
  await here.submit(windows);
  await here.until(({ state }) => state === 'completed');
  worker.kill('SIGTERM');
  await worker.ended;
  expect(here.outside(windows)).toEqual([]);
  expect(here.service.writes.filter(({ at }) => at < windows[0][1]).length).toBeGreaterThan(0);
  expect(here.service.writes).toHaveLength(100);
}, 120_000);

test('a worker that stands still from before the end of a window to after it sends nothing on the permit that it had', async () => {
  const here = await edge(200);
  const worker = await here.worker(REDIS_DELAY_MS);
  await worker.said('Working for tenant');
  const windows: Span[] = [];
  for (const i of numbers(5)) {
    const now = Date.now();
    const closes = wholeSecond(now) + 6_000;
    windows.push([now - 60_000, closes]);
    const file = here.file(`${i}.csv`, csv(numbers(200).map((n) => here.service.row(n, `new-${i}`))));
    await here.run([
      'submit',
      file,
      '--no-plan',
      '--window',
      windowOf([now - 60_000, closes]),
      '--time-zone',
      'UTC',
    ]);
    // Most of the time an answer of Redis is under way to it, and may be a permit: the last are given 750 ms before the end.
    await untilTime(closes - 1_000 + i * 60);
    const before = here.service.writes.length;
    worker.kill('SIGSTOP');
    await untilTime(closes + 500);
    worker.kill('SIGCONT');
    await sleep(1_000);
    expect(here.service.writes.slice(before).filter(({ at }) => at >= closes)).toEqual([]);
  }
  worker.kill('SIGTERM');
  await worker.ended;
  expect(here.service.writes.length).toBeGreaterThan(0);
}, 180_000);

test('a canary waits for its yes within the windows: what is said to it between two counts in the next one', async () => {
  const here = await edge(40);
  const windows = twoWindows(5_000);
  const [[, closes], [opens]] = windows;
  await here.submit(windows, '--canary', '5');
  const worker = await here.worker();
  await here.until(({ state }) => state === 'paused');
  expect(await here.status()).toMatchObject({ reason: 'canary', succeeded: 5 });
  await untilTime(closes + 300);
  expect((await here.run(['resume', '@last'])).exitCode).toBe(0);
  await here.until(({ state, reason }) => state === 'queued' && reason === 'window');
  expect(here.service.writes).toHaveLength(5);
  await here.until(({ state }) => state === 'completed');
  worker.kill('SIGTERM');
  await worker.ended;
  expect(here.outside(windows)).toEqual([]);
  expect(here.service.writes.slice(5).every(({ at }) => at >= opens)).toBe(true);
  expect(await here.status()).toMatchObject({ succeeded: 40 });
}, 120_000);

test('one row that is applied at noon while 300 wait for the night is one write', async () => {
  const here = await edge(300);
  await here.submit([], '--start-at', new Date(Date.now() + 3_600_000).toISOString());
  const noon = here.file('noon.csv', csv([here.service.row(7, 'other')]));
  await here.run(['submit', noon, '--no-plan']);
  const worker = await here.run(['worker', '--until-idle']);
  expect(worker.exitCode).toBe(3);
  expect(worker.stderr).toContain('(changes.csv) waits, and is left to another worker: it begins at ');
  expect(here.service.writes).toHaveLength(1);
  expect(here.service.groups().filter((group) => group === guid('other'))).toHaveLength(1);
}, 60_000);
