import { describe, expect, test } from 'vitest';
import { asRow } from '../../../../src/assignments/rows/asRow.ts';
import { aboutKey } from '../../../../src/assignments/rows/about.ts';
import { rowAbout } from '../../../../src/assignments/rows/selector.ts';
import { deviceConfiguration } from '../../../../src/assignments/kinds/deviceConfiguration.ts';
import { allDevices, current, excluded, filter, group, target } from '../../../support/graphShapes.ts';
import {
  anyChangeOf,
  BETA,
  faultyColumns,
  inputRow,
  problemsOf,
  type Cells,
} from '../../../support/inputRow.ts';
import { inWords, planned, rowsOf } from '../../../support/planning.ts';

const there = current(group('G1', filter('F1')), { intent: 'apply' });

/** The cells of a row that was exported, and changed by hand. */
const exported = (of = there, by: Cells = {}): Cells => ({
  ...Object.fromEntries(asRow(of, { kind: deviceConfiguration, id: 'P1' }, BETA).cells),
  ...by,
});

const decided = (cells: Cells, list = [there]): string[] =>
  inWords(planned(rowsOf([anyChangeOf(cells)]), list));

describe('an exported row becomes one that removes by its action alone', () => {
  test.each([
    ['a group with its filter', there],
    ['a group without one', current(group('G1', filter()), { intent: 'remove' })],
    ['an exclusion', current(excluded('G1'))],
    ['all devices', current(allDevices())],
    [
      'a collection, which no from… column names',
      current(target('configurationManagerCollection', { collectionId: 'C' })),
    ],
  ])('%s', (_what, of) => {
    expect(decided(exported(of, { action: 'remove' }), [of])).toEqual(['write']);
    expect(decided(exported(of, { action: 'remove' }), [])).toEqual(['alreadySo']);
  });

  test('and is not done where anything of it is not as the row says', () => {
    const removed = exported(there, { action: 'remove' });
    for (const other of [
      current(group('G2', filter('F1')), { intent: 'apply' }),
      current(excluded('G1'), { intent: 'apply' }),
      current(group('G1', filter('F2')), { intent: 'apply' }),
      current(group('G1', filter('F1', 'exclude')), { intent: 'apply' }),
      current(group('G1', filter()), { intent: 'apply' }),
      current(group('G1', filter('F1')), { intent: 'remove' }),
    ])
      expect(decided(removed, [other])).toEqual(['TargetMismatch']);
  });

  test('what differs is told', () => {
    const other = current(group('G1', filter('F1')), { intent: 'remove' });
    const { decisions } = planned(rowsOf([anyChangeOf(exported(there, { action: 'remove' }))]), [other]);
    expect(decisions[0]?.message).toBe(
      'Expected group G1, include filter F1, intent apply, found group G1, include filter F1, intent remove under the id A1; nothing was written.',
    );
  });

  test('an id alone is name enough, and so is a from… target; the target is none', () => {
    const {
      fromTargetType: _t,
      fromGroupId: _g,
      fromFilterId: _f,
      ...byId
    } = exported(there, { action: 'remove' });
    expect(decided(byId)).toEqual(['write']);
    expect(decided({ ...byId, filterType: 'none', filterId: undefined })).toEqual(['TargetMismatch']);
    const { assignmentId: _a, ...byTarget } = exported(there, { action: 'remove' });
    expect(decided(byTarget)).toEqual(['write']);
    expect(faultyColumns({ ...byId, assignmentId: undefined })).toContain('assignmentId');
  });

  test.each([
    [{ groupId: 'G2' }, ['groupId']],
    [{ filterId: 'F2' }, ['filterId']],
    [{ filterType: 'none', filterId: undefined }, ['filterId']],
    [{ targetType: 'exclusionGroup', filterId: undefined, filterType: undefined }, ['groupId']],
    [{ source: 'direct' }, ['source']],
    [{ targetType: undefined }, ['groupId', 'filterId', 'filterType', 'intent']],
  ] as [Cells, string[]][])('one that says two things of it is a problem: %j', (by, columns) => {
    expect(faultyColumns(exported(there, { action: 'remove', ...by }))).toEqual(columns);
  });
});

describe('an exported row becomes one that adds by its action alone', () => {
  const added = exported(there, { action: 'add' });

  test('and brings back what is gone', () => {
    expect(decided(added)).toEqual(['alreadySo']);
    expect(decided(added, [])).toEqual(['write']);
    expect(decided(added, [current(group('G1', filter()))])).toEqual(['AlreadyAssigned']);
    expect(anyChangeOf(added)).toMatchObject({ from: undefined, address: { assignmentId: '' } });
  });

  test.each([
    [{ groupId: 'G2' }],
    [{ targetType: 'exclusionGroup', filterId: undefined, filterType: undefined }],
    [{ filterId: 'F2' }],
    [{ filterId: undefined, filterType: undefined }],
    [{ fromFilterId: undefined }],
  ] as [Cells][])('what was there is no harm only where it is what the row wants: %j', (by) => {
    expect(faultyColumns({ ...added, ...by })).toContain('fromTargetType');
    expect(faultyColumns({ ...added, ...by })).toContain('assignmentId');
  });

  test('an id alone tells nothing of its target', () => {
    const { fromTargetType: _t, fromGroupId: _g, fromFilterId: _f, ...byId } = added;
    expect(problemsOf(byId)).toMatchObject([{ name: 'assignmentId' }]);
  });

  test('selects as it was run', () => {
    expect(rowAbout(inputRow(added), BETA)).toEqual({ key: aboutKey(anyChangeOf(added)) });
  });
});
