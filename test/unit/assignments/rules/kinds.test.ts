import { expect, test } from 'vitest';
import type { CurrentAssignment } from '../../../../src/assignments/changes/current.ts';
import { kindOf, type PolicyType } from '../../../../src/assignments/kinds/registry.ts';
import { copy } from '../../../../src/assignments/rules/copy.ts';
import { filter as filterRule } from '../../../../src/assignments/rules/filter.ts';
import { group as groupRule } from '../../../../src/assignments/rules/group.ts';
import { remove } from '../../../../src/assignments/rules/remove.ts';
import type { RulePolicy } from '../../../../src/assignments/rules/rule.ts';
import { swap } from '../../../../src/assignments/rules/swap.ts';
import { ALL_USERS_GROUP } from '../../../../src/assignments/values/guid.ts';
import type { JsonObject } from '../../../../src/assignments/values/json.ts';
import { allDevices, current, excluded, filter, group } from '../../../support/graphShapes.ts';
import { casesOf, changesOf, inShort, policyOf, selecting } from '../../../support/ruleTenant.ts';

const SETTINGS = {
  '@odata.type': '#microsoft.graph.win32LobAppAssignmentSettings',
  notifications: 'showAll',
};
const app = (target: JsonObject, intent: string, id: string, settings: JsonObject | null = SETTINGS) =>
  current(target, { intent, settings }, id);
const of = (policyType: PolicyType, list: readonly CurrentAssignment[], shown: JsonObject = {}): RulePolicy =>
  policyOf(list, { kind: kindOf(policyType), shown });

/** Somebody must have the app, and is kept from losing it. */
const PAIR = [app(group('a'), 'required', 'A1'), app(excluded('a'), 'uninstall', 'A2', null)];

test('a group that must have an app and is kept from losing it is swapped in both', () => {
  const found = swap(
    { pairs: [{ from: 'a', to: 'b' }], onConflict: undefined },
    [of('mobileApp', PAIR)],
    selecting(),
  );
  expect(found.problems).toEqual([]);
  expect(inShort(found)).toEqual(['set a group b none - required', 'set a exclusionGroup b - - uninstall']);
  expect(found.rows.map((cells) => cells.get('settings'))).toEqual([JSON.stringify(SETTINGS), undefined]);
});

test('where the new group is there for the same intent with other settings, that is told, and taken over whole', () => {
  const other = { ...SETTINGS, notifications: 'hideAll' };
  const list = [app(group('a'), 'required', 'A1'), app(group('b'), 'required', 'A2', other)];
  const swapped = (onConflict: 'take' | undefined) =>
    swap({ pairs: [{ from: 'a', to: 'b' }], onConflict }, [of('mobileApp', list)], selecting());
  expect(swapped(undefined).problems).toHaveLength(1);
  const [taken] = swapped('take').rows;
  expect(taken?.get('settings')).toBe(JSON.stringify(SETTINGS));
  const plain = [app(group('a'), 'required', 'A1', null), app(group('b'), 'required', 'A2', other)];
  const [off] = swap(
    { pairs: [{ from: 'a', to: 'b' }], onConflict: 'take' },
    [of('mobileApp', plain)],
    selecting(),
  ).rows;
  expect(off?.get('settings')).toBe('none');
  changesOf(off === undefined ? [] : [off]);
});

test('a group is copied for each intent with what is written beside it', () => {
  const found = copy({ from: 'a', to: 'b' }, [of('mobileApp', PAIR)], selecting());
  expect(inShort(found)).toEqual(['add b group b none - required', 'add b exclusionGroup b - - uninstall']);
  expect(changesOf(found.rows)).toHaveLength(2);
});

test('a group is excluded from each intent that gives the app, and not from its removal', () => {
  const list = [
    app(allDevices(), 'required', 'A1'),
    app(group('g'), 'available', 'A2'),
    app(group('h'), 'uninstall', 'A3'),
  ];
  const found = groupRule({ how: 'exclude', groupId: 'x' }, [of('mobileApp', list)], selecting());
  expect(inShort(found)).toEqual([
    'add x exclusionGroup x - - required',
    'add x exclusionGroup x - - available',
  ]);
  expect(changesOf(found.rows)).toHaveLength(2);
  expect(casesOf(found)).toEqual({ excluded: 2, nobodyGetsIt: 1 });
});

test('what an assignment says beside its target is not made up', () => {
  const included = (policyType: PolicyType) =>
    casesOf(groupRule({ how: 'include', groupId: 'x' }, [of(policyType, [])], selecting()));
  expect(included('mobileApp')).toEqual({ saysMore: 1 });
  expect(included('deviceHealthScript')).toEqual({ saysMore: 1 });
  expect(included('configurationPolicy')).toEqual({ included: 1 });
});

test('kinds that are only read get no rows', () => {
  const policies = [of('policySet', [current(group('a'))])];
  const made = [
    swap({ pairs: [{ from: 'a', to: 'b' }], onConflict: undefined }, policies, selecting()),
    copy({ from: 'a', to: 'b' }, policies, selecting()),
    groupRule({ how: 'exclude', groupId: 'x' }, policies, selecting()),
    remove({ target: 'group', groupId: 'a' }, policies, selecting()),
  ];
  for (const found of made) expect([found.rows, casesOf(found)]).toEqual([[], { onlyRead: 1 }]);
});

test('all users of managed apps are found by that word', () => {
  const policy = of('iosManagedAppProtection', [current(group(ALL_USERS_GROUP))]);
  const found = remove({ target: 'allLicensedUsers' }, [policy], selecting());
  expect(casesOf(found)).toEqual({ removed: 1 });
});

test('what one policy does not take it is not given', () => {
  const baseline = { platforms: 'windows10', templateReference: { templateFamily: 'baseline' } };
  const rule = { id: 'f', type: 'include', platform: 'windows10AndLater' } as const;
  const filtered = (policy: RulePolicy, platform = 'windows10AndLater') =>
    casesOf(filterRule({ ...rule, platform }, [policy], selecting()));
  expect(filtered(of('configurationPolicy', [current(group('a'))], baseline))).toEqual({ takesNoFilter: 1 });
  expect(filtered(of('configurationPolicy', [current(group('a'))]))).toEqual({ filterSet: 1 });
  const managed = of('targetedManagedAppConfiguration', [current(group('a', filter()))]);
  expect(filtered(managed)).toEqual({ otherPlatform: 1 });
  expect(filtered(managed, 'iOSMobileApplicationManagement')).toEqual({ filterSet: 1 });
  const page = {
    '@odata.type': '#microsoft.graph.windows10EnrollmentCompletionPageConfiguration',
    priority: 1,
  };
  const status = of('deviceEnrollmentConfiguration', [current(allDevices())], page);
  expect(casesOf(groupRule({ how: 'exclude', groupId: 'x' }, [status], selecting()))).toEqual({
    takesNoTarget: 1,
  });
});
