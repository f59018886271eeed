import { basename } from 'node:path';
import type { Run } from '../../runs/run.ts';

/** Whether a run is a rollback of another. It says whose by the run's id, or by the path of the plan that was kept with it. */
export const isRollbackOf = (
  { options: { revertOf } }: Pick<Run, 'options'>,
  { runId }: Pick<Run, 'runId'>,
): boolean => revertOf !== null && (revertOf === runId || basename(revertOf) === `${runId}.ndjson`);

/** The ids of the rollbacks of a run, in the order of `all`. Each may be of a part of it, and may not have ended. */
export const rollbackIdsOf = (run: Pick<Run, 'runId'>, all: readonly Run[]): readonly string[] =>
  all.filter((each) => isRollbackOf(each, run)).map(({ runId }) => runId);

/** It was cancelled before it took anything back: whatever it was to take back is as it was. */
export const isCalledOff = ({ state, counts }: Pick<Run, 'state' | 'counts'>): boolean =>
  state === 'cancelled' && counts.succeeded + counts.skipped + counts.pending + counts.unsure === 0;
