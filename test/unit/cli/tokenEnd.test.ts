import { expect, test } from 'vitest';
import type { Identity } from '../../../src/cli/identity.ts';
import { warningOfTokenEnd } from '../../../src/cli/tokenEnd.ts';

const NOW = Date.UTC(2026, 0, 31);

// Nothing else of it is asked.
const signedInFor = (seconds: number): Identity =>
  ({
    isReadyToken: true,
    signedIn: { claims: { expiresAtMs: NOW + seconds * 1000 } },
  }) as unknown as Identity;

test('a tenant that was slow last time is no reason to refuse a token that may last', () => {
  const few = { secondsAtLeast: 0, secondsAbout: 60 };
  expect(warningOfTokenEnd(signedInFor(45), few, NOW)).toContain('should it end before the run does');
});

test('a token that ends before the limit lets all writes through is refused', () => {
  const many = { secondsAtLeast: 600, secondsAbout: 600 };
  expect(() => warningOfTokenEnd(signedInFor(45), many, NOW)).toThrow('the writes take at least 10 min 0 s');
});
