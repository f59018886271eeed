import { expect, test } from 'vitest';
import type { InputRow } from '../../src/assignments/rows/row.ts';
import { seededRandom, type Random } from '../../src/simulator/random.ts';
import type { FaultName } from '../../src/simulator/faults.ts';
import type { TenantSeed } from '../../src/simulator/tenantFile.ts';
import { world, type SimulatorState } from '../support/batchWorld.ts';
import { recordForTests } from '../support/record.ts';
import { groupTarget } from '../support/simulatorClient.ts';
import { sized } from '../support/thoroughness.ts';

const record = recordForTests();

const TYPES = ['windowsAutopilotDeploymentProfile', 'termsAndConditions'] as const;
type Type = (typeof TYPES)[number];

/** What can become of a request or of a call, without being refused for good. */
const WEATHER: readonly FaultName[] = [
  ...(['lost', 'lostUnapplied', 'lostLate', 'withoutId', 'error500Applied', 'unavailable503'] as const),
  ...(['conflict409', 'timeoutLate', 'resetBefore', 'resetAfter', 'cutBody', 'cutJson', 'shuffled'] as const),
];
const POLICIES = 5;
/** A worker dies in one call of so many. */
const DEATH_ONE_IN = 12;
const WORKERS_MAX = 40;

type Row = readonly [action: 'set' | 'add' | 'remove' | 'clear', from: string, to?: string];

/** What is done to a policy that has `a`, `b` and `c`, and what it has then. */
const CASES: readonly { readonly rows: readonly Row[]; readonly after: string; readonly isMoved: boolean }[] =
  [
    { rows: [['set', 'a', 'x']], after: 'bcx', isMoved: true },
    {
      rows: [
        ['set', 'a', 'x'],
        ['set', 'b', 'y'],
        ['set', 'c', 'z'],
      ],
      after: 'xyz',
      isMoved: true,
    },
    {
      rows: [
        ['set', 'a', 'b'],
        ['set', 'b', 'x'],
      ],
      after: 'bcx',
      isMoved: true,
    },
    {
      rows: [
        ['set', 'a', 'x'],
        ['add', '', 'y'],
        ['remove', 'b'],
      ],
      after: 'cxy',
      isMoved: false,
    },
    {
      rows: [
        ['clear', ''],
        ['add', '', 'x'],
      ],
      after: 'x',
      isMoved: false,
    },
  ];

const idOf = (policy: string, group: string): string => `${policy}_${group}_0`;

function rowOf(policyType: Type, policyId: string, [action, from, to]: Row, line: number): InputRow {
  const cells = {
    ...{ policyType, policyId, action },
    ...(from !== '' && { assignmentId: idOf(policyId, from) }),
    ...(to !== undefined && { targetType: 'group', groupId: to }),
  };
  return { line, cells: new Map(Object.entries(cells)) as InputRow['cells'] };
}

const some = <T>(all: readonly T[], random: Random): T =>
  all[Math.floor(random() * all.length)] ?? expect.fail('there is none');

const groupsIn = (policy: TenantSeed['policies'][number]): string =>
  policy.assignments
    .map(({ target }) => String(target['groupId']))
    .toSorted()
    .join('');

/** Works as workers do of which one after the other dies in a call, before it or after it. */
async function workThroughDeaths(each: SimulatorState): Promise<number> {
  for (let died = 0; died < WORKERS_MAX; died += 1) {
    try {
      await each.work(each.anotherWorker());
      return died;
    } catch (error) {
      if (!(error instanceof Error) || error.message !== DEAD) throw error;
    }
  }
  return expect.fail('no worker came to the end');
}
const DEAD = 'the worker is dead';
const RETRIES_MAX = 3;

const SEEDS = Array.from({ length: sized(6, 150) }, (_, n) => n + 1);

/*
 * A tenant that would take an assignment twice, workers that die at any moment, replies that get lost, and writes that land when nobody
 * waits for them any more.
 */
test.each(SEEDS)(
  'no policy is ever without its old and its new assignment, nor has one twice (seed %i)',
  async (seed) => {
    const random = seededRandom(seed);
    const policies = Array.from({ length: POLICIES }, (_, n) => ({
      ...{ type: some(TYPES, random), id: `p${n}`, wants: some(CASES, random) },
    }));
    const faults = Object.fromEntries(
      Array.from({ length: 3 }, () => [some(WEATHER, random), Math.round(3 + random() * 9) / 100]),
    );
    const rows = policies.flatMap(({ type, id, wants }) => wants.rows.map((row) => [type, id, row] as const));
    const each = await world(record, {
      instead: {
        policies: policies.map(({ type, id }) => ({
          ...{ type, id },
          assignments: ['a', 'b', 'c'].map((group) => ({ id: idOf(id, group), target: groupTarget(group) })),
        })),
        rows: rows.map(([type, id, row], n) => rowOf(type, id, row, n + 2)),
      },
      graph: { seed, faults, addTwice: true, lateMs: 150 },
      pace: { requestTimeoutMs: 300, permitValidMs: 100 },
      run: { maxFailures: 'off' },
      async intercept(_, pass) {
        const dies = random() * DEATH_ONE_IN;
        if (dies < 0.5) throw new TypeError(DEAD);
        const reply = await pass();
        if (dies < 1) throw new TypeError(DEAD);
        return reply;
      },
    });
    await workThroughDeaths(each);
    const notDone = async () =>
      (await each.allRows()).flatMap(({ state, detail }) =>
        state === 'succeeded' || state === 'skipped' ? [] : [[state, detail.errorCode, detail.errorMessage]],
      );
    // A row that met a conflict four times has failed; who tries it again has it done.
    for (let tries = 0; tries < RETRIES_MAX && (await notDone()).length > 0; tries += 1) {
      expect(await each.runs.retry('r1', { from: ['completed'], open: 'failed' })).toMatchObject({
        kind: 'done',
      });
      await each.runs.runsToWorkOn(each.graph.url);
      await workThroughDeaths(each);
    }
    expect(await notDone()).toEqual([]);
    const now = each.graph.snapshot().policies;
    const { fewestAssignments } = each.graph.stats();
    for (const { id, wants } of policies) {
      const policy = now.find((other) => other.id === id) ?? expect.fail(id);
      expect(groupsIn(policy), `${id} ${JSON.stringify(faults)}`).toBe(wants.after);
      const [, fewest = 3] =
        Object.entries(fewestAssignments).find(([path]) => path.includes(`/${id}/`)) ?? [];
      if (wants.isMoved) expect(fewest, id).toBeGreaterThanOrEqual(3);
    }
  },
);
