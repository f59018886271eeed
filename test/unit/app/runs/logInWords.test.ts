import { expect, test } from 'vitest';
import { detailsInWords } from '../../../../src/app/runs/logInWords.ts';
import type { LogEntry } from '../../../../src/runs/runReader.ts';

const AT = Date.UTC(2026, 0, 31);
const entry = (action: string, details: LogEntry['details'], reason?: string): LogEntry => ({
  ...{ at: AT, operator: 'the run itself', action, reason: reason ?? null, details: details ?? {} },
});

test.each<readonly [string, LogEntry, string]>([
  ['by which worker', entry('begun', { state: 'running', worker: 'desk (pid 7)' }), 'worker desk (pid 7)'],
  [
    'why a run stopped itself',
    entry('stopped itself', { state: 'aborted', facts: { failed: 6, written: 100, max: '5%' } }, 'failures'),
    '6 of 100 written rows failed, more than 5%',
  ],
  [
    'why it was paused, in the words that came with it',
    entry('paused', { state: 'paused', why: 'sign-in: no token' }, 'signIn'),
    'sign-in: no token',
  ],
  [
    'what the sums are in the end',
    entry('ended', { state: 'completed', succeeded: 1_200, failed: 6 }),
    'completed: 1,200 succeeded, 6 failed',
  ],
  [
    'how often the tenant as a whole was told to wait, and for how long',
    entry('throttled', { state: 'running', times: 3, rows: 12, untilMs: AT + 90_000 }),
    'the tenant as a whole was told to wait, 3 times, in all for 1 min 30 s',
  ],
  [
    'when the last worker was heard of',
    entry('left by its workers', { state: 'queued', since: AT }, 'noWorker'),
    'its workers were not heard of for a minute: it goes on with the next one; since 2026-01-31T00:00:00.000Z',
  ],
  [
    'times as moments, and what was taken back as off',
    entry('update', { startAt: AT, windows: [], deadlineAt: null, timeZone: 'Europe/Berlin' }),
    'startAt 2026-01-31T00:00:00.000Z; windows off; deadlineAt off; timeZone Europe/Berlin',
  ],
  [
    'what a person said, the command line last',
    entry('set', { arguments: ['set', 'r1'], maxFailures: '7' }),
    'maxFailures 7; retarget set r1',
  ],
  [
    'a command line so that it can be pasted',
    entry('submit', { arguments: ['submit', 'ring 2.csv', '--reason', "it's <CHG-1>"] }),
    "retarget submit 'ring 2.csv' --reason 'it'\\''s <CHG-1>'",
  ],
])('the log says %s', (_, given, words) => {
  expect(detailsInWords(given)).toBe(words);
});
