import { expect, test } from 'vitest';
import { NOTHING_SENT } from '../../src/runs/permit.ts';
import type { LogEntry } from '../../src/runs/runReader.ts';
import type { RunStore } from '../../src/runs/runStore.ts';
import { publishRun, recordForTests, rowsOf, WIDE } from '../support/record.ts';
import { identityOf } from '../support/rows.ts';

const record = recordForTests();
const ROOT = identityOf().graphUrl;
const WORKER = { id: 'w', host: 'desk', pid: 7, silentMs: 60_000 };

const actions = async (runs: RunStore, runId?: string): Promise<string[]> =>
  (await runs.told(runId)).map(({ action }) => action);

async function begun(): Promise<RunStore> {
  const runs = record.store();
  await publishRun(runs, rowsOf(4));
  await runs.runsToWorkOn(ROOT, true, undefined, WORKER);
  return runs;
}

const settle = (runs: RunStore, ...states: ('succeeded' | 'failed')[]) =>
  runs.record(
    { runId: 'r1', batch: 0 },
    states.map((state, place) => ({ place, state, attempts: 1 })),
    WIDE,
  );

test('the log says by which worker a run began, and what its sums are in the end', async () => {
  const runs = await begun();
  await settle(runs, 'succeeded', 'succeeded', 'succeeded', 'failed');
  const [first, last] = await runs.told('r1');
  expect(first).toMatchObject({ action: 'begun', details: { worker: 'desk (pid 7)' } });
  expect(last).toMatchObject({
    ...{ action: 'ended', operator: 'the run itself' },
    details: { state: 'completed', succeeded: 3, failed: 1 },
  });
});

test('a run that stopped itself says how many of how many had failed, and later how it ended', async () => {
  const runs = record.store();
  await publishRun(runs, rowsOf(8), { options: { ...identityOf().options, maxFailures: '1' } });
  await runs.runsToWorkOn(ROOT, true, undefined, WORKER);
  await settle(runs, 'succeeded', 'failed', 'failed');
  const told = (await runs.told('r1')).slice(1);
  expect(told).toMatchObject([
    { action: 'stopped itself', reason: 'failures', details: { facts: { failed: 2, max: '1' } } },
    { action: 'ended', details: { state: 'aborted', succeeded: 1, failed: 2, pending: 5 } },
  ]);
});

test('reads that are told to wait are throttled as well', async () => {
  const runs = await begun();
  await runs.tellReadsThrottled('r1', 20, 5_000.4);
  await runs.tellReadsThrottled('r1', 20, 0);
  const [, throttled, ...none] = await runs.told('r1');
  expect(throttled).toMatchObject({ action: 'throttled', details: { times: 2, rows: 40 } });
  expect(none).toEqual([]);
});

test('that the tenant as a whole is throttled is one entry, however often that happens in a row', async () => {
  const runs = await begun();
  const throttle = () =>
    runs.record({ runId: 'r1', batch: 0 }, [], WIDE, { ...NOTHING_SENT, throttled: 3, backoffMs: 5_000 });
  for (let i = 0; i < 5; i += 1) await throttle();
  const [, throttled, ...none] = await runs.told('r1');
  expect(throttled).toMatchObject({ action: 'throttled', details: { times: 5, rows: 15 } });
  expect(Number(throttled?.details?.['untilMs'])).toBeGreaterThan(throttled?.at ?? Infinity);
  expect(none).toEqual([]);
  expect(await actions(runs)).toEqual(['begun', 'throttled']);
  await runs.transition('r1', { to: 'paused', from: ['running'], reason: 'signIn', reasonText: 'no token' });
  await throttle();
  expect(await actions(runs, 'r1')).toEqual(['begun', 'throttled', 'paused', 'throttled']);
});

test('the log of the tenant has what happened to each of its runs, in order, and says to which', async () => {
  const runs = await begun();
  await publishRun(runs, rowsOf(1), { runId: 'r2' });
  const said: LogEntry = { at: 5, operator: 'ann@host', action: 'pause', reason: 'lunch' };
  await runs.tell('r2', said);
  await runs.tellAll(['r1', 'r2'], { ...said, action: 'stop' });
  const told = await runs.told(undefined);
  expect(told.map(({ run, action }) => [run, action])).toEqual([
    ['r1', 'begun'],
    ['r2', 'pause'],
    [undefined, 'stop'],
  ]);
  expect(await actions(runs, 'r2')).toEqual(['pause', 'stop']);
  expect(await runs.told(undefined, 1)).toMatchObject([{ action: 'stop' }]);
});
