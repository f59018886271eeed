import { expect, test } from 'vitest';
import { DEFAULT_OPTIONS, encodeHeader, REVERTED_DAYS, type Run } from '../../src/runs/run.ts';
import type { RunStore } from '../../src/runs/runStore.ts';
import { Staging } from '../../src/runs/staging.ts';
import { publishRun, recordForTests, rowsOf, WIDE } from '../support/record.ts';
import { identityOf } from '../support/rows.ts';

const record = recordForTests();
const AGELESS = { ...DEFAULT_OPTIONS, maxAgeMs: 1e14 };
const PAST = 1_000;
const DAY_S = 86_400;

const runIn = async (runs: RunStore, runId = 'r1'): Promise<Run> =>
  (await runs.run(runId)) ?? expect.fail('gone');
const secondsLeft = (runs: RunStore, runId: string): Promise<number> =>
  record.redis.ttl(runs.keys.run(runId).header);

/** A run of one row that is to be taken back at a time, at its end. */
async function ended(revertAt: number): Promise<RunStore> {
  const runs = record.store();
  await publishRun(runs, rowsOf(1), { options: { ...AGELESS, revertAt } });
  await finish(runs, 'r1');
  return runs;
}

async function finish(runs: RunStore, runId: string): Promise<void> {
  await runs.runsToWorkOn(identityOf().graphUrl);
  await runs.record({ runId, batch: 0 }, [{ place: 0, state: 'succeeded', attempts: 1 }], WIDE);
}

/** A run that takes the first one back, published as the workers of that would. */
async function takeBack(runs: RunStore, runId: string, moves?: number): Promise<string> {
  const seen = moves ?? (await runIn(runs)).moves;
  const identity = identityOf({ runId, options: { ...AGELESS, revertOf: 'r1' } });
  const staging = await Staging.begin(runs, identity, Date.now());
  for (const input of rowsOf(1)) await staging.add({ input });
  const file = { sha256: 'x', columns: [], leftOut: 0, again: true };
  return (await staging.publish({ ...file, reverts: { run: 'r1', moves: seen, rows: 1, left: 2 } })).kind;
}

test('of a run whose time has come there is one run that takes it back, whoever else makes one', async () => {
  const runs = await ended(PAST);
  expect((await runs.dueToRevert()).map(({ runId }) => runId)).toEqual(['r1']);
  expect(await Promise.all([takeBack(runs, 'r2'), takeBack(runs, 'r3')])).toEqual(
    expect.arrayContaining(['published', 'notDue']),
  );
  const { revertedBy, revertedAt } = await runIn(runs);
  expect(revertedAt).not.toBeNull();
  expect((await runs.runs()).map(({ runId }) => runId).sort()).toEqual(['r1', revertedBy]);
  expect(await runs.dueToRevert()).toEqual([]);
});

test('its record lives until it is taken back, however that goes on, and 30 days more', async () => {
  const runs = await ended(PAST);
  expect(await secondsLeft(runs, 'r1')).toBe(-1);
  await takeBack(runs, 'r2');
  await runs.transition('r2', { to: 'cancelled', from: ['queued'], reason: 'operator' });
  expect(await secondsLeft(runs, 'r1')).toBe(-1);
  await runs.setRevert('r1', PAST);
  await takeBack(runs, 'r3');
  await finish(runs, 'r3');
  expect(await runIn(runs, 'r3')).toMatchObject({ state: 'completed' });
  expect(await secondsLeft(runs, 'r1')).toBe(REVERTED_DAYS * DAY_S);
});

test('one that is not due any more is neither ended nor taken back', async () => {
  const runs = record.store();
  await publishRun(runs, rowsOf(1), { options: { ...AGELESS, revertAt: PAST } });
  await runs.setRevert('r1', (await runs.now()) + 3_600_000);
  const moved = await runs.transition('r1', { to: 'paused', from: ['queued'], reason: 'revert' });
  expect(moved).toEqual({ kind: 'wrong', state: 'queued' });
  expect(await takeBack(runs, 'r2')).toBe('notDue');
  expect(await runs.markReverted('r1', 0, (await runIn(runs)).moves)).toBe(false);
  await runs.setRevert('r1', null);
  expect(await takeBack(runs, 'r3')).toBe('notDue');
});

test('one that leaves nothing to be taken back is told, and kept as long', async () => {
  const runs = await ended(PAST);
  await record.redis.hset(runs.keys.run('r1').header, encodeHeader({ notify: ['ops'] }));
  const { moves } = await runIn(runs);
  expect(await runs.markReverted('r1', 3, moves)).toBe(true);
  expect(await runs.markReverted('r1', 3, moves)).toBe(false);
  expect((await runs.untoldEvents(10)).map(({ event }) => event)).toMatchObject([
    { type: 'takenBack', run: 'r1', data: { taken: 0, left: 3 } },
  ]);
  expect((await runs.told('r1')).at(-1)).toMatchObject({ action: 'taken back', details: { left: 3 } });
  expect(await secondsLeft(runs, 'r1')).toBe(REVERTED_DAYS * DAY_S);
});

test('one that was opened again since it was read is not taken back by what was read: what it writes from now on would stay', async () => {
  const runs = record.store();
  await publishRun(runs, rowsOf(2), { options: { ...AGELESS, revertAt: PAST } });
  await runs.runsToWorkOn(identityOf().graphUrl);
  const done = [
    { place: 0, state: 'succeeded', attempts: 1 },
    { place: 1, state: 'failed', attempts: 1 },
  ] as const;
  await runs.record({ runId: 'r1', batch: 0 }, done, WIDE);
  const { moves, finishedAt } = await runIn(runs);
  expect(finishedAt).not.toBeNull();
  expect(await runs.retry('r1', { from: ['completed'], open: 'failed' })).toEqual({ kind: 'done', rows: 1 });
  expect(await takeBack(runs, 'r2', moves)).toBe('notDue');
  expect(await runs.markReverted('r1', 0, moves)).toBe(false);
  expect((await runs.dueToRevert()).map(({ runId }) => runId)).toEqual(['r1']);
});
