import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CurrentAssignment } from '../../../../src/assignments/changes/current.ts';
import { ABSENT, beforeOf, type Before } from '../../../../src/assignments/changes/decision.ts';
import { fingerprintOfList } from '../../../../src/assignments/changes/fingerprint.ts';
import { deviceConfiguration } from '../../../../src/assignments/kinds/deviceConfiguration.ts';
import { proveList, type SeenProofRow } from '../../../../src/assignments/proof/proveList.ts';
import { allDevices, current, excluded, filter, group } from '../../../support/graphShapes.ts';
import { anyChangeOf, configuration, type Cells } from '../../../support/inputRow.ts';

const entry = (of: Parameters<typeof current>[0], id: string, intent = 'apply'): CurrentAssignment =>
  current(of, { intent }, id);

const A = entry(group('g1', filter('f1')), 'A');
const B = entry(excluded('g2'), 'B');
const C = entry(allDevices(), 'C');
const LIST = [A, B, C];

const row = (cells: Cells, before: Before | undefined, more: Partial<SeenProofRow> = {}): SeenProofRow => ({
  change: anyChangeOf({ ...configuration, ...cells }),
  ...{ before, idAfter: undefined, standing: 'written', putBack: 'no', ...more },
});
const toG9 = (more: Partial<SeenProofRow> = {}): SeenProofRow =>
  row({ assignmentId: 'A', targetType: 'group', groupId: 'g9' }, beforeOf(A), more);
const A9 = entry(group('g9', filter('f1')), 'A');

interface Given {
  readonly before?: readonly CurrentAssignment[] | undefined;
  readonly now: readonly CurrentAssignment[];
  readonly rows?: readonly SeenProofRow[];
  readonly plannedList?: string;
}

/** As in `planned A→A`, `others →D`. */
function proven({ now, rows = [], plannedList, ...given }: Given): string[] {
  const before = 'before' in given ? given.before : LIST;
  return proveList({ kind: deviceConfiguration, apiVersion: 'beta', rows, before, plannedList, now })
    .map(({ proof, before: was, now: is }) => `${proof} ${was?.id ?? ''}→${is?.id ?? ''}`)
    .toSorted();
}

test('an assignment without a row is untouched, whatever id it has now and in whatever order', () => {
  expect(proven({ now: LIST })).toEqual(['untouched A→A', 'untouched B→B', 'untouched C→C']);
  expect(proven({ now: [entry(allDevices(), 'X'), B, A] })).toEqual([
    'untouched A→A',
    'untouched B→B',
    'untouched C→X',
  ]);
});

test('an assignment without a row that came, went or was changed is of others', () => {
  const D = entry(group('g4'), 'D');
  expect(proven({ now: [entry(group('g1'), 'A'), C, D] })).toEqual([
    'others A→A',
    'others B→',
    'others →D',
    'untouched C→C',
  ]);
});

describe('a row that was written', () => {
  test('is as planned where the tenant has what it wanted, with what it did not mention', () => {
    expect(proven({ rows: [toG9()], now: [A9, B, C] })).toEqual([
      'planned A→A',
      'untouched B→B',
      'untouched C→C',
    ]);
  });

  test.each([
    ['is as before', A, 'others A→A'],
    ['has lost the filter that was to stay', entry(group('g9'), 'A'), 'others A→A'],
    ['is something else', entry(group('g7', filter('f1')), 'A'), 'others A→A'],
  ])('is of others where it %s', (_, now, proof) => {
    expect(proven({ rows: [toG9()], now: [now, B, C] })).toContain(proof);
  });

  test('is of others where it is gone, and counts once', () => {
    expect(proven({ rows: [toG9()], now: [B, C] })).toEqual(['others A→', 'untouched B→B', 'untouched C→C']);
  });

  test('may add, remove and clear', () => {
    const added = row({ action: 'add', assignmentId: undefined, targetType: 'group', groupId: 'g8' }, ABSENT);
    const removed = row({ action: 'remove', assignmentId: 'B' }, beforeOf(B));
    const D = entry(group('g8'), 'D');
    expect(proven({ rows: [added, removed], now: [A, C, D] })).toEqual([
      'planned B→',
      'planned →D',
      'untouched A→A',
      'untouched C→C',
    ]);
    const cleared = row(
      { action: 'clear', assignmentId: undefined },
      { kind: 'entries', entries: [A, B, C] },
    );
    expect(proven({ rows: [cleared], now: [B] })).toEqual(['others B→B', 'planned A→', 'planned C→']);
  });

  test('and changed by somebody between the snapshot and the write is as planned', () => {
    const older = [entry(group('g0'), 'A'), B, C];
    expect(proven({ before: older, rows: [toG9()], now: [A9, B, C] })).toEqual([
      'planned A→A',
      'untouched B→B',
      'untouched C→C',
    ]);
  });
});

describe('a row that was not written', () => {
  test.each(['notSent', 'stale', 'sent'] as const)(
    'is not as planned where it is as before: %s',
    (standing) => {
      expect(proven({ rows: [toG9({ standing })], now: LIST })).toContain('failed A→A');
    },
  );

  test('and was changed by somebody is of others, unless its own send may have done that', () => {
    const now = [entry(group('g7'), 'A'), B, C];
    expect(proven({ rows: [toG9({ standing: 'stale' })], now })).toContain('others A→A');
    expect(proven({ rows: [toG9({ standing: 'notSent' })], now })).toContain('others A→A');
    expect(proven({ rows: [toG9({ standing: 'sent' })], now })).toContain('failed A→A');
  });

  test('is as planned where the tenant has it all the same', () => {
    expect(proven({ rows: [toG9({ standing: 'sent' })], now: [A9, B, C] })).toContain('planned A→A');
  });

  test('and has nothing it could be about is named by itself', () => {
    const gone = row({ assignmentId: 'Z', targetType: 'group', groupId: 'g9' }, ABSENT, {
      standing: 'notSent',
    });
    expect(proven({ rows: [gone], now: LIST })).toEqual([
      'failed →',
      'untouched A→A',
      'untouched B→B',
      'untouched C→C',
    ]);
  });

  test('and had nothing to write is untouched, or of others', () => {
    const alreadySo = row({ assignmentId: 'A', targetType: 'group', groupId: 'g1' }, undefined, {
      standing: 'nothing',
    });
    expect(proven({ rows: [alreadySo], now: LIST })).toContain('untouched A→A');
    expect(proven({ rows: [alreadySo], now: [B, C] })).toContain('others A→');
  });
});

describe('a row that was taken back', () => {
  test('is as planned where it is as before', () => {
    expect(proven({ rows: [toG9({ putBack: 'done' })], now: LIST })).toContain('planned A→A');
    expect(proven({ rows: [toG9({ putBack: 'tried' })], now: LIST })).toContain('planned A→A');
  });

  test('is not as planned where its rollback failed, and of others where it is as written again', () => {
    expect(proven({ rows: [toG9({ putBack: 'tried' })], now: [A9, B, C] })).toContain('failed A→A');
    expect(proven({ rows: [toG9({ putBack: 'done' })], now: [A9, B, C] })).toContain('others A→A');
  });
});

describe('a list that nobody has kept', () => {
  const before = undefined;

  test('is known by its fingerprint: what no row is about is untouched', () => {
    const plannedList = fingerprintOfList(LIST);
    expect(proven({ before, plannedList, rows: [toG9()], now: [A9, B, C] })).toEqual([
      'planned A→A',
      'untouched B→B',
      'untouched C→C',
    ]);
  });

  test('is not known where the fingerprint is another one, or there is none', () => {
    const plannedList = fingerprintOfList(LIST);
    const now = [A9, B, entry(allDevices(filter('f2')), 'C')];
    const unknown = ['planned A→A', 'unknown →B', 'unknown →C'];
    expect(proven({ before, plannedList, rows: [toG9()], now })).toEqual(unknown);
    expect(proven({ before, rows: [toG9()], now: [A9, B, C] })).toEqual(unknown);
    expect(proven({ before, now: LIST })).toEqual(['unknown →A', 'unknown →B', 'unknown →C']);
  });

  test('proves rows of which nobody saw what they overwrote by what the tenant has', () => {
    const blind = { standing: 'written' as const };
    const set = row({ assignmentId: 'A', targetType: 'group', groupId: 'g9' }, undefined, blind);
    expect(proven({ before, rows: [set], now: [entry(group('g9'), 'A')] })).toEqual(['planned →A']);
    expect(proven({ before, rows: [set], now: [A] })).toEqual(['others →A']);
    expect(proven({ before, rows: [{ ...set, standing: 'notSent' }], now: [A] })).toEqual(['failed →A']);
    const remove = row({ action: 'remove', assignmentId: 'B' }, undefined, blind);
    expect(proven({ before, rows: [remove], now: [] })).toEqual(['planned →']);
    expect(proven({ before, rows: [remove], now: [B] })).toEqual(['others →B']);
  });
});

test('a row that was not written, about what another row has written, does not count the assignment twice', () => {
  const other = row({ assignmentId: 'A', targetType: 'group', groupId: 'g8' }, undefined, {
    standing: 'notSent',
  });
  expect(proven({ rows: [toG9(), other], now: [A9, B, C] })).toEqual([
    'failed →',
    'planned A→A',
    'untouched B→B',
    'untouched C→C',
  ]);
  const byHand = entry(group('g7'), 'A');
  expect(proven({ rows: [other, toG9()], now: [byHand, B, C] })).toEqual([
    'failed →',
    'others A→A',
    'untouched B→B',
    'untouched C→C',
  ]);
  const twice = [other, other].map((each) => ({ ...each }));
  expect(proven({ rows: twice, now: LIST })).toEqual([
    'failed A→A',
    'failed →',
    'untouched B→B',
    'untouched C→C',
  ]);
  expect(proven({ rows: [other, toG9()], now: [A9, B, C] })).toEqual([
    'failed →',
    'planned A→A',
    'untouched B→B',
    'untouched C→C',
  ]);
});

describe('whatever rows and others have done', () => {
  const target = fc.constantFrom(
    group('g1'),
    group('g2'),
    excluded('g3'),
    allDevices(),
    group('g4', filter('f1')),
  );
  const list = fc
    .array(target, { maxLength: 5 })
    .map((targets) => targets.map((of, n) => entry(of, `id${n}`)));
  const fate = fc.constantFrom('row', 'changed', 'gone', 'same', 'rekeyed');
  const scene = fc.record({
    before: list,
    fates: fc.array(fate, { minLength: 5, maxLength: 5 }),
    standings: fc.array(fc.constantFrom('written', 'notSent', 'sent', 'stale', 'nothing'), {
      minLength: 5,
      maxLength: 5,
    }),
    putBacks: fc.array(fc.constantFrom('no', 'done', 'tried'), { minLength: 5, maxLength: 5 }),
    added: fc.array(target, { maxLength: 2 }),
  });

  test('each assignment that was there and each that is there is in exactly one item', () => {
    fc.assert(
      fc.property(scene, ({ before, fates, standings, putBacks, added }) => {
        const rows = before.flatMap((was, n) =>
          fates[n] === 'row'
            ? [
                row({ assignmentId: was.id, targetType: 'group', groupId: `new${n}` }, beforeOf(was), {
                  standing: standings[n] ?? 'written',
                  putBack: putBacks[n] ?? 'no',
                }),
              ]
            : [],
        );
        const after = (was: CurrentAssignment, n: number): CurrentAssignment[] => {
          if (fates[n] === 'gone') return [];
          if (fates[n] === 'row' && standings[n] === 'written') return [entry(group(`new${n}`), was.id)];
          if (fates[n] === 'changed') return [entry(group(`hand${n}`), was.id)];
          return fates[n] === 'rekeyed' ? [entry(was.target, `again${n}`)] : [entry(was.target, was.id)];
        };
        const now = [...before.flatMap(after), ...added.map((of, n) => entry(of, `added${n}`))];
        const items = proveList({
          ...{ kind: deviceConfiguration, apiVersion: 'beta', rows, before, plannedList: undefined, now },
        });
        const ids = (entries: readonly (CurrentAssignment | undefined)[]): string[] =>
          entries.flatMap((each) => each?.id ?? []).toSorted();
        expect(ids(items.map((item) => item.before))).toEqual(ids(before));
        expect(ids(items.map((item) => item.now))).toEqual(ids(now));
      }),
      { numRuns: 2_000 },
    );
  });
});
