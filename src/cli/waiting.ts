import type { Config } from '../config.ts';
import { RECORD_FORMAT, type Run } from '../runs/run.ts';
import type { RunStore } from '../runs/runStore.ts';

/** Why workers with these settings leave a run alone, in words; undefined when they take it in its turn. */
export function whyNotTaken(run: Run, { graphUrl }: Pick<Config, 'graphUrl'>): string | undefined {
  if (run.format !== RECORD_FORMAT)
    return `recorded by another version of retarget (format ${run.format}): only workers of that version take it`;
  if (run.graphUrl !== graphUrl)
    return `for ${run.graphUrl}: only workers with that --graph-url (RETARGET_GRAPH_URL) take it`;
  return undefined;
}

/** Why a run that is not paused and has not ended does not go on, in words; undefined when nothing stands in its way. */
export async function whyWaiting(
  run: Run,
  runs: RunStore,
  config: Pick<Config, 'graphUrl'>,
): Promise<string | undefined> {
  if (run.state !== 'queued' && run.state !== 'running') return undefined;
  const notTaken = whyNotTaken(run, config);
  if (notTaken !== undefined || run.state === 'running') return notTaken;
  const atWork = (await runs.runs()).find(
    // A worker may have set this very run to work since it was read.
    ({ runId, state, graphUrl, format }) =>
      runId !== run.runId && state === 'running' && graphUrl === run.graphUrl && format === run.format,
  );
  return atWork === undefined
    ? undefined
    : `run ${atWork.runId} is at work first; a tenant has one run at a time`;
}
