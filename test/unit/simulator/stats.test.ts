import { expect, test } from 'vitest';
import { openAccount, type Account } from '../../../src/simulator/stats.ts';
import { DEFAULT_SETTINGS } from '../../../src/simulator/settings.ts';

const opened = (): Account =>
  openAccount(() => ({ ...DEFAULT_SETTINGS, windowMs: 1_000, backoffGraceMs: 50 }));
const request = (
  account: Account,
  atMs: number,
  more: { app?: string; method?: string; clientRequestId?: string } = {},
) => {
  const { app = 'a', method = 'PATCH', clientRequestId } = more;
  account.requestArrived({ app, method, isWrite: method !== 'GET', clientRequestId, atMs });
};
const held = (account: Account): number => account.stats().requestsDuringBackoff;

test('the most writes in any window are those of one app, reads apart', () => {
  const account = opened();
  for (const at of [0, 900, 950, 1_001, 1_899, 1_901]) request(account, at);
  for (const at of [900, 901, 902, 903, 904]) request(account, at, { method: 'GET' });
  for (const at of [900, 901]) request(account, at, { app: 'b' });
  expect(account.stats().writesInWindowMax.arrived).toBe(4);
});

test('a write between the grace and the end of a backoff is too early', () => {
  const account = opened();
  account.backoffGiven('a', 'writes', 1_000, 2_000);
  for (const at of [999, 1_049, 2_000, 2_500]) request(account, at);
  expect(held(account)).toBe(0);
  for (const at of [1_051, 1_999]) request(account, at);
  expect(held(account)).toBe(2);
});

test("a backoff of writes holds no reads, a backoff of requests holds both, and neither holds another app's", () => {
  const account = opened();
  account.backoffGiven('a', 'writes', 0, 1_000);
  request(account, 500, { method: 'GET' });
  request(account, 500, { app: 'b' });
  expect(held(account)).toBe(0);
  account.backoffGiven('a', 'requests', 500, 1_000);
  request(account, 600, { method: 'GET' });
  expect(held(account)).toBe(1);
});

test('a longer backoff counts from when it was given, a shorter one does not end the first', () => {
  const account = opened();
  account.backoffGiven('a', 'writes', 0, 1_000);
  account.backoffGiven('a', 'writes', 980, 3_000);
  // On its way already when the second one was given, and after the end of the first.
  request(account, 1_001);
  expect(held(account)).toBe(0);
  account.backoffGiven('a', 'writes', 1_002, 1_200);
  request(account, 2_900);
  expect(held(account)).toBe(1);
});

test('an assignment counts as written again only after its first 200 was delivered', () => {
  const account = opened();
  account.wrote({ what: 'assignment', key: '/x' });
  account.wrote({ what: 'assignment', key: '/x' });
  expect(account.stats().writtenAgain).toEqual([]);
  account.delivered('/x');
  account.wrote({ what: 'assignment', key: '/x' });
  expect(account.stats()).toMatchObject({
    writtenAgain: ['/x'],
    writesPerAssignment: { '/x': 3 },
    writesDone: 3,
  });
});

test('a client-request-id on two requests is noticed', () => {
  const account = opened();
  for (const clientRequestId of ['1', '2', '1']) request(account, 0, { clientRequestId });
  request(account, 0);
  expect(account.stats().clientRequestIdsRepeated).toBe(1);
});

test('reset forgets everything, and what was handed out stays as it was', () => {
  const account = opened();
  const empty = account.stats();
  account.fault('lost');
  account.exchangeArrived('envelope', { userAgent: 'x' });
  request(account, 10);
  expect(account.stats()).not.toEqual(empty);
  expect(empty.envelopes).toBe(0);
  account.reset();
  expect(account.stats()).toEqual(empty);
});

test('lists are counted by policy, apart from assignments', () => {
  const account = opened();
  for (const key of ['/p/assign', '/p/assign', '/q/assign']) account.wrote({ what: 'list', key });
  account.wrote({ what: 'assignment', key: '/x' });
  const counted = {
    assignsPerPolicy: { '/p/assign': 2, '/q/assign': 1 },
    writesPerAssignment: { '/x': 1 },
    writesDone: 4,
  };
  expect(account.stats()).toMatchObject(counted);
  account.reset();
  expect(account.stats().assignsPerPolicy).toEqual({});
});

test('a write that a fault held up is no offence against a backoff given after it was sent', () => {
  const account = opened();
  account.backoffGiven('a', 'writes', 1_000, 5_000);
  const heldUp = { app: 'a', method: 'PATCH', isWrite: true, clientRequestId: undefined, atMs: 3_000 };
  account.requestArrived({ ...heldUp, sentMs: 900 });
  expect(held(account)).toBe(0);
  account.requestArrived(heldUp);
  expect(held(account)).toBe(1);
});
