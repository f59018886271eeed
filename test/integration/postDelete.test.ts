import { describe, expect, test } from 'vitest';
import { currentAssignmentOf } from '../../src/assignments/changes/current.ts';
import { fingerprintOf, fingerprintOfList } from '../../src/assignments/changes/fingerprint.ts';
import type { InputRow } from '../../src/assignments/rows/row.ts';
import type { TenantSeed } from '../../src/simulator/tenantFile.ts';
import { world, type SimulatorState, type WorldOptions } from '../support/batchWorld.ts';
import { copyOfRecord } from '../support/olderRecord.ts';
import { recordForTests } from '../support/record.ts';
import { groupTarget } from '../support/simulatorClient.ts';

const record = recordForTests();

const KINDS = ['windowsAutopilotDeploymentProfile', 'termsAndConditions'] as const;
type Type = (typeof KINDS)[number];

const policy = (type: Type, id: string, groups: readonly string[]): TenantSeed['policies'][number] => ({
  ...{ type, id },
  assignments: groups.map((group) => ({ id: `${id}_${group}_0`, target: groupTarget(group) })),
});

const moving = (policyType: Type, policyId: string, from: string, to: string, line = 2): InputRow => ({
  line,
  cells: new Map(
    Object.entries({
      ...{ policyType, policyId, assignmentId: `${policyId}_${from}_0` },
      ...{ targetType: 'group', groupId: to },
    }),
  ) as InputRow['cells'],
});

/** One policy with one assignment, of group `old`, and a row that wants `new` for it. */
const oneRow = (type: Type, more: WorldOptions = {}): Promise<SimulatorState> =>
  world(record, {
    ...more,
    instead: { policies: [policy(type, 'p1', ['old'])], rows: [moving(type, 'p1', 'old', 'new')] },
  });

/** The groups that a policy has now. */
const groupsOf = ({ graph }: SimulatorState, id = 'p1'): string[] =>
  graph
    .snapshot()
    .policies.flatMap((each) => (each.id === id ? each.assignments : []))
    .map(({ target }) => String(target['groupId']))
    .toSorted();

const states = async (each: SimulatorState) =>
  (await each.rows()).map(({ state, detail }) => [state, detail.errorCode]);

describe.each(KINDS)('%s', (type) => {
  test('are retargeted by a POST and then a DELETE, and never have neither', async () => {
    const seen: string[][] = [];
    const watching: { each?: SimulatorState } = {};
    const each = await oneRow(type, {
      async intercept(_, pass) {
        const reply = await pass();
        if (watching.each) seen.push(groupsOf(watching.each));
        return reply;
      },
    });
    watching.each = each;
    await each.work();
    expect(await states(each)).toEqual([['succeeded', undefined]]);
    expect(groupsOf(each)).toEqual(['new']);
    expect(seen.every((groups) => groups.length > 0)).toBe(true);
    expect(seen).toContainEqual(['new', 'old']);
    expect(each.graph.stats().requests).toMatchObject({ POST: 1, DELETE: 1 });
    const [row] = await each.rows();
    expect(row?.detail.assignmentIdAfter).toBeDefined();
  });

  test('whose old assignment can’t be removed say so, and a retry removes it', async () => {
    const refused = { method: 'DELETE', policyId: 'p1', status: 403, times: 1 } as const;
    const each = await oneRow(type, { graph: { refusals: [refused] } });
    await each.work();
    expect(await states(each)).toEqual([['failed', 'OldNotRemoved']]);
    const [row] = await each.rows();
    expect(row?.detail.errorMessage).toMatch(/Forbidden.*retarget retry.*retarget rollback/);
    expect(groupsOf(each)).toEqual(['new', 'old']);
    expect((await each.run()).counts).toMatchObject({ failed: 1 });

    expect(await each.runs.retry('r1', { from: ['completed'], open: 'failed' })).toMatchObject({ rows: 1 });
    await each.drain();
    expect(await states(each)).toEqual([['succeeded', undefined]]);
    expect(groupsOf(each)).toEqual(['new']);
    expect(each.graph.stats().requests).toMatchObject({ POST: 1, DELETE: 2 });
  });

  test.each([2, 4])('go on where a worker died, be it within call %i', async (call) => {
    let isGone = false;
    const each = await oneRow(type, {
      async intercept(n, pass) {
        const reply = await pass();
        if (n !== call || isGone) return reply;
        isGone = true;
        throw new TypeError('the worker is gone');
      },
      pace: { permitValidMs: 100, requestTimeoutMs: 200 },
    });
    await expect(each.work()).rejects.toThrow('the worker is gone');
    expect(groupsOf(each)).toContain('new');
    await each.work(each.anotherWorker());
    expect(await states(each)).toEqual([['succeeded', undefined]]);
    expect(groupsOf(each)).toEqual(['new']);
    expect(each.graph.stats().requests).toMatchObject({ POST: 1, DELETE: 1 });
  });

  test('whose POST was lost, and lands late, are not assigned twice', async () => {
    const each = await oneRow(type, {
      graph: { script: [{ envelope: 2, fault: 'lostLate', request: 0 }], lateMs: 300 },
      pace: { requestTimeoutMs: 400 },
    });
    await each.work();
    expect(await states(each)).toEqual([['succeeded', undefined]]);
    expect(groupsOf(each)).toEqual(['new']);
    expect(each.graph.stats().requests).toMatchObject({ POST: 1, DELETE: 1 });
  });

  test('of a run that is cancelled in between tell which of the two is left', async () => {
    const running: { each?: SimulatorState } = {};
    const each = await oneRow(type, {
      async intercept(n, pass) {
        const reply = await pass();
        if (n === 2) await running.each?.runs.transition('r1', { to: 'cancelled', from: ['running'] });
        return reply;
      },
    });
    running.each = each;
    await each.work();
    expect(await states(each)).toEqual([['failed', 'OldNotRemoved']]);
    expect(groupsOf(each)).toEqual(['new', 'old']);
    expect((await each.run()).finishedAt).not.toBeNull();
  });

  test('that are cleared lose one assignment after the other, more of them than a row has sends', async () => {
    const groups = Array.from({ length: 11 }, (_, i) => `g${i}`);
    const cells = new Map(Object.entries({ policyType: type, policyId: 'p1', action: 'clear' }));
    const each = await world(record, {
      instead: {
        policies: [policy(type, 'p1', groups)],
        rows: [{ line: 2, cells: cells as InputRow['cells'] }],
      },
    });
    await each.work();
    expect(await states(each)).toEqual([['succeeded', undefined]]);
    expect(groupsOf(each)).toEqual([]);
    const [row] = await each.allRows('before');
    expect(row?.before).toMatchObject({ kind: 'entries', entries: { length: 11 } });
  });
});

test('a clearing of which Redis has lost the first half does not say that nothing was written', async () => {
  const type = 'termsAndConditions';
  const { assignments } = policy(type, 'p1', ['g0', 'g1', 'g2']);
  const list = assignments.map((each) => currentAssignmentOf({ ...each }) ?? expect.fail());
  const cells = new Map(Object.entries({ policyType: type, policyId: 'p1', action: 'clear' }));
  const input: InputRow = { line: 2, cells: cells as InputRow['cells'] };
  const planned = { planned: fingerprintOf(undefined), plannedList: fingerprintOfList(list) };
  const each = await world(record, {
    instead: { policies: [policy(type, 'p1', ['g0', 'g1', 'g2'])], rows: [{ input, ...planned }] },
  });
  const comeBackOlder = await copyOfRecord(record.redis, each.runs);
  await each.step();
  expect(groupsOf(each)).toHaveLength(2);
  await comeBackOlder();
  await each.work();
  expect(await states(each)).toEqual([['stale', 'Stale']]);
  const [row] = await each.rows();
  expect(row?.detail.errorMessage).toMatch(
    /No write of it is on record, but Redis may have lost one; plan again/,
  );
});

test('chains and several policies of both kinds go side by side, under throttling and faults', async () => {
  const ids = ['p1', 'p2', 'p3', 'p4'];
  const policies = ids.map((id) => policy('windowsAutopilotDeploymentProfile', id, ['a', 'b', 'stays']));
  const rows = ids.flatMap((id, i) => [
    moving('windowsAutopilotDeploymentProfile', id, 'a', 'b', 2 * i + 2),
    moving('windowsAutopilotDeploymentProfile', id, 'b', 'c', 2 * i + 3),
  ]);
  const each = await world(record, {
    instead: { policies, rows },
    graph: { seed: 7, faults: { lost: 0.15, error500Applied: 0.1, unavailable503: 0.15, conflict409: 0.1 } },
    pace: { requestTimeoutMs: 100 },
    run: { maxFailures: 'off' },
  });
  await each.work();
  expect(new Set((await states(each)).map(String))).toEqual(new Set(['succeeded,']));
  for (const id of ids) expect(groupsOf(each, id)).toEqual(['b', 'c', 'stays']);
});
