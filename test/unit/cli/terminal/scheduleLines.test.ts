import { expect, test } from 'vitest';
import { scheduleLines } from '../../../../src/cli/terminal/scheduleLines.ts';
import type { ScheduleStatus } from '../../../../src/runs/progress.ts';

const FIT = { writes: 600, seconds: 120, opensAt: '2026-12-04T21:00:00.000Z', left: 0 };
const SCHEDULE: ScheduleStatus = {
  ...{ startAt: '2026-12-04T21:00:00.000Z', windows: ['22:00-05:00'], timeZone: 'Europe/Berlin' },
  ...{ deadlineAt: '2026-12-06T04:00:00.000Z', opensAt: FIT.opensAt, closesAt: null },
  fit: { ...FIT, holds: 300, moreWindows: 1 },
};

test('status says when a run may work, and whether what is left fits', () => {
  expect(scheduleLines({ schedule: SCHEDULE, finishedAt: null })).toEqual([
    [
      'may work',
      'from Fri 2026-12-04 22:00 (Europe/Berlin) on, within 22:00-05:00 (Europe/Berlin), until Sun 2026-12-06 05:00 (Europe/Berlin)',
    ],
    ['fits', '600 writes need about 2 min 0 s; the window holds 300. It does not fit: about 1 more night'],
  ]);
});

test('nothing is said of a run that has ended, or may work at any time', () => {
  expect(scheduleLines({ schedule: SCHEDULE, finishedAt: '2026-12-05T00:00:00.000Z' })).toEqual([]);
  expect(scheduleLines({ schedule: null, finishedAt: null })).toEqual([]);
});
