import { expect, test } from 'vitest';
import { waitForLateWrites } from '../../../../src/app/rollback/lateWrites.ts';
import type { Run } from '../../../../src/runs/run.ts';
import type { RecordedRow } from '../../../../src/runs/batchRow.ts';
import { paceOf } from '../../../../src/worker/limiter/pace.ts';
import { fakeServices, NOW, runThatIs } from '../../../support/fakeServices.ts';
import { recordedRow } from '../../../support/rows.ts';

/** Writes may land for 40 ms. */
const PACE = { ...paceOf(100, 20), requestTimeoutMs: 20 };

function recorded(run: Run | undefined, rows: readonly RecordedRow[], interrupted?: AbortSignal) {
  return fakeServices({
    ...(interrupted && { interrupted }),
    identity: { pace: PACE },
    runs: {
      run: async () => run,
      async *rowsByBatch() {
        yield [...rows];
      },
    },
  });
}

const ENDED = runThatIs('completed', { finishedAt: NOW - 10 });
const sent = (attempts: number, at: number, more: object = {}): RecordedRow =>
  recordedRow('succeeded', attempts, { at, ...more });

test('rows that were sent again and may still land are told, and waited for', async () => {
  const rows = [sent(2, NOW - 30), sent(3, NOW - 10), sent(1, NOW - 10), sent(2, NOW - 41)];
  const services = recorded(ENDED, rows);
  const began = performance.now();
  await waitForLateWrites('r1', services);
  expect(services.heard).toEqual([['lateWrites', 'r1', 2, 30]]);
  expect(performance.now() - began).toBeGreaterThanOrEqual(29);
});

test('a row that was sent once, or refused each time before the last, is waited for by nobody', async () => {
  const services = recorded(ENDED, [sent(1, NOW), sent(2, NOW, { nothingDone: true })]);
  await waitForLateWrites('r1', services);
  expect(services.heard).toEqual([]);
});

test.each<[string, Run | undefined]>([
  ['has not ended', runThatIs('running')],
  ['has ended so long ago that nothing lands any more', runThatIs('completed', { finishedAt: NOW - 40 })],
  ['is gone', undefined],
])('of a run that %s no row is read', async (_, run) => {
  const services = recorded(run, [sent(2, NOW)]);
  await waitForLateWrites('r1', services);
  expect(services.done).not.toContain('runs.rowsByBatch');
  expect(services.heard).toEqual([]);
});

test('a signal ends the wait', async () => {
  const services = recorded(ENDED, [sent(2, NOW)], AbortSignal.abort('SIGINT'));
  await expect(waitForLateWrites('r1', services)).rejects.toMatchObject({ name: 'AbortError' });
});
