import { describe, expect, test } from 'vitest';
import { allowOption, blockedBy, parseAllow, type Allowed } from '../../../../src/assignments/guard/allow.ts';
import type { GuardKind } from '../../../../src/assignments/guard/finding.ts';
import type { Fault } from '../../../../src/assignments/rows/row.ts';

function allowed(...texts: string[]): Allowed {
  const read = parseAllow(texts);
  if ('message' in read) throw new Error(read.message);
  return read;
}

function fault(...texts: string[]): Fault {
  const read = parseAllow(texts);
  if ('message' in read) return read;
  throw new Error('Nothing is wrong with it.');
}

describe('--allow', () => {
  test.each([
    [[], []],
    [['all-devices=3'], [['all-devices', 3]]],
    [[' All-Devices = 3 '], [['all-devices', 3]]],
    [
      ['all-devices=3,filter-lost=0', 'max-changes=1200,'],
      [
        ['all-devices', 3],
        ['filter-lost', 0],
        ['max-changes', 1200],
      ],
    ],
    [
      ['include-and-exclude=1,gone=2'],
      [
        ['include-and-exclude', 1],
        ['gone', 2],
      ],
    ],
    [['no-undo'], [['no-undo', Infinity]]],
    [['no-undo=2'], [['no-undo', 2]]],
    // The later one was read last.
    [['all-devices=5', 'all-devices=3'], [['all-devices', 3]]],
  ])('%j reads as %j', (texts, entries) => {
    expect([...allowed(...texts)]).toEqual(entries);
  });

  test.each([
    ['all-device=3', '"all-device"', 'Did you mean "all-devices"?'],
    ['all', '"all"', 'Write one of: cuts-off, '],
    ['all=100', '"all"', 'Write one of: cuts-off, '],
    ['=3', '""', 'Write one of: '],
    ['all-devices', 'How many all-devices', 'Write --allow all-devices=N'],
    ['all-devices=', '""', 'Write --allow all-devices=N'],
    ['all-devices=many', '"many"', 'Write --allow all-devices=N'],
    ['all-devices=-1', '"-1"', 'Write --allow all-devices=N'],
    ['all-devices=1e3', '"1e3"', 'Write --allow all-devices=N'],
    ['all-devices=99999999999999999999', '"99999999999999999999"', 'Write --allow all-devices=N'],
    ['no-undo=yes', '"yes"', 'Write --allow no-undo'],
    ['group-missing=1', "group-missing can't be allowed", 'Correct the ids'],
    ['group-missing', "group-missing can't be allowed", 'Correct the ids'],
  ])('%s is refused, with what to write', (text, named, remedy) => {
    expect(fault('filter-lost=1', text).message).toContain(named);
    expect(fault('filter-lost=1', text).remedy).toContain(remedy);
  });
});

describe('findings block', () => {
  const found = new Map<GuardKind, number>([
    ['no-undo', 1],
    ['all-devices', 3],
    ['filter-lost', 2],
    ['narrowed', 0],
  ]);

  test.each([
    [[], ['filter-lost', 'all-devices', 'no-undo']],
    [['all-devices=3'], ['filter-lost', 'no-undo']],
    // As many as were read, and no others.
    [
      ['all-devices=4', 'no-undo'],
      ['filter-lost', 'all-devices'],
    ],
    [['all-devices=3,filter-lost=9999', 'no-undo'], ['filter-lost']],
    [
      ['all-devices=2', 'no-undo'],
      ['filter-lost', 'all-devices'],
    ],
    [['filter-swapped=9'], ['filter-lost', 'all-devices', 'filter-swapped', 'no-undo']],
    [['filter-swapped=0', 'all-devices=3', 'filter-lost=2', 'no-undo'], []],
    [['all-devices=3,filter-lost=2', 'no-undo'], []],
  ])('unless %j allows them: %j', (texts, kinds) => {
    expect(blockedBy(found, allowed(...texts)).map(({ kind }) => kind)).toEqual(kinds);
  });

  test('with how many there are, how many were allowed, and the option that lets exactly these through', () => {
    const before = ['all-devices=2'];
    const blocked = blockedBy(found, allowed(...before));
    expect(blocked[1]).toEqual({ kind: 'all-devices', found: 3, allowed: 2 });
    expect(allowOption(blocked)).toBe('--allow filter-lost=2,all-devices=3,no-undo');
    const [, value = ''] = allowOption(blocked)?.split(' ') ?? [];
    expect(blockedBy(found, allowed(...before, value))).toEqual([]);
    expect(blockedBy(new Map([...found, ['filter-lost', 3]]), allowed(...before, value))).toHaveLength(1);
  });
});

test('a group that is missing blocks whatever is allowed, and no option is offered that would let it through', () => {
  const blocked = blockedBy(
    new Map<GuardKind, number>([
      ['group-missing', 2],
      ['narrowed', 1],
    ]),
    allowed('narrowed=1'),
  );
  expect(blocked).toEqual([{ kind: 'group-missing', found: 2, allowed: 0 }]);
  expect(allowOption(blocked)).toBeUndefined();
});
