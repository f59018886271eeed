import { expect, test } from 'vitest';
import { Causes } from '../../../../src/assignments/guard/causes.ts';
import { GUARD_KINDS, type Finding } from '../../../../src/assignments/guard/finding.ts';

const causesOf = (...found: readonly (readonly [line: number, finding: Finding])[]): Causes => {
  const causes = new Causes();
  for (const [line, finding] of found) causes.add(finding, { line, policy: `policy of ${line}` });
  return causes;
};
const missing = { kind: 'group-missing', what: 'group X does not exist.' } as const;
const lost = (filter: string): Finding => ({ kind: 'filter-lost', what: `filter ${filter} is lost.` });

test('what rows do alike is one cause, with its rows, and the commonest of a kind comes first', () => {
  const causes = causesOf([2, lost('A')], [3, missing], [4, lost('B')], [5, missing], [6, lost('B')]);
  expect(causes.all).toEqual([
    {
      ...missing,
      ...{ count: 2 },
      rows: [
        { line: 3, policy: 'policy of 3' },
        { line: 5, policy: 'policy of 5' },
      ],
    },
    { ...lost('B'), count: 2, rows: [4, 6].map((line) => ({ line, policy: `policy of ${line}` })) },
    { ...lost('A'), count: 1, rows: [{ line: 2, policy: 'policy of 2' }] },
  ]);
});

test('kinds come in the order of their danger, whatever the order of the rows', () => {
  const causes = causesOf(
    ...GUARD_KINDS.toReversed().map((kind, i) => [i + 2, { kind, what: 'w' }] as const),
  );
  expect(causes.all.map(({ kind }) => kind)).toEqual(GUARD_KINDS);
  expect([...causes.counts.keys()]).toEqual(GUARD_KINDS);
});

test('real losses come before what reaches more, mistakes, and what does nothing', () => {
  const place = (kind: Finding['kind']): number => GUARD_KINDS.indexOf(kind);
  const order = ['cuts-off', 'no-inclusion', 'exclusion-lost', 'filter-lost', 'all-devices'] as const;
  const then = ['exclusion-swapped', 'gone', 'max-changes', 'unchecked-groups'] as const;
  const places = [...order, ...then].map(place);
  expect(places).toEqual(places.toSorted((a, b) => a - b));
});

test('all are counted, and of each kind the first thousand rows and causes are kept', () => {
  const causes = new Causes();
  for (let line = 2; line < 1_203; line += 1) {
    causes.add(missing, { line, policy: '' });
    causes.add(lost(String(line)), { line, policy: '' });
  }
  expect([...causes.counts.values()]).toEqual([1_201, 1_201]);
  const [first, ...others] = causes.all;
  expect(first).toMatchObject({ ...missing, count: 1_201 });
  expect(first?.rows).toHaveLength(1_000);
  expect(others).toHaveLength(1_000);
});
