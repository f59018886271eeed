import fc from 'fast-check';
import { expect, test } from 'vitest';
import { changeOf, type Change } from '../../../../src/assignments/rows/change.ts';
import { NOT_READ } from '../../../../src/assignments/changes/decision.ts';
import { spread, type Candidate } from '../../../../src/app/draft/sample.ts';
import { groupRow } from '../../../support/rows.ts';

const RULES = { root: 'https://graph.example', apiVersion: 'beta', blind: false, recorded: true } as const;

/** A row of a policy; `narrows` when it is an exclusion. */
function candidate(policy: string, rank: number, reduces = false): Candidate {
  const input = groupRow(policy, `a${rank}`, 'g', { targetType: reduces ? 'exclusionGroup' : 'group' });
  const read = changeOf(input, RULES);
  const change: Change = 'change' in read ? read.change : expect.fail('that is no change');
  return { row: { input, change, before: NOT_READ }, policy, rank };
}

const ranks = (chosen: readonly Candidate[]): number[] => chosen.map(({ rank }) => rank);
const rowsOf = (policies: number, each: number): Candidate[] =>
  Array.from({ length: policies * each }, (_, n) => candidate(`c${Math.floor(n / each)}`, n));

test('fewer rows than policies come one from each, at even distances', () => {
  expect(ranks(spread(rowsOf(20, 2), 4))).toEqual([0, 10, 20, 30]);
  expect(ranks(spread(rowsOf(3, 5), 1))).toEqual([0]);
});

test('more rows than policies come from all of them in turn, those of a policy side by side', () => {
  expect(ranks(spread(rowsOf(3, 3), 5))).toEqual([0, 1, 3, 4, 6]);
});

test('more rows than there are is all of them', () => {
  expect(ranks(spread(rowsOf(3, 2), 100))).toEqual([0, 1, 2, 3, 4, 5]);
  expect(spread([], 5)).toEqual([]);
});

test('what narrows a policy comes before what widens it', () => {
  const rows = [candidate('c1', 0), candidate('c1', 1), candidate('c1', 2, true), candidate('c2', 3)];
  expect(ranks(spread(rows, 2))).toEqual([2, 3]);
  expect(ranks(spread(rows, 3))).toEqual([2, 0, 3]);
});

test('whatever the policies, there are as many as asked for, each once, and no policy widens without what narrows it', () => {
  const rows = fc.array(fc.tuple(fc.integer({ min: 0, max: 8 }), fc.boolean()), { maxLength: 40 });
  fc.assert(
    fc.property(rows, fc.integer({ min: 1, max: 50 }), (made, wanted) => {
      const all = made.map(([policy, reduces], rank) => candidate(`c${policy}`, rank, reduces));
      const chosen = spread(all, wanted);
      const isPicked = new Set(chosen.map(({ policy }) => policy));
      const within = all.filter(({ policy }) => isPicked.has(policy));
      expect(chosen.length).toBe(Math.min(wanted, all.length));
      expect(new Set(ranks(chosen)).size).toBe(chosen.length);
      for (const left of within.filter((row) => !chosen.includes(row) && isReducing(row)))
        expect(chosen.filter((row) => row.policy === left.policy && !isReducing(row))).toEqual([]);
    }),
  );
});

const isReducing = ({ row }: Candidate): boolean => row.input.cells.get('targetType') === 'exclusionGroup';
