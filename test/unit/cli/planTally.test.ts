import { type CurrentAssignment, currentAssignmentOf } from '../../../src/assignments/changes/current.ts';
import { expect, test } from 'vitest';
import { changeFrom, type Change } from '../../../src/assignments/rows/change.ts';
import type { JsonObject } from '../../../src/assignments/values/json.ts';
import { PlanTally, type PlannedRow } from '../../../src/cli/planTally.ts';
import { rowOf, type InputRow } from '../../../src/runs/batchCodec.ts';
import { groupRow } from '../../support/rows.ts';
import { groupTarget } from '../../support/simulatorClient.ts';

const RULES = { root: 'https://graph.example', apiVersion: 'beta', blind: false, recorded: true } as const;
const ALL_DEVICES = { '@odata.type': '#microsoft.graph.allDevicesAssignmentTarget' };

function changeIn(input: InputRow): Change {
  const read = changeFrom(rowOf(input), RULES);
  return 'change' in read ? read.change : expect.fail('that is no change');
}

const present = (target: JsonObject): CurrentAssignment | undefined =>
  currentAssignmentOf({ id: 'a', target });

/** A row that moves an assignment from the group `old` to the group `new`. */
function planned(
  line: number,
  more: Partial<PlannedRow> = {},
  input = groupRow('c1', 'a', 'new'),
): PlannedRow {
  return {
    input: { ...input, line },
    change: changeIn(input),
    ...{ decision: 'write', before: present(groupTarget('old')), after: { target: groupTarget('new') } },
    ...{ findings: [], policyName: 'Wi-Fi', ...more },
  };
}

function tallyOf(...rows: readonly PlannedRow[]): PlanTally {
  const tally = new PlanTally();
  for (const row of rows) tally.add(row);
  return tally;
}

test('each row counts once, by what becomes of it', () => {
  const refused = { decision: 'refused', before: undefined, after: undefined } as const;
  const tally = tallyOf(
    planned(2),
    planned(3),
    planned(4, { decision: 'alreadySo' }),
    planned(5, { decision: 'duplicate' }),
    planned(6, { ...refused, obstacle: 'gone' }),
    planned(7, { ...refused, obstacle: 'policySet' }),
    planned(8, refused),
  );
  expect(tally.counts).toMatchObject({
    ...{ writes: 2, alreadySo: 1, duplicates: 1, gone: 1, policySet: 1, unreadable: 1 },
  });
  expect([...tally.writesByType]).toEqual([['deviceConfiguration', 2]]);
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
    planned(5, { before: present(ALL_DEVICES) }),
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
  const tally = tallyOf(planned(2, { before: undefined }));
  expect(tally.changes).toMatchObject([{ from: null, to: 'group' }]);
  expect(tally.rowsShown).toMatchObject([{ before: 'not read', after: 'group new' }]);
});

test('the first ten rows are shown, with the best name that there is for their policy', () => {
  const named = groupRow('c1', 'a', 'new', { policyName: 'as the file has it' });
  const tally = tallyOf(
    planned(2),
    planned(3, { policyName: undefined }, named),
    planned(4, { policyName: undefined }),
    planned(5, { decision: 'alreadySo' }),
    ...Array.from({ length: 20 }, (_, n) => planned(n + 6)),
  );
  expect(tally.rowsShown.map(({ line }) => line)).toEqual([2, 3, 4, 6, 7, 8, 9, 10, 11, 12]);
  expect(tally.rowsShown.slice(0, 3)).toEqual([
    { line: 2, policy: 'Wi-Fi', before: 'group old', after: 'group new' },
    { line: 3, policy: 'as the file has it', before: 'group old', after: 'group new' },
    { line: 4, policy: 'c1', before: 'group old', after: 'group new' },
  ]);
});

test('findings carry the line of their row, and are counted in the order of the kinds', () => {
  const tally = tallyOf(
    planned(7, { findings: [{ kind: 'narrowed', what: 'n' }] }),
    planned(9, {
      findings: [
        { kind: 'filter-lost', what: 'f' },
        { kind: 'narrowed', what: 'n' },
      ],
    }),
  );
  expect(tally.findings.map(({ kind, line }) => [kind, line])).toEqual([
    ['narrowed', 7],
    ['filter-lost', 9],
    ['narrowed', 9],
  ]);
  expect([...tally.guard]).toEqual([
    ['filter-lost', 1],
    ['narrowed', 2],
  ]);
});
