import { describe, expect, test } from 'vitest';
import {
  outcomeOf,
  replyLost,
  SENDS_MAX,
  type Outcome,
  type ReplyToWrite,
} from '../../../../src/assignments/changes/outcome.ts';

const WINDOW_MS = 20_000;
const ERROR = { code: 'SomeCode', message: 'Some words.' };

const answered = (status: number, more: { retryAfterMs?: number } = {}): ReplyToWrite => ({
  kind: 'answered',
  status,
  error: ERROR,
  ...more,
});
const outcome = (reply: ReplyToWrite, sends = 1, random = 0): Outcome =>
  outcomeOf(reply, sends, WINDOW_MS, () => random);
const waitOf = (result: Outcome): number => ('waitMs' in result ? result.waitMs : -1);

test.each([200, 201, 202, 204, 299])('%i is done', (status) => {
  expect(outcomeOf({ kind: 'answered', status }, 1, WINDOW_MS, () => 0)).toEqual({
    kind: 'succeeded',
    httpStatus: status,
  });
});

test.each([400, 402, 403, 405, 406, 410, 413, 414, 415, 418, 422, 428, 431, 451, 499])(
  '%i fails at once, with Graph’s code and message',
  (status) => {
    expect(outcome(answered(status))).toEqual({ kind: 'failed', httpStatus: status, error: ERROR });
  },
);

test('404 is not believed before the policy’s list was looked at', () => {
  expect(outcome(answered(404), 3)).toEqual({
    ...{ kind: 'missing', waitMs: 4_000, isLast: false, error: ERROR },
  });
  expect(outcome(answered(404), 4)).toMatchObject({ kind: 'missing', isLast: true });
});

// Graph says so itself: "please wait briefly and retry".
test.each([409, 412])('%i is sent again a few times, and has failed then with Graph’s own code', (status) => {
  expect(outcome(answered(status), 3)).toEqual({
    ...{ kind: 'again', httpStatus: status, error: ERROR, waitMs: 4_000 },
  });
  expect(waitOf(outcome(answered(status, { retryAfterMs: 9_000 })))).toBe(9_000);
  expect(outcome(answered(status), 4)).toEqual({ kind: 'gaveUp', httpStatus: status, error: ERROR });
});

test('401 is about the token, not about the row', () => {
  expect(outcome(answered(401), SENDS_MAX)).toEqual({ kind: 'signIn', error: ERROR });
});

test('429 holds the tenant and costs no attempt, however often it comes', () => {
  expect(outcome(answered(429, { retryAfterMs: 2128 }), 99)).toEqual({
    kind: 'throttled',
    retryAfterMs: 2128,
  });
  expect(outcome(answered(429))).toEqual({ kind: 'throttled', retryAfterMs: undefined });
});

describe.each([408, 423, 424, 425, 501, 502, 503, 504, 505, 507, 509, 511, 599])('%i', (status) => {
  test('is sent again until the last send, then it is given up', () => {
    expect(outcome(answered(status), SENDS_MAX - 1)).toMatchObject({
      kind: 'again',
      httpStatus: status,
      error: ERROR,
    });
    expect(outcome(answered(status), SENDS_MAX)).toEqual({
      kind: 'gaveUp',
      httpStatus: status,
      error: { code: 'GaveUp', message: `Sent 8 times; the last answer was ${status} SomeCode: Some words.` },
    });
  });
});

test('500 can mean "applied anyway", so it is sent three times at most', () => {
  expect(outcome(answered(500), 2)).toMatchObject({ kind: 'again', httpStatus: 500 });
  expect(outcome(answered(500), 3)).toMatchObject({ kind: 'gaveUp', error: { code: 'GaveUp' } });
});

test.each([0, 100, 199, 300, 301, 302, 307, 308, 399])(
  '%i says nothing about the write: it is lost',
  (status) => {
    expect(outcome(answered(status))).toMatchObject({ kind: 'lost', why: `status ${status}` });
  },
);

test('a reply that never came is lost, however often; the read decides its end', () => {
  expect(outcome({ kind: 'lost', why: 'reset' }, 99)).toMatchObject({ kind: 'lost', why: 'reset' });
  expect(replyLost(8, 'reset')).toEqual({
    code: 'ReplyLost',
    message: 'Sent 8 times without a readable reply (reset), and the tenant does not hold the target.',
  });
});

test('an answer without words gets some', () => {
  const bare = { kind: 'answered', status: 403 } as const;
  expect(outcome(bare)).toEqual({
    kind: 'failed',
    httpStatus: 403,
    error: { code: 'Http403', message: 'Graph answered 403 without saying why.' },
  });
});

// Prose may say anything: "TooManyRequests" on a 400 is a 400.
test('only the status decides', () => {
  const error = { code: 'TooManyRequests', message: 'Retry after 10 seconds.' };
  expect(outcome({ kind: 'answered', status: 400, error }).kind).toBe('failed');
  expect(outcome({ kind: 'answered', status: 200, error }).kind).toBe('succeeded');
});

describe('the wait before the next send', () => {
  const sends = Array.from({ length: SENDS_MAX - 1 }, (_, i) => i + 1);

  test('doubles from a tenth of a window to three windows', () => {
    const longest = sends.map((n) => waitOf(outcome(answered(503), n, 1)));
    expect(longest).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  });

  test('is spread over its upper half, so that rows do not come back together', () => {
    const waits = [0, 0.25, 0.5, 0.75, 0.999].map((random) => waitOf(outcome(answered(503), 2, random)));
    expect(waits).toEqual([2_000, 2_500, 3_000, 3_500, 3_998]);
  });

  test('follows the window', () => {
    expect(waitOf(outcomeOf(answered(503), 1, 200, () => 0))).toBe(10);
  });

  test('is the same for lost replies', () => {
    for (const n of sends)
      expect(waitOf(outcome({ kind: 'lost', why: 'cut' }, n))).toBe(waitOf(outcome(answered(503), n)));
    expect(waitOf(outcome(answered(302), 2))).toBe(waitOf(outcome(answered(503), 2)));
  });

  test.each([
    answered(503, { retryAfterMs: 45_000 }),
    { kind: 'lost', why: 'cut', retryAfterMs: 45_000 } as const,
  ])('is what Retry-After asks for when that is longer, never less: %j', (reply) => {
    expect(waitOf(outcome(reply, 1))).toBe(45_000);
    expect(waitOf(outcome({ ...reply, retryAfterMs: 1 }, 1))).toBe(1_000);
  });
});
