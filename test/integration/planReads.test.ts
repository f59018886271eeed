import { describe, expect, test } from 'vitest';
import { currentAssignmentOf } from '../../src/assignments/changes/current.ts';
import { fingerprintOf } from '../../src/assignments/changes/fingerprint.ts';
import type { SeenList } from '../../src/graph/reads/policyLists.ts';
import { encodeHeader } from '../../src/runs/run.ts';
import type { WorkerDeps } from '../../src/worker/deps.ts';
import { PlanReads } from '../../src/worker/planReads.ts';
import { untruths, world, type SimulatorState, type WorldOptions } from '../support/batchWorld.ts';
import { recordForTests, rowsOf, runAtWork } from '../support/record.ts';
import { eachAlone, groupRow, pendingRows } from '../support/rows.ts';
import { groupTarget } from '../support/simulatorClient.ts';

const record = recordForTests();
const PLACES = Array.from({ length: 20 }, (_, place) => place);
const PATH = '/deviceManagement/deviceConfigurations/c1/assignments';
const entryAt = (place: number) => ({
  ...({ id: `a${place}`, intent: 'apply', source: 'direct', sourceId: null } as const),
  target: groupTarget(`old-${place}`),
});

interface Planned {
  readonly each: SimulatorState;
  /** A worker of the process that has planned, `agoMs` ago. */
  readonly planner: (agoMs?: number) => WorkerDeps;
  /** What a plan would have read, with one of the assignments as given. */
  readonly read: (place?: number, groupId?: string) => SeenList['list'];
}

/** Twenty rows of one policy, whose list their plan has read. */
async function planned(options: WorldOptions = {}): Promise<Planned> {
  const each = await world(record, {
    ...options,
    // However slow the machine is.
    pace: { planReadAgeMaxMs: 60_000, ...options.pace },
    instead: {
      policies: [
        {
          id: 'c1',
          type: 'deviceConfiguration',
          assignments: PLACES.map((place) => ({ ...entryAt(place) })),
        },
      ],
      rows: PLACES.map((place) => ({
        input: groupRow('c1', `a${place}`, `new-${place}`),
        planned: fingerprintOf(currentAssignmentOf(entryAt(place))),
      })),
    },
  });
  const { permits } = await each.runs.permitMark();
  const read = (at?: number, groupId = ''): SeenList['list'] => ({
    kind: 'list',
    assignments: PLACES.flatMap(
      (place) =>
        currentAssignmentOf({
          ...entryAt(place),
          ...(place === at && { target: groupTarget(groupId) }),
        }) ?? [],
    ),
  });
  const planner = (agoMs = 0): WorkerDeps => {
    const beganAt = performance.now() - agoMs;
    const seen = (path: string) => (path === PATH ? { list: read(), beganAt } : undefined);
    return { ...each.deps, planReads: new PlanReads('r1', permits, seen) };
  };
  return { each, planner, read };
}

const readsOf = ({ graph }: SimulatorState): number => graph.stats().requests['GET'] ?? 0;

/** Somebody gives one of the assignments to another group. */
const otherHand = ({ graph }: SimulatorState, groupId = 'theirs'): void =>
  graph.edit([
    {
      ...{ do: 'change', type: 'deviceConfiguration', policyId: 'c1', assignmentId: 'a3' },
      target: groupTarget(groupId),
    },
  ]);

/** Another run of the tenant is given a permit. */
async function otherRun({ runs, deps, graph }: SimulatorState): Promise<void> {
  await runAtWork(runs, rowsOf(1), { runId: 'r2', graphUrl: graph.url });
  // As it was when it had its turn.
  await record.redis.hset(runs.keys.run('r2').header, encodeHeader({ state: 'running' }));
  const rows = eachAlone(pendingRows(0)).map((row) => ({ ...row, listName: 'another' }));
  const answer = await runs.permit({ runId: 'r2', batch: 0 }, 'other', rows, deps.limiter.policy());
  expect(answer.kind).toBe('granted');
}

test('what the plan has just read is not read again, and written as it was planned', async () => {
  const { each, planner } = await planned();
  await each.work(planner());
  expect(each.graph.stats()).toMatchObject({ envelopes: 1, writesArrived: 20 });
  expect((await each.run()).counts).toMatchObject({ succeeded: 20 });
  const [row] = await each.allRows('before');
  expect(row?.before).toMatchObject({ kind: 'entry', entry: { target: groupTarget('old-0') } });
  expect(await untruths(each)).toEqual([]);
});

describe('all is read, and a change of another hand is stale,', () => {
  const expectStale = async ({ each }: Planned): Promise<void> => {
    expect(readsOf(each)).toBeGreaterThan(0);
    expect((await each.run()).counts).toMatchObject({ succeeded: 19, stale: 1 });
    expect(each.groupAt(3)).toBe('theirs');
  };

  test('when the read of the plan is too old', async () => {
    const here = await planned();
    otherHand(here.each);
    await here.each.work(here.planner(here.each.deps.limiter.pace.planReadAgeMaxMs + 1));
    await expectStale(here);
  });

  test('when it would be too old by the time of the permit', async () => {
    const here = await planned({ pace: { planReadAgeMaxMs: 100 } });
    const { each, planner } = here;
    // The tenant rests for longer.
    await each.runs.readReply(0, 0, 400, each.deps.limiter.policy());
    otherHand(each);
    await each.work(planner());
    await expectStale(here);
  });

  test('when another run was given a permit since', async () => {
    const here = await planned();
    await otherRun(here.each);
    otherHand(here.each);
    await here.each.work(here.planner());
    await expectStale(here);
  });

  test('when the list was written in the last minutes', async () => {
    const here = await planned();
    const { each, planner } = here;
    otherHand(each);
    await each.runs.keepLastWrites(
      each.graph.url,
      60_000,
      new Map([[PATH, { befores: ['x'], after: 'y', writers: ['r0 1'] }]]),
    );
    await each.work(planner());
    await expectStale(here);
  });

  test('when the list is written whole', async () => {
    const { each, planner } = await planned({ run: { strategy: 'assign' } });
    await each.work(planner());
    expect(each.graph.stats().envelopes).toBeGreaterThan(1);
    expect((await each.run()).counts).toMatchObject({ succeeded: 20 });
  });

  test('when a row comes to anything else than a write', async () => {
    const here = await planned();
    const { each, planner } = here;
    // The plan has read what a row wants; meanwhile somebody has taken it back.
    const [list, { permits }] = [here.read(3, 'new-3'), await each.runs.permitMark()];
    const seen = (path: string) => (path === PATH ? { list, beganAt: performance.now() } : undefined);
    await each.work({ ...planner(), planReads: new PlanReads('r1', permits, seen) });
    expect(readsOf(each)).toBeGreaterThan(0);
    expect((await each.run()).counts).toMatchObject({ succeeded: 20, skipped: 0 });
  });

  test('when a write was sent before', async () => {
    const here = await planned({ graph: { script: [{ envelope: 1, fault: 'resetBefore' }] } });
    const worker = here.planner();
    await here.each.step(worker);
    expect(readsOf(here.each)).toBe(0);
    await here.each.work(worker);
    expect(readsOf(here.each)).toBeGreaterThan(0);
    expect((await here.each.run()).counts).toMatchObject({ succeeded: 20 });
  });

  test('when the reads are of the plan of another run', async () => {
    const here = await planned();
    const { permits } = await here.each.runs.permitMark();
    const list = here.read();
    otherHand(here.each);
    const seen = () => ({ list, beganAt: performance.now() });
    await here.each.work({ ...here.each.deps, planReads: new PlanReads('r9', permits, seen) });
    await expectStale(here);
  });
});

test('the mark before a plan’s reads tells every permit, and what may still land', async () => {
  const { each } = await planned();
  expect(await each.runs.permitMark()).toEqual({ permits: 0, isQuiet: true });
  await otherRun(each);
  expect(await each.runs.permitMark()).toEqual({ permits: 1, isQuiet: false });
  await each.work();
  expect(await each.runs.permitMark()).toEqual({ permits: 2, isQuiet: false });
});

test('batches of one run do not overtake each other', async () => {
  const { each } = await planned();
  const { permits } = await each.runs.permitMark();
  const policy = each.deps.limiter.policy();
  const ask = (token: string, place: number) =>
    each.runs.permit({ runId: 'r1', batch: 0 }, token, eachAlone(pendingRows(place)), policy, [], permits);
  expect((await ask('me', 0)).kind).toBe('granted');
  expect((await ask('me', 1)).kind).toBe('granted');
  await otherRun(each);
  expect((await ask('me', 2)).kind).toBe('overtaken');
});
