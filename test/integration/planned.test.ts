import { currentAssignmentOf } from '../../src/assignments/changes/current.ts';
import { describe, expect, test } from 'vitest';
import { fingerprintOf } from '../../src/assignments/changes/fingerprint.ts';
import type { InputRow } from '../../src/assignments/rows/row.ts';
import type { RecordedRow } from '../../src/runs/batchRow.ts';
import type { StagedRow } from '../../src/runs/staging.ts';
import type { TenantSeed } from '../../src/simulator/tenantFile.ts';
import { untruths, world, type SimulatorState, type WorldOptions } from '../support/batchWorld.ts';
import { allDevices, excluded, filter, group } from '../support/graphShapes.ts';
import { copyOfRecord } from '../support/olderRecord.ts';
import { recordForTests } from '../support/record.ts';
import { groupRow } from '../support/rows.ts';
import { call, groupTarget } from '../support/simulatorClient.ts';

const record = recordForTests();
const WRITE = 2;
const PLACES = Array.from({ length: 20 }, (_, place) => place);

const seen = (target: object): string =>
  fingerprintOf(
    currentAssignmentOf({ id: 'whatever', intent: 'apply', source: 'direct', sourceId: null, target }),
  );

const changeTo = (each: SimulatorState, place: number, groupId: string) =>
  each.graph.edit([
    {
      ...{ do: 'change', type: 'deviceConfiguration', policyId: 'c1', assignmentId: `a${place}` },
      target: groupTarget(groupId),
    },
  ]);

/** Twenty rows of which the plan saw what the tenant held at first. */
const planned = (options: WorldOptions = {}): Promise<SimulatorState> =>
  world(record, {
    ...options,
    instead: {
      policies: [
        {
          ...{ id: 'c1', type: 'deviceConfiguration' },
          assignments: PLACES.map((place) => ({ id: `a${place}`, target: groupTarget(`old-${place}`) })),
        },
      ],
      rows: PLACES.map((place) => ({
        input: groupRow('c1', `a${place}`, `new-${place}`),
        planned: seen(groupTarget(`old-${place}`)),
      })),
    },
  });

const statesAt = (rows: readonly RecordedRow[], ...places: number[]): string[] =>
  places.map((place) => rows[place]?.state ?? '');

describe('a row that another hand has changed since the plan', () => {
  test('is stale and not written, the others are, and what is wanted already is skipped', async () => {
    const each = await planned();
    changeTo(each, 3, 'somebody-elses');
    changeTo(each, 4, 'new-4');
    each.graph.edit([{ do: 'remove', type: 'deviceConfiguration', policyId: 'c1', assignmentId: 'a5' }]);
    await each.work();
    expect((await each.run()).counts).toMatchObject({ succeeded: 17, skipped: 1, stale: 2, failed: 0 });
    expect(statesAt(await each.rows(), 3, 4, 5)).toEqual(['stale', 'skipped', 'stale']);
    expect((await each.rows())[3]?.detail).toMatchObject({
      errorCode: 'Stale',
      errorMessage: expect.stringContaining('group somebody-elses'),
    });
    expect(each.graph.stats().writesArrived).toBe(17);
    expect(each.groupAt(3)).toBe('somebody-elses');
  });

  test('is stale after a throttled write too, and left unsure when its reply was lost: it may still land', async () => {
    const faults = [
      ['throttled', 'stale', { stale: 1 }],
      ['resetBefore', 'leftUnsure', { unsure: 1 }],
    ] as const;
    for (const [fault, state, counts] of faults) {
      const each = await planned({ graph: { script: [{ envelope: WRITE, fault }] } });
      await each.step();
      changeTo(each, 7, 'somebody-elses');
      await each.work();
      expect(statesAt(await each.rows(), 7)).toEqual([state]);
      expect(each.groupAt(7)).toBe('somebody-elses');
      expect((await each.run()).counts).toMatchObject({ succeeded: 19, ...counts });
    }
  });

  test('is stale after a retry as well', async () => {
    const each = await planned({ graph: { forbidden: ['a2'] }, run: { maxFailures: 'off' } });
    await each.work();
    changeTo(each, 2, 'somebody-elses');
    each.graph.reconfigure({ forbidden: [] });
    await each.runs.retry('r1', { from: ['completed'], open: 'failed' });
    await each.drain();
    expect(await each.run()).toMatchObject({ state: 'completed', counts: { succeeded: 19, stale: 1 } });
    expect(each.groupAt(2)).toBe('somebody-elses');
  });
});

test('a canary counts rows that it may have written though Redis has lost that', async () => {
  const each = await planned({ run: { canary: 5 } });
  const comeBackOlder = await copyOfRecord(record.redis, each.runs);
  await each.step();
  expect(each.graph.stats().writesArrived).toBe(5);
  await comeBackOlder();
  await each.drain();
  expect(await each.run()).toMatchObject({ state: 'paused', reason: 'canary', unrecorded: 5 });
  expect(each.graph.stats().writesArrived).toBe(5);
});

describe('the before-image', () => {
  test('of an earlier try is kept with a row that is found so, also when Redis has lost it since the row was read', async () => {
    let comeBackOlder: (() => Promise<void>) | undefined;
    const each = await planned({
      ...{ graph: { forbidden: ['a2'] }, run: { maxFailures: 'off' } },
      async intercept(_n, pass) {
        await comeBackOlder?.();
        comeBackOlder = undefined;
        return pass();
      },
    });
    const older = await copyOfRecord(record.redis, each.runs);
    await each.work();
    changeTo(each, 2, 'new-2');
    await each.runs.retry('r1', { from: ['completed'], open: 'failed' });
    await each.runs.runsToWorkOn(each.graph.url);
    comeBackOlder = older;
    await each.step();
    const row = (await each.allRows('before'))[2];
    expect(row).toMatchObject({ state: 'skipped', before: { entry: { target: groupTarget('old-2') } } });
  });

  test('is in the record when the write leaves, as the read saw it', async () => {
    const atWrite: (readonly RecordedRow[])[] = [];
    const each = await world(record, {
      intercept: async (n, pass) => {
        if (n === WRITE) atWrite.push(await each.rows());
        return pass();
      },
    });
    await each.work();
    expect(atWrite[0]).toMatchObject(
      PLACES.map((place) => ({
        state: 'sent',
        before: { entry: { id: `a${place}`, target: groupTarget(`old-${place}`) } },
      })),
    );
    expect((await each.allRows('before'))[9]?.before).toMatchObject({
      entry: { target: groupTarget('old-9') },
    });
  });

  test('outlives a worker that dies between the leave and the reply, and is no look at the own write', async () => {
    const each = await world(record, {
      graph: { rekey: true },
      intercept: (n, pass) => (n === WRITE ? pass().then(() => Promise.reject(new Error('killed'))) : pass()),
      pace: { permitValidMs: 100, requestTimeoutMs: 200 },
    });
    await expect(each.step()).rejects.toThrow('killed');
    await each.work(each.anotherWorker());
    expect((await each.run()).counts.succeeded).toBe(20);
    for (const { place, before } of await each.allRows('before'))
      expect(before).toMatchObject({
        entry: { id: `a${place}`, target: groupTarget(`old-${place}`) },
      });
  });

  test('is the last one before a write: what somebody else made of it in between is put back', async () => {
    const each = await world(record, { graph: { script: [{ envelope: WRITE, fault: 'throttled' }] } });
    await each.step();
    changeTo(each, 6, 'in-between');
    await each.work();
    expect(each.groupAt(6)).toBe('new-6');
    expect((await each.allRows('before'))[6]?.before).toMatchObject({
      entry: { target: groupTarget('in-between') },
    });
  });

  test('is what must still be there after a write that may land: what somebody else made of it stays', async () => {
    const each = await world(record, { graph: { script: [{ envelope: WRITE, fault: 'resetBefore' }] } });
    await each.step();
    changeTo(each, 6, 'in-between');
    await each.work();
    expect(each.groupAt(6)).toBe('in-between');
    expect((await each.allRows('before'))[6]).toMatchObject({
      ...{ state: 'leftUnsure', detail: { errorCode: 'Stale' } },
      before: { entry: { target: groupTarget('old-6') } },
    });
    expect((await each.run()).counts).toMatchObject({ succeeded: 19, unsure: 1 });
  });

  test('keeps what nobody has heard of value for value, and is null-free where there was nothing', async () => {
    const strange = {
      '@odata.type': '#microsoft.graph.cloudPcAssignmentTarget',
      servicePlanId: 'S1',
      deep: { a: [1, null] },
    };
    const each = await world(record, {
      instead: {
        policies: [{ id: 'c1', type: 'deviceConfiguration', assignments: [{ id: 'a0', target: strange }] }],
        rows: [groupRow('c1', 'a0', 'g1'), groupRow('c1', 'gone', 'g2')],
      },
    });
    await each.work();
    const [first, gone] = await each.allRows('before');
    expect(first?.before).toMatchObject({ entry: { target: strange } });
    expect(gone?.before).toBeUndefined();
    // Only who asks for them gets them.
    expect((await each.allRows())[0]?.before).toBeUndefined();
  });
});

describe('with read-back', () => {
  test('each written row is seen again before it counts as done', async () => {
    const each = await world(record, { run: { verify: true }, graph: { rekey: true } });
    expect(await each.step()).toEqual({ kind: 'again' });
    expect(await each.run()).toMatchObject({ sent: 20, counts: { succeeded: 0 } });
    await each.work();
    expect(await each.run()).toMatchObject({ state: 'completed', counts: { succeeded: 20 } });
    expect(each.graph.stats()).toMatchObject({ envelopes: 3, writesArrived: 20 });
    expect((await each.rows())[1]?.detail).toMatchObject({ httpStatus: 200, assignmentIdAfter: 'c1_new-1' });
    expect(await untruths(each)).toEqual([]);
  });

  test('a row that the tenant does not hold has failed, with what was found, and is not written again', async () => {
    const each = await world(record, { run: { verify: true, maxFailures: 'off' } });
    await each.step();
    changeTo(each, 8, 'somebody-elses');
    await each.work();
    const row = (await each.rows())[8];
    expect(row).toMatchObject({ state: 'failed', attempts: 1, detail: { errorCode: 'VerifyMismatch' } });
    expect(row?.detail.errorMessage).toContain('group somebody-elses');
    expect((await each.run()).counts).toMatchObject({ succeeded: 19, failed: 1 });
    expect(each.graph.stats().writesArrived).toBe(20);
    expect(await untruths(each)).toEqual([]);
  });

  test('a row that a copy shows late is given a second read', async () => {
    const each = await world(record, { run: { verify: true } });
    await each.step();
    changeTo(each, 8, 'old-8');
    expect((await each.step()).kind).toBe('again');
    expect(statesAt(await each.rows(), 7, 8)).toEqual(['succeeded', 'written']);
    changeTo(each, 8, 'new-8');
    await each.work();
    expect((await each.run()).counts).toMatchObject({ succeeded: 20 });
  });
});

describe('within one policy', () => {
  const exclusion = (assignmentId: string, groupId: string): InputRow =>
    groupRow('c1', assignmentId, groupId, { targetType: 'exclusionGroup' });
  const widened = (policyId: string, assignmentId: string): InputRow => {
    const input = groupRow(policyId, assignmentId, '', { targetType: 'allDevices' });
    return { ...input, cells: new Map([...input.cells].filter(([, value]) => value !== '')) };
  };
  const policyOf = (id: string, ...groups: string[]): TenantSeed['policies'][number] => ({
    ...{ id, type: 'deviceConfiguration' },
    assignments: groups.map((groupId, i) => ({ id: `a${i}`, target: groupTarget(groupId) })),
  });
  /** The widening row stands first in the file; another policy has nothing to wait for. */
  const mixed = (options: WorldOptions = {}): Promise<SimulatorState> =>
    world(record, {
      ...options,
      instead: {
        policies: [policyOf('c1', 'g0', 'g1', 'g2'), policyOf('c2', 'g0')],
        rows: [
          widened('c1', 'a0'),
          exclusion('a1', 'x1'),
          groupRow('c1', 'a2', 'g2', { filterId: 'f1', filterType: 'include' }),
          widened('c2', 'a0'),
        ],
      },
    });
  const targets = ({ graph }: SimulatorState, policyId = 'c1') =>
    graph.tenant.assignmentsOf('deviceConfigurations', policyId)?.map(({ target }) => target);

  test('what narrows is written before what widens', async () => {
    const written: unknown[][] = [];
    const each = await mixed({
      intercept: async (_, pass) => {
        const before = JSON.stringify(targets(each));
        const reply = await pass();
        if (JSON.stringify(targets(each)) !== before) written.push(targets(each) ?? []);
        return reply;
      },
    });
    await each.work();
    expect(written).toMatchObject([
      [group('g0'), excluded('x1'), filter('f1')],
      [allDevices(), excluded('x1'), filter('f1')],
    ]);
    expect(targets(each, 'c2')).toMatchObject([allDevices()]);
    expect((await each.run()).counts.succeeded).toBe(4);
  });

  test('when a narrowing row fails the widening ones are not written, and say why; other policies are', async () => {
    const each = await mixed({ graph: { forbidden: ['a1'] }, run: { maxFailures: 'off' } });
    await each.work();
    const [held, failed, filtered, other] = await each.rows();
    expect(held).toMatchObject({ state: 'failed', attempts: 0, detail: { errorCode: 'HeldBack' } });
    expect(failed).toMatchObject({ state: 'failed', detail: { errorCode: 'Forbidden' } });
    expect([filtered?.state, other?.state]).toEqual(['succeeded', 'succeeded']);
    expect(targets(each)?.[0]).toMatchObject(group('g0'));
  });

  test('a stale narrowing row holds the widening ones back as well', async () => {
    const rows: StagedRow[] = [
      { input: widened('c1', 'a0'), planned: seen(groupTarget('g0')) },
      { input: exclusion('a1', 'x1'), planned: seen(groupTarget('g1')) },
    ];
    const each = await world(record, { instead: { policies: [policyOf('c1', 'g0', 'g1')], rows } });
    changeTo(each, 1, 'somebody-elses');
    await each.work();
    expect(statesAt(await each.rows(), 0, 1)).toEqual(['failed', 'stale']);
    expect(targets(each)).toMatchObject([group('g0'), group('somebody-elses')]);
  });

  test('a narrowing row that is so already holds nothing back', async () => {
    const each = await mixed();
    await call(each.graph, 'PATCH', '/beta/deviceManagement/deviceConfigurations/c1/assignments/a1', {
      target: excluded('x1'),
    });
    await each.work();
    expect((await each.run()).counts).toMatchObject({ succeeded: 3, skipped: 1 });
  });

  test('while a narrowing row waits for its next try, the widening ones wait with it and ask for nothing', async () => {
    const script = [{ envelope: WRITE, fault: 'unavailable503' as const, request: 0 }];
    const each = await mixed({ graph: { script, unavailableRetryAfterSeconds: 1 } });
    await each.work();
    expect((await each.run()).counts.succeeded).toBe(4);
    expect(targets(each)?.[0]).toMatchObject(allDevices());
    // Two looks and a write to begin with, a read and a write of the late row, then of those that waited for it.
    expect(each.graph.stats().envelopes).toBeLessThanOrEqual(8);
  });

  test('what is put back narrows and widens like any other want', async () => {
    const raw = (assignmentId: string, target: object): InputRow => ({
      line: 2,
      cells: new Map<never, unknown>(
        Object.entries({
          policyType: 'deviceConfiguration',
          policyId: 'c1',
          assignmentId,
          body: { target },
        }) as never,
      ),
    });
    const each = await world(record, {
      graph: { forbidden: ['a1'] },
      run: { restores: true, maxFailures: 'off' },
      instead: {
        policies: [policyOf('c1', 'g0', 'g1')],
        rows: [raw('a0', allDevices()), raw('a1', excluded('x1'))],
      },
    });
    await each.work();
    expect((await each.rows()).map(({ detail }) => detail.errorCode)).toEqual(['HeldBack', 'Forbidden']);
  });
});

test('a policy of 45 rows lies in one batch and goes in envelopes of at most twenty', async () => {
  const places = Array.from({ length: 45 }, (_, place) => place);
  const each = await world(record, {
    instead: {
      policies: [
        {
          ...{ id: 'c1', type: 'deviceConfiguration' },
          assignments: places.map((place) => ({ id: `a${place}`, target: groupTarget(`old-${place}`) })),
        },
      ],
      rows: places.map((place) => ({ input: groupRow('c1', `a${place}`, `new-${place}`), policy: 'c1' })),
    },
  });
  expect((await each.run()).batches).toBe(1);
  const sizes: number[] = [];
  const worker = each.deps;
  const client = worker.graphOf('beta');
  await each.work({
    ...worker,
    graphOf: () => ({
      ...client,
      postBatch: (requests, given) => {
        sizes.push(requests.length);
        return client.postBatch(requests, given);
      },
    }),
  });
  expect(sizes).toEqual([1, 20, 1, 20, 1, 5]);
  expect(await untruths(each)).toEqual([]);
  expect((await each.run()).counts.succeeded).toBe(45);
});
