import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CurrentAssignment } from '../../../../src/assignments/changes/current.ts';
import {
  differencesInWords,
  extraInWords,
  isLossy,
  listDifferences,
  turnedInto,
} from '../../../../src/assignments/changes/listDifferences.ts';
import type { JsonObject } from '../../../../src/assignments/values/json.ts';
import { allDevices, excluded, filter, group, current } from '../../../support/graphShapes.ts';
import { changeOf, configuration } from '../../../support/inputRow.ts';

const { address } = changeOf({ ...configuration, targetType: 'group', groupId: 'g0' });
const compared = (sent: readonly JsonObject[], read: readonly CurrentAssignment[]) =>
  listDifferences(sent, read, address);

const SENT = [
  { target: group('g1'), intent: 'apply' },
  { id: 'A2', target: excluded('g2') },
  { target: group('g3', filter('f1')) },
  { target: allDevices() },
];

describe('a list that was sent and is read back', () => {
  test('is the same in another order, with other ids and with what Graph adds', () => {
    const read = SENT.map((entry, i) =>
      current(
        entry.target,
        { intent: 'apply', ...entry, id: `N${i}`, source: 'direct', sourceId: 'P1' },
        `N${i}`,
      ),
    );
    const differences = compared(SENT, read.toReversed());
    expect(differences).toEqual({ missing: [], different: [], extra: [] });
    expect(isLossy(differences)).toBe(false);
  });

  test('lacks an exclusion, and an entry for everybody', () => {
    const differences = compared(SENT, [
      current(group('g1'), { intent: 'apply' }),
      current(group('g3', filter('f1'))),
    ]);
    expect(isLossy(differences)).toBe(true);
    expect(differencesInWords(differences)).toBe('lacks excluded group g2, all devices');
  });

  test.each([
    ['lost its filter', { target: group('g1', filter('f1')) }, current(group('g1'))],
    ['got a filter', { target: group('g1') }, current(group('g1', filter('f1')))],
    [
      'got another kind of filter',
      { target: group('g1', filter('f1')) },
      current(group('g1', filter('f1', 'exclude'))),
    ],
    [
      'got another intent',
      { target: group('g1'), intent: 'apply' },
      current(group('g1'), { intent: 'remove' }),
    ],
  ])('has an entry that %s', (_, sent, found) => {
    const differences = compared([sent], [found]);
    expect(differences).toEqual({ missing: [], different: [{ sent, found }], extra: [] });
    expect(differencesInWords(differences)).toMatch(/^has group g1.* where group g1.* was sent$/);
  });

  test('has an exclusion that came back as an inclusion', () => {
    const turned = current(group('g2'));
    const differences = compared([{ target: excluded('g2') }], [turned]);
    expect(differencesInWords(differences)).toBe('lacks excluded group g2');
    expect(turnedInto({ target: excluded('G2') }, differences)).toBe(turned);
  });

  test('may have more than was sent, which is no loss', () => {
    const differences = compared([{ target: group('g1') }], [current(group('g1')), current(group('g9'))]);
    expect(isLossy(differences)).toBe(false);
    expect(extraInWords(differences)).toBe('group g9');
  });

  test('needs an entry for each that was sent, not one for two', () => {
    const direct = { target: group('g1') };
    expect(isLossy(compared([direct, direct], [current(group('g1'))]))).toBe(true);
    expect(isLossy(compared([direct, direct], [current(group('g1')), current(group('g1'))]))).toBe(false);
  });
});

const anyEntry = fc.record({
  target: fc.oneof(
    fc
      .tuple(fc.constantFrom('g1', 'g2', 'g3'), fc.constantFrom(undefined, 'f1'))
      .map(([id, of]) => group(id, of ? filter(of) : {})),
    fc.constantFrom('g4', 'g5').map(excluded),
    fc.constant(allDevices()),
  ),
  intent: fc.constantFrom('apply', 'remove'),
});
const anyList = fc.uniqueArray(anyEntry, { maxLength: 6, selector: ({ target }) => JSON.stringify(target) });

describe('whatever the list', () => {
  test('itself in any order is no difference', () => {
    fc.assert(
      fc.property(
        anyList.chain((list) =>
          fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
        ),
        ([sent, read]) => {
          const differences = compared(
            sent,
            read.map((entry, i) => current(entry.target, entry, `N${i}`)),
          );
          expect(differences).toEqual({ missing: [], different: [], extra: [] });
        },
      ),
    );
  });

  test('each entry that is gone is missed, and none of the others', () => {
    fc.assert(
      fc.property(
        anyList.chain((list) => fc.tuple(fc.constant(list), fc.subarray(list))),
        ([sent, kept]) => {
          const read = kept.map((entry, i) => current(entry.target, entry, `N${i}`));
          const { missing, different, extra } = compared(sent, read);
          expect(missing.length + different.length).toBe(sent.length - kept.length);
          expect(extra).toEqual([]);
          for (const entry of missing) expect(kept).not.toContain(entry);
        },
      ),
    );
  });
});
