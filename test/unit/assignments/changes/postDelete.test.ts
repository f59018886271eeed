import { describe, expect, test } from 'vitest';
import type { CurrentAssignment } from '../../../../src/assignments/changes/current.ts';
import { entriesOf } from '../../../../src/assignments/changes/decision.ts';
import { fingerprintOf, UNREAD } from '../../../../src/assignments/changes/fingerprint.ts';
import type { JsonObject } from '../../../../src/assignments/values/json.ts';
import { anyChangeOf, changeOf, type Cells } from '../../../support/inputRow.ts';
import { inWords, planned, type PlanningRow } from '../../../support/planning.ts';

const POLICY = { policyType: 'windowsAutopilotDeploymentProfile', policyId: 'p1' };
const LIST = '/deviceManagement/windowsAutopilotDeploymentProfiles/p1/assignments';

const target = (group: string, type = 'group'): JsonObject => ({
  '@odata.type': `#microsoft.graph.${type}AssignmentTarget`,
  groupId: group,
});
/** As Graph has them: the id is made of policy and group, and a number behind. */
const there = (group: string, type = 'group'): CurrentAssignment => {
  const entry = { id: `p1_${group}_0`, target: target(group, type), source: 'direct', sourceId: null };
  return { id: entry.id, target: entry.target, whole: entry, source: 'direct' };
};
const moving = (from: string, to: string, more: Cells = {}): Cells => ({
  ...POLICY,
  ...{ assignmentId: `p1_${from}_0`, targetType: 'group', groupId: to, ...more },
});
const adding = (group: string, type = 'group'): Cells => ({
  ...POLICY,
  ...{ action: 'add', targetType: type, groupId: group },
});
const removing = (group: string): Cells => ({ ...POLICY, action: 'remove', assignmentId: `p1_${group}_0` });

const row = (cells: Cells, more: Partial<PlanningRow> = {}): PlanningRow => ({
  change: anyChangeOf(cells),
  ...more,
});
/** A row that was sent over this assignment. */
const sent = (cells: Cells, over: CurrentAssignment, attempts = 1): PlanningRow =>
  row(cells, { attempts, before: { kind: 'entry', entry: over } });

/** The requests that go now, as method and what they are about. */
const requests = (rows: readonly PlanningRow[], list: readonly CurrentAssignment[]): string[] =>
  planned(rows, list).writes.map(({ request: { method, url, body } }) => {
    const about = (body?.['target'] as JsonObject | undefined)?.['groupId'] ?? url.split('/').at(-1);
    return `${method} ${String(about)}`;
  });

describe('a row that retargets', () => {
  const [a, b] = [there('a'), there('b')];

  test('adds the new assignment first, by the target alone', () => {
    const { writes, decisions } = planned([row(moving('a', 'b'))], [a]);
    expect(writes.map(({ request }) => request)).toEqual([
      {
        method: 'POST',
        url: LIST,
        body: {
          '@odata.type': '#microsoft.graph.windowsAutopilotDeploymentProfileAssignment',
          target: target('b'),
        },
      },
    ]);
    expect(decisions).toMatchObject([
      { kind: 'write', via: 'post', isUnfinished: true, before: { kind: 'entry', entry: a } },
    ]);
  });

  test('removes the old one when the new one is there, and is done when the old one is gone', () => {
    const half = planned([sent(moving('a', 'b'), a)], [a, b]);
    expect(half.writes.map(({ request }) => request)).toEqual([{ method: 'DELETE', url: `${LIST}/p1_a_0` }]);
    expect(half.decisions).toMatchObject([
      {
        kind: 'write',
        via: 'delete',
        removes: a,
        halfDone: 'newIsThere',
        before: { kind: 'entry', entry: a },
      },
    ]);
    expect(half.decisions[0]?.isUnfinished).toBeUndefined();
    expect(inWords(planned([sent(moving('a', 'b'), a)], [b]))).toEqual(['alreadySo']);
  });

  test('goes on so after a retry, which knows of no send, and in a rollback, which was sent nothing', () => {
    const kept = row(moving('a', 'b'), { before: { kind: 'entry', entry: a } });
    expect(requests([kept], [a, b])).toEqual(['DELETE p1_a_0']);
    const back = planned([row(moving('b', 'a'))], [a, b], 'patch', { restores: true });
    expect(back.writes.map(({ request }) => request.url)).toEqual([`${LIST}/p1_b_0`]);
  });

  test('is refused where the policy had the new one before: which of the two is meant nobody knows', () => {
    expect(inWords(planned([row(moving('a', 'b'))], [a, b]))).toEqual(['DuplicateTarget']);
  });

  test('goes on where its record is lost: what the plan did not see in its way came since', () => {
    const asPlanned = { planned: fingerprintOf(a) };
    expect(requests([row(moving('a', 'b'), asPlanned)], [a, b])).toEqual(['DELETE p1_a_0']);
    const seen = { ...asPlanned, plannedRefusal: 'DuplicateTarget' };
    expect(inWords(planned([row(moving('a', 'b'), seen)], [a, b]))).toEqual(['DuplicateTarget']);
    const unread = { planned: UNREAD };
    expect(requests([row(moving('a', 'b'), unread)], [a, b])).toEqual([]);
    // What another row is about was there before.
    const other = row(moving('b', 'c'), { standing: 'failed', planned: fingerprintOf(b) });
    expect(inWords(planned([row(moving('a', 'b'), asPlanned), other], [a, b]))).toEqual(['DuplicateTarget']);
  });

  test('adds again what is not there, and takes nothing away before', () => {
    expect(requests([sent(moving('a', 'b'), a)], [a])).toEqual(['POST b']);
  });

  test('is stale when somebody has removed the old one, and the new one is not there', () => {
    expect(inWords(planned([sent(moving('a', 'b'), a)], []))).toEqual(['AssignmentGone']);
  });

  test('sends what the old one carried and Graph does not say by itself', () => {
    const odd = { ...a, whole: { ...a.whole, 'x@odata.y': 1, note: 'kept' } };
    const [write] = planned([row(moving('a', 'b'))], [odd]).writes;
    expect(write?.request.body).toMatchObject({ note: 'kept' });
    expect(Object.keys(write?.request.body ?? {}).toSorted()).toEqual(['@odata.type', 'note', 'target']);
  });

  test('can’t change an assignment where it is', () => {
    const desired = { kind: 'raw', body: { target: target('a'), note: 'other' } } as const;
    const rows = [{ change: { ...changeOf(moving('a', 'a')), desired } }];
    expect(inWords(planned(rows, [a]))).toEqual(['NotTaken']);
  });
});

describe('several rows of a policy', () => {
  const [a, b, c] = [there('a'), there('b'), there('c')];

  test('that move along: what one leaves and another wants stays', () => {
    const rows = [row(moving('a', 'b')), row(moving('b', 'c'))];
    expect(requests(rows, [a, b])).toEqual(['POST c']);
    const after = [row(moving('a', 'b')), sent(moving('b', 'c'), b)];
    const next = planned(after, [a, b, c]);
    expect(next.writes.map(({ request }) => request.url)).toEqual([`${LIST}/p1_a_0`]);
    expect(inWords(next)).toEqual(['write', 'alreadySo']);
    expect(inWords(planned([sent(moving('a', 'b'), a), sent(moving('b', 'c'), b)], [b, c]))).toEqual([
      'alreadySo',
      'alreadySo',
    ]);
  });

  test('whose place another has left, and is done with, are not in its way', () => {
    const moved = { ...sent(moving('b', 'c'), b), standing: 'done' } as const;
    expect(requests([row(moving('a', 'b')), moved], [a, b, c])).toEqual(['DELETE p1_a_0']);
    const removed = row(removing('b'), { standing: 'done' });
    expect(requests([row(moving('a', 'b')), removed], [a, b])).toEqual(['DELETE p1_a_0']);
    // One that is not done may go on to need it.
    const failed = row(removing('b'), { standing: 'failed' });
    expect(inWords(planned([row(moving('a', 'b')), failed], [a, b]))).toEqual(['DuplicateTarget']);
  });

  test('that trade places write nothing', () => {
    const rows = [row(moving('a', 'b')), row(moving('b', 'a'))];
    expect(inWords(planned(rows, [a, b]))).toEqual(['alreadySo', 'alreadySo']);
  });

  test('exclusions come first, then what is new, then goes what is old, and exclusions last', () => {
    const x = there('x', 'exclusionGroup');
    const rows = [
      row(removing('a')),
      row(removing('x')),
      row(adding('b')),
      row(adding('y', 'exclusionGroup')),
    ];
    expect(requests(rows, [a, x])).toEqual(['POST y']);
    const y = there('y', 'exclusionGroup');
    expect(requests(rows, [a, x, y])).toEqual(['POST b']);
    expect(requests(rows, [a, x, y, b])).toEqual(['DELETE p1_a_0']);
    expect(requests(rows, [x, y, b])).toEqual(['DELETE p1_x_0']);
    expect(inWords(planned(rows, [y, b]))).toEqual(['alreadySo', 'alreadySo', 'alreadySo', 'alreadySo']);
  });

  test('what widens is held back when an exclusion did not come, but not what has its new one already', () => {
    const failed = row(adding('y', 'exclusionGroup'), { standing: 'failed' });
    const rows = [failed, row(adding('b')), sent(moving('a', 'c'), a)];
    expect(inWords(planned(rows, [a, c]))).toEqual(['HeldBack', 'write']);
    expect(requests(rows, [a, c])).toEqual(['DELETE p1_a_0']);
  });
});

test('an Autopilot profile is not for all devices and excludes a group, whichever comes', () => {
  const [a, x] = [there('a'), there('x', 'exclusionGroup')];
  const everybody = { '@odata.type': '#microsoft.graph.allDevicesAssignmentTarget' };
  const all: CurrentAssignment = {
    id: 'p1_all_0',
    target: everybody,
    whole: { id: 'p1_all_0', target: everybody },
  };
  const forAll = row({ ...POLICY, action: 'add', targetType: 'allDevices' });
  const excluding = row(adding('y', 'exclusionGroup'));
  expect(inWords(planned([forAll], [a, x]))).toEqual(['NotTaken']);
  expect(inWords(planned([excluding], [a, all]))).toEqual(['NotTaken']);
  expect(inWords(planned([forAll, excluding], [a]))).toEqual(['NotTaken', 'NotTaken']);
  // What goes is there until what is new has come.
  expect(inWords(planned([forAll, row(removing('x'))], [a, x]))).toContain('NotTaken');
  expect(inWords(planned([forAll], [a]))).toEqual(['write']);
  expect(inWords(planned([row(adding('b'))], [all, x]))).toEqual(['write']);
  // It did so before.
  const moved = row(moving('x', 'y', { targetType: 'exclusionGroup' }));
  expect(inWords(planned([moved], [all, x]))).toEqual(['write']);
  expect(inWords(planned([forAll], [x], 'patch', { restores: true }))).toEqual(['write']);
});

describe('a row that clears', () => {
  const [a, b, c] = [there('a'), there('b'), there('c')];
  const clear = { ...POLICY, action: 'clear' };

  test('takes one away after the other, and knows to the end what there was', () => {
    const first = planned([row(clear)], [a, b, c]);
    expect(first.writes.map(({ request }) => request.url)).toEqual([`${LIST}/p1_a_0`]);
    expect(first.decisions).toMatchObject([{ isUnfinished: true }]);
    expect(first.decisions[0]?.halfDone).toBeUndefined();
    const before = { kind: 'entries', entries: [a, b, c] } as const;
    const last = planned([row(clear, { before, attempts: 1 })], [c]);
    expect(last.writes.map(({ request }) => request.url)).toEqual([`${LIST}/p1_c_0`]);
    expect(last.decisions[0]).toMatchObject({ halfDone: 'someAreGone' });
    expect(last.decisions[0]?.isUnfinished).toBeUndefined();
    expect(entriesOf(last.decisions[0]?.before ?? { kind: 'absent' })).toEqual([a, b, c]);
    expect(inWords(planned([row(clear, { before, attempts: 1 })], []))).toEqual(['alreadySo']);
  });
});

test('nothing is written blindly, nor of v1.0', () => {
  const rows = [row(moving('a', 'b'))];
  expect(inWords(planned(rows, [there('a')], 'patch', { apiVersion: 'v1.0' }))).toEqual(['ReadIncomplete']);
});
