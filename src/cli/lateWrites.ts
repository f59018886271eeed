import { setTimeout as sleep } from 'node:timers/promises';
import { landingMsOf } from '../queue/limits.ts';
import type { RecordedRow } from '../runs/batchRow.ts';
import type { Context } from './context.ts';
import { count, duration } from './print.ts';
import type { Session } from './session.ts';

/** Of the sends before the last one nobody knows whether they are still on their way. */
const mayLand = ({ attempts, detail }: RecordedRow): boolean => attempts > 1 && detail.nothingDone !== true;

/**
 * Waits until no write of a run that has just ended can land any more. A row that was sent again has come true by its last send; an
 * earlier one, whose reply was lost, would land on what a rollback has put back, and nobody would look again.
 */
export async function waitForLateWrites(
  runId: string,
  { runs, identity }: Session,
  { print, interrupted }: Context,
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
  const seconds = Math.ceil((until - now) / 1000);
  print.say(
    `${count(rows, 'row')} of ${runId} ${rows === 1 ? 'was' : 'were'} sent more than once, and an earlier send may still land: waiting ${duration(seconds)} for that before anything is put back.`,
  );
  await sleep(until - now, undefined, { signal: interrupted });
}
