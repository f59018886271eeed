import { describe, expect, test } from 'vitest';
import { CHECKERS, violations, type Evidence, type ResultLine } from './checkers.ts';
import type { Desired } from './desires.ts';

// A checker that finds nothing proves nothing unless it finds what is there: each is shown what it is for.

const GROUP = '#microsoft.graph.groupAssignmentTarget';
const desired = (line: number, kind: Desired['kind'], groupId: string): Desired => ({
  line,
  kind,
  groupId,
  listPath: '/deviceManagement/deviceConfigurations/c1/assignments',
  path: `/deviceManagement/deviceConfigurations/c1/assignments/a${line}`,
});
const WISHES = [desired(2, 'change', 'n2'), desired(3, 'alreadySo', 'g3'), desired(4, 'forbidden', 'n4')];
const targets = (...groups: string[]): Record<string, unknown>[] =>
  groups.map((groupId) => ({ '@odata.type': GROUP, groupId }));
const line = (row: number, status: string, more: Partial<ResultLine> = {}): ResultLine => ({
  ...{ row, status, groupId: '', attempts: 1, httpStatus: 200, errorCode: null },
  ...{ policyId: 'c1', assignmentId: `a${row}` },
  ...more,
});

const STATS: Evidence['stats'] = {
  ...{ envelopes: 0, singles: 0, exchanges: {}, requests: {}, replies: {}, faults: {}, userAgents: [] },
  ...{
    writesArrived: 2,
    writesAdmitted: 2,
    writesLandedLate: 0,
    writesDone: 1,
    throttled: 0,
    writtenAgain: [],
  },
  ...{ requestsDuringBackoff: 0, clientRequestIdsRepeated: 0, redirectsFollowed: 0 },
  writesPerAssignment: { '/deviceManagement/deviceConfigurations/c1/assignments/a2': 1 },
  assignsPerPolicy: {},
  fewestAssignments: {},
  writesInWindowMax: { arrived: 2, admitted: 2 },
  writeArrivals: [1_000, 1_001],
};

const WELL: Evidence = {
  plan: { writeLimit: 2, weather: 'calm', faults: {}, rekey: false, landsLate: false },
  desires: WISHES,
  results: [
    line(2, 'succeeded'),
    line(3, 'skipped', { attempts: 0 }),
    line(4, 'failed', { httpStatus: 403, errorCode: 'Forbidden' }),
  ],
  status: {
    ...{ state: 'completed', reason: null, reasonText: null, total: 3, succeeded: 1, skipped: 1, failed: 1 },
    ...{ pending: 0, stale: 0, awaitingApproval: 0, unsure: 0, cancelled: 0 },
  },
  stats: STATS,
  before: new Map([
    ['/deviceManagement/deviceConfigurations/c1/assignments', targets('g2', 'g3', 'g4', 'g5')],
  ]),
  after: new Map([
    ['/deviceManagement/deviceConfigurations/c1/assignments', targets('n2', 'g3', 'g4', 'g5')],
  ]),
  cancelled: undefined,
  rolledBack: undefined,
  takenUpAfterMs: [15_000],
  endings: [{ what: 'worker', exitCode: 0 }],
  said: ['[worker 1]\nWorking for tenant t.'],
};

const withResult = (place: number, changed: ResultLine): Partial<Evidence> => ({
  results: WELL.results.map((result, i) => (i === place ? changed : result)),
});
const withStats = (change: Partial<Evidence['stats']>): Partial<Evidence> => ({
  stats: { ...STATS, ...change },
});
const heldAfter = (...groups: string[]): Partial<Evidence> => ({
  after: new Map([['/deviceManagement/deviceConfigurations/c1/assignments', targets(...groups)]]),
});

const rolledBackTo = (groupId: string, results: readonly ResultLine[]): Partial<Evidence> => ({
  rolledBack: {
    ...{ results, stats: STATS },
    after: new Map([['/deviceManagement/deviceConfigurations/c1/assignments', targets(groupId)]]),
  },
});

test('a round that went well breaks no invariant', () => {
  expect(violations(WELL)).toEqual([]);
});

describe('the checkers find', () => {
  const PLANTED: readonly (readonly [string, keyof typeof CHECKERS, Partial<Evidence>])[] = [
    ['a run that stands', 'the run came to its end', { status: { ...WELL.status, state: 'running' } }],
    [
      'a run that stopped itself',
      'the run came to its end',
      { status: { ...WELL.status, state: 'aborted' } },
    ],
    ['a row that nobody changed and is stale', 'each row ends as it should', withResult(0, line(2, 'stale'))],
    [
      'a cancel that did not come through',
      'the run came to its end',
      { cancelled: { at: 0, lastArrivalAt: 2_000 } },
    ],
    [
      'a row that is missing',
      'every row has one final outcome, in input order',
      { results: WELL.results.slice(1) },
    ],
    [
      'a row that is there twice',
      'every row has one final outcome, in input order',
      withResult(1, line(2, 'succeeded')),
    ],
    [
      'rows in another order',
      'every row has one final outcome, in input order',
      { results: WELL.results.toReversed() },
    ],
    [
      'a row that is still pending',
      'every row has one final outcome, in input order',
      withResult(0, line(2, 'pending')),
    ],
    [
      'a success that the tenant knows nothing of',
      'succeeded and skipped rows are held by the tenant, all others are not',
      heldAfter('g2', 'g3', 'g4', 'g5'),
    ],
    [
      'a failure that was none',
      'succeeded and skipped rows are held by the tenant, all others are not',
      heldAfter('n2', 'g3', 'n4', 'g5'),
    ],
    [
      'a cancelled row that was written',
      'succeeded and skipped rows are held by the tenant, all others are not',
      withResult(0, line(2, 'cancelled')),
    ],
    [
      'a failure without a fault',
      'each row ends as it should',
      withResult(0, line(2, 'failed', { errorCode: 'GaveUp' })),
    ],
    [
      'a forbidden row that fails of something else',
      'each row ends as it should',
      withResult(2, line(4, 'failed')),
    ],
    [
      'a row that is written twice',
      'nothing is written that was settled, nor twice at all',
      withStats({ writesPerAssignment: { '/deviceManagement/deviceConfigurations/c1/assignments/a2': 2 } }),
    ],
    [
      'a write of what was so already',
      'nothing is written that was settled, nor twice at all',
      withStats({ writesPerAssignment: { '/deviceManagement/deviceConfigurations/c1/assignments/a3': 1 } }),
    ],
    [
      'a write after a reply that had arrived',
      'nothing is written that was settled, nor twice at all',
      withStats({ writtenAgain: ['/deviceManagement/deviceConfigurations/c1/assignments/a2'] }),
    ],
    [
      'an assignment that is posted twice',
      'what is posted and deleted is so once',
      withStats({
        writesPerAssignment: {
          'POST /deviceManagement/deviceConfigurations/c1/assignments/n1': 1,
          'POST /deviceManagement/deviceConfigurations/c1/assignments/n1b': 1,
        },
      }),
    ],
    [
      'a DELETE of what no row is about',
      'what is posted and deleted is so once',
      withStats({
        writesPerAssignment: { 'DELETE /deviceManagement/deviceConfigurations/c1/assignments/a5': 1 },
      }),
    ],
    [
      'a policy that had neither for a moment',
      'no policy is ever without both its old and its new assignment',
      withStats({ fewestAssignments: { '/deviceManagement/deviceConfigurations/c1/assignments': 3 } }),
    ],
    ['a stranger that was changed', 'what no row is about stays as it was', heldAfter('n2', 'g3', 'g4', 'x')],
    ['an assignment that is gone', 'what no row is about stays as it was', heldAfter('n2', 'g3', 'g4')],
    [
      'what a rollback has left without a word',
      'after a rollback nothing is left that its results do not name',
      rolledBackTo('n2', [line(2, 'succeeded')]),
    ],
    [
      'a request in a backoff',
      'nothing is sent before a backoff has ended',
      withStats({ requestsDuringBackoff: 1 }),
    ],
    [
      'one write too many',
      'the window is never exceeded',
      withStats({ writesInWindowMax: { arrived: 3, admitted: 2 } }),
    ],
    ['a 429 in calm weather', 'the window is never exceeded', withStats({ throttled: 1 })],
    [
      'counters that differ from the rows',
      'the counters are the sum of the outcomes',
      { status: { ...WELL.status, succeeded: 2 } },
    ],
    [
      'a total that differs',
      'the counters are the sum of the outcomes',
      { status: { ...WELL.status, total: 4 } },
    ],
    [
      'a write after the cancel',
      'after a cancel only what was in flight arrives',
      { cancelled: { at: 500, lastArrivalAt: 1_000 } },
    ],
    [
      'an attempt under the name of another',
      'no attempt is taken for another, no redirect is followed',
      withStats({ clientRequestIdsRepeated: 1 }),
    ],
    [
      'a redirect that was followed',
      'no attempt is taken for another, no redirect is followed',
      withStats({ redirectsFollowed: 1 }),
    ],
    [
      'a job that lay too long',
      'what a killed process left is taken up in time',
      { takenUpAfterMs: [20_001] },
    ],
    ['an exit code', 'every process ends as it should', { endings: [{ what: 'worker', exitCode: 70 }] }],
    [
      'a process that did not end',
      'every process ends as it should',
      { endings: [{ what: 'worker', exitCode: null }] },
    ],
    ['a stack trace', 'nobody meets a bug', { said: ['TypeError: x\n    at f (file.js:1:1)'] }],
    [
      'a batch that failed by a bug',
      'nobody meets a bug',
      { said: ['A batch failed by a bug; it will be tried again.'] },
    ],
  ];

  test.each(PLANTED)('%s', (_what, name, change) => {
    expect(CHECKERS[name]?.({ ...WELL, ...change })).not.toEqual([]);
  });

  test('each of its own', () => {
    expect(new Set(PLANTED.map(([, name]) => name))).toEqual(new Set(Object.keys(CHECKERS)));
  });
});

test('a row that stays half done is held, and its old assignment as well, where something was done to it', () => {
  const halfDone = withResult(0, line(2, 'failed', { errorCode: 'OldNotRemoved', httpStatus: 503 }));
  const status = { ...WELL.status, succeeded: 0, failed: 2 };
  const found = (evidence: Partial<Evidence>): string[] =>
    violations({ ...WELL, ...halfDone, ...heldAfter('g2', 'n2', 'g3', 'g4', 'g5'), status, ...evidence });
  expect(found({ plan: { ...WELL.plan, weather: 'faulty' } })).toEqual([]);
  expect(found({})).toEqual([expect.stringContaining('each row ends as it should')]);
});

describe('what a rollback leaves', () => {
  test('may be left when its results name it, or when it was so before', () => {
    for (const change of [
      rolledBackTo('n2', [line(2, 'stale')]),
      rolledBackTo('n2', [line(2, 'failed')]),
      rolledBackTo('g2', [line(2, 'succeeded')]),
      rolledBackTo('g3', []),
    ])
      expect(violations({ ...WELL, ...change })).toEqual([]);
  });
});

test('where writes land late, a row that was sent and not seen through may be held or not', () => {
  const gaveUp = withResult(0, line(2, 'unsure', { errorCode: 'GaveUp', httpStatus: null }));
  const status = { ...WELL.status, succeeded: 0, unsure: 1 };
  for (const held of [heldAfter('n2', 'g3', 'g4', 'g5'), heldAfter('g2', 'g3', 'g4', 'g5')]) {
    const plan = { ...WELL.plan, landsLate: true };
    expect(violations({ ...WELL, ...gaveUp, ...held, plan, status })).toEqual([]);
  }
});
