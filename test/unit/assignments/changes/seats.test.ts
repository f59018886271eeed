import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalAssignment } from '../../../../src/assignments/changes/canonical.ts';
import { currentAssignmentOf, type CurrentAssignment } from '../../../../src/assignments/changes/current.ts';
import { undosIn } from '../../../../src/assignments/changes/undo.ts';
import { inverseCells } from '../../../../src/assignments/changes/inverse.ts';
import { groupOf, targetTypeOf } from '../../../../src/assignments/targets/currentTarget.ts';
import type { JsonObject } from '../../../../src/assignments/values/json.ts';
import { excluded, filter, group, current } from '../../../support/graphShapes.ts';
import { anyChangeOf, BETA, type Cells } from '../../../support/inputRow.ts';
import { inWords, planned, rowsOf } from '../../../support/planning.ts';
import { carryOut, PolicyModel, type Carried, type Naming } from '../../../support/policyModel.ts';

const NAMINGS = ['opaque', 'byGroup'] as const;
const policy = { policyType: 'deviceConfiguration', policyId: 'P1' };

/** Moves what is assigned to one group to another one; the filter stays as it is unless something is said of it. */
const move = (from: string, to: string, more: Cells = {}): Cells => ({
  ...policy,
  ...{ fromTargetType: 'group', fromGroupId: from, targetType: 'group', groupId: to, ...more },
});
const changesOf = (rows: readonly Cells[], rules = BETA) =>
  rows.map((cells, i) => anyChangeOf(cells, rules, i + 2));
const listOf = (...targets: readonly JsonObject[]): CurrentAssignment[] =>
  targets.map((each, i) => current(each, { source: 'direct' }, `A${i + 1}`));
const targets = ({ list }: PolicyModel): JsonObject[] => list.map(({ target }) => target);

const carried = (rows: readonly Cells[], list: readonly CurrentAssignment[], naming: Naming) => {
  const model = new PolicyModel(list, naming);
  return { model, ...carryOut(changesOf(rows), model) };
};

test('a place that is taken is told with the way out', () => {
  const [refusal] = planned(
    rowsOf(changesOf([move('G1', 'G2')])),
    listOf(group('G1'), group('G2')),
  ).decisions;
  expect(refusal).toMatchObject({ kind: 'refused', code: 'DuplicateTarget' });
  expect(refusal?.message).toMatch(/this row wants the action remove/);
});

describe.each(NAMINGS)('in a tenant whose ids are %s', (naming) => {
  test('what makes room goes first, in whatever order the file has it, and never in one envelope with what follows', () => {
    for (const rows of [
      [move('G1', 'G2'), move('G2', 'G4')],
      [move('G2', 'G4'), move('G1', 'G2')],
    ]) {
      const { model, steps, plan } = carried(rows, listOf(group('G1'), group('G2', filter('F1'))), naming);
      expect(inWords({ decisions: plan })).toEqual(['write', 'write']);
      expect(steps.map((writes) => writes.length)).toEqual([1, 1]);
      expect(targets(model)).toEqual([group('G2'), group('G4', filter('F1'))]);
      expect(model.lost).toEqual([]);
    }
  });

  test('what trades places goes as one list', () => {
    const { model, steps } = carried(
      [move('G1', 'G2'), move('G2', 'G1')],
      listOf(group('G1'), group('G2', filter('F1'))),
      naming,
    );
    expect(steps.map((writes) => writes.map(({ request }) => request.method))).toEqual([['POST']]);
    expect(targets(model)).toEqual([group('G2'), group('G1', filter('F1'))]);
  });

  test('where room and scope ask for opposite orders, the rows go as one list', () => {
    // G1 becomes an exclusion of G2, which reduces the scope; G2 makes room for it, and widens to G3.
    const toExclusion = { targetType: 'exclusionGroup', filterType: undefined };
    const rows = [move('G1', 'G2', toExclusion), move('G2', 'G3')];
    const { model, steps } = carried(rows, listOf(group('G1'), group('G2')), naming);
    expect(targets(model)).toEqual([excluded('G2'), group('G3')]);
    expect(model.lost).toEqual([]);
    // In any tenant: one whose ids are opaque now may make them of groups with the next write.
    expect(steps.map((writes) => writes.length)).toEqual([1]);
  });
});

test('a policy is not made to include and exclude one group where no guard has seen the row', () => {
  const rows = rowsOf(changesOf([move('G1', 'G2')]));
  const list = listOf(group('G1'), excluded('G2'));
  expect(inWords(planned(rows, list, 'patch', { isGuarded: () => false }))).toEqual(['IncludeAndExclude']);
  const was = listOf(group('G1'), group('G2'), excluded('G2'));
  const stays = rowsOf(changesOf([move('G1', 'G3')]));
  expect(inWords(planned(stays, was, 'patch', { isGuarded: () => false }))).toEqual(['write']);
});

// A PATCH is not read back, and what it may write over is no row's.
test('what includes and excludes one group goes as a whole list, or not at all', () => {
  const rows = rowsOf(changesOf([move('G1', 'G2')]));
  const list = listOf(group('G1'), excluded('G2'));
  const { decisions, writes } = planned(rows, list, 'patch');
  expect(decisions).toMatchObject([{ kind: 'write', via: 'assign' }]);
  expect(writes).toMatchObject([{ request: { method: 'POST' } }]);
  expect(inWords(planned(rows, list, 'patch', { apiVersion: 'v1.0' }))).toEqual(['IncludeAndExclude']);
});

test('a circle that can’t go as one list is refused: v1.0 shows no filters', () => {
  const rows = rowsOf(changesOf([move('G1', 'G2', { intent: 'remove' }), move('G2', 'G1')]));
  const plan = planned(rows, listOf(group('G1'), group('G2')), 'patch', { apiVersion: 'v1.0' });
  expect(inWords(plan)).toEqual(['DuplicateTarget', 'DuplicateTarget']);
});

test('a row whose room is not made is refused, and one that is not due is waited for', () => {
  const changes = changesOf([move('G1', 'G2'), move('G2', 'G3')]);
  const list = listOf(group('G1'), group('G2'), group('G3'));
  expect(inWords(planned(rowsOf(changes), list))).toEqual(['DuplicateTarget', 'DuplicateTarget']);
  const [first, second] = rowsOf(changes);
  if (first === undefined || second === undefined) return expect.fail();
  const waiting = planned([first, { ...second, standing: 'waiting' }], listOf(group('G1'), group('G2')));
  expect(waiting.decisions).toMatchObject([{ kind: 'write', waitsFor: [{ standing: 'waiting' }] }]);
  expect(waiting.writes).toEqual([]);
});

describe('whatever is moved where', () => {
  const RUNS = { numRuns: 500 };
  const GROUPS = ['G1', 'G2', 'G3', 'G4', 'G5'];
  const filters = fc.constantFrom({}, filter(), filter('F1'), filter('F2', 'exclude'));
  const entries = fc.record({
    groupId: fc.constantFrom(...GROUPS),
    isExcluded: fc.boolean(),
    filter: filters,
    intent: fc.constantFrom('apply', 'remove'),
  });
  const goals = fc.record({
    to: fc.constantFrom(...GROUPS),
    targetType: fc.constantFrom('group', 'group', 'group', 'exclusionGroup'),
    filter: fc.constantFrom<Cells>({}, {}, { filterType: 'none' }, { filterType: 'include', filterId: 'F1' }),
    byId: fc.boolean(),
  });
  /** A list with each group once, and a row for some of its entries. */
  const cases = fc
    .tuple(
      fc.uniqueArray(entries, { selector: ({ groupId }) => groupId, minLength: 2 }),
      fc.constantFrom(...NAMINGS),
    )
    .chain(([drawn, naming]) => {
      const list = drawn.map(({ groupId, isExcluded, filter: its, intent }, i) =>
        current(isExcluded ? excluded(groupId) : group(groupId, its), { intent, unheardOf: i }, `A${i}`),
      );
      const model = new PolicyModel(list, naming);
      return fc
        .array(fc.tuple(fc.nat({ max: list.length - 1 }), goals), { minLength: 1, maxLength: 5 })
        .map((moves) => ({ model, moves: [...new Map(moves)] }));
    })
    .map(({ model, moves }) => {
      const rows = moves.flatMap(([at, { to, targetType, filter: wanted, byId }]): Cells[] => {
        const entry = model.list[at];
        if (entry === undefined) return [];
        const named = byId
          ? { assignmentId: entry.id }
          : { fromTargetType: targetTypeOf(entry.target), fromGroupId: groupOf(entry.target) };
        return [{ ...policy, ...named, targetType, groupId: to, ...(targetType === 'group' ? wanted : {}) }];
      });
      return { model, rows };
    });

  test('the tenant ends as the plan showed, nothing that no row names is lost, and it can be put back', () => {
    const seen = { writes: 0, lists: 0, waits: 0, refused: 0 };
    fc.assert(
      fc.property(cases, ({ model: { list }, rows }) => {
        const naming = list.every(({ id }) => id.startsWith('P1_')) ? 'byGroup' : 'opaque';
        const model = new PolicyModel(list, naming);
        const before = model.list.map(canonicalAssignment).toSorted();
        const { plan, promised, steps, standings } = carryOut(changesOf(rows), model);
        seen.writes += steps.flat().length;
        seen.lists += steps.flat().filter(({ request }) => request.method === 'POST').length;
        seen.waits += plan.filter(({ waitsFor }) => waitsFor.length > 0).length;
        seen.refused += plan.filter(({ kind }) => kind === 'refused').length;
        expect(model.lost).toEqual([]);
        const meant = promised.map((whole) =>
          canonicalAssignment(currentAssignmentOf({ id: '', ...whole }) ?? current({})),
        );
        expect(model.list.map(canonicalAssignment).toSorted()).toEqual(meant.toSorted());
        expect(standings).not.toContain('open');
        expect(steps.flat().length).toBeLessThanOrEqual(rows.length);
        putBack(steps, model);
        expect(model.lost).toEqual([]);
        expect(model.list.map(canonicalAssignment).toSorted()).toEqual(before);
      }),
      RUNS,
    );
    expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(10);
  });

  /** Takes back what was written, as a rollback does: what was done last first, by rows of their own. */
  function putBack(steps: Carried['steps'], model: PolicyModel): void {
    const written = steps
      .flat()
      .flatMap(({ decisions }) =>
        decisions.map(({ row, before }) => ({ change: row.change, before, idAfter: undefined })),
      )
      .toReversed();
    const rows = undosIn(written, model.list, 'beta').flatMap((undos, i) =>
      undos.flatMap((undo) => {
        const address = written[i]?.change.address;
        if (undo.kind === 'asBefore' || address === undefined) return [];
        return [Object.fromEntries(inverseCells(undo.inverse, address, 'beta'))];
      }),
    );
    if (rows.length > 0) carryOut(changesOf(rows, { ...BETA, restores: true }), model);
  }
});
