import { expect, test } from 'vitest';
import { listPath } from '../../../src/assignments/policyKinds.ts';
import type { PresentAssignment } from '../../../src/assignments/plan.ts';
import type { LookResult } from '../../../src/graph/presentAssignments.ts';
import { sorted, withChange, type ReadyRow, type Sorted } from '../../../src/queue/lookFirst.ts';
import { groupRow, readyRow, runOf } from '../../support/rows.ts';

const AT = 9_000;

const present = (id: string, groupId: string, source?: string): PresentAssignment => {
  const target = { '@odata.type': '#microsoft.graph.groupAssignmentTarget', groupId };
  return { id, target, whole: { id, target }, ...(source !== undefined && { source }) };
};
const listOf = (...assignments: PresentAssignment[]): LookResult => ({ kind: 'list', assignments });

const WISHED = listOf(present('a1', 'g-new'));
const OTHER = listOf(present('a1', 'g-old'));
const GONE = listOf(present('a2', 'g-old'));

const sortedBy = (row: ReadyRow, result: LookResult | undefined, mayWrite = true): Sorted =>
  sorted([row], new Map(result && [[listPath(row.change.address), result]]), mayWrite, AT);

test('a row that is so already is skipped, or succeeded when it was sent before', () => {
  expect(sortedBy(readyRow('pending', 0), WISHED).settled).toEqual([
    { place: 0, state: 'skipped', attempts: 0, detail: { at: AT } },
  ]);
  expect(sortedBy(readyRow('sent', 2), WISHED).settled).toMatchObject([{ state: 'succeeded', attempts: 2 }]);
});

test('a row sent before whose id changed with its target succeeded', () => {
  const rekeyed = listOf(present('c1_g-new', 'g-new'));
  expect(sortedBy(readyRow('sent', 1, { httpStatus: 404 }), rekeyed).settled).toMatchObject([
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
  expect(sortedBy(readyRow('sent', 1, detail), WISHED).settled[0]?.detail).toEqual({
    requestId: 'r',
    clientRequestId: 'c',
    throttledMs: 5,
    at: AT,
  });
});

test('a row whose target is not there yet is to be written', () => {
  const { settled, needed } = sortedBy(readyRow('pending', 0), OTHER);
  expect(settled).toEqual([]);
  expect(needed.get(0)?.body).toMatchObject({ target: { groupId: 'g-new' } });
  expect(sortedBy(readyRow('sent', 7), OTHER).needed.size).toBe(1);
});

test('an assignment that is not listed is written all the same the first time: Graph says if it is gone', () => {
  expect(sortedBy(readyRow('pending', 0), GONE).needed.size).toBe(1);
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
  expect(sortedBy(row, OTHER).settled).toMatchObject([
    { state: 'failed', attempts: row.attempts, detail: { errorCode } },
  ]);
  // The same row succeeded when the target is there.
  expect(sortedBy(row, WISHED).settled).toMatchObject([{ state: 'succeeded' }]);
});

test('a row in doubt of a stopped run is cancelled when its target is not there, and true to what is there otherwise', () => {
  expect(sortedBy(readyRow('sent', 1), OTHER, false)).toMatchObject({
    settled: [{ state: 'cancelled' }],
    needed: new Map(),
  });
  expect(sortedBy(readyRow('sent', 1), WISHED, false).settled).toMatchObject([{ state: 'succeeded' }]);
});

test('a list that Graph refuses to show fails its rows with what Graph said', () => {
  const error = { code: 'Forbidden', message: 'no' };
  expect(sortedBy(readyRow('pending', 0), { kind: 'refused', status: 403, error }).settled).toMatchObject([
    { state: 'failed', detail: { httpStatus: 403, errorCode: 'Forbidden', errorMessage: 'no' } },
  ]);
});

test('a list that could not be read decides nothing', () => {
  expect(sortedBy(readyRow('sent', 8), { kind: 'unread', why: 'reset' })).toEqual({
    settled: [],
    needed: new Map(),
  });
});

test('without a look everything is written', () => {
  expect(sortedBy(readyRow('pending', 0), undefined).needed.size).toBe(1);
});

test('rows of several lists each keep to their own', () => {
  const rows = [
    readyRow('pending', 0, {}, { place: 3 }),
    readyRow('pending', 0, {}, { place: 5, input: groupRow('c2', 'a1', 'g-new') }),
  ];
  const [first, second] = rows.map(({ change }) => listPath(change.address));
  const { settled, needed } = sorted(
    rows,
    new Map([
      [first ?? '', WISHED],
      [second ?? '', OTHER],
    ]),
    true,
    AT,
  );
  expect(settled.map(({ place }) => place)).toEqual([3]);
  expect([...needed.keys()]).toEqual([5]);
});

test('a recorded row that does not read any more is a bug that names its run and line', () => {
  const input = groupRow('c1', 'a1', 'g', { filterId: 'f', filterType: 'sideways' });
  const row = { place: 0, state: 'pending' as const, attempts: 0, input, detail: {} };
  expect(() => withChange(row, runOf())).toThrow(/line 2 of run r1/);
});
