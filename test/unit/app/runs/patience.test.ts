import { expect, test } from 'vitest';
import { Patience } from '../../../../src/app/runs/patience.ts';
import type { Sighting } from '../../../../src/events.ts';
import type { WaitingReason } from '../../../../src/runs/keeping.ts';

// Nothing else of it is looked at.
const seen = (reason?: WaitingReason): Sighting =>
  ({ why: reason === undefined ? undefined : { reason, reasonText: '' } }) as unknown as Sighting;

test('who waits for others gives up when that has lasted for too long at a stretch', () => {
  const patience = new Patience(1_000);
  expect(patience.isOver(seen('approval'), 0)).toBe(false);
  expect(patience.isOver(seen('noWorker'), 900)).toBe(false);
  expect(patience.isOver(seen(), 950)).toBe(false);
  expect(patience.isOver(seen('tenantStopped'), 1_500)).toBe(false);
  expect(patience.isOver(seen('tenantStopped'), 2_500)).toBe(true);
});

test('what Graph asks for is waited for, and without a limit all of it', () => {
  const patience = new Patience(1_000);
  for (const reason of ['throttled', 'restarted', 'lateWrites', 'graphAway', 'noProgress'] as const) {
    expect(patience.isOver(seen(reason), 0)).toBe(false);
    expect(patience.isOver(seen(reason), 9_999_999)).toBe(false);
  }
  const endless = new Patience(undefined);
  expect(endless.isOver(seen('inLine'), 0)).toBe(false);
  expect(endless.isOver(seen('inLine'), 9_999_999)).toBe(false);
});
