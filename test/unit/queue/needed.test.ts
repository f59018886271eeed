import type { CurrentAssignment } from '../../../src/assignments/changes/current.ts';
import { describe, expect, test } from 'vitest';
import { fingerprintOf } from '../../../src/assignments/changes/fingerprint.ts';
import { listPath } from '../../../src/assignments/kinds/address.ts';
import type { LookResult } from '../../../src/graph/currentAssignments.ts';
import type { ReadyRow } from '../../../src/queue/lookFirst.ts';
import { sortedForPatch, type Sorted } from '../../../src/queue/needed.ts';
import { groupRow, readyRow } from '../../support/rows.ts';

const AT = 9_000;
const TERMS = { mayWrite: true, isBeta: true, windowMs: 20_000, at: AT };

const present = (id: string, groupId: string, source?: string): CurrentAssignment => {
  const target = { '@odata.type': '#microsoft.graph.groupAssignmentTarget', groupId };
  return { id, target, whole: { id, target }, ...(source !== undefined && { source }) };
};
const listOf = (...assignments: CurrentAssignment[]): LookResult => ({ kind: 'list', assignments });

const WISHED = listOf(present('a1', 'g-new'));
const OTHER = listOf(present('a1', 'g-old'));
const GONE = listOf(present('a2', 'g-old'));

const sortedBy = (row: ReadyRow, result: LookResult | undefined, mayWrite = true): Sorted =>
  sortedForPatch([row], new Map(result && [[listPath(row.change.address), result]]), { ...TERMS, mayWrite });

test('a row that is so already is skipped, or succeeded when it was sent before', () => {
  expect(sortedBy(readyRow('pending', 0), WISHED).records).toEqual([
    { place: 0, state: 'skipped', attempts: 0, detail: { at: AT } },
  ]);
  expect(sortedBy(readyRow('sent', 2), WISHED).records).toMatchObject([{ state: 'succeeded', attempts: 2 }]);
});

test('a row sent before whose id changed with its target succeeded', () => {
  const rekeyed = listOf(present('c1_g-new', 'g-new'));
  expect(sortedBy(readyRow('sent', 1, { httpStatus: 404 }), rekeyed).records).toMatchObject([
    { state: 'succeeded' },
  ]);
});

test('what is known of a sent row stays with it when the look settles it, but not its passing failure', () => {
  const detail = {
    requestId: 'r',
    clientRequestId: 'c',
    throttledMs: 5,
    httpStatus: 503,
    errorCode: 'Busy',
    notBefore: 1,
  };
  expect(sortedBy(readyRow('sent', 1, detail), WISHED).records[0]?.detail).toEqual({
    requestId: 'r',
    clientRequestId: 'c',
    throttledMs: 5,
    at: AT,
  });
});

test('a row whose target is not there yet is to be written', () => {
  const { records, needed } = sortedBy(readyRow('pending', 0), OTHER);
  expect(records).toEqual([]);
  expect(needed).toHaveLength(1);
  expect(needed[0]?.request.body).toMatchObject({ target: { groupId: 'g-new' } });
  expect(needed[0]?.rows[0]?.before).toEqual(present('a1', 'g-old').whole);
  expect(sortedBy(readyRow('sent', 7), OTHER).needed).toHaveLength(1);
});

test('an assignment that is not listed is written all the same the first time: Graph says if it is gone', () => {
  expect(sortedBy(readyRow('pending', 0), GONE).needed).toMatchObject([{ rows: [{ before: undefined }] }]);
});

test.each([
  [
    'Graph said that it is gone',
    readyRow('sent', 1, { httpStatus: 404, errorCode: 'NotFound', errorMessage: 'm' }),
    'NotFound',
  ],
  [
    'Graph was given up',
    readyRow('sent', 3, { httpStatus: 500, errorCode: 'GaveUp', errorMessage: 'm' }),
    'GaveUp',
  ],
  [
    'its last reply was lost',
    readyRow('sent', 8, { errorCode: 'ReplyLost', errorMessage: 'reset' }),
    'ReplyLost',
  ],
])('a sent row whose target is not there fails when %s', (_, row, errorCode) => {
  expect(sortedBy(row, OTHER).records).toMatchObject([
    { state: 'failed', attempts: row.attempts, detail: { errorCode } },
  ]);
  // The same row succeeded when the target is there.
  expect(sortedBy(row, WISHED).records).toMatchObject([{ state: 'succeeded' }]);
});

test('a row in doubt of a stopped run is cancelled when its target is not there, and true to what is there otherwise', () => {
  expect(sortedBy(readyRow('sent', 1), OTHER, false)).toMatchObject({
    records: [{ state: 'cancelled' }],
    needed: [],
  });
  expect(sortedBy(readyRow('sent', 1), WISHED, false).records).toMatchObject([{ state: 'succeeded' }]);
});

test('a list that Graph refuses to show fails its rows with what Graph said', () => {
  const error = { code: 'Forbidden', message: 'no' };
  expect(sortedBy(readyRow('pending', 0), { kind: 'refused', status: 403, error }).records).toMatchObject([
    { state: 'failed', detail: { httpStatus: 403, errorCode: 'Forbidden', errorMessage: 'no' } },
  ]);
});

test('a list that could not be read decides nothing', () => {
  expect(sortedBy(readyRow('sent', 8), { kind: 'unread', why: 'reset' })).toEqual({
    records: [],
    needed: [],
  });
});

test('without a look everything is written', () => {
  expect(sortedBy(readyRow('pending', 0), undefined).needed).toHaveLength(1);
});

test('rows of several lists each keep to their own', () => {
  const rows = [
    readyRow('pending', 0, {}, { place: 3 }),
    readyRow('pending', 0, {}, { place: 5, input: groupRow('c2', 'a1', 'g-new') }),
  ];
  const [first, second] = rows.map(({ change }) => listPath(change.address));
  const { records, needed } = sortedForPatch(
    rows,
    new Map([
      [first ?? '', WISHED],
      [second ?? '', OTHER],
    ]),
    TERMS,
  );
  expect(records.map(({ place }) => place)).toEqual([3]);
  expect(needed.flatMap(({ rows: written }) => written.map(({ row }) => row.place))).toEqual([5]);
});

describe('a row of which the plan saw something', () => {
  const planned = fingerprintOf(present('a1', 'g-old'));
  const row = (state: 'pending' | 'sent', attempts: number, detail = {}): ReadyRow => ({
    ...readyRow(state, attempts, detail),
    planned,
  });

  test('is written when that is still there, whatever its id and spelling are now', () => {
    expect(sortedBy(row('pending', 0), OTHER).needed).toHaveLength(1);
    expect(sortedBy(row('pending', 0), listOf(present('A1', 'G-OLD'))).needed).toHaveLength(1);
  });

  test('is skipped when what is wished is there', () => {
    expect(sortedBy(row('pending', 0), WISHED).records).toMatchObject([{ state: 'skipped' }]);
  });

  test.each([
    ['was changed by another hand', listOf(present('a1', 'g-else')), 'now it is group g-else'],
    ['is gone', GONE, 'now it is gone'],
  ])('is stale when it %s, and says what is there now', (_, list, words) => {
    for (const [state, attempts] of [
      ['pending', 0],
      ['sent', 1],
    ] as const) {
      const { records, needed } = sortedBy(row(state, attempts), list);
      expect(needed).toEqual([]);
      expect(records).toMatchObject([{ state: 'stale', attempts, detail: { errorCode: 'Stale' } }]);
      expect(records[0]?.detail?.errorMessage).toContain(words);
    }
  });

  test('is stale rather than refused when somebody has made a policy set its owner', () => {
    const owned = listOf(present('a1', 'g-else', 'policySets'));
    expect(sortedBy(row('pending', 0), owned).records).toMatchObject([{ state: 'stale' }]);
  });
});

describe('a row that Graph says it has written', () => {
  const written = (more = {}): ReadyRow => readyRow('sent', 2, { httpStatus: 200, requestId: 'r', ...more });

  test('succeeded when it is read back, with what the reply said and the id it has now', () => {
    expect(sortedBy(written(), listOf(present('c1_g-new', 'g-new'))).records).toEqual([
      {
        ...{ place: 0, state: 'succeeded', attempts: 2 },
        detail: { at: AT, requestId: 'r', httpStatus: 200, assignmentIdAfter: 'c1_g-new' },
      },
    ]);
  });

  test('is read once more when something else is there, and has failed when it still is, with what was found', () => {
    const [first] = sortedBy(written(), OTHER).records;
    expect(first).toMatchObject({
      state: 'sent',
      attempts: 2,
      detail: { notBefore: AT + 2_000, httpStatus: 200 },
    });
    const [second] = sortedBy(written(first?.detail), OTHER).records;
    expect(second).toMatchObject({ state: 'failed', attempts: 2, detail: { errorCode: 'VerifyMismatch' } });
    expect(second?.detail?.errorMessage).toContain('read back it is group g-old');
    expect(second?.detail).not.toHaveProperty('notBefore');
    expect(sortedBy(written(first?.detail), WISHED).records).toMatchObject([{ state: 'succeeded' }]);
  });

  test('is never written again on the strength of the read-back', () => {
    expect(sortedBy(written(), GONE).needed).toEqual([]);
    expect(sortedBy(written(), OTHER).needed).toEqual([]);
  });
});
