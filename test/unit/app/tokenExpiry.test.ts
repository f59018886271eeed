import { expect, test } from 'vitest';
import type { Identity } from '../../../src/app/identity.ts';
import { warningOfTokenEnd } from '../../../src/app/tokenExpiry.ts';

const NOW = Date.UTC(2030, 0, 1);
const MINUTE_S = 60;

// Nothing else of it is asked.
const readyFor = (minutes: number, isReadyToken = true): Identity =>
  ({
    isReadyToken,
    signedIn: { claims: { roles: [], scopes: [], expiresAtMs: NOW + minutes * MINUTE_S * 1_000 } },
  }) as unknown as Identity;

const warningFor = (lastsMinutes: number, writesMinutes: number, isReadyToken = true): string | undefined =>
  warningOfTokenEnd(
    readyFor(lastsMinutes, isReadyToken),
    { secondsAtLeast: writesMinutes * MINUTE_S, secondsAbout: writesMinutes * MINUTE_S },
    NOW,
  );

// 40 minutes of writes may take 65: half as long again for all that is no write, and five minutes.
test.each([40, 60, 64])('a token that lasts %d minutes may end before 40 minutes of writes do', (lasts) => {
  expect(warningFor(lasts, 40)).toContain('pauses');
});

test('a token that outlasts the slack is not worth a word', () => {
  expect(warningFor(65, 40)).toBeUndefined();
});

test('a token that ends before the writes possibly can is refused', () => {
  expect(() => warningFor(39, 40)).toThrow('the writes take at least 40 min');
});

test('a sign-in that renews itself may end whenever it likes', () => {
  expect(warningFor(1, 40, false)).toBeUndefined();
});

test('a tenant that was slow last time is no reason to refuse a token that may last', () => {
  const few = { secondsAtLeast: 0, secondsAbout: MINUTE_S };
  expect(warningOfTokenEnd(readyFor(0.75), few, NOW)).toContain('should it end before the run does');
});
