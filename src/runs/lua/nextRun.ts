import type { ApprovalDemand } from '../approval.ts';
import type { Keys } from '../keys.ts';
import { RECORD_FORMAT, SILENT_MS } from '../run.ts';
import type { WorkerSelf } from '../workers.ts';
import type { Scripts } from './scripts.ts';

export interface NextRun {
  readonly graphUrl: string;
  /** Only a worker sets a run to work. */
  readonly isWorker: boolean;
  /** What it says of itself. */
  readonly worker?: WorkerSelf | undefined;
  /** The runs that the caller works on; undefined: all. */
  readonly only?: ReadonlySet<string> | undefined;
  readonly approval: ApprovalDemand;
}

export async function nextRun(
  scripts: Scripts,
  keys: Keys,
  { only, worker, ...wanted }: NextRun,
): Promise<string[]> {
  const answer = await scripts.run('nextRun', [keys.open, keys.limiter], {
    headers: keys.run('').header,
    format: RECORD_FORMAT,
    silentMs: SILENT_MS,
    only: only === undefined ? null : [...only],
    worker: worker === undefined ? null : { ...worker, graphAway: worker.graphAway ?? null },
    ...wanted,
  });
  return answer.map(String);
}
