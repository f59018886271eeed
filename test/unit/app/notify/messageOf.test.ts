import { expect, test } from 'vitest';
import { messageOf } from '../../../../src/app/notify/messageOf.ts';
import { RUN_EVENTS, type EventData, type RunEventType } from '../../../../src/runs/runEvent.ts';
import { REASONS } from '../../../../src/runs/reason.ts';

const AT = Date.UTC(2026, 0, 31, 22);
const IDENTITY = { tenant: 'north', hint: (words: string) => `retarget ${words} --tenant north` };

const message = (type: RunEventType, data: EventData) =>
  messageOf(
    {
      ...{ id: 'r1-1', at: AT, run: 'r1', type, channels: ['ops'] },
      data: { file: '/home/ada/changes.csv', operator: 'ada@desk', total: 300, rows: {}, ...data },
    },
    IDENTITY,
  );

const titleOf = (type: RunEventType, data: EventData): string => message(type, data).title;
const command = (type: RunEventType, data: EventData, what: string): string | undefined =>
  message(type, data).commands.find(([name]) => name === what)?.[1];

test('each event is one sentence that says what it means', () => {
  const rows = { succeeded: 60, pending: 240 };
  expect([
    titleOf('begun', {}),
    titleOf('waitsForYes', { reason: 'canary', facts: { rows: 20 } }),
    titleOf('waitsForYes', { reason: 'age', facts: { hours: 30 } }),
    titleOf('waitsForYes', { reason: 'age' }),
    titleOf('paused', { reason: 'signIn' }),
    titleOf('paused', { reason: 'operator', words: 'by ada@desk: CHG-1' }),
    titleOf('stalled', { reason: 'noWorker', rows }),
    titleOf('stalled', { state: 'running', since: AT - 300_000, rows }),
    titleOf('windowClosed', { reason: 'window', rows }),
    titleOf('failures', { failed: 3, written: 120, share: 1 }),
    titleOf('ended', { state: 'completed', rows: { succeeded: 295, failed: 5 }, startedAt: AT - 90_000 }),
    titleOf('stalled', { state: 'queued', reason: 'noWorker', since: AT - 300_000, rows }),
    titleOf('tenantStopped', { words: 'CHG-7', runs: ['r1', 'r2'] }),
    titleOf('takenBack', { by: 'r2', taken: 298, left: 2 }),
    titleOf('takenBack', { taken: 0, left: 0 }),
    titleOf('notTakenBack', { revertAt: AT, timeZone: 'Europe/Berlin' }),
  ]).toEqual([
    'Run r1 has begun: 300 rows of changes.csv.',
    'Run r1 waits for a yes: canary: the first 20 rows are written.',
    'Run r1 waits for a yes: it is 30 h old: look whether it still is what you want.',
    'Run r1 waits for a yes: its plan is too old, and made anew it comes to something else: look whether it still is what you want.',
    'Run r1 is paused: the sign-in does not work; it goes on by itself when it does.',
    'Run r1 is paused: by ada@desk: CHG-1.',
    'Run r1 stands still: its workers were not heard of for a minute: it goes on with the next one; 240 of 300 rows left.',
    'Run r1 stands still: no row has come to its end since 2026-01-31T21:55:00.000Z; 240 of 300 rows left.',
    'The window of run r1 has closed with 240 of 300 rows left: it is outside its windows.',
    'Run r1: 3 of 120 written rows failed, more than 1 %.',
    'Run r1 completed in 1 min 30 s: 295 succeeded, 5 failed.',
    'Run r1 stands still: nobody works on it since 2026-01-31T21:55:00.000Z, and the workers that are there work on others only; 240 of 300 rows left.',
    'The tenant was stopped by ada@desk: CHG-7; 2 runs stand still (r1, r2).',
    'The time of run r1 has come: run r2 takes it back, 298 rows; 2 assignments that somebody has changed since, or of which no write is on record, stay as they are.',
    'The time of run r1 has come, and nothing of it is there to be taken back.',
    'Run r1 could not be taken back at its time, Sat 2026-01-31 23:00 (Europe/Berlin); it is tried again.',
  ]);
});

test('a run that a second person has to approve says for whom it waits, and gives the line that does it', () => {
  const facts = { run: 'r1', by: 'ada@example.com', fingerprint: 'f'.repeat(64) };
  const data = { reason: 'approval', facts };
  expect(titleOf('waitsForYes', data)).toContain(
    'somebody else than ada@example.com has to approve its plan',
  );
  expect(command('waitsForYes', data, 'Approve it')).toBe(
    `retarget approve r1 --fingerprint ${'f'.repeat(32)} --reason … --tenant north`,
  );
  expect(command('waitsForYes', data, 'Go on')).toBeUndefined();
});

test('an end tells its exit code, its sums and the line that shows the failed rows', () => {
  const ended = { state: 'completed', rows: { succeeded: 295, failed: 5 } } as const;
  expect(message('ended', ended)).toMatchObject({
    data: { exitCode: 1, rows: { succeeded: 295, failed: 5 }, total: 300, file: 'changes.csv' },
    facts: expect.arrayContaining([
      ['Rows', '295 succeeded, 5 failed of 300'],
      ['Exit code', '1'],
    ]),
  });
  expect(command('ended', ended, 'Failed rows')).toBe(
    'retarget results r1 --only failed,stale,unsure --tenant north',
  );
  const well = { state: 'completed', rows: { succeeded: 300 } } as const;
  expect(command('ended', well, 'Failed rows')).toBeUndefined();
  expect(message('ended', well).data['exitCode']).toBe(0);
  expect(message('ended', { ...well, leftOut: 2 }).data['exitCode']).toBe(1);
  expect(message('ended', { state: 'aborted', rows: {} }).data['exitCode']).toBe(3);
});

test('every event has words for every reason', () => {
  const facts = { rows: 1, hours: 1, failed: 1, max: '5%', at: AT, run: 'r2' };
  const counts = { failed: 1, written: 2, share: 3 };
  const NO_FACTS = [
    'signIn',
    'permission',
    'reads',
    'refused',
    'route',
    'lostEntries',
    'operator',
    'interrupted',
  ];
  for (const type of RUN_EVENTS)
    for (const reason of REASONS) {
      const told = message(type, {
        ...{ reason, state: 'paused', ...counts },
        ...(!NO_FACTS.includes(reason) && { facts }),
      });
      expect(told.title).not.toMatch(/undefined|: \.|: $/);
      expect(told.data['reasonText'], reason).toBeTruthy();
    }
});
