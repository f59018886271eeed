import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { listPath } from '../../src/assignments/kinds/address.ts';
import type { BatchRef } from '../../src/runs/batchRow.ts';
import { processBatch } from '../../src/worker/processBatch.ts';
import type { FaultName } from '../../src/simulator/faults.ts';
import { world, type SimulatorState } from '../support/batchWorld.ts';
import { recordForTests, runAtWork } from '../support/record.ts';
import { groupRow } from '../support/rows.ts';
import { groupTarget } from '../support/simulatorClient.ts';

const record = recordForTests();

/** How long after its answer a late write lands: long after its row has come true by the next send. */
const LATE_MS = 600;
const WRITE = 2;

const lateAt = (request: number, fault: FaultName = 'timeoutLate') => ({
  graph: { lateMs: LATE_MS, script: [{ envelope: WRITE, fault, request }] },
});

/** Works on a batch until it is done, whatever it has to wait. Answers the longest wait. */
async function workOn(ref: BatchRef, { deps }: SimulatorState): Promise<number> {
  let longest = 0;
  for (;;) {
    const step = await processBatch(ref, deps, new AbortController().signal);
    if (step.kind === 'done' || step.kind === 'stopped') return longest;
    if (step.kind !== 'later') continue;
    longest = Math.max(longest, step.waitMs);
    await sleep(step.waitMs);
  }
}

const secondRun = async ({ runs, graph }: SimulatorState, assignment: string, group: string) => ({
  runId: await runAtWork(runs, [groupRow('c1', assignment, group)], { runId: 'r2', graphUrl: graph.url }),
  batch: 0,
});

const groupOf = ({ graph }: SimulatorState, id: string): unknown =>
  graph.tenant.assignmentsOf('deviceConfigurations', 'c1')?.find((each) => each.id === id)?.target['groupId'];

const landed = async ({ graph }: SimulatorState): Promise<void> => {
  while (graph.stats().writesLandedLate === 0) await sleep(20);
};

// Its row is done by the second send, and the first is still on its way when the next run writes the same assignment.
test.each<FaultName>(['timeoutLate', 'lostLate'])(
  'a write whose reply was "%s" does not land on what a second run writes',
  async (fault) => {
    const each = await world(record, lateAt(3, fault));
    await each.work();
    expect(groupOf(each, 'a3')).toBe('new-3');
    await workOn(await secondRun(each, 'a3', 'other'), each);
    await landed(each);
    expect(groupOf(each, 'a3')).toBe('other');
    expect((await each.runs.run('r2'))?.counts).toMatchObject({ succeeded: 1 });
  },
);

test('what a second run finds so while a write may still land is judged after that', async () => {
  const each = await world(record, lateAt(3));
  await each.work();
  await workOn(await secondRun(each, 'a3', 'new-3'), each);
  expect(each.graph.stats().writesLandedLate).toBe(1);
  expect((await each.runs.run('r2'))?.counts).toMatchObject({ skipped: 1 });
});

test('who watches a run that waits for a write that may still land is told so', async () => {
  const each = await world(record, { ...lateAt(3), pace: { requestTimeoutMs: 30_000 } });
  await each.work();
  const step = await processBatch(
    await secondRun(each, 'a3', 'other'),
    each.deps,
    new AbortController().signal,
  );
  expect(step).toMatchObject({ kind: 'later' });
  const { lists, leftMs } = await each.runs.lateWaits('r2');
  expect(lists).toBe(1);
  expect(leftMs).toBeGreaterThan(0);
});

test('a write without a reply that a read has found keeps nobody waiting, as it was the only one', async () => {
  const each = await world(record, {
    graph: { script: [{ envelope: WRITE, fault: 'lost', request: 3 }] },
    pace: { requestTimeoutMs: 60_000 },
  });
  await each.work();
  expect(await workOn(await secondRun(each, 'a3', 'other'), each)).toBe(0);
  expect(groupOf(each, 'a3')).toBe('other');
});

test('a list whose writes were all answered is written by the next run at once', async () => {
  const each = await world(record);
  await each.work();
  expect(await workOn(await secondRun(each, 'a3', 'other'), each)).toBe(0);
});

const groupIdOf = (group: string): string => `c1_${group}`;
const rekeyed = (groups: readonly string[], rows: readonly (readonly [from: string, to: string])[]) => ({
  policies: [
    {
      id: 'c1',
      type: 'deviceConfiguration' as const,
      assignments: groups.map((group) => ({ id: groupIdOf(group), target: groupTarget(group) })),
    },
  ],
  rows: rows.map(([from, to]) => groupRow('c1', groupIdOf(from), to)),
});

const groupsIn = ({ graph }: SimulatorState): unknown[] =>
  (graph.tenant.assignmentsOf('deviceConfigurations', 'c1') ?? []).map(({ target }) => target['groupId']);

// The ids of this tenant follow the groups: what lands late on the first one's id would land on what has taken its place.
test('a row takes the place of another one only after the late write of that has landed', async () => {
  const each = await world(record, {
    graph: { rekey: true, lateMs: LATE_MS, script: [{ envelope: WRITE, fault: 'timeoutLate' }] },
    instead: rekeyed(
      ['g1', 'g2'],
      [
        ['g1', 'g3'],
        ['g2', 'g1'],
      ],
    ),
  });
  await each.work();
  await sleep(LATE_MS);
  expect(groupsIn(each)).toEqual(['g3', 'g1']);
  expect((await each.run()).counts).toMatchObject({ succeeded: 2 });
});

test('rows that are about something else do not wait for the late write of one of their policy', async () => {
  const each = await world(record, {
    ...lateAt(0),
    pace: { requestTimeoutMs: 60_000 },
    writesPerWindow: 10,
  });
  await each.work();
  expect((await each.run()).counts).toMatchObject({ succeeded: 20 });
  expect((await each.runs.lateWaits('r1')).lists).toBe(0);
});

test('of a stopped run a write in doubt is read a last time only when it may not land any more', async () => {
  const each = await world(record, { ...lateAt(3, 'lostUnapplied'), pace: { permitValidMs: 30_000 } });
  const deps = { ...each.deps, random: () => 0 };
  await each.step(deps);
  await each.runs.transition('r1', { to: 'cancelled', from: ['running'] });
  const lastRead = async () => (await each.rows()).find(({ detail }) => detail.isLastRead);
  // The row rests for a moment before it is read.
  while ((await lastRead()) === undefined) await each.step(deps);
  const row = await lastRead();
  const path = row && listPath(row.change.address);
  const at = Date.now();
  const leftMs = (await each.runs.landings(each.graph.url, [path ?? ''])).get(path ?? '') ?? 0;
  expect(leftMs).toBeGreaterThan(20_000);
  expect(row?.place).toBe(3);
  expect(row?.detail.notBefore).toBeGreaterThanOrEqual(at + leftMs);
});
