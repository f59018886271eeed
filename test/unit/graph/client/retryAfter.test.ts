import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RETRY_AFTER_MAX_MS, retryAfterMs } from '../../../../src/graph/client/retryAfter.ts';

const NOON = 'Sat, 21 Nov 2026 12:00:00 GMT';

describe('seconds', () => {
  test.each([
    ['10', 10_000],
    ['2.128', 2128],
    ['0.249', 249],
    ['.5', 500],
    ['3.', 3000],
    ['0', 0],
    [' 7 ', 7000],
    ['0.0001', 1],
    ['4.035', 4035],
    ['3600', RETRY_AFTER_MAX_MS],
    ['86400', RETRY_AFTER_MAX_MS],
    ['9'.repeat(400), RETRY_AFTER_MAX_MS],
    [5, 5000],
    [['6', '9'], 6000],
  ])('%j is %i ms', (value, ms) => {
    expect(retryAfterMs({ 'Retry-After': value })).toBe(ms);
  });

  test('any number of milliseconds, written as seconds, comes back exactly', () => {
    fc.assert(
      fc.property(fc.nat(RETRY_AFTER_MAX_MS), (ms) => {
        expect(retryAfterMs({ 'retry-after': (ms / 1000).toFixed(3) })).toBe(ms);
      }),
    );
  });
});

describe('dates', () => {
  test.each([
    ['Sat, 21 Nov 2026 12:00:30 GMT'],
    ['Saturday, 21-Nov-26 12:00:30 GMT'],
    ['Sat Nov 21 12:00:30 2026'],
    ['Sat, 21 Nov 2026 13:00:30 +0100'],
  ])('%s is 30 s after noon', (date) => {
    expect(retryAfterMs({ 'retry-after': date, date: NOON })).toBe(30_000);
  });

  test("are held against the reply's own Date, then the envelope's, then our clock", () => {
    const headers = { 'retry-after': 'Sat, 21 Nov 2026 12:00:30 GMT' };
    const envelope = 'Sat, 21 Nov 2026 12:00:10 GMT';
    const nowMs = Date.parse('Sat, 21 Nov 2026 12:00:25 GMT');
    expect(retryAfterMs({ ...headers, Date: NOON }, { date: envelope, nowMs })).toBe(30_000);
    expect(retryAfterMs(headers, { date: envelope, nowMs })).toBe(20_000);
    expect(retryAfterMs(headers, { date: 'broken', nowMs })).toBe(5000);
    expect(retryAfterMs(headers)).toBeUndefined();
  });

  test('in the past mean now, and far ones an hour', () => {
    expect(retryAfterMs({ 'retry-after': 'Sat, 21 Nov 2026 11:00:00 GMT', date: NOON })).toBe(0);
    expect(retryAfterMs({ 'retry-after': 'Sun, 22 Nov 2026 12:00:00 GMT', date: NOON })).toBe(
      RETRY_AFTER_MAX_MS,
    );
  });
});

test.each([
  '',
  ' ',
  '-5',
  '-0.1',
  '+5',
  'NaN',
  'Infinity',
  '1e3',
  '0x10',
  '10, 20',
  '7 apples',
  'soon',
  'Sat, 99 Foo',
  null,
  {},
  [],
  true,
])('%j asks for nothing', (value) => {
  expect(retryAfterMs({ 'Retry-After': value }, { nowMs: 0 })).toBeUndefined();
});

test.each([undefined, null, 'Retry-After: 5', 5, [], {}])(
  'headers that are none (%j) ask for nothing',
  (headers) => {
    expect(retryAfterMs(headers)).toBeUndefined();
  },
);

test('any text is a bounded wait or none', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const ms = retryAfterMs({ 'retry-after': text, date: NOON });
      expect(ms === undefined || (Number.isInteger(ms) && ms >= 0 && ms <= RETRY_AFTER_MAX_MS)).toBe(true);
    }),
  );
});
