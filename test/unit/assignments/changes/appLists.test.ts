import { describe, expect, test } from 'vitest';
import { entryOf, type Decision } from '../../../../src/assignments/changes/decision.ts';
import type { CurrentAssignment } from '../../../../src/assignments/changes/current.ts';
import { planBatch, type BatchRow } from '../../../../src/assignments/changes/planBatch.ts';
import { undosIn } from '../../../../src/assignments/changes/undo.ts';
import { listAfter, writesOf } from '../../../../src/assignments/changes/writes.ts';
import { Guard, type TenantFacts } from '../../../../src/assignments/guard/guard.ts';
import { listPath } from '../../../../src/assignments/kinds/address.ts';
import { kindOf, type PolicyType } from '../../../../src/assignments/kinds/registry.ts';
import { asRow } from '../../../../src/assignments/rows/asRow.ts';
import type { InputColumn } from '../../../../src/assignments/rows/columns.ts';
import { ALL_USERS_GROUP } from '../../../../src/assignments/values/guid.ts';
import { parsedExactly } from '../../../../src/assignments/values/exactJson.ts';
import type { JsonObject } from '../../../../src/assignments/values/json.ts';
import { allDevices, current, excluded, filter, group } from '../../../support/graphShapes.ts';
import { anyChangeOf, BETA, type Cells } from '../../../support/inputRow.ts';

const SETTINGS = {
  '@odata.type': '#microsoft.graph.win32LobAppAssignmentSettings',
  notifications: 'showAll',
};
const SCHEDULE = { '@odata.type': '#microsoft.graph.deviceHealthScriptHourlySchedule', interval: 8 };

const app = (target: JsonObject, intent: string, id: string, more: JsonObject = { settings: SETTINGS }) =>
  current(target, { intent, ...more }, id);

/** Somebody must have the app, and is kept from losing it. */
const PAIR = [
  app(group('G1'), 'required', 'G1_1_0'),
  app(excluded('G1'), 'uninstall', 'G1_2_0', { settings: null }),
];

const row = (cells: Cells, policyType: PolicyType = 'mobileApp', line = 2): BatchRow => ({
  change: anyChangeOf({ policyType, policyId: 'P1', ...cells }, BETA, line),
});

function planned(rows: readonly BatchRow[], list: readonly CurrentAssignment[]) {
  const [first] = rows;
  if (first === undefined) throw new Error('no rows');
  const snapshot = new Map([[listPath(first.change.address), { kind: 'list' as const, assignments: list }]]);
  const decisions = planBatch(rows, snapshot, {
    ...{ apiVersion: 'beta', strategy: 'patch', standing: () => 'open', isGuarded: () => true },
  });
  return { decisions, writes: writesOf(decisions, snapshot) };
}

const sent = (rows: readonly BatchRow[], list: readonly CurrentAssignment[]) =>
  planned(rows, list).writes.flatMap(({ list: written }) => written?.sent ?? []);

const FACTS: TenantFacts = {
  group: () => ({ kind: 'ok' }),
  filter: (id) => ({ kind: 'ok', platform: id === 'MAM' ? 'iOSMobileApplicationManagement' : 'iOS' }),
};
const found = (
  decisions: readonly Decision[],
  assignments: readonly CurrentAssignment[],
  policyType: PolicyType = 'mobileApp',
) =>
  new Guard(FACTS)
    .judgeList({ kind: kindOf(policyType), assignments, decisions })
    .flat()
    .map(({ kind }) => kind);

describe('an app', () => {
  test('keeps a required inclusion beside an exclusion from its removal, whatever else is written', () => {
    const list = sent(
      [row({ action: 'add', targetType: 'group', groupId: 'G2', intent: 'available' })],
      PAIR,
    );
    expect(list).toHaveLength(3);
    expect(list).toEqual(expect.arrayContaining(PAIR.map(({ whole }) => whole)));
  });

  test('gets such a pair without a word', () => {
    const [required] = PAIR;
    const before = required === undefined ? [] : [required];
    const adding = row({ action: 'add', targetType: 'exclusionGroup', groupId: 'G1', intent: 'uninstall' });
    const { decisions } = planned([adding], before);
    expect(decisions).toMatchObject([{ kind: 'write', via: 'assign' }]);
    expect(found(decisions, before)).toEqual([]);
    // For one intent it is a contradiction as ever.
    const against = row({ action: 'add', targetType: 'exclusionGroup', groupId: 'G1', intent: 'required' });
    expect(found(planned([against], before).decisions, before)).toEqual(['include-and-exclude']);
  });

  test('may have a group for two intents, and all devices for one', () => {
    const before = [app(group('G1'), 'required', 'A1'), app(allDevices(), 'required', 'A2')];
    const again = (cells: Cells) => planned([row({ action: 'add', ...cells })], before).decisions[0];
    expect(again({ targetType: 'group', groupId: 'G1', intent: 'available' })).toMatchObject({
      kind: 'write',
    });
    expect(again({ targetType: 'group', groupId: 'G1', intent: 'required', settings: 'none' })).toMatchObject(
      {
        ...{ kind: 'refused', code: 'AlreadyAssigned' },
      },
    );
    expect(again({ targetType: 'allDevices', intent: 'uninstall' })).toMatchObject({
      ...{ kind: 'refused', code: 'AlreadyAssigned' },
    });
  });

  test('is named by target and intent, where the target alone names two', () => {
    const before = [app(group('G1'), 'required', 'A1'), app(group('G1'), 'uninstall', 'A2')];
    const from: Cells = { fromTargetType: 'group', fromGroupId: 'G1', targetType: 'group', groupId: 'G2' };
    expect(planned([row(from)], before).decisions).toMatchObject([
      { kind: 'refused', code: 'AmbiguousTarget', message: expect.stringContaining('fromIntent') },
    ]);
    const [named] = planned([row({ ...from, fromIntent: 'uninstall' })], before).decisions;
    expect(named).toMatchObject({ kind: 'write' });
    expect(named && entryOf(named.before)?.id).toBe('A2');
    const [removed] = planned(
      [row({ ...{ fromTargetType: 'group', fromGroupId: 'G1', fromIntent: 'required' }, action: 'remove' })],
      before,
    ).decisions;
    expect(removed && entryOf(removed.before)?.id).toBe('A1');
  });

  test('two rows by one target and two intents are two rows', () => {
    const before = [app(group('G1'), 'required', 'A1'), app(group('G1'), 'available', 'A2')];
    const from = (fromIntent: string, groupId: string, line: number) =>
      row(
        { fromTargetType: 'group', fromGroupId: 'G1', fromIntent, targetType: 'group', groupId },
        'mobileApp',
        line,
      );
    const { decisions } = planned([from('required', 'G2', 2), from('available', 'G3', 3)], before);
    expect(decisions.map(({ kind }) => kind)).toEqual(['write', 'write']);
  });

  test('carries intent and settings to its new group, and no settings into an exclusion', () => {
    const before = [app(group('G1', filter('F1')), 'required', 'A1')];
    const to = (cells: Cells) => sent([row({ assignmentId: 'A1', ...cells })], before);
    expect(to({ targetType: 'group', groupId: 'G2' })).toEqual([
      {
        ...{ '@odata.type': '#microsoft.graph.mobileAppAssignment', intent: 'required', settings: SETTINGS },
        target: group('G2', filter('F1')),
      },
    ]);
    const [exclusion] = to({ targetType: 'exclusionGroup', groupId: 'G2', filterType: 'none' });
    expect(exclusion).toMatchObject({ intent: 'required', target: excluded('G2') });
    expect(exclusion).not.toHaveProperty('settings');
  });

  test('names no filter where there is none, also in entries that no row is about', () => {
    const before = [
      app(group('G1', filter()), 'required', 'A1'),
      app(group('G2', filter()), 'required', 'A2'),
    ];
    for (const entry of sent([row({ assignmentId: 'A1', targetType: 'group', groupId: 'G3' })], before))
      expect(Object.keys(entry['target'] as JsonObject).toSorted()).toEqual(['@odata.type', 'groupId']);
  });

  test('that became an exclusion is put back with its settings', () => {
    const before = app(group('G1'), 'required', 'A1');
    const change = anyChangeOf({
      ...{ policyType: 'mobileApp', policyId: 'P1', assignmentId: 'A1' },
      ...{ targetType: 'exclusionGroup', groupId: 'G1' },
    });
    const after = app(excluded('G1'), 'required', 'A9', { settings: null });
    const written = { change, before: { kind: 'entry', entry: before } as const, idAfter: undefined };
    expect(undosIn([written], [after], 'beta')).toMatchObject([
      [{ kind: 'restore', inverse: { action: 'set', current: after, was: before } }],
    ]);
  });

  test('that is removed from somebody newly is found, and what stays so is not', () => {
    const before = [app(group('G1'), 'uninstall', 'A1'), app(group('G2'), 'required', 'A2')];
    const findings = (cells: Cells) => found(planned([row(cells)], before).decisions, before);
    expect(findings({ action: 'add', targetType: 'group', groupId: 'G3', intent: 'uninstall' })).toEqual([
      'uninstall',
    ]);
    expect(findings({ assignmentId: 'A1', targetType: 'group', groupId: 'G3' })).toEqual(['uninstall']);
    // Turned: told as removal alone, and nobody is left who gets it.
    expect(findings({ assignmentId: 'A2', targetType: 'group', groupId: 'G2', intent: 'uninstall' })).toEqual(
      ['uninstall', 'no-inclusion'],
    );
    expect(
      findings({ assignmentId: 'A1', ...{ targetType: 'group', groupId: 'G1' }, settings: 'none' }),
    ).toEqual([]);
    expect(
      findings({ action: 'add', targetType: 'exclusionGroup', groupId: 'G4', intent: 'uninstall' }),
    ).toEqual([]);
    expect(findings({ action: 'add', targetType: 'group', groupId: 'G4', intent: 'required' })).toEqual([]);
    expect(findings({ assignmentId: 'A2', targetType: 'group', groupId: 'G2', intent: 'available' })).toEqual(
      ['intent-turned'],
    );
  });

  test('an exclusion that goes counts for what it excluded from', () => {
    const others = [app(group('G0'), 'required', 'A0'), app(excluded('G1'), 'required', 'A3', {})];
    const [, fromRemoval] = PAIR;
    const before = [...others, ...(fromRemoval ? [fromRemoval] : [])];
    const { decisions } = planned([row({ assignmentId: 'G1_2_0', action: 'remove' })], before);
    expect(found(decisions, before)).toEqual(['exclusion-lost']);
  });
});

describe('a remediation', () => {
  const before = [
    current(group('G1'), { runRemediationScript: false, runSchedule: SCHEDULE }, 'A1'),
    current(group('G2'), { runRemediationScript: true, runSchedule: SCHEDULE }, 'A2'),
  ];
  const to = (cells: Cells) => row(cells, 'deviceHealthScript');

  test('keeps its schedule and its switch, and has no schedule as an exclusion', () => {
    const [moved, kept] = sent([to({ assignmentId: 'A1', targetType: 'group', groupId: 'G3' })], before);
    expect(moved).toMatchObject({ runRemediationScript: false, runSchedule: SCHEDULE, target: group('G3') });
    expect(kept).toEqual(before[1]?.whole);
    const [exclusion] = sent(
      [to({ assignmentId: 'A1', targetType: 'exclusionGroup', groupId: 'G3' })],
      before,
    );
    expect(exclusion).toMatchObject({ runRemediationScript: false, runSchedule: null });
  });

  test('says of an exclusion that is added that nothing runs, as no entry may be silent on that', () => {
    const added = sent([to({ action: 'add', targetType: 'exclusionGroup', groupId: 'G3' })], before);
    expect(added.at(-1)).toMatchObject({
      ...{ target: excluded('G3'), runRemediationScript: false, runSchedule: null },
    });
    expect(added.slice(0, 2)).toEqual(before.map(({ whole }) => whole));
  });

  test('that was an exclusion, or loses its schedule, has to say when it runs', () => {
    const list = [
      ...before,
      current(excluded('G4'), { runRemediationScript: false, runSchedule: null }, 'A4'),
      current(group('G5'), { runRemediationScript: false, runSchedule: null }, 'A5'),
    ];
    const decided = (cells: Cells) => planned([to(cells)], list).decisions[0];
    const lacking = {
      ...{ kind: 'refused', code: 'NotTaken' },
      message: 'When the remediation runs is not said.',
    };
    expect(decided({ assignmentId: 'A4', targetType: 'group', groupId: 'G3' })).toMatchObject(lacking);
    expect(
      decided({ assignmentId: 'A1', targetType: 'group', groupId: 'G1', runSchedule: 'none' }),
    ).toMatchObject(lacking);
    expect(
      decided({
        ...{ assignmentId: 'A4', targetType: 'group', groupId: 'G3' },
        runSchedule: JSON.stringify(SCHEDULE),
      }),
    ).toMatchObject({ kind: 'write' });
    // Of one that has none already it is nobody's fault.
    expect(decided({ assignmentId: 'A5', targetType: 'group', groupId: 'G3' })).toMatchObject({
      kind: 'write',
    });
  });

  test('whose script is to run from now on is found', () => {
    const findings = (cells: Cells) =>
      found(planned([to(cells)], before).decisions, before, 'deviceHealthScript');
    const same: Cells = { assignmentId: 'A1', targetType: 'group', groupId: 'G1' };
    expect(findings({ ...same, runRemediationScript: 'true' })).toEqual(['remediation-on']);
    expect(findings({ assignmentId: 'A2', targetType: 'group', groupId: 'G3' })).toEqual([]);
    expect(
      findings({ assignmentId: 'A2', targetType: 'group', groupId: 'G2', runRemediationScript: 'false' }),
    ).toEqual([]);
  });

  test('reads back whether or not the service writes parts of a second', () => {
    const timed = (time: string): JsonObject => ({
      ...{ '@odata.type': '#microsoft.graph.deviceHealthScriptDailySchedule', interval: 1, time },
    });
    const there = current(group('G1'), {
      runRemediationScript: true,
      runSchedule: timed('01:00:00.0000000'),
    });
    const same = to({
      ...{ assignmentId: 'A1', targetType: 'group', groupId: 'G1' },
      runSchedule: JSON.stringify(timed('01:00:00')),
    });
    expect(planned([same], [there]).decisions).toMatchObject([{ kind: 'alreadySo' }]);
  });
});

describe('an exported row', () => {
  const cellsOf = (entry: CurrentAssignment, policyType: PolicyType) =>
    asRow(entry, { kind: kindOf(policyType), id: 'P1' }, BETA);

  test.each<readonly [PolicyType, CurrentAssignment, Cells]>([
    [
      'mobileApp',
      app(group('G1', filter('F1')), 'required', 'G1_1_0'),
      { intent: 'required', fromIntent: 'required', settings: JSON.stringify(SETTINGS) },
    ],
    ['mobileApp', app(excluded('G1'), 'uninstall', 'G1_2_0', { settings: null }), { intent: 'uninstall' }],
    [
      'deviceHealthScript',
      current(group('G1'), { runRemediationScript: false, runSchedule: SCHEDULE }),
      { runRemediationScript: 'false', runSchedule: JSON.stringify(SCHEDULE) },
    ],
    [
      'iosManagedAppProtection',
      current(group(ALL_USERS_GROUP)),
      { targetType: 'allLicensedUsers', fromTargetType: 'allLicensedUsers' },
    ],
    ['windowsDriverUpdateProfile', current(excluded('G1')), { targetType: 'exclusionGroup', groupId: 'G1' }],
    ['policySet', current(group('G1')), { targetType: 'group', groupId: 'G1' }],
  ])('of a %s says all there is (%#), and reads back as that', (policyType, entry, cells) => {
    const exported = cellsOf(entry, policyType);
    expect(exported.kind).toBe('row');
    for (const [column, text] of Object.entries(cells))
      expect(exported.cells.get(column as InputColumn)).toBe(text);
    const { decisions } = planned([row(Object.fromEntries(exported.cells), policyType)], [entry]);
    expect(decisions).toMatchObject([{ kind: 'alreadySo' }]);
  });

  test('keeps numbers that JavaScript would round', () => {
    const settings = parsedExactly(
      '{"@odata.type":"#microsoft.graph.win32LobAppAssignmentSettings","weight":9007199254740993}',
    );
    const { cells } = cellsOf(app(group('G1'), 'required', 'A1', { settings }), 'mobileApp');
    expect(cells.get('settings')).toContain('9007199254740993');
  });
});

describe('filters', () => {
  const findings = (policyType: PolicyType, filterId: string): readonly string[] => {
    const adding = row(
      { action: 'add', targetType: 'group', groupId: 'G1', filterId, filterType: 'include' },
      policyType,
    );
    return found(planned([adding], []).decisions, [], policyType);
  };

  test('of managed apps and of devices are told apart', () => {
    expect(findings('iosManagedAppProtection', 'MAM')).toEqual([]);
    expect(findings('targetedManagedAppConfiguration', 'IOS')).toEqual(['filter-platform']);
    expect(findings('configurationPolicy', 'MAM')).toEqual(['filter-platform']);
  });
});

test('what a list keeps is sent value for value, though nobody knows it', () => {
  const odd = current(group('G1'), { unheardOf: { rings: [1, 2], note: null } }, 'A1');
  const rows = [row({ action: 'add', targetType: 'group', groupId: 'G2' }, 'groupPolicyConfiguration')];
  expect(listAfter(planned(rows, [odd]).decisions, [odd])[0]).toEqual(odd.whole);
});

test('no filter that is shown as an id of zeros is sent as none, in entries that no row is about too', () => {
  const zeros = (groupId: string, id: string) =>
    current(group(groupId, filter('00000000-0000-0000-0000-000000000000', 'none')), {}, id);
  const list = [zeros('G1', 'A1'), zeros('G2', 'A2')];
  const [changed, kept] = sent(
    [row({ assignmentId: 'A1', targetType: 'group', groupId: 'G3' }, 'configurationPolicy')],
    list,
  );
  expect(changed).toMatchObject({ target: group('G3') });
  expect(JSON.stringify(changed)).not.toContain('00000000-0000');
  expect(kept).toEqual({ ...list[1]?.whole, target: group('G2', filter()) });
});

test('a kind that takes no filters is told nothing of them', () => {
  const list = [current(group('G1'), {}, 'A1')];
  const [changed] = sent(
    [
      row(
        { assignmentId: 'A1', targetType: 'group', groupId: 'G3', filterType: 'none' },
        'deviceShellScript',
      ),
    ],
    list,
  );
  expect(changed?.['target']).toEqual(group('G3'));
});
