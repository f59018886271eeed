import { describe, expect, test } from 'vitest';
import type { CurrentAssignment } from '../../../../src/assignments/changes/current.ts';
import type { Decision } from '../../../../src/assignments/changes/decision.ts';
import { fingerprintOf } from '../../../../src/assignments/changes/fingerprint.ts';
import { holds } from '../../../../src/assignments/changes/holds.ts';
import type { ListSnapshot, PlanRules } from '../../../../src/assignments/changes/planBatch.ts';
import { planBatch } from '../../../../src/assignments/changes/planBatch.ts';
import type { Change } from '../../../../src/assignments/rows/change.ts';
import type { JsonObject } from '../../../../src/assignments/values/json.ts';
import {
  anyChangeOf,
  BETA,
  changeOf,
  compliance,
  configuration,
  V1,
  type Cells,
} from '../../../support/inputRow.ts';
import { planned, rulesFor, type PlanningRow } from '../../../support/planning.ts';

const FILTER_ID = 'deviceAndAppManagementAssignmentFilterId';
const FILTER_TYPE = 'deviceAndAppManagementAssignmentFilterType';

const current = (target: JsonObject, more: JsonObject = {}, id = 'A1'): CurrentAssignment => ({
  id,
  target,
  whole: { id, target, ...more },
  ...(typeof more['source'] === 'string' && { source: more['source'] }),
});
const target = (type: string, own: JsonObject = {}): JsonObject => ({
  '@odata.type': `#microsoft.graph.${type}AssignmentTarget`,
  ...own,
});
const filter = (id: unknown, type: unknown): JsonObject => ({ [FILTER_ID]: id, [FILTER_TYPE]: type });
const inGroup = (groupId: string, more: JsonObject = {}): JsonObject => target('group', { groupId, ...more });

const group = { ...configuration, targetType: 'group', groupId: 'G1' };
const decide = (
  change: Change,
  reading: readonly CurrentAssignment[] | Exclude<ListSnapshot, { kind: 'list' }>,
  saw?: string,
  more: Partial<PlanRules<PlanningRow>> = {},
): Decision => {
  const [decision] = planned([{ change, planned: saw }], reading, 'patch', more).decisions;
  return decision ?? expect.fail('nothing was decided');
};
const decided = (cells: Cells, ...assignments: CurrentAssignment[]): Decision =>
  decide(changeOf(cells), assignments);
const entry = (current: CurrentAssignment) => ({ kind: 'entry', entry: current }) as const;
const ABSENT = { kind: 'absent' } as const;

describe('an assignment is already so', () => {
  test.each([
    [group, inGroup('G1')],
    [group, inGroup('g1')],
    [group, { ...inGroup('G1'), '@odata.type': 'microsoft.graph.groupAssignmentTarget' }],
    [group, { ...inGroup('G1'), '@odata.type': '#Microsoft.Graph.GROUPAssignmentTarget' }],
    [group, inGroup('G1', { groupName: 'what nobody asked about', [FILTER_ID]: null })],
    // A blank filter is whatever the read finds.
    [group, inGroup('G1', filter('F1', 'include'))],
    [group, inGroup('G1', filter('F1', 'somethingNew'))],
    [{ ...group, filterType: 'none' }, inGroup('G1')],
    [{ ...group, filterType: 'none' }, inGroup('G1', filter(null, null))],
    [{ ...group, filterType: 'none' }, inGroup('G1', filter(null, 'none'))],
    [{ ...group, filterType: 'none' }, inGroup('G1', filter('', 'None'))],
    [{ ...group, filterType: 'include', filterId: 'F1' }, inGroup('G1', filter('f1', 'Include'))],
    [
      { ...group, targetType: 'exclusionGroup' },
      target('exclusionGroup', { groupId: 'G1', ...filter(null, 'none') }),
    ],
    [{ ...configuration, targetType: 'allDevices' }, target('allDevices')],
    [
      {
        ...configuration,
        targetType: 'organizationalUnit',
        organizationalUnitId: 'O1',
        assignmentOverride: 'denied',
      },
      target('organizationalUnit', {
        organizationalUnitId: 'o1',
        assignmentConflictSetting: { assignmentOverride: 'denied', versionNumber: 3 },
      }),
    ],
    [
      { ...configuration, targetType: 'organizationalUnit', organizationalUnitId: 'O1' },
      target('organizationalUnit', {
        organizationalUnitId: 'O1',
        assignmentConflictSetting: { versionNumber: 3 },
      }),
    ],
    [{ ...configuration, body: { target: inGroup('G1', filter(null, 'none')) } }, inGroup('G1')],
    [
      {
        ...configuration,
        target: target('organizationalUnit', { organizationalUnitId: 'O1', assignmentConflictSetting: null }),
      },
      target('organizationalUnit', { organizationalUnitId: 'O1' }),
    ],
  ] as [Cells, JsonObject][])('for %j when it has %j', (cells, now) => {
    expect(decided(cells, current(now))).toMatchObject({ kind: 'alreadySo', before: entry(current(now)) });
  });

  test('whatever the letter case of its own id', () => {
    expect(decided({ ...group, assignmentId: 'a1' }, current(inGroup('G1'), {}, 'A1'))).toMatchObject({
      kind: 'alreadySo',
      before: entry(current(inGroup('G1'))),
    });
  });

  test('with the intent that is wanted, or with any when none is', () => {
    const now = current(inGroup('G1'), { intent: 'apply' });
    expect(decided({ ...group, intent: 'apply' }, now).kind).toBe('alreadySo');
    expect(decided(group, now).kind).toBe('alreadySo');
    expect(decided({ ...group, intent: 'remove' }, now).kind).toBe('write');
    expect(decided({ ...group, intent: 'apply' }, current(inGroup('G1'))).kind).toBe('write');
  });

  // Read-only on configurations: Graph ignores them there, so they would never come true.
  test('with the source that is wanted, which on a configuration does not count', () => {
    const raw = { body: { target: inGroup('G1'), source: 'policySets', sourceId: 'S1' } };
    const now = current(inGroup('G1'), { source: 'direct', sourceId: null });
    expect(decided({ ...configuration, ...raw }, now).kind).toBe('alreadySo');
    expect(decided({ ...compliance, ...raw }, now).kind).toBe('write');
    const asDesired = current(inGroup('G1'), { source: 'policySets', sourceId: 's1' });
    expect(decided({ ...compliance, ...raw }, asDesired).kind).toBe('alreadySo');
  });

  test.each([
    [['a', { b: null }], true],
    [['a', { b: 1 }], false],
    [['a'], false],
    ['a', false],
  ])('with lists in a target that nobody documents: %j', (labels, isSo) => {
    const target = { '@odata.type': '#microsoft.graph.unheardOf', labels: ['A', {}] };
    const body = { target: { ...target, labels } };
    const change = changeOf({ ...configuration, body }, { ...BETA, restores: true });
    expect(holds(change, current(target))).toBe(isSo);
  });

  test('although a raw body repeats its id and leaves its types out', () => {
    const body = {
      '@odata.type': '#microsoft.graph.deviceConfigurationAssignment',
      id: 'A1',
      target: inGroup('G1'),
    };
    expect(holds(changeOf({ ...configuration, body }), current(inGroup('G1')))).toBe(true);
  });

  test('for v1.0, which shows no filters', () => {
    const now = [current(inGroup('G1'))];
    expect(decide(changeOf(group, V1), now, undefined, { apiVersion: 'v1.0' }).kind).toBe('alreadySo');
  });
});

describe('an assignment is written', () => {
  test.each([
    [group, inGroup('G2')],
    [group, target('exclusionGroup', { groupId: 'G1' })],
    [group, target('allDevices')],
    [group, {}],
    [group, { groupId: 'G1' }],
    [{ ...group, filterType: 'none' }, inGroup('G1', filter('F1', 'include'))],
    [{ ...group, filterType: 'none' }, inGroup('G1', filter('F1', 'somethingNew'))],
    [{ ...group, filterType: 'include', filterId: 'F1' }, inGroup('G1')],
    [{ ...group, filterType: 'include', filterId: 'F1' }, inGroup('G1', filter('F1', 'exclude'))],
    [{ ...group, filterType: 'include', filterId: 'F1' }, inGroup('G1', filter('F2', 'include'))],
    [
      { ...configuration, targetType: 'organizationalUnit', organizationalUnitId: 'O1', versionNumber: 3 },
      target('organizationalUnit', {
        organizationalUnitId: 'O1',
        assignmentConflictSetting: { versionNumber: 4 },
      }),
    ],
    [
      { ...configuration, targetType: 'organizationalUnit', organizationalUnitId: 'O1', versionNumber: 3 },
      target('organizationalUnit', { organizationalUnitId: 'O1' }),
    ],
    // A raw target without a filter says that there is none.
    [{ ...configuration, target: inGroup('G1') }, inGroup('G1', filter('F1', 'include'))],
  ] as [Cells, JsonObject][])('for %j when it has %j', (cells, now) => {
    expect(decided(cells, current(now)).kind).toBe('write');
  });

  test('with the filter that it has now, when the row mentions none', () => {
    const now = current(inGroup('G0', filter('F1', 'exclude')));
    expect(decided(group, now)).toMatchObject({
      ...{ kind: 'write', via: 'patch', waitsFor: [] },
      before: entry(now),
      after: {
        '@odata.type': '#microsoft.graph.deviceConfigurationAssignment',
        target: inGroup('G1', filter('F1', 'exclude')),
      },
    });
  });

  test('with the filter of its own, not with that of its neighbours', () => {
    const neighbour = current(inGroup('G9', filter('F9', 'include')), {}, 'A9');
    expect(decided(group, neighbour, current(inGroup('G0')))).toMatchObject({
      after: { target: inGroup('G1') },
    });
    expect(decided(group, neighbour, current(inGroup('G0')))).not.toHaveProperty([
      'after',
      'target',
      FILTER_ID,
    ]);
  });

  test('in a run without looks, with nothing known of it', () => {
    const [decision] = planBatch(
      [{ change: changeOf({ ...group, filterType: 'none' }) }],
      new Map(),
      rulesFor('patch'),
    );
    expect(decision).toMatchObject({
      kind: 'write',
      before: { kind: 'notRead' },
      after: {
        '@odata.type': '#microsoft.graph.deviceConfigurationAssignment',
        target: inGroup('G1', filter(null, 'none')),
      },
    });
  });
});

// A tenant may give an assignment a new id when its target changes.
describe('an assignment that is not in the list', () => {
  test('is already so when the desired target is there under another id', () => {
    const [other, there] = [current(inGroup('G0'), {}, 'P1_G0'), current(inGroup('g1'), {}, 'P1_G1')];
    expect(decided(group, other, there)).toMatchObject({ kind: 'alreadySo', before: entry(there) });
  });

  test('is gone when the target is not there either, and costs no write', () => {
    for (const list of [
      [],
      [current(inGroup('G0'), {}, 'P1_G0')],
      [current(target('exclusionGroup', { groupId: 'G1' }), {}, 'x')],
    ])
      expect(decided(group, ...list)).toMatchObject({
        ...{ kind: 'refused', code: 'AssignmentGone', before: ABSENT },
      });
  });

  test('is not taken for one with another filter', () => {
    const filtered = { ...group, filterType: 'include', filterId: 'F1' };
    expect(decided(filtered, current(inGroup('G1'), {}, 'P1_G1')).code).toBe('AssignmentGone');
    expect(decided(filtered, current(inGroup('G1', filter('F1', 'include')), {}, 'P1_G1')).kind).toBe(
      'alreadySo',
    );
  });
});

describe('when the plan saw something', () => {
  const seen = current(inGroup('G0'), { intent: 'apply' });
  const saw = fingerprintOf(seen);
  const decidedSince = (...assignments: CurrentAssignment[]): Decision =>
    decide(changeOf(group), assignments, saw);

  test('what is still there is written over, also under another id', () => {
    expect(decidedSince(seen)).toMatchObject({ kind: 'write', before: entry(seen) });
    expect(decidedSince(current(inGroup('g0'), { intent: 'Apply' }, 'a1')).kind).toBe('write');
  });

  test.each([
    ['its target', current(inGroup('G5'), { intent: 'apply' })],
    ['its filter', current(inGroup('G0', filter('F1', 'include')), { intent: 'apply' })],
    ['its intent', current(inGroup('G0'), { intent: 'remove' })],
    ['its owner', current(inGroup('G0'), { intent: 'apply', source: 'policySets' })],
  ])('a change of %s makes it stale', (_, now) => {
    expect(decidedSince(now)).toMatchObject({ kind: 'stale', code: 'Stale', before: entry(now) });
  });

  test('what is gone is stale, and what was gone for the plan still is', () => {
    expect(decidedSince()).toMatchObject({ kind: 'stale', before: ABSENT });
    const absent = fingerprintOf(undefined);
    expect(decide(changeOf(group), [], absent)).toMatchObject({ kind: 'refused', code: 'AssignmentGone' });
    expect(decide(changeOf(group), [seen], absent).kind).toBe('stale');
  });

  test('what is wanted is already so, whoever brought it about', () => {
    const now = current(inGroup('G1'), { intent: 'remove' });
    expect(decidedSince(now)).toMatchObject({ kind: 'alreadySo', before: entry(now) });
    expect(decidedSince(current(inGroup('G1'), {}, 'P1_G1')).kind).toBe('alreadySo');
  });
});

describe('when no plan saw anything, and a write was sent', () => {
  const overwritten = current(inGroup('G0'), { intent: 'apply' });
  const decidedAfter = (
    { before, attempts }: Required<Pick<PlanningRow, 'before' | 'attempts'>>,
    ...assignments: CurrentAssignment[]
  ): Decision => {
    const rows = [{ change: changeOf(group), before, attempts }];
    return planned(rows, assignments).decisions[0] ?? expect.fail('nothing was decided');
  };
  const sent = { before: entry(overwritten), attempts: 1 };

  test('what it was to overwrite is still written over, also under another id', () => {
    expect(decidedAfter(sent, overwritten).kind).toBe('write');
    expect(decidedAfter(sent, current(inGroup('g0'), { intent: 'Apply' }, 'a1')).kind).toBe('write');
  });

  test('anything else is stale, and what is wanted is so', () => {
    const now = current(inGroup('G5'), { intent: 'apply' });
    expect(decidedAfter(sent, now)).toMatchObject({
      ...{ kind: 'stale', code: 'Stale', before: entry(now) },
      message: 'Changed since it was sent: now it is group G5. Plan again to take it as it is.',
    });
    expect(decidedAfter(sent, current(inGroup('G1'))).kind).toBe('alreadySo');
  });

  test('it is taken as it is where no send counts, or nothing was read before it', () => {
    const now = current(inGroup('G5'));
    expect(decidedAfter({ ...sent, attempts: 0 }, now).kind).toBe('write');
    expect(decidedAfter({ before: { kind: 'notRead' }, attempts: 1 }, now).kind).toBe('write');
  });
});

describe('an assignment of a policy set', () => {
  test.each(['policySets', 'PolicySets'])('is left alone: %s', (source) => {
    expect(decided(group, current(inGroup('G0'), { source }))).toMatchObject({
      kind: 'refused',
      code: 'PolicySetOwned',
    });
  });

  test('is left alone by a raw body that says policySets, too', () => {
    const body = { target: inGroup('G1'), source: 'policySets' };
    expect(decided({ ...compliance, body }, current(inGroup('G0'), { source: 'policySets' })).kind).toBe(
      'refused',
    );
  });

  test('is no failure when it is already so', () => {
    expect(decided(group, current(inGroup('G1'), { source: 'policySets' })).kind).toBe('alreadySo');
  });

  test('does not keep its neighbours from being written', () => {
    const neighbour = current(inGroup('G5'), { source: 'policySets' }, 'A5');
    expect(decided(group, neighbour, current(inGroup('G0'), { source: 'direct' })).kind).toBe('write');
  });
});

describe('an assignment that is named by its target', () => {
  const policy = { policyType: 'deviceConfiguration', policyId: 'P1' };
  const desired = { targetType: 'group', groupId: 'G1' };
  const fromG0 = { ...policy, ...desired, fromTargetType: 'group', fromGroupId: 'g0' };
  const now = current(inGroup('G0', filter('F1', 'include')), {}, 'A7');
  const stays = current(inGroup('G5'), {}, 'A5');

  test('is found, keeps its filter, and is written under its id', () => {
    const plan = planned([{ change: changeOf(fromG0) }], [stays, now]);
    expect(plan.decisions).toMatchObject([
      {
        ...{ kind: 'write', before: entry(now) },
        after: { target: inGroup('G1', filter('F1', 'include')) },
      },
    ]);
    expect(plan.writes[0]?.request.url).toMatch(/\/assignments\/A7$/);
  });

  test('is already so where the desired state stands, and refused where neither is', () => {
    expect(decided(fromG0, current(inGroup('G1'), {}, 'A8')).kind).toBe('alreadySo');
    expect(decided(fromG0, stays)).toMatchObject({ kind: 'refused', code: 'AssignmentGone' });
  });

  test('must be the one that the id names as well', () => {
    const both = { ...fromG0, assignmentId: 'A7' };
    expect(decided(both, stays, now).kind).toBe('write');
    expect(decided({ ...both, assignmentId: 'A5' }, stays, now)).toMatchObject({
      kind: 'refused',
      code: 'TargetMismatch',
      message: 'Expected group g0 under the id A5, found group G5 under the id A5; nothing was written.',
    });
    expect(decided({ ...both, assignmentId: 'elsewhere' }, stays, now)).toMatchObject({
      message: expect.stringContaining('found group G0, include filter F1 under the id A7'),
    });
    expect(decided({ ...both, assignmentId: 'gone' }, stays).code).toBe('AssignmentGone');
  });

  test('is stale when somebody changed it since the plan, not mistaken', () => {
    const saw = fingerprintOf(now);
    expect(decide(changeOf(fromG0), [stays], saw).kind).toBe('stale');
    const both = changeOf({ ...fromG0, assignmentId: 'A7' });
    const changed = current(inGroup('G6'), {}, 'A7');
    expect(decide(both, [changed], saw)).toMatchObject({ kind: 'stale', before: entry(changed) });
    expect(decide(both, [changed], fingerprintOf(changed)).kind).toBe('refused');
  });

  test('is not the one of a policy set where there is a direct one', () => {
    const owned = current(inGroup('G0'), { source: 'policySets' }, 'A9');
    expect(decided(fromG0, owned, now)).toMatchObject({ kind: 'write', before: entry(now) });
    expect(decided(fromG0, owned)).toMatchObject({ code: 'PolicySetOwned' });
  });
});

test.each(['add', 'remove', 'clear'])('%s is never written by PATCH', (action) => {
  const cells = {
    add: { ...group, assignmentId: undefined, action },
    remove: { ...configuration, action },
    clear: { ...configuration, assignmentId: undefined, action },
  }[action];
  expect(decide(anyChangeOf(cells ?? {}), [current(inGroup('G0'))])).toMatchObject({ via: 'assign' });
});

test('a list that Graph refuses to show refuses the row, with Graph’s words', () => {
  const error = { code: 'Forbidden', message: 'No.' };
  expect(decide(changeOf(group), { kind: 'refused', status: 403, error })).toMatchObject({
    ...{ kind: 'refused', httpStatus: 403, code: 'Forbidden', message: 'No.' },
    before: { kind: 'notRead' },
  });
});

test('targets of kinds that nobody knows do no harm, wherever they stand', () => {
  const strange = [
    { '@odata.type': '#microsoft.graph.cloudPcAssignmentTarget', servicePlanId: 'S1' },
    { '@odata.type': 42, groupId: 'G1' },
    { groupId: 'G1' },
    JSON.parse('{"@odata.type": "constructor", "__proto__": {"groupId": "G1"}}') as JsonObject,
  ].map((each, i) => current(each, {}, `S${i}`));
  expect(decided(group, ...strange, current(inGroup('G1'))).kind).toBe('alreadySo');
  expect(decided(group, ...strange, current(inGroup('G0'))).kind).toBe('write');
  expect(decided({ ...group, assignmentId: 'S0' }, ...strange)).toMatchObject({
    kind: 'write',
    before: { entry: { target: { servicePlanId: 'S1' } } },
  });
});

describe('of a list that is written whole, when only what rows are about was seen', () => {
  const seen = current(inGroup('G0'));
  const removal = anyChangeOf({
    ...{ policyType: 'deviceConfiguration', policyId: 'P1', action: 'remove' },
    ...{ fromTargetType: 'group', fromGroupId: 'G0' },
  });
  const decided = (list: readonly CurrentAssignment[]): Decision =>
    planned([{ change: removal, planned: fingerprintOf(seen) }], list, 'assign').decisions[0] ??
    expect.fail();

  test('whatever else stands there is taken as it is', () => {
    expect(decided([seen]).kind).toBe('write');
    expect(decided([current(inGroup('G7'), {}, 'a7'), current(inGroup('G0'), {}, 'a9')]).kind).toBe('write');
  });

  test('what somebody has changed of it is stale, and says so', () => {
    expect(decided([current(inGroup('G0', filter('F1', 'include')))])).toMatchObject({
      ...{ kind: 'stale', message: expect.stringContaining('now it is group') },
    });
  });
});
