import type { CurrentAssignment } from '../../../../src/assignments/changes/current.ts';
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../../src/assignments/values/json.ts';
import { ABSENT, beforeOf } from '../../../../src/assignments/changes/decision.ts';
import { undosIn, type Undo, type WrittenChange } from '../../../../src/assignments/changes/undo.ts';
import { excluded, filter, group, current, unheardOf } from '../../../support/graphShapes.ts';
import { anyChangeOf, changeOf, configuration, type Cells } from '../../../support/inputRow.ts';

const policy: Cells = { policyType: 'deviceConfiguration', policyId: 'P1' };
const written = (
  before: JsonObject,
  cells: Cells,
  { id = 'A1', idAfter, intent = 'apply' }: { id?: string; idAfter?: string; intent?: string } = {},
): WrittenChange => ({
  change: changeOf({ ...configuration, targetType: 'group', ...cells, assignmentId: id }),
  before: beforeOf(current(before, { intent }, id)),
  idAfter,
});
const held = (of: JsonObject, id = 'A1', intent = 'apply') => current(of, { intent }, id);
const kinds = (changes: readonly WrittenChange[], list: readonly CurrentAssignment[]): string[] =>
  undosIn(changes, list, 'beta').flat().map(inWords);

/** As in `restore A1`, and with what is to be done where it is not to set it: `restore by remove A1`. */
function inWords(undo: Undo): string {
  if (undo.kind === 'asBefore') return undo.kind;
  const { inverse, kind } = undo;
  const by = inverse.action === 'set' ? [] : ['by', inverse.action];
  return [kind, ...by, (inverse.action === 'add' ? inverse.was : inverse.current).id].join(' ');
}

describe('one written change', () => {
  const change = written(group('g1', filter('f1')), { groupId: 'g2' });

  test('is taken back where it stands as it was written, whatever id it has now', () => {
    expect(kinds([change], [held(group('g2', filter('f1')))])).toEqual(['restore A1']);
    expect(kinds([change], [held(group('G2', filter('F1')), 'other')])).toEqual(['restore other']);
  });

  test.each([
    ['the target', held(group('g3', filter('f1')))],
    ['only the filter, which the row had left as it was', held(group('g2', filter('f2')))],
    ['only the filter, which is off now', held(group('g2'))],
    ['only the intent', held(group('g2', filter('f1')), 'A1', 'remove')],
  ])('is somebody else’s when %s was changed since', (_, now) => {
    expect(kinds([change], [now])).toEqual(['changed A1']);
  });

  test('has nothing to be taken back when it is as before, or not there', () => {
    expect(kinds([change], [held(group('g1', filter('f1')), 'again')])).toEqual(['asBefore']);
    expect(kinds([change], [held(unheardOf, 'another')])).toEqual(['gone by add A1']);
    expect(kinds([change], [])).toEqual(['gone by add A1']);
  });

  test('is found by the id that it was given when it was changed after that', () => {
    const rekeyed = { ...change, idAfter: 'p_g2' };
    expect(kinds([rekeyed], [held(group('g9'), 'p_g2'), held(group('g8'), 'A1')])).toEqual(['changed p_g2']);
  });
});

describe('an assignment of a policy set', () => {
  const owned = (of: JsonObject, id: string) => current(of, { source: 'policySets' }, id);
  const body = JSON.stringify({ source: 'policySets', target: group('g2') });
  const made: WrittenChange = {
    change: changeOf({ ...configuration, body }),
    before: beforeOf(current(group('g1'), { source: 'direct' }, 'A1')),
    idAfter: undefined,
  };

  test('is nobody’s', () => {
    const change = written(group('g1'), { groupId: 'g2' });
    expect(kinds([change], [owned(group('g2'), 'A1')])).toEqual(['gone by add A1']);
  });

  test('is taken back where the write itself has made it one', () => {
    expect(kinds([made], [owned(group('g2'), 'other'), owned(group('g2'), 'A1')])).toEqual(['restore A1']);
  });

  test('is not taken for it where the tenant has kept it a direct one', () => {
    expect(kinds([made], [owned(group('g2'), 'other'), held(group('g2'), 'new')])).toEqual(['restore new']);
  });
});

describe('changes of one list whose ids follow the targets', () => {
  // g1 → g2 first, then g0 → g1: the second one has the id now that the first one had.
  const first = written(group('g1'), { groupId: 'g2' }, { id: 'p_g1' });
  const second = written(group('g0'), { groupId: 'g1' }, { id: 'p_g0' });

  test('are not mistaken for each other', () => {
    const list = [held(group('g2'), 'p_g2'), held(group('g1'), 'p_g1')];
    expect(kinds([second, first], list)).toEqual(['restore p_g1', 'restore p_g2']);
    expect(kinds([first, second], list)).toEqual(['restore p_g2', 'restore p_g1']);
  });

  test('and one that somebody has changed never takes the place of another', () => {
    const list = [held(group('g9'), 'p_g9'), held(group('g1'), 'p_g1')];
    expect(kinds([first, second], list)).toEqual(['gone by add p_g1', 'restore p_g1']);
  });
});

describe('what was added', () => {
  const added: WrittenChange = {
    change: anyChangeOf({ ...policy, action: 'add', targetType: 'group', groupId: 'g1' }),
    before: ABSENT,
    idAfter: undefined,
  };

  test('is removed, whatever id it was given', () => {
    expect(kinds([added], [held(group('G1'), 'new')])).toEqual(['restore by remove new']);
  });

  test('is somebody else’s when it has a filter now, or another group under its id', () => {
    expect(kinds([added], [held(group('g1', filter('f1')), 'new')])).toEqual(['changed by remove new']);
    expect(kinds([{ ...added, idAfter: 'new' }], [held(group('g2'), 'new')])).toEqual([
      'changed by remove new',
    ]);
  });

  test('is as before where it is not there, also when a policy set assigns the same', () => {
    expect(kinds([added], [held(group('g2'), 'other')])).toEqual(['asBefore']);
    expect(kinds([added], [current(group('g1'), { source: 'policySets' }, 's1')])).toEqual(['asBefore']);
  });
});

describe('what was removed or cleared', () => {
  const was = [held(group('g1', filter('f1')), 'a'), held(excluded('g2'), 'b'), held(unheardOf, 'c')];
  const [first] = was;
  const removed: WrittenChange = {
    change: anyChangeOf({ ...policy, action: 'remove', assignmentId: 'a' }),
    before: beforeOf(first),
    idAfter: undefined,
  };
  const cleared: WrittenChange = {
    change: anyChangeOf({ ...policy, action: 'clear' }),
    before: { kind: 'entries', entries: was },
    idAfter: undefined,
  };

  test('is added again, each by itself', () => {
    expect(kinds([removed], [held(group('g9'), 'other')])).toEqual(['restore by add a']);
    expect(kinds([cleared], [])).toEqual(['restore by add a', 'restore by add b', 'restore by add c']);
  });

  test('but what is there again, which is somebody else’s when it is not as it was', () => {
    expect(kinds([removed], [held(group('G1', filter('f1')), 'new')])).toEqual(['asBefore']);
    expect(kinds([removed], [held(group('g1'), 'new')])).toEqual(['changed new']);
    expect(kinds([cleared], [held(unheardOf, 'x'), held(group('g1', filter('f2')), 'y')])).toEqual([
      ...['changed y', 'restore by add b', 'asBefore'],
    ]);
  });

  test('and what a policy set assigns is not it', () => {
    const owned = current(excluded('g2'), { source: 'policySets' }, 's');
    expect(kinds([{ ...removed, before: beforeOf(was[1]) }], [owned])).toEqual(['restore by add b']);
  });
});
