import { backoffOf } from '../../../src/worker/limiter/backoff.ts';
import type { Permit } from '../../../src/worker/limiter/permit.ts';
import { expect, test } from 'vitest';
import type { Outcome } from '../../../src/assignments/changes/outcome.ts';
import { recordOf, recordOfRefused, waitMsOf } from '../../../src/worker/rowUpdate.ts';
import { recordedRow } from '../../support/rows.ts';

const AT = 50_000;
const GIVEN_AT = 40_000;
const ERROR = { code: 'Code', message: 'said by Graph' };

/** The permit under which the row at place 0 was sent for the nth time. */
const permitOf = (attempts: number): Permit => ({
  kind: 'granted',
  requests: 1,
  places: [0],
  states: [{ state: 'sent', attempts }],
  token: 'token',
  chargeEnd: 0,
  givenAt: GIVEN_AT,
  validForMs: () => 1,
  asked: [],
  isLeased: () => true,
});

const recorded = (
  outcome: Outcome,
  sends = 1,
  row = recordedRow('pending', 0),
  { readsBack = false, idAfter = undefined as string | undefined } = {},
): ReturnType<typeof recordOf> =>
  recordOf(
    row,
    outcome,
    permitOf(sends),
    { requestId: 'r', clientRequestId: 'c', idAfter },
    { at: AT, readsBack },
  );

test('a success and a refusal settle their row, with what Graph said', () => {
  expect(recorded({ kind: 'succeeded', httpStatus: 200 }, 3)).toEqual({
    place: 0,
    state: 'succeeded',
    attempts: 3,
    detail: { httpStatus: 200, requestId: 'r', clientRequestId: 'c', at: AT },
  });
  expect(recorded({ kind: 'failed', httpStatus: 403, error: ERROR })).toMatchObject({
    state: 'failed',
    attempts: 1,
    detail: { httpStatus: 403, errorCode: 'Code', errorMessage: 'said by Graph' },
  });
});

test.each<[string, Outcome, object]>([
  [
    'again',
    { kind: 'again', waitMs: 700, httpStatus: 503, error: ERROR },
    { httpStatus: 503, notBefore: AT + 700 },
  ],
  ['lost', { kind: 'lost', waitMs: 700, why: 'reset' }, { errorCode: 'ReplyLost', notBefore: AT + 700 }],
  [
    'missing',
    { kind: 'missing', waitMs: 700, isLast: false, error: ERROR },
    { httpStatus: 404, errorCode: 'Code', notBefore: AT + 700 },
  ],
  [
    'missing for the last time',
    { kind: 'missing', waitMs: 700, isLast: true, error: ERROR },
    { httpStatus: 404, errorCode: 'Code', isLast: true },
  ],
  [
    'asked for before, perhaps',
    { kind: 'askedBefore', waitMs: 700, error: ERROR },
    { httpStatus: 409, errorCode: 'Code', notBefore: AT + 700 },
  ],
  [
    'given up after failures',
    { kind: 'gaveUp', httpStatus: 500, error: { code: 'GaveUp', message: 'm' } },
    { httpStatus: 500, errorCode: 'GaveUp', isLast: true },
  ],
])('a row that is %s is unsure, with its attempt counted, until a read has decided', (_, outcome, detail) => {
  expect(recorded(outcome, 2)).toMatchObject({ state: 'unsure', attempts: 2, detail });
});

test.each<[string, Outcome]>([
  ['a 429', { kind: 'throttled', retryAfterMs: 5 }],
  ['a refused token', { kind: 'signIn', error: ERROR }],
  ['a refused route', { kind: 'routeRefused', error: ERROR }],
])('%s costs no attempt: the row is as before, unsure if it had been sent', (_, outcome) => {
  expect(recorded(outcome, 1)).toMatchObject({ state: 'pending', attempts: 0 });
  expect(recorded(outcome, 4)).toMatchObject({ state: 'unsure', attempts: 3 });
});

test('the time a row waits for the tenant runs from its 429 to the leave after it, and adds up', () => {
  const throttledBefore = recordedRow('pending', 0, {
    httpStatus: 429,
    at: GIVEN_AT - 3_000,
    throttledMs: 500,
  });
  expect(recorded({ kind: 'succeeded', httpStatus: 200 }, 1, throttledBefore).detail?.throttledMs).toBe(
    3_500,
  );
  const failedBefore = recordedRow('unsure', 1, { httpStatus: 503, at: GIVEN_AT - 3_000, throttledMs: 500 });
  expect(recorded({ kind: 'succeeded', httpStatus: 200 }, 2, failedBefore).detail?.throttledMs).toBe(500);
  // Another machine's clock may be ahead.
  const ahead = recordedRow('pending', 0, { httpStatus: 429, at: GIVEN_AT + 3_000 });
  expect(recorded({ kind: 'succeeded', httpStatus: 200 }, 1, ahead).detail).not.toHaveProperty('throttledMs');
});

test('a row that is to be read back is written after a success, with all that the reply said', () => {
  const outcome: Outcome = { kind: 'succeeded', httpStatus: 200 };
  const record = recorded(outcome, 1, recordedRow('pending', 0), { readsBack: true, idAfter: 'c1_g-new' });
  const detail = {
    httpStatus: 200,
    assignmentIdAfter: 'c1_g-new',
    requestId: 'r',
    clientRequestId: 'c',
    at: AT,
  };
  expect(record).toEqual({ place: 0, state: 'written', attempts: 1, detail });
  expect(
    recorded({ kind: 'failed', httpStatus: 403, error: ERROR }, 1, undefined, { readsBack: true }).state,
  ).toBe('failed');
});

test('a refused envelope leaves its rows as they were, and only a 429 is told of', () => {
  const row = recordedRow('unsure', 1, { errorCode: 'ReplyLost', at: 1 });
  expect(recordOfRefused(row, 403, permitOf(2), AT)).toEqual({ place: 0, state: 'unsure', attempts: 1 });
  expect(recordOfRefused(row, 429, permitOf(2), AT)).toEqual({
    place: 0,
    state: 'unsure',
    attempts: 1,
    detail: { httpStatus: 429, at: AT },
  });
});

test('the longest wait of several counts, and a wait of nothing is one that was not said', () => {
  expect(backoffOf([])).toBe(0);
  expect(backoffOf([3, 900, undefined, 20])).toBe(900);
  expect(backoffOf([undefined, undefined])).toBe(-1);
  expect(backoffOf([0])).toBe(-1);
  expect(backoffOf([0, 7])).toBe(7);
});

test.each([
  ['before it is due', AT, 700],
  ['once it is due', AT + 700, 0],
  ['by a clock a minute behind the one that recorded it', AT - 60_000, 60_700],
  ['by a clock that was set back by more', AT - 60_001, 0],
])('a row waits, %s', (_, now, waitMs) => {
  const row = recordedRow('unsure', 1, { at: AT, notBefore: AT + 700 });
  expect(waitMsOf(row, now)).toBe(waitMs);
});

test('a row whose sends Graph has all refused is known to have done nothing; one reply that was lost ends that', () => {
  const conflict = { kind: 'again', httpStatus: 409, error: ERROR, waitMs: 700 } as const;
  const first = recorded(conflict);
  expect(first.detail).toMatchObject({ nothingDone: true });
  const second = recorded(conflict, 2, recordedRow('unsure', 1, first.detail));
  expect(second.detail).toMatchObject({ nothingDone: true });
  const lost = recorded(
    { kind: 'lost', waitMs: 700, why: 'reset' },
    3,
    recordedRow('unsure', 2, second.detail),
  );
  expect(lost.detail).not.toHaveProperty('nothingDone');
  const after = recorded(conflict, 4, recordedRow('unsure', 3, lost.detail));
  expect(after.detail).not.toHaveProperty('nothingDone');
});
