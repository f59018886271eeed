import { expect, test } from 'vitest';
import { endsByItself, revertAhead, revertInWords } from '../../../../src/app/runs/revertInWords.ts';
import type { RevertStatus } from '../../../../src/runs/progress.ts';

const AT = '2026-12-06T21:00:00.000Z';
const status = (more: Partial<RevertStatus> = {}): string =>
  revertInWords({
    ...{ at: AT, timeZone: 'Europe/Berlin', isDue: false, doneAt: null, run: null, trouble: null },
    ...more,
  });

test('status says when a run is taken back, and what became of that', () => {
  const time = 'Sun 2026-12-06 22:00 (Europe/Berlin)';
  expect(status()).toBe(`to be taken back ${time}`);
  expect(status({ isDue: true })).toBe(`was to be taken back ${time}, and is not`);
  expect(status({ isDue: true, trouble: 'Graph is away.' })).toBe(
    `was to be taken back ${time}, and is not: Graph is away.`,
  );
  // When that was, which may be hours after the time; the run that does it may still wait for a yes.
  const late = { doneAt: '2026-12-07T02:10:00.000Z' };
  const done = 'Mon 2026-12-07 03:10 (Europe/Berlin)';
  expect(status({ ...late, run: 'r2' })).toBe(`run r2 takes it back, made ${done}`);
  expect(status(late)).toBe(`taken back ${done}: there was nothing to take back`);
});

test('where somebody has to approve what takes it back, it says before the start that it does not end by itself', () => {
  const options = { revertAt: Date.parse(AT), timeZone: 'Europe/Berlin' };
  expect(revertAhead({ ...options, revertAt: null }, { approvalFor: [] })).toBeUndefined();
  expect(revertAhead(options, { approvalFor: [] })).toContain('It is taken back at Sun 2026-12-06 22:00');
  for (const approvals of [{ approvalFor: ['mobileApp'] }, { approvalFor: [], isApprovalRequired: true }]) {
    expect(endsByItself(approvals)).toBe(false);
    expect(revertAhead(options, approvals)).toContain('This will not end by itself');
  }
});
