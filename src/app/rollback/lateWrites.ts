import { setTimeout as sleep } from 'node:timers/promises';
import type { RecordedRow } from '../../runs/batchRow.ts';
import { landingMsOf } from '../../worker/limiter/pace.ts';
import type { Services } from '../services.ts';

/** Of the sends before the last one nobody knows whether they are still on their way. */
const mayLand = ({ attempts, detail }: RecordedRow): boolean => attempts > 1 && detail.nothingDone !== true;

/**
 * Waits until no write of a run that has just ended can land any more; `lateWrites` tells of the wait. A row that was sent again has
 * come true by its last send; an earlier one, whose reply was lost, would land on what a rollback has put back, and nobody would look
 * again.
 */
export async function waitForLateWrites(
  runId: string,
  { runs, identity, events, interrupted }: Services,
): Promise<void> {
  const run = await runs.run(runId);
  const landingMs = landingMsOf(identity.pace);
  const now = await runs.now();
  // Of most runs no row has to be read for it.
  if (run === undefined || run.finishedAt === null || run.finishedAt + landingMs <= now) return;
  let rows = 0;
  let until = 0;
  for await (const recorded of runs.rowsByBatch(run)) {
    for (const { detail } of recorded.filter(mayLand)) {
      const landed = (detail.at ?? run.finishedAt) + landingMs;
      if (landed > now) rows += 1;
      until = Math.max(until, landed);
    }
  }
  if (rows === 0) return;
  events.emit('lateWrites', runId, rows, until - now);
  await sleep(until - now, undefined, { signal: interrupted });
}
