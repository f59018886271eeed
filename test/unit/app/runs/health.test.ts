import { expect, test } from 'vitest';
import { healthOf, isWatched, ENDED_TOLD_MS } from '../../../../src/app/runs/health.ts';
import type { RunStatus } from '../../../../src/runs/progress.ts';
import { NOW, runThatIs } from '../../../support/fakeServices.ts';

const MINUTE = 60_000;
const TERMS = { now: NOW, stalledAfterMs: 5 * MINUTE };

/** How a run is that stands so, and is seen so. */
const healthIn = (
  state: string,
  fields: Record<string, string | number>,
  seen: Partial<Pick<RunStatus, 'reason' | 'reasonText' | 'waitsFor' | 'revert'>> = {},
) => {
  const status = { reason: null, reasonText: null, waitsFor: null, revert: null, ...seen };
  // Nothing else of it is looked at.
  return healthOf(runThatIs(state, { createdAt: 0, ...fields }), status as RunStatus, TERMS);
};

test('a run whose rows come to their end is fine, one of which none did for too long is stalled', () => {
  const since = (ms: number) => ({ workingSince: NOW - 60 * MINUTE, lastProgressAt: NOW - ms });
  expect(healthIn('running', since(4 * MINUTE))).toEqual({ kind: 'fine' });
  expect(healthIn('running', since(6 * MINUTE))).toMatchObject({
    ...{ kind: 'stalled', since: NOW - 6 * MINUTE },
  });
  // What happened before it was set to work last says nothing of now.
  expect(healthIn('running', { ...since(60 * MINUTE), workingSince: NOW - MINUTE })).toEqual({
    kind: 'fine',
  });
});

test('one without a worker is stalled from when that one was heard of last, and says why', () => {
  const seen = { reason: 'noWorker', reasonText: 'no worker since 00:42' } as const;
  const left = { reason: 'noWorker', movedAt: NOW - MINUTE, seenAt: NOW - 6 * MINUTE, workingSince: '' };
  expect(healthIn('queued', left, seen)).toEqual({
    ...{ kind: 'stalled', since: NOW - 6 * MINUTE, why: 'no worker since 00:42' },
  });
  const fresh = { movedAt: NOW - MINUTE, workingSince: '' };
  expect(healthIn('queued', fresh, seen)).toEqual({ kind: 'fine' });
});

test('one that waits for another run, or for its own time, is fine', () => {
  const long = { movedAt: NOW - 600 * MINUTE, workingSince: '' };
  expect(healthIn('queued', long, { reason: 'inLine', waitsFor: { run: 'r0' } })).toEqual({ kind: 'fine' });
  expect(healthIn('queued', long, { reason: 'throttled' })).toMatchObject({ kind: 'stalled' });
});

test('one that a second person has to approve needs somebody at once', () => {
  const seen = { reason: 'approval', reasonText: 'somebody else has to approve it' } as const;
  const waits = { reason: 'approval', movedAt: NOW, workingSince: '' };
  expect(healthIn('queued', waits, seen)).toEqual({
    kind: 'stopped',
    why: 'somebody else has to approve it',
  });
});

test('one whose window has just opened has had no time to stall, however long it has rested', () => {
  const startAt = NOW - MINUTE;
  const rested = { movedAt: NOW - 600 * MINUTE, workingSince: '', reason: 'time' };
  const seen = { reason: 'noWorker', reasonText: 'no worker' } as const;
  expect(healthIn('queued', { ...rested, startAt }, seen)).toEqual({ kind: 'fine' });
  expect(healthIn('queued', { ...rested, startAt: NOW - 6 * MINUTE }, seen)).toMatchObject({
    ...{ kind: 'stalled', since: NOW - 6 * MINUTE },
  });
  const waiting = { reason: 'window', reasonText: 'it is outside its windows' } as const;
  expect(healthIn('queued', rested, waiting)).toEqual({ kind: 'fine' });
});

test('one whose deadline has passed is overdue, paused or not', () => {
  const late = { deadlineAt: NOW - 6 * MINUTE, reason: 'deadline' };
  const seen = { reason: 'deadline', reasonText: 'its deadline was 22:00' } as const;
  for (const state of ['paused', 'queued', 'running'])
    expect(healthIn(state, late, seen)).toEqual({
      ...{ kind: 'overdue', since: NOW - 6 * MINUTE, why: 'its deadline was 22:00' },
    });
});

test('one that rests until somebody does something is stopped, for whatever reason', () => {
  const why = { reasonText: 'by ada@desk: lunch' };
  expect(healthIn('paused', { failed: 3 }, why)).toEqual({ kind: 'stopped', why: 'by ada@desk: lunch' });
  expect(healthIn('aborted', { finishedAt: NOW }, why)).toMatchObject({ kind: 'stopped' });
  expect(healthIn('running', { lastProgressAt: NOW }, { reason: 'tenantStopped', ...why })).toMatchObject({
    kind: 'stopped',
  });
});

test('rows that did not come through count, at work and at the end', () => {
  const rows = { failed: 1, stale: 2, unsure: 3, awaitingApproval: 4 };
  expect(healthIn('completed', { ...rows, finishedAt: NOW })).toEqual({ kind: 'failedRows', rows: 10 });
  expect(healthIn('running', { ...rows, lastProgressAt: NOW })).toEqual({ kind: 'failedRows', rows: 10 });
  expect(healthIn('completed', { finishedAt: NOW, succeeded: 10 })).toEqual({ kind: 'fine' });
  expect(healthIn('cancelled', { finishedAt: NOW, left: 10 })).toEqual({ kind: 'fine' });
});

test('a cancelled run with writes in doubt is stalled when nobody looks at them', () => {
  const doubt = { sent: 1, movedAt: NOW - 6 * MINUTE, workingSince: '' };
  expect(healthIn('cancelled', doubt)).toMatchObject({
    kind: 'stalled',
    why: expect.stringContaining('sent'),
  });
});

test('one that is to be taken back is overdue when nobody has done it, or what does it was stopped', () => {
  const due = { finishedAt: NOW - 60 * MINUTE, succeeded: 10, revertAt: NOW - 2 * MINUTE };
  const trouble = 'Graph is out of reach.';
  const seen = { revert: { trouble } } as never;
  expect(healthIn('completed', { ...due, revertAt: NOW - MINUTE })).toEqual({ kind: 'fine' });
  expect(healthIn('completed', due)).toMatchObject({
    ...{ kind: 'overdue', since: NOW - 2 * MINUTE, why: expect.stringContaining('no worker has done it') },
  });
  expect(healthIn('completed', due, seen)).toMatchObject({ why: expect.stringContaining(trouble) });
  const done = runThatIs('completed', { ...due, revertedAt: NOW, revertedBy: 'r2' });
  const status = { reason: null, reasonText: null, waitsFor: null, revert: null } as unknown as RunStatus;
  const by = (state: string) => runThatIs(state, { finishedAt: NOW, revertOf: 'r1' }, 'r2');
  expect(healthOf(done, status, { ...TERMS, takenBackBy: by('completed') })).toEqual({ kind: 'fine' });
  expect(healthOf(done, status, { ...TERMS, takenBackBy: by('cancelled') })).toMatchObject({
    ...{ kind: 'overdue', why: 'run r2, which takes it back, was stopped' },
  });
  const waiting = runThatIs('queued', { revertOf: 'r1', reason: 'approval' }, 'r2');
  expect(healthOf(done, status, { ...TERMS, takenBackBy: waiting })).toMatchObject({
    ...{ kind: 'overdue', why: "run r2, which takes it back, waits for somebody's yes" },
  });
  // However long ago it has ended.
  const old = { ...due, finishedAt: NOW - 2 * ENDED_TOLD_MS };
  expect(isWatched(runThatIs('completed', old), [], NOW)).toBe(true);
  expect(isWatched(runThatIs('completed', { ...old, revertAt: NOW + MINUTE }), [], NOW)).toBe(false);
  const stopped = runThatIs('completed', { ...old, revertedAt: NOW, revertedBy: 'r2' });
  expect(isWatched(stopped, [by('aborted')], NOW)).toBe(true);
  expect(isWatched(stopped, [by('completed')], NOW)).toBe(false);
});

test('what has ended is told for a day, unless it was taken back', () => {
  const ended = (ms: number) => runThatIs('completed', { finishedAt: NOW - ms });
  expect(isWatched(ended(ENDED_TOLD_MS), [], NOW)).toBe(true);
  expect(isWatched(ended(ENDED_TOLD_MS + 1), [], NOW)).toBe(false);
  expect(isWatched(ended(1), [runThatIs('running', { revertOf: 'r1' }, 'r2')], NOW)).toBe(false);
  // Nor by what was cancelled before it took anything back.
  const calledOff = { revertOf: 'r1', finishedAt: NOW };
  expect(isWatched(ended(1), [runThatIs('cancelled', calledOff, 'r2')], NOW)).toBe(true);
  const halfWay = { ...calledOff, left: 4, succeeded: 6 };
  expect(isWatched(ended(1), [runThatIs('cancelled', halfWay, 'r2')], NOW)).toBe(false);
  expect(isWatched(runThatIs('paused'), [], NOW)).toBe(true);
});
