import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CurrentAssignment, isOfPolicySet } from '../../../../src/assignments/changes/current.ts';
import { canonicalAssignment } from '../../../../src/assignments/changes/canonical.ts';
import { entriesOf } from '../../../../src/assignments/changes/decision.ts';
import { findCurrent } from '../../../../src/assignments/changes/findCurrent.ts';
import { holds } from '../../../../src/assignments/changes/holds.ts';
import { inverseCells } from '../../../../src/assignments/changes/inverse.ts';
import { patchBody } from '../../../../src/assignments/changes/request.ts';
import { undosIn } from '../../../../src/assignments/changes/undo.ts';
import type { Change } from '../../../../src/assignments/rows/change.ts';
import { audienceKey } from '../../../../src/assignments/targets/audience.ts';
import { targetIn } from '../../../../src/assignments/targets/currentTarget.ts';
import type { JsonObject } from '../../../../src/assignments/values/json.ts';
import { foldCases, shownAfter } from '../../../support/foldCases.ts';
import {
  allDevices,
  allUsers,
  excluded,
  filter,
  group,
  current,
  unheardOf,
} from '../../../support/graphShapes.ts';
import { anyChangeOf, BETA, type Cells } from '../../../support/inputRow.ts';
import { inWords, planned, rowsOf, type Planned } from '../../../support/planning.ts';

/** Rows of one list that is written as a whole. */
const whole = (
  changes: readonly Change[],
  list: readonly CurrentAssignment[],
  settled: readonly Change[] = [],
): Planned =>
  planned(
    [...rowsOf(changes), ...settled.map((change) => ({ change, standing: 'done' as const }))],
    list,
    'assign',
  );

const RUNS = { numRuns: 600 };

const countsOf = (targets: readonly JsonObject[]): Map<string, number> =>
  new Map([...Map.groupBy(targets, audienceKey)].map(([key, all]) => [key, all.length]));

describe('whatever the list and the rows', () => {
  test('every other assignment is value for value what it was', () => {
    fc.assert(
      fc.property(foldCases, ({ list, changes }) => {
        const original = structuredClone(list);
        const plan = whole(changes, list);
        expect(list).toEqual(original);
        const written = plan.decisions.filter(({ kind }) => kind === 'write');
        const befores = new Set(written.flatMap(({ before }) => entriesOf(before)));
        const others = list.filter((each) => !befores.has(each)).map((each) => each.whole);
        const after = plan.list ?? others;
        expect(after.filter((entry) => 'id' in entry)).toEqual(others);
        expect(after.length).toBe(others.length + written.filter((row) => row.after !== undefined).length);
        expect(plan.list === undefined).toBe(written.length === 0);
      }),
      RUNS,
    );
  });

  test('no audience comes twice into a list', () => {
    fc.assert(
      fc.property(foldCases, ({ list, changes }) => {
        const before = countsOf(list.map(({ target }) => target));
        const after = countsOf((whole(changes, list).list ?? []).map(targetIn));
        for (const [key, count] of after)
          expect(count).toBeLessThanOrEqual(Math.max(1, before.get(key) ?? 0));
      }),
      RUNS,
    );
  });

  test('nothing of a policy set is written over or taken away', () => {
    fc.assert(
      fc.property(foldCases, ({ list, changes }) => {
        const after = whole(changes, list).list;
        for (const each of list.filter(isOfPolicySet)) if (after) expect(after).toContain(each.whole);
      }),
      RUNS,
    );
  });

  test('folded again into what the tenant then shows, all that was done is already so', () => {
    let written = 0;
    fc.assert(
      fc.property(foldCases, fc.boolean(), ({ list, changes }, rekeys) => {
        const first = whole(changes, list);
        if (first.list === undefined) return;
        written += 1;
        const now = shownAfter(first.list, rekeys);
        const done = first.decisions.flatMap(({ kind, row }) => (kind === 'write' ? [row.change] : []));
        const settled = changes.filter((change) => !done.includes(change));
        const again = whole(done, now, settled);
        expect(inWords(again)).toEqual(done.map(() => 'alreadySo'));
        expect(again.list).toBeUndefined();
      }),
      RUNS,
    );
    expect(written).toBeGreaterThan(200);
  });

  test('what is said to be done, or already so, the tenant holds', () => {
    fc.assert(
      fc.property(foldCases, fc.boolean(), ({ list, changes }, rekeys) => {
        const { decisions, list: after = list.map((each) => each.whole) } = whole(changes, list);
        const now = shownAfter(after, rekeys);
        for (const { kind, row } of decisions)
          if (kind !== 'refused') expect(isTrue(row.change, now, changes)).toBe(true);
      }),
      RUNS,
    );
  });

  test('the inverse rows give the list back', () => {
    let undone = 0;
    fc.assert(
      fc.property(foldCases, fc.boolean(), ({ list, changes }, rekeys) => {
        const first = whole(changes, list);
        if (first.list === undefined) return;
        undone += 1;
        const now = shownAfter(first.list, rekeys);
        const written = first.decisions.flatMap(({ kind, row, before }) =>
          kind === 'write' ? [{ change: row.change, before, idAfter: undefined }] : [],
        );
        const undos = undosIn(written, now, 'beta');
        const inverses = written.flatMap(({ change }, i) =>
          (undos[i] ?? []).flatMap((undo) =>
            undo.kind === 'restore' ? [inverseCells(undo.inverse, change.address, 'beta')] : [],
          ),
        );
        const restoring = inverses.map((cells, i) =>
          anyChangeOf(Object.fromEntries(cells), { ...BETA, restores: true }, i + 2),
        );
        const back = planned(rowsOf(restoring), now, 'assign', { restores: true });
        expect(back.decisions.filter(({ kind }) => kind === 'refused')).toEqual([]);
        const restored = shownAfter(back.list ?? first.list, rekeys);
        expect(restored.map(canonicalAssignment).toSorted()).toEqual(
          list.map(canonicalAssignment).toSorted(),
        );
      }),
      RUNS,
    );
    expect(undone).toBeGreaterThan(200);
  });
});

/** Whether a list is as a change wants it. */
function isTrue(change: Change, now: readonly CurrentAssignment[], all: readonly Change[]): boolean {
  switch (change.action) {
    case 'set':
    case 'add':
      return now.some((each) => holds(change, each));
    case 'remove':
      return findCurrent(change, now).current === undefined;
    case 'clear':
      return now.every(
        (each) =>
          isOfPolicySet(each) ||
          all.some(
            (other) =>
              findCurrent(other, now).current === each ||
              (other.desired !== undefined &&
                audienceKey(targetIn(patchBody(other, undefined))) === audienceKey(each.target)),
          ),
      );
  }
}

const policy = { policyType: 'deviceConfiguration', policyId: 'P1' };
const toGroup = (groupId: string, more: Cells = {}): Cells => ({
  ...policy,
  targetType: 'group',
  groupId,
  ...more,
});
const planOf = (
  rows: readonly Cells[],
  list: readonly CurrentAssignment[],
  settled: readonly Cells[] = [],
): Planned =>
  whole(
    rows.map((cells, i) => anyChangeOf(cells, undefined, i + 2)),
    list,
    settled.map((cells) => anyChangeOf(cells)),
  );
const kinds = (rows: readonly Cells[], list: readonly CurrentAssignment[]): string[] =>
  inWords(planOf(rows, list));
const targetsAfter = (
  rows: readonly Cells[],
  list: readonly CurrentAssignment[],
  settled?: readonly Cells[],
) => planOf(rows, list, settled).list?.map(targetIn);

const A1 = current(group('G1', filter('F1')), { intent: 'apply', source: 'direct', unheardOf: 7 }, 'A1');
const A2 = current(excluded('G2'), { source: 'direct' }, 'A2');
const A3 = current(unheardOf, { somethingNew: [1] }, 'A3');
const OWNED = current(group('G9'), { source: 'policySets' }, 'A9');
const LIST = [A1, A2, A3, OWNED];
const fromG1 = { fromTargetType: 'group', fromGroupId: 'G1' };

describe('set', () => {
  test('takes the place of what it sets, without its id, and keeps what the desired state does not say', () => {
    const { decisions, list } = planOf([toGroup('G5', { assignmentId: 'A1' })], LIST);
    const { id: _id, ...whole } = A1.whole;
    expect(list).toEqual([
      {
        ...whole,
        '@odata.type': '#microsoft.graph.deviceConfigurationAssignment',
        target: group('G5', filter('F1')),
      },
      A2.whole,
      A3.whole,
      OWNED.whole,
    ]);
    expect(decisions).toMatchObject([
      {
        kind: 'write',
        via: 'assign',
        before: { kind: 'entry', entry: A1 },
        after: {
          '@odata.type': '#microsoft.graph.deviceConfigurationAssignment',
          target: group('G5', filter('F1')),
        },
      },
    ]);
  });

  test('keeps what nobody knows of a target whose audience stays; a raw target is taken as given', () => {
    const now = current(group('G1', { ...filter('F1'), schedule: 'new' }), {}, 'A1');
    const refined = { assignmentId: 'A1', filterType: 'exclude', filterId: 'F2' };
    expect(targetsAfter([toGroup('G1', refined)], [now])).toEqual([
      group('G1', { ...filter('F2', 'exclude'), schedule: 'new' }),
    ]);
    const raw = { ...policy, assignmentId: 'A1', target: group('G1') };
    expect(targetsAfter([raw], [now])).toEqual([group('G1')]);
  });

  test('a body that repeats its id gives it up as well', () => {
    const body = { id: 'A1', target: group('G5') };
    expect(planOf([{ ...policy, assignmentId: 'A1', body }], [A1]).list?.[0]).not.toHaveProperty('id');
  });

  test.each([
    [toGroup('G1', { assignmentId: 'A1' }), 'alreadySo'],
    [toGroup('G5', { assignmentId: 'gone' }), 'AssignmentGone'],
    [toGroup('G1', { assignmentId: 'gone' }), 'alreadySo'],
    [toGroup('G5', fromG1), 'write'],
    [toGroup('G5', { ...fromG1, fromFilterId: 'f1' }), 'write'],
    [toGroup('G5', { ...fromG1, fromFilterId: 'F2' }), 'TargetMismatch'],
    [toGroup('G5', { ...fromG1, assignmentId: 'A1' }), 'write'],
    [toGroup('G5', { ...fromG1, assignmentId: 'A2' }), 'TargetMismatch'],
    [toGroup('G5', { ...fromG1, assignmentId: 'elsewhere' }), 'TargetMismatch'],
    [toGroup('G5', { fromTargetType: 'group', fromGroupId: 'G7' }), 'AssignmentGone'],
    [toGroup('G1', { fromTargetType: 'group', fromGroupId: 'G7' }), 'alreadySo'],
    [toGroup('G5', { assignmentId: 'A9' }), 'PolicySetOwned'],
    [toGroup('G9', { assignmentId: 'A9' }), 'alreadySo'],
    [toGroup('G9', { assignmentId: 'A1' }), 'DuplicateTarget'],
    [toGroup('G5', { assignmentId: 'A3' }), 'write'],
  ] as [Cells, string][])('%j: %s', (cells, kind) => {
    expect(kinds([cells], LIST)).toEqual([kind]);
  });

  test('what was expected and what was found is told', () => {
    const [decision] = planOf(
      [toGroup('G5', { ...fromG1, fromFilterId: 'F1', assignmentId: 'A2' })],
      LIST,
    ).decisions;
    expect(decision).toMatchObject({
      message:
        'Expected group G1, filter F1 under the id A2, found excluded group G2 under the id A2; nothing was written.',
    });
  });
});

describe('add', () => {
  test('comes behind what is there', () => {
    const { decisions, list } = planOf([toGroup('G5', { action: 'add', intent: 'apply' })], LIST);
    const body = {
      '@odata.type': '#microsoft.graph.deviceConfigurationAssignment',
      intent: 'apply',
      target: group('G5'),
    };
    expect(list).toEqual([...LIST.map(({ whole }) => whole), body]);
    expect(decisions).toMatchObject([{ kind: 'write', before: { kind: 'absent' }, after: body }]);
  });

  test.each([
    [toGroup('G1', { action: 'add' }), 'alreadySo'],
    [toGroup('G1', { action: 'add', filterType: 'none' }), 'AlreadyAssigned'],
    [toGroup('G1', { action: 'add', intent: 'remove' }), 'AlreadyAssigned'],
    [toGroup('G9', { action: 'add' }), 'alreadySo'],
    [toGroup('G2', { action: 'add' }), 'write'],
    [toGroup('G2', { action: 'add', targetType: 'exclusionGroup' }), 'alreadySo'],
  ] as [Cells, string][])('%j: %s', (cells, kind) => {
    expect(kinds([cells], LIST)).toEqual([kind]);
  });
});

describe('add beside clear', () => {
  const clear: Cells = { ...policy, action: 'clear' };

  // The rows then say what the list is to be.
  test('also changes the filter of a target that is there, which is taken back like any change', () => {
    const add = toGroup('G1', { action: 'add', filterType: 'none' });
    const { decisions, list } = planOf([clear, add], LIST);
    const [cleared, added] = decisions;
    expect(added).toMatchObject({ kind: 'write', before: { kind: 'entry', entry: A1 } });
    expect(cleared?.before.kind).toBe('entries');
    expect(list?.map(targetIn)).toContainEqual(
      expect.objectContaining({ ...group('G1', filter(undefined)) }),
    );
    const [undo] = undosIn(
      [
        {
          change: (added as NonNullable<typeof added>).row.change,
          before: { kind: 'entry', entry: A1 },
          idAfter: 'n',
        },
      ],
      [current(group('G1'), { intent: 'apply', source: 'direct' }, 'n')],
      'beta',
    );
    expect(undo).toMatchObject([{ kind: 'restore', inverse: { action: 'set', was: A1 } }]);
  });

  test('leaves what a policy set has', () => {
    expect(kinds([clear, toGroup('G9', { action: 'add', filterType: 'none' })], LIST)[1]).not.toBe('write');
  });
});

describe('remove', () => {
  const remove = (more: Cells): Cells => ({ ...policy, action: 'remove', ...more });

  test('takes one away', () => {
    const { decisions, list } = planOf([remove({ assignmentId: 'a2' })], LIST);
    expect(list).toEqual([A1.whole, A3.whole, OWNED.whole]);
    expect(decisions).toMatchObject([
      { kind: 'write', before: { kind: 'entry', entry: A2 }, after: undefined },
    ]);
  });

  test('of the last one leaves an empty list', () => {
    expect(planOf([remove({ assignmentId: 'A1' })], [A1]).list).toEqual([]);
  });

  test.each([
    [remove(fromG1), 'write'],
    [remove({ assignmentId: 'gone' }), 'alreadySo'],
    [remove({ fromTargetType: 'group', fromGroupId: 'G7' }), 'alreadySo'],
    [remove({ ...fromG1, fromFilterId: 'F2' }), 'TargetMismatch'],
    [remove({ ...fromG1, assignmentId: 'A2' }), 'TargetMismatch'],
    [remove({ assignmentId: 'A9' }), 'PolicySetOwned'],
    [remove({ fromTargetType: 'group', fromGroupId: 'G9' }), 'PolicySetOwned'],
  ] as [Cells, string][])('%j: %s', (cells, kind) => {
    expect(kinds([cells], LIST)).toEqual([kind]);
  });

  test.each([{ assignmentId: 'A1' }, { assignmentId: 'A1', ...fromG1 }])(
    'is so where the id of what was removed is that of what another row has brought: %j',
    (named) => {
      const brought = anyChangeOf(
        toGroup('G1', { assignmentId: 'gone', targetType: 'exclusionGroup' }),
        BETA,
        2,
      );
      const removal = anyChangeOf(remove(named), BETA, 3);
      const rows = (before?: CurrentAssignment) => [
        { change: brought },
        { change: removal, before: before && ({ kind: 'entry', entry: before } as const) },
      ];
      const now = [current(excluded('G1'), {}, 'A1'), A2];
      expect(inWords(planned(rows(A1), now, 'assign'))).toEqual(['alreadySo', 'alreadySo']);
      // Not removed yet, or never sent.
      expect(inWords(planned(rows(A1), [A1], 'assign'))).not.toContain('alreadySo');
      expect(inWords(planned(rows(), now, 'assign'))).not.toEqual(['alreadySo', 'alreadySo']);
    },
  );

  // Else a second read, after a reply that was lost, would remove what the other row brought.
  test('bars other rows from bringing the same', () => {
    expect(kinds([remove(fromG1), toGroup('G1', { assignmentId: 'A2' })], LIST)).toEqual([
      'write',
      'DuplicateTarget',
    ]);
    const gone = { fromTargetType: 'group', fromGroupId: 'G7' };
    expect(kinds([toGroup('G7', { action: 'add' }), remove(gone)], LIST)).toEqual([
      'DuplicateTarget',
      'alreadySo',
    ]);
  });
});

describe('clear', () => {
  const clear = { ...policy, action: 'clear' };

  test('removes all that no other row is about, and nothing of a policy set', () => {
    const { decisions, list } = planOf([clear, toGroup('G5', { assignmentId: 'A1' })], LIST);
    expect(decisions).toMatchObject([
      { kind: 'write', before: { kind: 'entries', entries: [A2, A3] } },
      { kind: 'write' },
    ]);
    expect(list?.map(targetIn)).toEqual([group('G5', filter('F1')), OWNED.target]);
  });

  test('is already so where nothing is to be removed', () => {
    expect(kinds([clear], [OWNED])).toEqual(['alreadySo']);
    expect(kinds([clear, toGroup('G1', { assignmentId: 'A1' })], [A1])).toEqual(['alreadySo', 'alreadySo']);
  });

  test('spares what other rows have brought about before, and what they could not do', () => {
    expect(targetsAfter([clear], LIST, [toGroup('G1', { assignmentId: 'A1' })])).toEqual([
      A1.target,
      OWNED.target,
    ]);
    expect(targetsAfter([clear], LIST, [toGroup('G1', { action: 'add' })])).toEqual([
      A1.target,
      OWNED.target,
    ]);
    const refusedRow = toGroup('G5', { ...fromG1, assignmentId: 'A2' });
    expect(targetsAfter([clear, refusedRow], LIST)).toEqual([A2.target, OWNED.target]);
    const other = toGroup('G1', { action: 'add', filterType: 'none' });
    expect(targetsAfter([clear, other], LIST)).toEqual([
      { ...group('G1'), ...filter(undefined) },
      OWNED.target,
    ]);
  });

  test('has what other rows remove in their before-images, not in its own', () => {
    const { decisions } = planOf([{ ...policy, action: 'remove', assignmentId: 'A1' }, clear], LIST);
    expect(decisions).toMatchObject([{ before: { entry: A1 } }, { before: { entries: [A2, A3] } }]);
  });
});

test('of a row with an id and one with a target about the same, the later is refused', () => {
  const [byId, byTarget] = [toGroup('G5', { assignmentId: 'A1' }), toGroup('G6', fromG1)];
  expect(kinds([byId, byTarget], LIST)).toEqual(['write', 'DuplicateTarget']);
  expect(kinds([byTarget, byId], LIST)).toEqual(['write', 'DuplicateTarget']);
  expect(planOf([byId, byTarget], LIST).decisions[1]).toMatchObject({
    message: expect.stringContaining('Line 2 is about the same assignment, A1'),
  });
  const stays = toGroup('G1', { assignmentId: 'A1' });
  expect(kinds([stays, toGroup('G1', { action: 'add' })], LIST)).toEqual(['alreadySo', 'alreadySo']);
  expect(kinds([stays, byTarget], LIST)).toEqual(['alreadySo', 'DuplicateTarget']);
});

test('all devices and all users are audiences of their own', () => {
  const rows = [
    { ...policy, targetType: 'allDevices', action: 'add' },
    { ...policy, targetType: 'allLicensedUsers', action: 'add' },
  ];
  expect(targetsAfter(rows, [])).toEqual([allDevices(), allUsers()]);
});
