import { expect, test } from 'vitest';
import { resumeTenant, stopTenant } from '../../../../src/app/runs/tenantStop.ts';
import { TENANTS_KEY } from '../../../../src/runs/keys.ts';
import { RECORD_FORMAT, type Run } from '../../../../src/runs/run.ts';
import type { RunEvent } from '../../../../src/runs/runEvent.ts';
import type { Stop } from '../../../../src/runs/runReader.ts';
import { fakeServices, NOW, runThatIs, type Fakes } from '../../../support/fakeServices.ts';

const RUNS = [
  runThatIs('running', {}, 'working'),
  runThatIs('paused', {}, 'resting'),
  runThatIs('completed', { finishedAt: NOW }, 'over'),
];

/** The header of a run that another tenant has at work. */
const BIG = { state: 'running', format: RECORD_FORMAT, fileName: 'big.csv', total: '300', left: '240' };

/** A Redis that knows these tenants, and its record of `north`. */
function tenant({
  known = ['north'],
  record = RUNS,
  ...more
}: Omit<Fakes, 'runs' | 'redis'> & {
  readonly known?: readonly string[];
  readonly record?: readonly Run[];
} = {}) {
  const stops: Stop[] = [];
  const events: RunEvent[] = [];
  const services = fakeServices({
    redis: {
      hgetall: async (key: Buffer | string) =>
        String(key) === TENANTS_KEY ? Object.fromEntries(known.map((id) => [id, id])) : BIG,
      zrange: async (key: Buffer | string) => (String(key).includes('{south}') ? ['big'] : []),
      hget: async () => null,
    },
    ...more,
    runs: {
      runs: async () => [...record],
      line: async () => record.filter(({ finishedAt }) => finishedAt === null),
      keepEvent: async (event) => void events.push(event),
      stopped: async () => undefined,
      stop: async (stop) => void stops.push(stop),
      letGoOn: async () => true,
    },
  });
  return { services, stops, events };
}

test('a stopped tenant says by whom and why, in the record and in the log of each open run', async () => {
  const { services, stops } = tenant();
  const { stop, notStopped } = await stopTenant({ reason: ' CHG-7 ' }, services);
  expect(stops).toEqual([stop]);
  expect(stop).toMatchObject({ by: 'ada@desk', reason: 'CHG-7' });
  expect(notStopped).toEqual([]);
  expect(services.told.map(({ runId, action }) => [runId, action])).toEqual([
    ['working', 'stop'],
    ['resting', 'stop'],
  ]);
});

test('the tenant is stopped before anything is written into a log', async () => {
  const { services } = tenant();
  await stopTenant({}, services);
  const changed = services.done.filter((each) =>
    ['runs.stop', 'runs.tellAll', 'runs.keepEvent'].includes(each),
  );
  expect(changed).toEqual(['runs.stop', 'runs.tellAll']);
});

test('the channels of the runs that stand still are told once for all of them, and nobody else', async () => {
  const told = (notify: readonly string[]) => ({ notify: JSON.stringify(notify) });
  const { services, events } = tenant({
    record: [
      runThatIs('running', told(['ops', 'team']), 'working'),
      runThatIs('queued', told(['ops']), 'waiting'),
      runThatIs('paused', told(['mail']), 'resting'),
    ],
  });
  await stopTenant({ reason: 'CHG-7' }, services);
  expect(events).toMatchObject([
    {
      ...{ type: 'tenantStopped', channels: ['ops', 'team'] },
      data: { operator: 'ada@desk', words: 'CHG-7', runs: ['working', 'waiting'] },
    },
  ]);
});

test('it is settled when no permit of before is valid any more, and the stop is on the disk', async () => {
  const { services } = tenant();
  const { permitValidMs } = services.identity.pace;
  const { lastPermitMs } = await stopTenant({}, services);
  expect(lastPermitMs).toBeGreaterThan(permitValidMs);
  expect(lastPermitMs).toBeGreaterThanOrEqual(2_000);
});

test('a signal ends the wait for that', async () => {
  const interrupted = new AbortController();
  const { services } = tenant({ interrupted: interrupted.signal });
  const { settled } = await stopTenant({}, services);
  const waiting = settled();
  interrupted.abort('SIGINT');
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
});

test('other tenants go on, and are named with what goes on there', async () => {
  const { services } = tenant({ known: ['south', 'north', 'east'] });
  expect((await stopTenant({}, services)).notStopped).toEqual([
    { tenant: 'east', name: 'east', isStopped: false, runs: [] },
    {
      ...{ tenant: 'south', name: 'south', isStopped: false },
      runs: [{ runId: 'big', file: 'big.csv', state: 'running', done: 60, total: 300 }],
    },
  ]);
});

test.each([
  [['south', 'east'], '--tenant with one of east, south'],
  [[], 'the --redis-url of the workers that are meant'],
])('a tenant that this Redis has never seen is not stopped: it knows %j', async (known, remedy) => {
  const { services, stops } = tenant({ known, record: [], producer: { hasWorkers: async () => false } });
  await expect(stopTenant({}, services)).rejects.toMatchObject({
    message: 'Nothing was stopped: this Redis has never seen a tenant north.',
    remedy: expect.stringContaining(remedy),
    exitCode: 2,
  });
  expect(stops).toEqual([]);
});

test('where nothing says the tenant none is stopped, whatever there is under the name that is taken then', async () => {
  for (const known of [['south', 'east'], []]) {
    const { services, stops } = tenant({ known, identity: { tenant: 'default', tenantFrom: 'nothing' } });
    await expect(stopTenant({}, services)).rejects.toMatchObject({
      message: 'Nothing was stopped: nothing says which tenant is meant.',
      remedy: expect.stringContaining(known.length > 0 ? 'one of east, south; or --every-tenant' : 'default'),
      exitCode: 2,
    });
    expect(stops).toEqual([]);
    await expect(resumeTenant({}, services)).rejects.toMatchObject({ exitCode: 2 });
  }
});

test('one that has runs or workers was seen, though nobody has written down its name', async () => {
  const byRuns = tenant({ known: [], producer: { hasWorkers: async () => false } });
  await stopTenant({}, byRuns.services);
  expect(byRuns.stops).toHaveLength(1);
  const byWorkers = tenant({ known: [], record: [], producer: { hasWorkers: async () => true } });
  await stopTenant({}, byWorkers.services);
  expect(byWorkers.stops).toHaveLength(1);
});

test('a tenant goes on with its jobs queued, and the log says who let it', async () => {
  const { services } = tenant();
  expect(await resumeTenant({ reason: 'done' }, services)).toBe(true);
  expect(services.told.map(({ runId, action, reason }) => [runId, action, reason])).toEqual([
    ['working', 'let go on', 'done'],
    ['resting', 'let go on', 'done'],
  ]);
  expect(services.done.at(-1)).toBe('producer.topUp');
});

test('one that was not stopped says so, and nothing is written into a log', async () => {
  const services = fakeServices({ runs: { letGoOn: async () => false } });
  expect(await resumeTenant({}, services)).toBe(false);
  expect(services.told).toEqual([]);
  // Its jobs may have been lost all the same.
  expect(services.done).toEqual(['runs.letGoOn', 'producer.topUp']);
});
