import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { createEvents, type Events } from '../../../../src/events.ts';
import type { Config } from '../../../../src/config.ts';
import { createPrinter } from '../../../../src/cli/terminal/print.ts';
import { talkOf } from '../../../../src/cli/terminal/talk.ts';
import { createLog } from '../../../../src/log.ts';

/** What is said of these events, without the times of the log. */
function said(tell: (events: Events) => void): string[] {
  const stderr = new PassThrough();
  const print = createPrinter(new PassThrough(), stderr, {}, (text) => text.replaceAll('hunter2', '***'));
  const events = createEvents();
  talkOf(events, print, createLog(print.say, 'info'));
  tell(events);
  const text = String(stderr.read() ?? '');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => line.replace(/^\d{4}-\S+Z /, ''));
}

const settings = (
  isVerbose: boolean,
  remarks: readonly string[] = [],
): Pick<Config, 'isVerbose' | 'remarks'> => ({
  ...{ isVerbose, remarks: [...remarks] },
});

test.each<[string, (events: Events) => void, string]>([
  ['a sign-in', (on) => on.emit('signInPrompt', 'Enter CODE at …'), 'Enter CODE at …'],
  ['what Graph is waited for', (on) => on.emit('graphAway', 'Graph is away.'), 'Graph is away.'],
  ['one row left out', (on) => on.emit('leftOut', 1, 1), 'Left out: 1 row of 1 policy with problems.'],
  ['rows left out', (on) => on.emit('leftOut', 3, 2), 'Left out: 3 rows of 2 policies with problems.'],
  [
    'a plan of somebody else',
    (on) => on.emit('foreignPlan', 'plan.ndjson'),
    'plan.ndjson was sealed elsewhere, or not at all: it is planned anew, and must come to the same.',
  ],
  ['a sample', (on) => on.emit('sample', 5, 1), 'A sample of 5 of 1 row to be written:'],
  [
    'a write that may land late',
    (on) => on.emit('lateWrites', 1, 1_001),
    'A write whose reply was lost may still land on 1 policy: waiting up to 2 s for that before anything is put back.',
  ],
  [
    'writes that may land late',
    (on) => on.emit('lateWrites', 2, 60_000),
    'A write whose reply was lost may still land on 2 policies: waiting up to 1 min 0 s for that before anything is put back.',
  ],
  ['which run @last is', (on) => on.emit('runNamed', '@last', 'r1', 'a.csv'), '@last is r1 (a.csv)'],
  ['that nothing was queued', (on) => on.emit('discarded'), 'Nothing was queued.'],
])('%s is said in one sentence', (_, tell, sentence) => {
  expect(said(tell)).toEqual([sentence]);
});

test('each problem has a line with its place', () => {
  const problem = { line: 3, column: 2, name: 'policyId', message: 'It is missing.', remedy: 'Write it.' };
  expect(said((on) => on.emit('problems', { name: 'a.csv', problems: [problem], problemTotal: 3 }))).toEqual([
    'a.csv:3:2 policyId: It is missing. Write it.',
    '… and 2 more problems.',
  ]);
});

const REQUEST = {
  ...{ method: 'GET', path: '/deviceManagement', tookMs: 84, clientRequestId: 'c1' },
  ...{ status: 200, requestId: 'q1' },
} as never;

test('remarks on the settings are said; requests only where the settings ask for it', () => {
  expect(
    said((on) => {
      on.emit('settings', settings(false, ['From .env: AZURE_TENANT_ID.']));
      on.emit('request', REQUEST);
      on.emit('notReached', 'ECONNREFUSED');
    }),
  ).toEqual(['From .env: AZURE_TENANT_ID.']);
  expect(
    said((on) => {
      on.emit('settings', settings(true));
      on.emit('request', REQUEST);
      on.emit('notReached', 'ECONNREFUSED');
    }),
  ).toEqual([
    'debug GET /deviceManagement 200 in 84 ms (request-id q1, client-request-id c1)',
    'debug Graph was not reached: ECONNREFUSED',
  ]);
});

test('what Graph or a file says can not steer the terminal, and secrets are hidden', () => {
  const [line = ''] = said((on) => on.emit('graphAway', 'away \u001b[2J hunter2'));
  expect(line).not.toContain('\u001b');
  expect(line).toContain('***');
});

test('that a run stands is nothing to say while all goes well', () => {
  expect(said((on) => on.emit('published', 'r1'))).toEqual([]);
});
