import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { swap, ON_CONFLICT, type OnConflict, type SwapPair } from '../../../../src/assignments/rules/swap.ts';
import { canonicalList } from '../../../../src/assignments/changes/canonical.ts';
import { groupOf } from '../../../../src/assignments/targets/currentTarget.ts';
import {
  allDevices,
  current,
  excluded,
  filter,
  group,
  target,
  unheardOf,
} from '../../../support/graphShapes.ts';
import {
  applied,
  casesOf,
  changesOf,
  inShort,
  named,
  policyOf,
  selecting,
  tenants,
} from '../../../support/ruleTenant.ts';

const A_TO_B: SwapPair = { from: 'a', to: 'b' };
const swapped = (
  list: Parameters<typeof policyOf>[0],
  onConflict?: OnConflict,
  pairs: readonly SwapPair[] = [A_TO_B],
) => swap({ pairs, onConflict }, [policyOf(list)], selecting());

describe('the new group comes in the place of the old one', () => {
  test('with its filter and intent, included and excluded', () => {
    const found = swap(
      { pairs: [A_TO_B], onConflict: undefined },
      [
        policyOf([current(group('A', filter('F')), { intent: 'remove' }), current(allDevices(), {}, 'D')]),
        policyOf([current(excluded('A')), current(group('C', filter()), {}, 'C')]),
      ],
      selecting(),
    );
    expect(inShort(found)).toEqual(['set A group b include F remove', 'set A exclusionGroup b - - -']);
    expect(casesOf(found)).toEqual({ moved: 2 });
    expect(found.rows[0]?.get('assignmentId')).toBe('A1');
    expect(found.rows[0]?.get('policyName')).toBe('WIN');
  });

  test('pairs do not chain', () => {
    const found = swapped(
      [current(group('A', filter())), current(group('B', filter()), {}, 'A2')],
      undefined,
      [A_TO_B, { from: 'b', to: 'c' }],
    );
    expect(inShort(found)).toEqual(['set A group b none - -', 'set B group c none - -']);
  });

  test('unless it is there with the same: then the old one goes', () => {
    const found = swapped([
      current(group('A', filter('F')), { intent: 'apply' }),
      // One without an intent applies.
      current(group('b', filter('f')), {}, 'A2'),
    ]);
    expect(inShort(found)).toEqual(['remove A group A include F apply']);
    expect(casesOf(found)).toEqual({ removedAsThere: 1 });
  });

  test('of two old groups that become one, one is moved and the other goes', () => {
    const pairs = [A_TO_B, { from: 'c', to: 'b' }];
    const found = swapped(
      [current(group('A', filter())), current(group('C', filter()), {}, 'A2')],
      undefined,
      pairs,
    );
    expect(inShort(found)).toEqual(['set A group b none - -', 'remove C group C none - -']);
  });
});

describe('what is not selected, of a policy set, or can’t be said stays, and is counted', () => {
  test.each([
    [current(group('A'), { source: 'policySets' }), 'policySet'],
    [current(group('A', filter('F', 'perhaps'))), 'unspeakable'],
  ])('%#', (of, found) => {
    expect(casesOf(swapped([of]))).toEqual({ [found]: 1 });
    expect(swapped([of]).rows).toEqual([]);
  });

  test('by --where', () => {
    const list = [current(group('A'))];
    const policies = [policyOf(list), policyOf(list, { id: 'K', displayName: 'WIN - Kiosk' })];
    const found = swap(
      { pairs: [A_TO_B], onConflict: undefined },
      policies,
      selecting('policyName!=*kiosk*'),
    );
    expect(found.rows.map((cells) => cells.get('policyId'))).toEqual(['P1']);
    expect(casesOf(found)).toEqual({ moved: 1, notSelected: 1 });
  });

  test('what has no group of the pairs is not spoken of', () => {
    const found = swapped([current(group('C')), current(unheardOf), current(target('scopeTagGroup'))]);
    expect([found.rows, casesOf(found)]).toEqual([[], {}]);
  });
});

const there = {
  'another filter': [current(group('A', filter('F'))), current(group('B', filter('H')), {}, 'A2')],
  'another intent': [
    current(group('A', filter()), { intent: 'remove' }),
    current(group('B', filter()), { intent: 'apply' }, 'A2'),
  ],
  'the new one excluded': [current(group('A', filter())), current(excluded('B'), {}, 'A2')],
  'the old one excluded': [current(excluded('A')), current(group('B', filter()), {}, 'A2')],
  'the old one both ways': [current(group('A', filter())), current(excluded('A'), {}, 'A2')],
  'another one of a policy set': [
    current(group('A', filter('F'))),
    current(group('B', filter()), { source: 'policySets' }, 'A2'),
  ],
};

describe('where the new group is there in another way', () => {
  test.each(Object.entries(there))('a problem shows both: %s', (_what, list) => {
    const { problems } = swapped(list);
    expect(problems.length).toBeGreaterThan(0);
    for (const { policy, message, remedy } of problems) {
      expect(policy).toBe('"WIN" (P1)');
      expect(message).toMatch(/^It has .*\(A1\).* and .*\(A2\)|^It has .*\(A2\).* and .*\(A1\)/);
      expect(remedy).toContain('--on-conflict skip');
    }
  });

  test.each([
    ['another filter', 'keep', ['remove A group A include F -']],
    ['another filter', 'take', ['set B group B include F -', 'remove A group A include F -']],
    ['another intent', 'take', ['set B group B none - remove', 'remove A group A none - remove']],
    ['the new one excluded', 'keep', ['remove A group A none - -']],
    ['the old one excluded', 'keep', ['remove A exclusionGroup A - - -']],
    ['another one of a policy set', 'keep', ['remove A group A include F -']],
  ] as const)('%s: %s', (what, onConflict, rows) => {
    const found = swapped(there[what], onConflict);
    expect(found.problems).toEqual([]);
    expect(inShort(found)).toEqual(rows);
  });

  test.each([
    ['the old one both ways', 'keep'],
    ['the old one both ways', 'take'],
    ['the new one excluded', 'take'],
    ['another one of a policy set', 'take'],
  ] as const)('%s: %s does not settle it', (what, onConflict) => {
    expect(swapped(there[what], onConflict).problems.length).toBeGreaterThan(0);
  });

  test.each(Object.entries(there))('skip leaves the whole policy alone: %s', (_what, list) => {
    const found = swapped([...list, current(group('C', filter()), {}, 'A3')], 'skip', [
      A_TO_B,
      { from: 'c', to: 'd' },
    ]);
    expect(found).toMatchObject({ rows: [], problems: [] });
    expect(casesOf(found)).toEqual({ conflictSkipped: 1 });
  });

  test('take gives the intent that none says', () => {
    const found = swapped(
      [current(group('A', filter())), current(group('B', filter()), { intent: 'remove' }, 'A2')],
      'take',
    );
    expect(inShort(found)).toEqual(['set B group B none - apply', 'remove A group A none - -']);
  });

  test('a group that goes while another comes in its place is told, as one file can’t say both', () => {
    const list = [
      current(group('A', filter())),
      current(group('B', filter()), {}, 'A2'),
      current(group('C', filter()), {}, 'A3'),
    ];
    const found = swapped(list, undefined, [A_TO_B, { from: 'c', to: 'a' }]);
    expect(found.problems).toMatchObject([{ message: expect.stringContaining('come in its place') }]);
    expect(swapped(list, 'skip', [A_TO_B, { from: 'c', to: 'a' }]).rows).toEqual([]);
  });
});

describe('whatever the tenant', () => {
  const groups = fc.constantFrom('a', 'b', 'c', 'd', 'e');
  /** A new group is no old one, so that what was generated and applied has nothing left to be done. */
  const pairs = fc
    .uniqueArray(fc.record({ from: fc.constantFrom('a', 'b', 'c'), to: groups }), {
      selector: ({ from }) => from,
      minLength: 1,
    })
    .map((all) => all.filter(({ to }) => !all.some(({ from }) => from === to)))
    .filter((all) => all.length > 0);
  const conflicts = fc.constantFrom(undefined, ...ON_CONFLICT);

  test.each([
    ['patch', 'opaque'],
    ['assign', 'opaque'],
    ['patch', 'byGroup'],
    ['assign', 'byGroup'],
  ] as const)(
    'rows come true by %s, in a tenant whose ids are %s, and generated again there are none',
    (strategy, naming) => {
      fc.assert(
        fc.property(tenants, pairs, conflicts, (tenant, all, onConflict) => {
          const policies = named(tenant, naming);
          const rule = { pairs: all, onConflict };
          const found = swap(rule, policies, selecting());
          if (found.problems.length > 0) return;
          const after = policies.map((policy) => applied(policy, found.rows, strategy, naming));
          for (const { isDone } of after) expect(isDone).toBe(true);
          const again = swap(
            rule,
            after.map(({ policy }) => policy),
            selecting(),
          );
          expect([inShort(again), again.problems]).toEqual([[], []]);
        }),
        { numRuns: 600 },
      );
    },
  );

  test('any pairs give rows that read as changes, of policies that have an old group, and nothing else of these changes', () => {
    const any = fc.uniqueArray(fc.record({ from: groups, to: groups }), {
      selector: ({ from }) => from,
      minLength: 1,
    });
    fc.assert(
      fc.property(tenants, any, conflicts, (policies, all, onConflict) => {
        const rule = { pairs: all.filter(({ from, to }) => from !== to), onConflict };
        const found = swap(rule, policies, selecting());
        changesOf(found.rows);
        const isOld = (id: string | undefined): boolean =>
          rule.pairs.some(({ from }) => from === id?.toLowerCase());
        const isOfPairs = (id: string | undefined): boolean =>
          isOld(id) || rule.pairs.some(({ to }) => to === id?.toLowerCase());
        for (const policy of policies) {
          const rows = found.rows.filter((cells) => cells.get('policyId') === policy.id);
          if (!policy.assignments.some((each) => isOld(groupOf(each.target)))) expect(rows).toEqual([]);
          if (found.problems.length > 0) continue;
          const after = applied(policy, rows, 'assign');
          const others = ({ assignments }: typeof policy): string =>
            canonicalList(assignments.filter((each) => !isOfPairs(groupOf(each.target))));
          expect(after.isDone).toBe(true);
          expect(others(after.policy)).toBe(others(policy));
        }
      }),
      { numRuns: 600 },
    );
  });
});
