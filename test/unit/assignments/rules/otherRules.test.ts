import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deviceConfiguration } from '../../../../src/assignments/kinds/deviceConfiguration.ts';
import { copy } from '../../../../src/assignments/rules/copy.ts';
import { filter as filterRule } from '../../../../src/assignments/rules/filter.ts';
import { group as groupRule } from '../../../../src/assignments/rules/group.ts';
import { remove } from '../../../../src/assignments/rules/remove.ts';
import type { Generated, RuleContext, RulePolicy } from '../../../../src/assignments/rules/rule.ts';
import { allDevices, allUsers, current, excluded, filter, group } from '../../../support/graphShapes.ts';
import {
  applied,
  casesOf,
  inShort,
  named,
  policyOf,
  selecting,
  tenants,
} from '../../../support/ruleTenant.ts';

const ofSet = { source: 'policySets', sourceId: 'S' };
const limited = { ...deviceConfiguration, targets: ['allDevices'] as const, takesFilters: false };

describe('a group is excluded', () => {
  const excludedFrom = (...policies: readonly RulePolicy[]): Generated =>
    groupRule({ how: 'exclude', groupId: 'x' }, policies, selecting());

  test.each([
    ['one that somebody gets', [current(allDevices())], 'excluded'],
    ['one that excludes it', [current(allDevices()), current(excluded('X'), {}, 'A2')], 'alreadySo'],
    ['one that includes it', [current(group('X', filter('F')))], 'groupIncluded'],
    [
      'one of a policy set that includes it',
      [current(group('X'), ofSet), current(allUsers(), {}, 'A2')],
      'groupIncluded',
    ],
    ['one that nobody gets', [], 'nobodyGetsIt'],
    ['one that only excludes', [current(excluded('Y'))], 'nobodyGetsIt'],
    ['one that policy sets alone assign', [current(allDevices(), ofSet)], 'policySetsOnly'],
  ])('%s', (_what, list, found) => {
    const made = excludedFrom(policyOf(list));
    expect(casesOf(made)).toEqual({ [found]: 1 });
    expect(inShort(made)).toEqual(found === 'excluded' ? ['add x exclusionGroup x - - -'] : []);
  });

  test('but from kinds that take no exclusions', () => {
    expect(casesOf(excludedFrom(policyOf([current(allDevices())], { kind: limited })))).toEqual({
      takesNoTarget: 1,
    });
  });

  test('only from policies that are selected, and others are not spoken of', () => {
    const policies = ['WIN - BitLocker 1', 'iOS'].map((displayName, i) =>
      policyOf([current(allDevices())], { id: `P${i}`, displayName }),
    );
    const made = groupRule(
      { how: 'exclude', groupId: 'x' },
      policies,
      selecting('policyName=WIN - BitLocker*'),
    );
    expect(made.rows.map((cells) => cells.get('policyName'))).toEqual(['WIN - BitLocker 1']);
    expect(casesOf(made)).toEqual({ excluded: 1 });
  });
});

test.each([
  ['one that has nobody', [], 'included'],
  ['one that includes it', [current(group('X', filter()))], 'alreadySo'],
  ['one that includes it with a filter', [current(group('X', filter('F')))], 'alreadySoFiltered'],
  ['one that excludes it', [current(excluded('X'))], 'groupExcluded'],
])('a group is included in %s', (_what, list, found) => {
  const made = groupRule({ how: 'include', groupId: 'x' }, [policyOf(list)], selecting());
  expect(casesOf(made)).toEqual({ [found]: 1 });
  expect(inShort(made)).toEqual(found === 'included' ? ['add x group x none - -'] : []);
});

describe('a group is copied', () => {
  test.each([
    [
      'an inclusion',
      [current(group('A', filter('F')), { intent: 'remove' })],
      'copied',
      'add b group b include F remove',
    ],
    ['an exclusion', [current(excluded('A'))], 'copied', 'add b exclusionGroup b - - -'],
    [
      'what is there',
      [current(group('A', filter())), current(group('B', filter()), {}, 'A2')],
      'alreadySo',
      undefined,
    ],
    [
      'beside another filter',
      [current(group('A', filter())), current(group('B', filter('F')), {}, 'A2')],
      'otherThere',
      undefined,
    ],
    [
      'beside an exclusion',
      [current(group('A', filter())), current(excluded('B'), {}, 'A2')],
      'groupExcluded',
      undefined,
    ],
    [
      'beside an inclusion',
      [current(excluded('A')), current(group('B'), {}, 'A2')],
      'groupIncluded',
      undefined,
    ],
    ['of a policy set', [current(group('A'), ofSet)], 'policySet', undefined],
  ])('%s', (_what, list, found, row) => {
    const made = copy({ from: 'a', to: 'b' }, [policyOf(list)], selecting());
    expect(casesOf(made)).toEqual({ [found]: 1 });
    expect(inShort(made)).toEqual(row === undefined ? [] : [row]);
  });

  test('not where it is included and excluded', () => {
    const both = [current(group('A', filter())), current(excluded('A'), {}, 'A2')];
    expect(casesOf(copy({ from: 'a', to: 'b' }, [policyOf(both)], selecting()))).toEqual({ bothWays: 2 });
  });
});

describe('a target is removed', () => {
  const list = [
    current(allDevices(filter('F')), {}, 'D'),
    current(allUsers(), ofSet, 'U'),
    current(group('X', filter()), {}, 'G'),
    current(excluded('X'), {}, 'E'),
  ];
  test.each([
    [{ target: 'allDevices' }, ['remove - allDevices - include F -'], { removed: 1 }],
    [{ target: 'allLicensedUsers' }, [], { policySet: 1 }],
    [{ target: 'group', groupId: 'x' }, ['remove X group X none - -'], { removed: 1, groupExcluded: 1 }],
    [
      { target: 'exclusionGroup', groupId: 'x' },
      ['remove X exclusionGroup X - - -'],
      { groupIncluded: 1, removed: 1 },
    ],
  ] as const)('%j', (removal, rows, cases) => {
    const made = remove(removal, [policyOf(list)], selecting());
    expect(inShort(made)).toEqual(rows);
    expect(casesOf(made)).toEqual(cases);
  });
});

describe('a filter is set', () => {
  const rule = { id: 'f', type: 'include', platform: 'iOS' } as const;
  const set = (list: Parameters<typeof policyOf>[0], more: Partial<RulePolicy> = {}): Generated =>
    filterRule(rule, [policyOf(list, more)], selecting());

  test.each([
    ['where none is', allDevices(filter()), {}, 'filterSet'],
    ['in the place of another', group('A', filter('H', 'exclude')), {}, 'filterReplaced'],
    ['turned', group('A', filter('F', 'exclude')), {}, 'filterReplaced'],
    ['already', group('A', filter('F')), {}, 'alreadySo'],
    ['on an exclusion', excluded('A'), {}, 'isExclusion'],
  ])('%s', (_what, of, more, found) => {
    const made = set([current(of, more)], { platform: 'iOS' });
    expect(casesOf(made)).toEqual({ [found]: 1 });
    expect(made.rows).toHaveLength(found.startsWith('filter') ? 1 : 0);
  });

  test('not of another platform, not on kinds that take none, not on what a policy set has', () => {
    expect(casesOf(set([current(allDevices())], { platform: 'macOS' }))).toEqual({ otherPlatform: 1 });
    expect(casesOf(set([current(allDevices())], { kind: limited }))).toEqual({ takesNoFilter: 1 });
    expect(casesOf(set([current(allDevices(), ofSet)]))).toEqual({ policySet: 1 });
  });

  test('only on what is selected', () => {
    const policy = policyOf([current(allDevices(), {}, 'D'), current(group('A'), {}, 'G')], {
      platform: 'iOS',
    });
    const made = filterRule(rule, [policy], selecting('platform=ios', 'targetType=alldevices'));
    expect(inShort(made)).toEqual(['set - allDevices - include f -']);
    expect(casesOf(made)).toEqual({ filterSet: 1 });
  });

  test('or taken off', () => {
    const list = [current(allDevices(filter('F')), {}, 'D'), current(group('A', filter()), {}, 'G')];
    const made = filterRule(undefined, [policyOf(list)], selecting());
    expect(inShort(made)).toEqual(['set - allDevices - none - -']);
    expect(casesOf(made)).toEqual({ filterTakenOff: 1, alreadySo: 1 });
  });
});

const RULES: Readonly<Record<string, (policies: readonly RulePolicy[], context: RuleContext) => Generated>> =
  {
    exclude: (...given) => groupRule({ how: 'exclude', groupId: 'a' }, ...given),
    include: (...given) => groupRule({ how: 'include', groupId: 'a' }, ...given),
    copy: (...given) => copy({ from: 'a', to: 'b' }, ...given),
    'remove all devices': (...given) => remove({ target: 'allDevices' }, ...given),
    'remove a group': (...given) => remove({ target: 'group', groupId: 'a' }, ...given),
    'remove an exclusion': (...given) => remove({ target: 'exclusionGroup', groupId: 'a' }, ...given),
    filter: (...given) => filterRule({ id: 'f', type: 'include', platform: undefined }, ...given),
    'take filters off': (...given) => filterRule(undefined, ...given),
  };

test.each(Object.entries(RULES))(
  'whatever the tenant, the rows of "%s" come true, and generated again there are none',
  (_name, rule) => {
    const how = fc.record({
      strategy: fc.constantFrom('patch' as const, 'assign' as const),
      naming: fc.constantFrom('opaque' as const, 'byGroup' as const),
    });
    fc.assert(
      fc.property(tenants, how, (tenant, { strategy, naming }) => {
        const policies = named(tenant, naming);
        const found = rule(policies, selecting());
        expect(found.problems).toEqual([]);
        const after = policies.map((policy) => applied(policy, found.rows, strategy, naming));
        for (const { isDone } of after) expect(isDone).toBe(true);
        const again = rule(
          after.map(({ policy }) => policy),
          selecting(),
        );
        expect(inShort(again)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  },
);
