import { expect, test } from 'vitest';
import {
  DEFAULT_OPTIONS,
  hasEnded,
  headerFields,
  RECORD_FORMAT,
  runFromHeader,
  type RunIdentity,
  type RunOptions,
} from '../../../src/runs/run.ts';

const IDENTITY: RunIdentity = {
  runId: 'r1',
  tenant: 'contoso',
  graphUrl: 'https://graph.microsoft.com',
  apiVersion: 'v1.0',
  appId: 'app',
  operator: 'ann@host',
  arguments: ['apply', 'a "file".csv'],
  fileName: 'a "file".csv',
  blind: true,
  keepDays: 7,
  options: DEFAULT_OPTIONS,
};

const headerOf = (fields: Record<string, string | number> = {}): Record<string, string> =>
  Object.fromEntries(
    Object.entries({ ...headerFields(IDENTITY, 1000), ...fields }).map(([name, value]) => [
      name,
      String(value),
    ]),
  );

test('a header gives back what the run was published with', () => {
  const run = runFromHeader(
    'r1',
    headerOf({ state: 'queued', columns: '["policyId"]', fileSha256: 'abc', total: 3, left: 3 }),
  );
  expect(run).toMatchObject({
    ...IDENTITY,
    format: RECORD_FORMAT,
    state: 'queued',
    reason: null,
    reasonText: null,
    source: { name: IDENTITY.fileName, sha256: 'abc' },
    columns: ['policyId'],
    total: 3,
    createdAt: 1000,
    startedAt: null,
    finishedAt: null,
  });
});

test('every option of a run comes back from its header', () => {
  const options: RunOptions = {
    ...{
      strategy: 'assign',
      verify: true,
      restores: true,
      isPlainUndo: true,
      revertOf: 'r0',
      maxFailures: '7',
    },
    ...{ maxAgeMs: 3_600_000, plannedAt: 500, canary: 3, writesPerWindow: 40 },
    ...{ startAt: 7_000, windows: ['22:00-05:00', 'Sat 08:00 - Sun 20:00'], timeZone: 'Europe/Berlin' },
    ...{
      deadlineAt: 9_000,
      revertAt: 10_000,
      isUrgent: true,
      purpose: 'CHG-1234',
      justification: 'asked for',
    },
    ...{ notify: ['ops', 'mail'], notifyFailures: 2 },
  };
  const header = headerFields({ ...IDENTITY, options }, 1000);
  const read = runFromHeader(
    'r1',
    Object.fromEntries(Object.entries(header).map(([name, value]) => [name, String(value)])),
  );
  expect(read?.options).toEqual(options);
  expect(runFromHeader('r1', headerOf())?.options).toEqual(DEFAULT_OPTIONS);
});

test('there is no run without a header, nor with a state of a later version', () => {
  expect(runFromHeader('r1', {})).toBeUndefined();
  expect(runFromHeader('r1', headerOf({ state: 'hibernating' }))).toBeUndefined();
});

test('of a run of another format it is read what it is and how far, and nothing else is believed', () => {
  const run = runFromHeader('r1', {
    ...{ format: '2', state: 'paused', tenant: 'contoso', graphUrl: 'https://graph', fileName: 'f.csv' },
    ...{ total: '3', left: '2', sent: '1', succeeded: '1', createdAt: '5', keepDays: 'for ever' },
    ...{ reason: 'age', stateReason: 'by ann', columns: 'all of them', gate: '7' },
  });
  expect(run).toMatchObject({
    ...{ format: '2', state: 'paused', reason: null, reasonText: null, tenant: 'contoso' },
    ...{ graphUrl: 'https://graph', source: { name: 'f.csv' }, total: 3, createdAt: 5 },
    counts: { pending: 2, succeeded: 1 },
  });
  expect(run?.columns).toEqual([]);
});

test.each([
  ['canary', { rows: 7 }, 'canary: the first 7 rows are written'],
  ['age', { hours: 25 }, 'it is 25 h old: look whether it still is what you want'],
  [
    'age',
    { hours: 25, isAnew: true },
    'due, and its plan is 25 h old: it is planned anew, and begins when that comes to the same',
  ],
  ['failures', { failed: 10, written: 100, max: '5%' }, '10 of 100 written rows failed, more than 5%'],
  ['failures', { failed: 4, max: '3' }, '4 rows failed, more than 3'],
  ['failures', { inARow: 20, code: 'Busy' }, '20 rows in a row failed with Busy'],
  ['time', { at: 1_796_418_000_000 }, 'it begins at Fri 2026-12-04 22:00 (Europe/Berlin)'],
  ['window', {}, 'it is outside its windows'],
  [
    'window',
    { at: 1_796_418_000_000 },
    'it is outside its windows; the next one opens at Fri 2026-12-04 22:00 (Europe/Berlin)',
  ],
  ['urgent', { run: 'r2' }, 'run r2 is urgent and goes first; this one goes on by itself afterwards'],
  ['deadline', { at: 1_796_418_000_000 }, 'its deadline was Fri 2026-12-04 22:00 (Europe/Berlin)'],
])('what a script leaves of the reason %s is made words of: %j', (reason, facts, words) => {
  const header = headerOf({
    ...{ state: 'paused', reason, reasonFacts: JSON.stringify(facts), moves: 4, timeZone: 'Europe/Berlin' },
  });
  expect(runFromHeader('r1', header)).toMatchObject({ reason, reasonText: words, moves: 4 });
});

test('a sentence that came with its reason is shown as it came', () => {
  const header = headerOf({ state: 'paused', reason: 'operator', reasonText: 'by ann' });
  expect(runFromHeader('r1', header)).toMatchObject({ reason: 'operator', reasonText: 'by ann' });
});

test('the seven counts of a run add up to its total, whatever its state', () => {
  const counted = {
    total: 20,
    left: 8,
    sent: 3,
    succeeded: 5,
    skipped: 2,
    failed: 1,
    stale: 1,
    awaitingApproval: 1,
    cancelled: 2,
  };
  for (const state of ['queued', 'running', 'paused', 'cancelled', 'aborted', 'completed']) {
    const run = runFromHeader('r1', headerOf({ ...counted, state }));
    expect(
      Object.values(run?.counts ?? {}).reduce((sum, n) => sum + n, 0),
      state,
    ).toBe(20);
  }
});

test('rows that a cancel left unwritten count as cancelled, those in doubt as pending', () => {
  const run = runFromHeader(
    'r1',
    headerOf({ state: 'cancelled', total: 10, left: 6, sent: 2, cancelled: 1, succeeded: 3 }),
  );
  expect(run?.counts).toMatchObject({ pending: 2, cancelled: 5, succeeded: 3 });
});

test('a cancelled run has not ended while writes are in doubt', () => {
  const inDoubt = runFromHeader('r1', headerOf({ state: 'cancelled', left: 2, sent: 1, finishedAt: 5 }));
  const clear = runFromHeader('r1', headerOf({ state: 'cancelled', left: 2, sent: 0, finishedAt: 5 }));
  expect([inDoubt, clear].map((run) => run && hasEnded(run))).toEqual([false, true]);
});
