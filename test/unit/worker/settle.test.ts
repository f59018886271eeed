import { listPath } from '../../../src/assignments/kinds/address.ts';
import type { CurrentAssignment } from '../../../src/assignments/changes/current.ts';
import { describe, expect, test } from 'vitest';
import { beforeOf, NOT_READ, type Decision } from '../../../src/assignments/changes/decision.ts';
import { fingerprintOf, UNREAD } from '../../../src/assignments/changes/fingerprint.ts';
import { planBatch, type ListSnapshot, type Snapshot } from '../../../src/assignments/changes/planBatch.ts';
import { writesOf, type Write } from '../../../src/assignments/changes/writes.ts';
import { settledBy, type SettleTerms } from '../../../src/worker/settle.ts';
import type { Detail } from '../../../src/runs/batchCodec.ts';
import type { RecordedRow, RowUpdate } from '../../../src/runs/batchRow.ts';
import { groupRow, recordedRow } from '../../support/rows.ts';

const AT = 9_000;
const LANDING_MS = 85_000;
const TERMS: SettleTerms = {
  ...{ mayWrite: true, isAborted: false, isLeft: false, windowMs: 20_000, landingMs: LANDING_MS, at: AT },
};

const current = (id: string, groupId: string, source?: string): CurrentAssignment => {
  const target = { '@odata.type': '#microsoft.graph.groupAssignmentTarget', groupId };
  return { id, target, whole: { id, target }, ...(source !== undefined && { source }) };
};
const listOf = (...assignments: CurrentAssignment[]): ListSnapshot => ({ kind: 'list', assignments });

const WISHED = listOf(current('a1', 'g-new'));
const OTHER = listOf(current('a1', 'g-old'));
const GONE = listOf(current('a2', 'g-old'));

/** What a batch comes to: the records of the rows that are settled, the writes of the others. */
interface Sorted {
  readonly records: readonly RowUpdate[];
  readonly needed: readonly Write<Decision<RecordedRow>>[];
}

function sorted(rows: readonly RecordedRow[], snapshot: Snapshot, terms: Partial<SettleTerms> = {}): Sorted {
  const decisions = planBatch(rows, snapshot, {
    ...{ apiVersion: 'beta', strategy: 'patch' },
    standing: () => 'open',
    isGuarded: ({ planned }) => planned !== undefined,
  });
  const records = decisions.map((decision) => settledBy(decision, { ...TERMS, ...terms }));
  return {
    records: records.filter((record) => record !== undefined),
    needed: writesOf(
      decisions.filter((_, i) => records[i] === undefined),
      snapshot,
    ),
  };
}

const sortedBy = (
  row: RecordedRow,
  result: ListSnapshot | undefined,
  terms: Partial<SettleTerms> = {},
): Sorted => sorted([row], new Map(result && [[listPath(row.change.address), result]]), terms);

const placesOf = (needed: Sorted['needed']): number[] =>
  needed.flatMap(({ decisions }) => decisions.map(({ row }) => row.place));

/** What is made of a decision that is built by hand. */
const settled = (row: RecordedRow, decision: Partial<Decision<RecordedRow>>): RowUpdate | undefined =>
  settledBy(
    {
      ...{
        row,
        kind: 'refused',
        before: NOT_READ,
        after: undefined,
        via: 'patch',
        waitsFor: [],
        findings: [],
      },
      ...decision,
    },
    TERMS,
  );

test('a row that is so already is skipped, or succeeded when it was sent before', () => {
  expect(sortedBy(recordedRow('pending', 0), WISHED).records).toEqual([
    { place: 0, state: 'skipped', attempts: 0, detail: { at: AT } },
  ]);
  expect(sortedBy(recordedRow('sent', 2), WISHED).records).toMatchObject([
    { state: 'succeeded', attempts: 2 },
  ]);
});

test('a row sent before whose id changed with its target succeeded', () => {
  const rekeyed = listOf(current('c1_g-new', 'g-new'));
  expect(
    sortedBy(recordedRow('unsure', 1, { httpStatus: 404, isLast: true }), rekeyed).records,
  ).toMatchObject([{ state: 'succeeded' }]);
});

test('what is known of a sent row stays with it when the read settles it, but not its passing failure', () => {
  const detail = {
    requestId: 'r',
    clientRequestId: 'c',
    throttledMs: 5,
    httpStatus: 503,
    errorCode: 'Busy',
    notBefore: 1,
  };
  expect(sortedBy(recordedRow('sent', 1, detail), WISHED).records[0]?.detail).toEqual({
    requestId: 'r',
    clientRequestId: 'c',
    throttledMs: 5,
    at: AT,
  });
});

test('a row whose target is not there yet is to be written', () => {
  const { records, needed } = sortedBy(recordedRow('pending', 0), OTHER);
  expect(records).toEqual([]);
  expect(needed).toHaveLength(1);
  expect(needed[0]?.request.body).toMatchObject({ target: { groupId: 'g-new' } });
  expect(needed[0]?.decisions[0]?.before).toEqual(beforeOf(current('a1', 'g-old')));
  expect(sortedBy(recordedRow('sent', 7), OTHER).needed).toHaveLength(1);
});

test('an assignment that is not listed fails without a write, in the words of the plan', () => {
  expect(sortedBy(recordedRow('pending', 0), GONE)).toMatchObject({
    records: [{ state: 'failed', attempts: 0, detail: { errorCode: 'AssignmentGone' } }],
    needed: [],
  });
});

test('a row that was sent once, and that Graph said is gone, fails when its target is not there', () => {
  const row = recordedRow('unsure', 1, {
    ...{ httpStatus: 404, errorCode: 'NotFound', errorMessage: 'm', isLast: true, nothingDone: true },
  });
  expect(sortedBy(row, OTHER).records).toMatchObject([
    { state: 'failed', attempts: 1, detail: { errorCode: 'NotFound' } },
  ]);
  expect(sortedBy(row, WISHED).records).toMatchObject([{ state: 'succeeded' }]);
});

describe.each([
  [
    'Graph was given up',
    recordedRow('unsure', 3, { httpStatus: 500, errorCode: 'GaveUp', errorMessage: 'm', isLast: true }),
    OTHER,
    'GaveUp',
  ],
  [
    'its last reply was lost',
    recordedRow('unsure', 8, { errorCode: 'ReplyLost', errorMessage: 'reset' }),
    OTHER,
    'ReplyLost',
  ],
  [
    'Graph said that it is gone, after sends of which nobody knows',
    recordedRow('unsure', 2, { httpStatus: 404, errorCode: 'NotFound', errorMessage: 'm', isLast: true }),
    OTHER,
    'NotFound',
  ],
  ['its assignment is gone', recordedRow('sent', 1), GONE, 'AssignmentGone'],
])('a write in doubt that is not found when %s', (_, row, list, errorCode) => {
  test('is told apart from what failed, at once in a run at work', () => {
    const { records, needed } = sortedBy(row, list);
    expect(needed).toEqual([]);
    expect(records).toMatchObject([{ state: 'leftUnsure', attempts: row.attempts, detail: { errorCode } }]);
    expect(records[0]?.detail?.errorMessage).toContain('It may still land');
    expect(sortedBy(row, WISHED).records).toMatchObject([{ state: 'succeeded' }]);
  });

  test('is read once more in a stopped run, when it can hardly land any more', () => {
    const isOver = { mayWrite: false };
    const [first] = sortedBy(row, list, isOver).records;
    expect(first).toMatchObject({
      ...{ state: 'unsure', attempts: row.attempts },
      detail: { notBefore: AT + LANDING_MS },
    });
    const again = recordedRow('unsure', row.attempts, first?.detail);
    expect(sortedBy(again, WISHED, isOver).records).toMatchObject([{ state: 'succeeded' }]);
    const [last] = sortedBy(again, list, isOver).records;
    expect(last).toMatchObject({ state: 'leftUnsure', detail: { errorCode } });
    expect(last?.detail).not.toHaveProperty('notBefore');
  });
});

test('a row of a cancelled run that was sent, and is not found in the end, is none that was not written', () => {
  const [first] = sortedBy(recordedRow('sent', 1), OTHER, { mayWrite: false }).records;
  const again = recordedRow('unsure', 1, first?.detail);
  expect(sortedBy(again, OTHER, { mayWrite: false }).records).toMatchObject([
    { state: 'leftUnsure', attempts: 1, detail: { errorCode: 'Cancelled' } },
  ]);
});

test('a row in doubt of a stopped run is true to what is there', () => {
  const records = sortedBy(recordedRow('sent', 1), WISHED, { mayWrite: false }).records;
  expect(records).toMatchObject([{ state: 'succeeded' }]);
});

test('a row of a cancelled run whose sends Graph has all refused is cancelled', () => {
  const refused = recordedRow('unsure', 4, { httpStatus: 409, errorCode: 'Conflict', nothingDone: true });
  expect(sortedBy(refused, OTHER, { mayWrite: false }).records).toMatchObject([{ state: 'cancelled' }]);
});

test('a row in doubt of an aborted run is as if it had never been sent when its target is not there at last', () => {
  const isAborted = { mayWrite: false, isAborted: true };
  const [first] = sortedBy(recordedRow('unsure', 3, { errorCode: 'ReplyLost' }), OTHER, isAborted).records;
  expect(first).toMatchObject({ state: 'unsure', attempts: 3, detail: { notBefore: AT + LANDING_MS } });
  expect(sortedBy(recordedRow('unsure', 3, first?.detail), OTHER, isAborted).records).toEqual([
    { place: 0, state: 'pending', attempts: 0, detail: { at: AT } },
  ]);
  expect(sortedBy(recordedRow('sent', 3), WISHED, isAborted).records).toMatchObject([{ state: 'succeeded' }]);
});

test('a row that says what an earlier one says is skipped, and only the earlier one is written', () => {
  const rows = [recordedRow('pending', 0, {}, { place: 3 }), recordedRow('pending', 0, {}, { place: 4 })];
  const { records, needed } = sorted(
    rows,
    new Map([[listPath(rows[0]?.change.address ?? expect.fail()), OTHER]]),
  );
  expect(records).toEqual([
    { place: 4, state: 'skipped', attempts: 0, detail: { at: AT, errorCode: 'DuplicateRow' } },
  ]);
  expect(placesOf(needed)).toEqual([3]);
});

test('a row that is held back awaits the approval that the row before it awaits, or fails with it', () => {
  const error = { code: 'HeldBack', message: 'Not written.' };
  const heldBackBy = (state: 'awaitingApproval' | 'failed'): RowUpdate | undefined =>
    settled(recordedRow('pending', 0), { ...error, waitsFor: [recordedRow(state, 1, {}, { place: 1 })] });
  const detail = { at: AT, errorCode: 'HeldBack', errorMessage: 'Not written.' };
  expect(heldBackBy('awaitingApproval')).toEqual({
    place: 0,
    state: 'awaitingApproval',
    attempts: 0,
    detail,
  });
  expect(heldBackBy('failed')).toEqual({ place: 0, state: 'failed', attempts: 0, detail });
});

test('a row that waits for others is not settled', () => {
  const row = recordedRow('pending', 0);
  expect(settled(row, { kind: 'write', waitsFor: [recordedRow('pending', 0)] })).toBeUndefined();
});

test('a list that Graph refuses to show fails its rows with what Graph said', () => {
  const error = { code: 'Forbidden', message: 'no' };
  expect(sortedBy(recordedRow('pending', 0), { kind: 'refused', status: 403, error }).records).toMatchObject([
    { state: 'failed', detail: { httpStatus: 403, errorCode: 'Forbidden', errorMessage: 'no' } },
  ]);
});

test('a row that fails as its plan showed is expected to, unless it was sent', () => {
  const expected = (row: RecordedRow, plannedRefusal: string | undefined) =>
    sortedBy({ ...row, plannedRefusal }, GONE).records.map(({ isExpected }) => isExpected);
  expect(expected(recordedRow('pending', 0), 'AssignmentGone')).toEqual([true]);
  expect(expected(recordedRow('pending', 0), 'DuplicateTarget')).toEqual([undefined]);
  expect(expected(recordedRow('pending', 0), undefined)).toEqual([undefined]);
  expect(expected(recordedRow('unsure', 1), 'AssignmentGone')).toEqual([undefined]);
});

test('a list that could not be read decides nothing', () => {
  expect(sortedBy(recordedRow('sent', 8), { kind: 'unread' })).toEqual({
    records: [],
    needed: [],
  });
});

test('without a read everything is written', () => {
  const { records, needed } = sortedBy(recordedRow('pending', 0), undefined);
  expect(records).toEqual([]);
  expect(needed).toMatchObject([{ decisions: [{ before: NOT_READ }] }]);
});

test('rows of several lists each keep to their own', () => {
  const rows = [
    recordedRow('pending', 0, {}, { place: 3 }),
    recordedRow('pending', 0, {}, { place: 5, input: groupRow('c2', 'a1', 'g-new') }),
  ];
  const [first = '', second = ''] = rows.map(({ change }) => listPath(change.address));
  const { records, needed } = sorted(
    rows,
    new Map([
      [first, WISHED],
      [second, OTHER],
    ]),
  );
  expect(records.map(({ place }) => place)).toEqual([3]);
  expect(placesOf(needed)).toEqual([5]);
});

describe('a row of which the plan saw something', () => {
  const planned = fingerprintOf(current('a1', 'g-old'));
  const row = (state: 'pending' | 'unsure', attempts: number, detail = {}): RecordedRow => ({
    ...recordedRow(state, attempts, detail),
    planned,
  });

  test('is written when that is still there, whatever its id and spelling are now', () => {
    expect(sortedBy(row('pending', 0), OTHER).needed).toHaveLength(1);
    expect(sortedBy(row('pending', 0), listOf(current('A1', 'G-OLD'))).needed).toHaveLength(1);
  });

  test('is skipped when what is wanted is there, and tells that the plan saw something else', () => {
    expect(sortedBy(row('pending', 0), WISHED).records).toMatchObject([
      { state: 'skipped', detail: { errorCode: 'AlreadySoUnplanned' } },
    ]);
  });

  test('is plainly skipped when the plan saw what is wanted, or an earlier try has written it', () => {
    const asPlanned = { ...row('pending', 0), planned: fingerprintOf(current('a1', 'g-new')) };
    const was = current('a1', 'g-old');
    const writtenBefore = { ...row('pending', 0), before: beforeOf(was) };
    const skipped = { place: 0, state: 'skipped', attempts: 0, detail: { at: AT } };
    expect(sortedBy(asPlanned, WISHED).records).toEqual([skipped]);
    // With what that has overwritten, which Redis may have lost since.
    expect(sortedBy(writtenBefore, WISHED).records).toEqual([{ ...skipped, before: was.whole }]);
  });

  test('is plainly skipped when the plan could not read its policy', () => {
    expect(sortedBy({ ...row('pending', 0), planned: UNREAD }, WISHED).records[0]?.detail).toEqual({
      at: AT,
    });
  });

  test.each([
    ['was changed by another hand', listOf(current('a1', 'g-else')), 'now it is group g-else'],
    ['is gone', GONE, 'now it is gone'],
  ])('is stale when it %s, and says what is there now', (_, list, words) => {
    const { records, needed } = sortedBy(row('pending', 0), list);
    expect(needed).toEqual([]);
    expect(records).toMatchObject([{ state: 'stale', attempts: 0, detail: { errorCode: 'Stale' } }]);
    expect(records[0]?.detail?.errorMessage).toContain(words);
    // Of one that was sent nobody can say that nothing was written.
    const inDoubt = { ...row('unsure', 1), before: beforeOf(current('a1', 'g-old')) };
    const sent = sortedBy(inDoubt, list).records;
    expect(sent).toMatchObject([{ state: 'leftUnsure', attempts: 1, detail: { errorCode: 'Stale' } }]);
    expect(sent[0]?.detail?.errorMessage).toContain(words);
    expect(sent[0]?.detail?.errorMessage).not.toContain('Nothing was written');
  });

  test('is stale rather than refused when somebody has made a policy set its owner', () => {
    const owned = listOf(current('a1', 'g-else', 'policySets'));
    expect(sortedBy(row('pending', 0), owned).records).toMatchObject([{ state: 'stale' }]);
  });
});

describe('a row that Graph says it has written', () => {
  const written = (more = {}): RecordedRow =>
    recordedRow('written', 2, { httpStatus: 200, requestId: 'r', ...more });

  test('succeeded when it is read back, with what the reply said and the id it has now', () => {
    expect(sortedBy(written(), listOf(current('c1_g-new', 'g-new'))).records).toEqual([
      {
        ...{ place: 0, state: 'succeeded', attempts: 2 },
        detail: { at: AT, requestId: 'r', httpStatus: 200, assignmentIdAfter: 'c1_g-new' },
      },
    ]);
  });

  test('is read once more when something else is there, and has failed when it still is, with what was found', () => {
    const [first] = sortedBy(written(), OTHER).records;
    expect(first).toMatchObject({
      state: 'written',
      attempts: 2,
      detail: { notBefore: AT + 2_000, httpStatus: 200 },
    });
    const [second] = sortedBy(written(first?.detail), OTHER).records;
    expect(second).toMatchObject({ state: 'failed', attempts: 2, detail: { errorCode: 'VerifyMismatch' } });
    expect(second?.detail?.errorMessage).toContain('read back it is group g-old');
    expect(second?.detail).not.toHaveProperty('notBefore');
    expect(sortedBy(written(first?.detail), WISHED).records).toMatchObject([{ state: 'succeeded' }]);
  });

  test('is read once more when nothing of it is there, too, and has failed when nothing is still', () => {
    const [first] = sortedBy(written(), GONE).records;
    expect(first).toMatchObject({
      state: 'written',
      detail: { errorCode: 'VerifyMismatch', notBefore: AT + 2_000, httpStatus: 200 },
    });
    expect(first?.detail?.errorMessage).toContain('read back it is gone');
    expect(sortedBy(written(first?.detail), GONE).records).toMatchObject([
      { state: 'failed', attempts: 2, detail: { errorCode: 'VerifyMismatch' } },
    ]);
  });

  // A tenant may answer reads from a copy that lags behind: what was there before is no sign of another hand.
  test('is read again and again, in growing waits of two windows in all, while what was there before is there', () => {
    const before = beforeOf(current('a1', 'g-old'));
    let detail: Detail = {};
    const waits: number[] = [];
    for (;;) {
      const [record]: readonly RowUpdate[] = sortedBy(
        { ...written(detail), change: written().change, before },
        OTHER,
      ).records;
      detail = record?.detail ?? {};
      if (record?.state !== 'written') break;
      waits.push((detail.notBefore ?? 0) - AT);
    }
    expect(waits).toEqual([2_000, 4_000, 8_000, 16_000, 10_000]);
    expect(detail).toMatchObject({ errorCode: 'VerifyMismatch' });
  });

  test('and after that something else is still read twice', () => {
    const before = beforeOf(current('a1', 'g-old'));
    const lagging = { readBacks: 4 };
    const [first] = sortedBy({ ...written(lagging), change: written().change, before }, GONE).records;
    expect(first).toMatchObject({ state: 'written', detail: { notBefore: AT + 2_000 } });
    const [second] = sortedBy({ ...written(first?.detail), change: written().change, before }, GONE).records;
    expect(second).toMatchObject({ state: 'failed' });
  });

  test('is never written again on the strength of the read-back', () => {
    expect(sortedBy(written(), GONE).needed).toEqual([]);
    expect(sortedBy(written(), OTHER).needed).toEqual([]);
  });
});
