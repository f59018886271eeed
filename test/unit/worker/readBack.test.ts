import { expect, test } from 'vitest';
import type { CurrentAssignment } from '../../../src/assignments/changes/current.ts';
import { beforeOf, type Decision } from '../../../src/assignments/changes/decision.ts';
import { listReadBacks } from '../../../src/worker/readBack.ts';
import { settledBy } from '../../../src/worker/settle.ts';
import { listPath } from '../../../src/assignments/kinds/address.ts';
import type { RecordedRow } from '../../../src/runs/batchRow.ts';
import type { StateName } from '../../../src/runs/rowState.ts';
import { excluded, group, current } from '../../support/graphShapes.ts';
import { recordedRow } from '../../support/rows.ts';

const AT = 9_000;
const OLD = current(group('g-old'), {}, 'a1');
const KEPT = current(excluded('g-kept'), {}, 'a2');
const NEW = current(group('g-new'), {}, 'n1');
const LIST = {
  before: [OLD.whole, KEPT.whole],
  sent: [{ target: group('g-new') }, KEPT.whole],
};

/** What becomes of a row that was written with its whole list, when this is read. */
function readBack(
  state: StateName,
  list: readonly CurrentAssignment[],
  kind: Decision['kind'],
  readBacks = 0,
) {
  const recorded = recordedRow(state, 1, {
    httpStatus: 200,
    ...(readBacks && { readBacks, otherReadBacks: readBacks }),
  });
  const { change } = recorded;
  const row: RecordedRow = { ...recorded, change, list: LIST, before: beforeOf(OLD) };
  const decision: Decision<RecordedRow> = {
    ...{ row, kind, before: beforeOf(list[0]), after: undefined, via: 'assign', waitsFor: [], findings: [] },
  };
  const path = listPath(row.change.address);
  const found = listReadBacks([decision], new Map([[path, { kind: 'list', assignments: list }]])).get(row);
  return settledBy(
    decision,
    { mayWrite: true, isAborted: false, isLeft: false, landingMs: 20_000, windowMs: 20_000, at: AT },
    { readBack: found },
  );
}

test('a row succeeded whose list is as it was sent', () => {
  const record = readBack('written', [NEW, KEPT], 'alreadySo');
  expect(record).toMatchObject({ state: 'succeeded' });
  expect(record?.detail).not.toHaveProperty('errorMessage');
});

test('what is there and was not sent is told, and is no failure', () => {
  const record = readBack('written', [NEW, KEPT, current(group('g-other'), {}, 'n2')], 'alreadySo');
  expect(record).toMatchObject({ state: 'succeeded' });
  expect(record?.detail?.errorMessage).toContain('group g-other as well');
});

test('a row has failed whose own entry is there, and another one of its list is lost', () => {
  const first = readBack('written', [NEW], 'alreadySo');
  expect(first).toMatchObject({ state: 'written', detail: { notBefore: AT + 2_000 } });
  const second = readBack('written', [NEW], 'alreadySo', 1);
  expect(second).toMatchObject({ state: 'failed', detail: { errorCode: 'VerifyMismatch' } });
  expect(second?.detail?.errorMessage).toContain('lacks excluded group g-kept');
  expect(second?.detail?.lossyList).toMatch(/^[0-9a-f]{16}$/);
});

test('so has one whose reply was lost, when what came true shows that it was written', () => {
  expect(readBack('unsure', [NEW], 'alreadySo', 1)).toMatchObject({ state: 'failed' });
  // Where it did not come true, the write may still land.
  expect(readBack('unsure', [KEPT], 'stale', 1)).toMatchObject({ state: 'leftUnsure' });
});

test('a list that is as before has lost nothing: it is the row that is read again', () => {
  const record = readBack('written', [OLD, KEPT], 'write');
  expect(record).toMatchObject({ state: 'written' });
  expect(record?.detail).not.toHaveProperty('lossyList');
});
