import { currentAssignmentOf } from '../../../../src/assignments/changes/current.ts';
import { expect, test } from 'vitest';
import { changeOf, type Change } from '../../../../src/assignments/rows/change.ts';
import type { JsonObject } from '../../../../src/assignments/values/json.ts';
import { ABSENT, beforeOf, NOT_READ } from '../../../../src/assignments/changes/decision.ts';
import type { PlanDecision } from '../../../../src/formats/planFile.ts';
import type { RowNames } from '../../../../src/assignments/rows/names.ts';
import { PlanTally, type PlannedRow } from '../../../../src/app/plan/planTally.ts';
import type { InputRow } from '../../../../src/assignments/rows/row.ts';
import { groupRow } from '../../../support/rows.ts';
import { groupTarget } from '../../../support/simulatorClient.ts';

const RULES = { root: 'https://graph.example', apiVersion: 'beta', blind: false, recorded: true } as const;
const ALL_DEVICES = { '@odata.type': '#microsoft.graph.allDevicesAssignmentTarget' };

function changeIn(input: InputRow): Change {
  const read = changeOf(input, RULES);
  return 'change' in read ? read.change : expect.fail('that is no change');
}

const current = (target: JsonObject) => beforeOf(currentAssignmentOf({ id: 'a', target }));

/** A row that moves an assignment from the group `old` to the group `new`. */
function planned(
  line: number,
  decision: Partial<PlanDecision> = {},
  { names = { policy: 'Wi-Fi' } as RowNames, input = groupRow('c1', 'a', 'new') } = {},
): PlannedRow {
  return {
    input: { ...input, line },
    change: changeIn(input),
    decision: {
      ...{ kind: 'write', before: current(groupTarget('old')), after: { target: groupTarget('new') } },
      ...{ via: 'patch', waitsFor: [], findings: [] },
      ...decision,
    },
    names,
    list: undefined,
  };
}

function tallyOf(...rows: readonly PlannedRow[]): PlanTally {
  const tally = new PlanTally();
  for (const row of rows) tally.add(row);
  return tally;
}

test('each row counts once, by what becomes of it', () => {
  const refused = (line: number, code: string, httpStatus?: number): PlannedRow =>
    planned(line, {
      ...{ kind: 'refused', after: undefined, code, message: `${code}.` },
      ...(httpStatus !== undefined && { httpStatus }),
    });
  const tally = tallyOf(
    planned(2),
    planned(3),
    planned(4, { kind: 'alreadySo' }),
    planned(5, { kind: 'duplicate' }),
    refused(6, 'AssignmentGone'),
    refused(7, 'PolicySetOwned'),
    refused(8, 'Forbidden', 403),
    refused(9, 'ResourceNotFound', 404),
    ...['AlreadyAssigned', 'DuplicateTarget', 'IncludeAndExclude', 'HeldBack'].map((code, i) =>
      refused(10 + i, code),
    ),
    refused(14, 'TargetMismatch'),
  );
  expect(tally.counts).toEqual({
    ...{ writes: 2, alreadySo: 1, duplicates: 1, gone: 2, policySet: 1, conflict: 4, unreadable: 2 },
  });
  expect([...tally.writesByType]).toEqual([['deviceConfiguration', 2]]);
});

test('rows that can’t be done are kept with their policy and the reason, the first thousand of them', () => {
  const refused = (line: number): PlannedRow =>
    planned(line, { kind: 'refused', after: undefined, code: 'AssignmentGone', message: `gone ${line}` });
  const tally = tallyOf(planned(2), ...Array.from({ length: 1_001 }, (_, n) => refused(n + 3)));
  expect(tally.refused.slice(0, 2)).toEqual([
    { line: 3, policy: 'Wi-Fi', code: 'AssignmentGone', message: 'gone 3', isFound: false },
    { line: 4, policy: 'Wi-Fi', code: 'AssignmentGone', message: 'gone 4', isFound: false },
  ]);
  expect(tally.refused).toHaveLength(1_000);
  expect(tally.counts.gone).toBe(1_001);
});

test('each row by PATCH is a request of its own, all rows of a list by assign are one', () => {
  const of = (policyId: string) => ({ input: groupRow(policyId, 'a', 'new') });
  const whole = { via: 'assign' } as const;
  const tally = tallyOf(
    planned(2, {}, of('c1')),
    planned(3, {}, of('c1')),
    planned(4, whole, of('c2')),
    planned(5, whole, of('c2')),
    planned(6, whole, of('C3')),
    planned(7, { ...whole, kind: 'alreadySo' }, of('c4')),
  );
  expect(tally.requests).toEqual(new Map([['deviceConfiguration', 4]]));
  expect(tally.counts.writes).toBe(5);
});

test('each strategy is counted as if the lists that allow it were written so', () => {
  const of = (policyId: string, more: Parameters<typeof groupRow>[3] = {}) => ({
    input: groupRow(policyId, 'a', 'new', more),
  });
  const own = { policyType: 'deviceConfiguration', policyId: 'c2', targetType: 'group', groupId: 'x' };
  const added = {
    input: { line: 5, cells: new Map(Object.entries({ ...own, action: 'add' })) as InputRow['cells'] },
  };
  const rows = [
    planned(2, {}, of('c1')),
    planned(3, {}, of('c1')),
    // With a row that only a whole list can do.
    planned(4, { via: 'assign' }, of('c2')),
    planned(5, { via: 'assign' }, added),
    // Behind its policy, where there is no assign.
    planned(6, {}, of('c3', { via: 'rootCertificate' })),
    planned(7, {}, of('c3', { via: 'rootCertificate' })),
    planned(8, { kind: 'alreadySo' }, of('c4')),
  ];
  const tally = tallyOf(...rows);
  const found = [tally.requests, tally.requestsBy('patch'), tally.requestsBy('assign')];
  expect(found.map((requests) => requests.get('deviceConfiguration'))).toEqual([5, 5, 4]);
});

test('rows that change in the same way are counted together, the commonest way first', () => {
  const filtered = {
    ...groupTarget('new'),
    ...{
      deviceAndAppManagementAssignmentFilterId: 'f',
      deviceAndAppManagementAssignmentFilterType: 'include',
    },
  };
  const tally = tallyOf(
    planned(2, { after: { target: filtered } }),
    planned(3),
    planned(4),
    planned(5, { before: current(ALL_DEVICES) }),
    planned(6, { after: { target: groupTarget('new'), intent: 'remove' } }),
  );
  const plain = {
    policyType: 'deviceConfiguration',
    from: 'group',
    to: 'group',
    filter: 'none',
    intent: 'kept',
  };
  expect(tally.changes).toEqual([
    { ...plain, rows: 2 },
    { ...plain, filter: 'added', rows: 1 },
    { ...plain, from: 'allDevices', rows: 1 },
    { ...plain, intent: 'turned', rows: 1 },
  ]);
});

test('a row that nobody has looked at changes from what nobody knows', () => {
  const tally = tallyOf(planned(2, { before: NOT_READ }));
  expect(tally.changes).toMatchObject([{ from: null, to: 'group' }]);
  expect(tally.rowsShown).toMatchObject([{ before: 'not read', after: 'group new' }]);
});

test('a row that adds or takes away shows nothing on the other side, and one that clears the whole list', () => {
  const acting = (action: string, own: object): { input: InputRow } => ({
    input: { line: 2, cells: new Map(Object.entries({ ...own, action })) as InputRow['cells'] },
  });
  const policy = { policyType: 'deviceConfiguration', policyId: 'c1' };
  const tally = tallyOf(
    planned(
      2,
      { before: ABSENT, via: 'assign' },
      acting('add', { ...policy, targetType: 'group', groupId: 'new' }),
    ),
    planned(3, { after: undefined, via: 'assign' }, acting('remove', { ...policy, assignmentId: 'a' })),
    planned(
      4,
      {
        before: {
          kind: 'entries',
          entries: [groupTarget('x'), ALL_DEVICES].map((target, i) => ({
            ...{ id: `${i}`, target, whole: { id: `${i}`, target } },
          })),
        },
        ...{ after: undefined, via: 'assign' },
      },
      acting('clear', policy),
    ),
  );
  expect(tally.changes).toMatchObject([
    { from: 'nothing', to: 'group' },
    { from: 'group', to: 'nothing' },
    { from: 'whole list', to: 'nothing' },
  ]);
  expect(tally.rowsShown).toMatchObject([
    { before: 'nothing', after: 'group new' },
    { before: 'group old', after: 'nothing' },
    { before: 'group x; all devices', after: 'nothing' },
  ]);
});

test('the first ten rows are shown, with the best name that there is for their policy', () => {
  const named = groupRow('c1', 'a', 'new', { policyName: 'as the file has it' });
  const tally = tallyOf(
    planned(2),
    planned(3, {}, { names: {}, input: named }),
    planned(4, {}, { names: {} }),
    planned(5, { kind: 'alreadySo' }),
    ...Array.from({ length: 20 }, (_, n) => planned(n + 6)),
  );
  expect(tally.rowsShown.map(({ line }) => line)).toEqual([2, 3, 4, 6, 7, 8, 9, 10, 11, 12]);
  expect(tally.rowsShown.slice(0, 3)).toEqual([
    { line: 2, policy: 'Wi-Fi', before: 'group old', after: 'group new' },
    { line: 3, policy: 'as the file has it', before: 'group old', after: 'group new' },
    { line: 4, policy: 'c1', before: 'group old', after: 'group new' },
  ]);
});

test('findings are gathered by their cause, with line and policy, also of rows that are not written', () => {
  const tally = tallyOf(
    planned(7, { findings: [{ kind: 'narrowed', what: 'n' }] }),
    planned(
      9,
      {
        kind: 'refused',
        findings: [
          { kind: 'filter-lost', what: 'f' },
          { kind: 'narrowed', what: 'n' },
        ],
      },
      { names: { policy: 'VPN' } },
    ),
  );
  expect(tally.causes.all).toEqual([
    { kind: 'filter-lost', what: 'f', count: 1, rows: [{ line: 9, policy: 'VPN' }] },
    {
      ...{ kind: 'narrowed', what: 'n', count: 2 },
      rows: [
        { line: 7, policy: 'Wi-Fi' },
        { line: 9, policy: 'VPN' },
      ],
    },
  ]);
  expect(tally.refused.map(({ isFound }) => isFound)).toEqual([true]);
});
