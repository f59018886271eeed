import { expect, test } from 'vitest';
import {
  cancelRun,
  expectWorkable,
  pauseRun,
  resumeRun,
  retryRun,
  updateRun,
} from '../../../../src/app/runs/runControl.ts';
import type { Retried, Retry } from '../../../../src/runs/lua/retry.ts';
import type { Move, Moved } from '../../../../src/runs/lua/transition.ts';
import type { RunState } from '../../../../src/runs/run.ts';
import { fakeServices, NOW, runThatIs, type FakeServices } from '../../../support/fakeServices.ts';
import { recordedRow } from '../../../support/rows.ts';

const SAID = { reason: 'CHG-7' };

/** Services whose record takes a move when the run is in one of its states. */
function services(state: RunState, more: Parameters<typeof fakeServices>[0] = {}) {
  const moves: Move[] = [];
  const retries: Retry[] = [];
  const sets: object[] = [];
  const answers = <T>(fits: boolean, done: T): T | { kind: 'wrong'; state: string } =>
    fits ? done : { kind: 'wrong', state };
  const fakes = fakeServices({
    ...more,
    runs: {
      transition: async (_, move): Promise<Moved> => {
        moves.push(move);
        return answers(move.from.includes(state), { kind: 'done' as const, from: state });
      },
      retry: async (_, how): Promise<Retried> => {
        retries.push(how);
        return answers(how.from.includes(state), { kind: 'done' as const, rows: 3 });
      },
      set: async (_, options) => void sets.push(options),
      ...more.runs,
    },
  });
  return { services: fakes, moves, retries, sets };
}

/** Who did what and why, as the log has it. */
const logged = ({ told }: FakeServices): unknown[] =>
  told.map(({ runId, action, operator, reason }) => [runId, action, operator, reason]);

const refusal = (message: string, remedy: string) => ({
  message: expect.stringContaining(message),
  remedy: expect.stringContaining(remedy),
  exitCode: 2,
});

test('a run is paused by its operator, and the log says why', async () => {
  const { services: here, moves } = services('running');
  await pauseRun(runThatIs('running'), SAID, here);
  expect(moves).toEqual([
    { to: 'paused', from: ['queued', 'running'], reason: 'operator', reasonText: 'by ada@desk: CHG-7' },
  ]);
  expect(logged(here)).toEqual([['r1', 'pause', 'ada@desk', 'CHG-7']]);
});

test('a run that waits for the sign-in is paused for good; one that somebody paused can not be paused again', async () => {
  const waits = services('paused');
  await pauseRun(runThatIs('paused', { reason: 'signIn' }), SAID, waits.services);
  expect(waits.moves[0]?.from).toContain('paused');
  const { services: here } = services('paused');
  await expect(pauseRun(runThatIs('paused', { reason: 'operator' }), SAID, here)).rejects.toMatchObject(
    refusal("Run r1 is paused: it can't be paused.", 'Only a queued or running run'),
  );
  expect(here.told).toEqual([]);
});

test('a secret in a reason is not kept', async () => {
  const { services: here } = services('running');
  await pauseRun(runThatIs('running'), { reason: ' token hunter2hunter2 ' }, here);
  expect(here.told[0]?.reason).not.toContain('hunter2');
});

test('a paused run goes on, and its jobs are queued after it was let go on', async () => {
  const { services: here, moves, sets } = services('paused');
  expect(await resumeRun(runThatIs('paused'), undefined, SAID, here)).toEqual({ kind: 'resumed' });
  expect(moves).toEqual([{ to: 'queued', from: ['paused'] }]);
  expect(sets).toEqual([]);
  expect(here.done.filter((each) => each !== 'runs.tell')).toEqual(['runs.transition', 'producer.topUp']);
  expect(logged(here)).toEqual([['r1', 'resume', 'ada@desk', 'CHG-7']]);
});

test('a paused run goes on with another strategy, which it has before it goes on', async () => {
  const { services: here, sets } = services('paused');
  await resumeRun(runThatIs('paused'), 'assign', SAID, here);
  expect(sets).toEqual([{ strategy: 'assign' }]);
  expect(here.done.indexOf('runs.set')).toBeLessThan(here.done.indexOf('runs.transition'));
});

test('of an aborted run the rest goes on, of a completed one what awaits approval', async () => {
  const aborted = services('aborted');
  expect(await resumeRun(runThatIs('aborted'), undefined, SAID, aborted.services)).toEqual({
    ...{ kind: 'reopened', rows: 3, awaitingApproval: 0 },
  });
  expect(aborted.retries).toEqual([{ from: ['aborted', 'completed'], open: 'rest' }]);
  const completed = services('completed');
  const run = runThatIs('completed', { awaitingApproval: 2 });
  expect(await resumeRun(run, 'assign', SAID, completed.services)).toEqual({
    ...{ kind: 'reopened', rows: 3, awaitingApproval: 2 },
  });
  expect(completed.retries).toMatchObject([{ open: 'awaiting', strategy: 'assign' }]);
});

test.each(['queued', 'running'] as const)('a run that is %s has nothing to resume', async (state) => {
  const { services: here } = services(state);
  await expect(resumeRun(runThatIs(state), undefined, SAID, here)).rejects.toMatchObject(
    refusal(`Run r1 is ${state}: there is nothing to resume.`, 'retarget worker'),
  );
  expect(here.done).toEqual([]);
});

test('a run that somebody has ended meanwhile is not resumed, and the log does not say so', async () => {
  const { services: here } = services('cancelled');
  await expect(resumeRun(runThatIs('paused'), undefined, SAID, here)).rejects.toMatchObject(
    refusal("Run r1 is cancelled: it can't be resumed.", 'retarget retry'),
  );
  expect(here.done).toEqual(['runs.transition']);
});

test('a run that has ended is opened again by retry, and not by resume', async () => {
  const { services: here } = services('completed');
  await expect(
    resumeRun(runThatIs('completed', { finishedAt: NOW }), undefined, SAID, here),
  ).rejects.toMatchObject(refusal("Run r1 is completed: it can't be resumed.", 'retarget retry'));
});

test('a blind run goes on by no whole lists', async () => {
  const { services: here } = services('paused');
  const blind = { ...runThatIs('paused'), blind: true };
  await expect(resumeRun(blind, 'assign', SAID, here)).rejects.toMatchObject({ exitCode: 2 });
  expect(here.done).toEqual([]);
});

test('of a cancelled run it is told what is not written, and what nobody knows of', async () => {
  const after = runThatIs('cancelled', { left: 7, sent: 2 });
  const { services: here, moves } = services('running', { runs: { run: async () => after } });
  const { permitValidMs, requestTimeoutMs, windowMs } = here.identity.pace;
  expect(await cancelRun(runThatIs('running'), SAID, here)).toEqual({
    ...{ rows: 5, inDoubt: 2, landingMs: permitValidMs + requestTimeoutMs + windowMs },
  });
  expect(moves).toMatchObject([{ to: 'cancelled', from: ['queued', 'running', 'paused'] }]);
  expect(logged(here)).toEqual([['r1', 'cancel', 'ada@desk', 'CHG-7']]);
});

test('a run that has ended is not cancelled', async () => {
  const { services: here } = services('completed');
  await expect(cancelRun(runThatIs('completed'), SAID, here)).rejects.toMatchObject(
    refusal("Run r1 is completed: it can't be cancelled.", 'has not ended'),
  );
});

const ALL = { where: undefined, rows: undefined, strategy: undefined };

test('an ended run is tried again, and its jobs are queued', async () => {
  const { services: here, retries } = services('completed');
  expect(await retryRun(runThatIs('completed', { finishedAt: NOW }), ALL, SAID, here)).toBe(3);
  expect(retries).toEqual([{ from: ['completed', 'cancelled', 'aborted'], open: 'failed' }]);
  expect(here.done.at(-1)).toBe('producer.topUp');
  expect(logged(here)).toEqual([['r1', 'retry', 'ada@desk', 'CHG-7']]);
});

test('only rows that are selected are tried again, by batch and place', async () => {
  const rows = [
    recordedRow('failed', 1, { errorCode: 'Forbidden' }, { place: 4 }),
    recordedRow('failed', 1, { errorCode: 'NotFound' }, { place: 5 }),
    recordedRow('succeeded', 1, {}, { place: 6 }),
  ];
  const { services: here, retries } = services('completed', {
    runs: {
      called: async () => ({}),
      async *rowsByBatch() {
        yield rows;
        yield rows.map((row) => ({ ...row, batch: 1 })).slice(0, 1);
      },
    },
  });
  await retryRun(runThatIs('completed'), { ...ALL, where: ['errorCode=Forbidden'] }, SAID, here);
  expect(retries[0]?.rows).toEqual(
    new Map([
      [0, [4]],
      [1, [4]],
    ]),
  );
});

test('what ends while writes are on the way is not tried again before they are settled', async () => {
  const { services: here } = services('cancelled', {
    runs: { retry: async () => ({ kind: 'wrong', state: 'cancelled' }) },
  });
  await expect(retryRun(runThatIs('cancelled'), ALL, SAID, here)).rejects.toMatchObject(
    refusal("Run r1 is cancelled: it can't be retried.", 'retarget worker'),
  );
  const paused = services('paused').services;
  await expect(retryRun(runThatIs('paused'), ALL, SAID, paused)).rejects.toMatchObject(
    refusal("Run r1 is paused: it can't be retried.", 'retarget resume'),
  );
});

test('settings are changed of a run that goes on or may, and the log has them', async () => {
  for (const state of ['queued', 'running', 'paused', 'aborted'] as const) {
    const { services: here, sets } = services(state);
    await updateRun(runThatIs(state), { maxFailures: '3', writesPerWindow: null }, SAID, here);
    expect(sets).toEqual([{ maxFailures: '3', writesPerWindow: null }]);
    expect(here.told).toMatchObject([
      { action: 'update', reason: 'CHG-7', details: { maxFailures: '3', writesPerWindow: null } },
    ]);
  }
  for (const state of ['completed', 'cancelled'] as const) {
    const { services: here } = services(state);
    await expect(updateRun(runThatIs(state), { maxFailures: '3' }, SAID, here)).rejects.toMatchObject(
      refusal(`Run r1 is ${state}: it can't be updated.`, 'still goes on'),
    );
    expect(here.done).toEqual([]);
  }
});

test('a run of another Graph is not to be worked on here', () => {
  const { services: here } = services('queued');
  expect(() => expectWorkable(runThatIs('queued'), here)).not.toThrow();
  const other = { ...runThatIs('queued'), graphUrl: 'https://graph.microsoft.us' };
  expect(() => expectWorkable(other, here)).toThrow(
    /can't be worked on here: .*https:\/\/graph.microsoft.us/,
  );
});
