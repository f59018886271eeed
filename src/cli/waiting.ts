import type { Config } from '../config.ts';
import type { WaitingReason } from '../runs/progress.ts';
import { RECORD_FORMAT, type Run } from '../runs/run.ts';
import type { Stop } from '../runs/runReader.ts';
import type { RunStore } from '../runs/runStore.ts';
import type { Identity } from './identity.ts';

/** Why a run does not go on, as a code and as it stands behind "it is". */
export interface Waiting {
  readonly reason: WaitingReason;
  readonly reasonText: string;
}

/** Why workers with these settings leave a run alone; undefined when they take it in its turn. */
export function whyNotTaken(run: Run, { graphUrl }: Pick<Config, 'graphUrl'>): Waiting | undefined {
  if (run.format !== RECORD_FORMAT)
    return {
      reason: 'otherVersion',
      reasonText: `recorded by another version of retarget (format ${run.format}): only workers of that version take it`,
    };
  if (run.graphUrl !== graphUrl)
    return {
      reason: 'otherGraph',
      reasonText: `for ${run.graphUrl}: only workers with that --graph-url (RETARGET_GRAPH_URL) take it`,
    };
  return undefined;
}

/** Who stopped the tenant, when and why, and how it goes on, as it stands behind "the tenant". */
export const stopInWords = ({ by, at, reason }: Stop, hint: Identity['hint']): string =>
  `was stopped by ${by} at ${new Date(at).toISOString()}${reason === null ? '' : ` (${reason})`}; it goes on with \`${hint('resume --all')}\``;

/** Why a run that is not paused and has not ended does not go on; undefined when nothing stands in its way. */
export async function whyWaiting(
  run: Run,
  runs: Pick<RunStore, 'runs' | 'stopped'>,
  { config, hint }: { readonly config: Pick<Config, 'graphUrl'>; readonly hint: Identity['hint'] },
): Promise<Waiting | undefined> {
  if (run.state !== 'queued' && run.state !== 'running') return undefined;
  const stop = await runs.stopped();
  if (stop !== undefined)
    return { reason: 'tenantStopped', reasonText: `the tenant ${stopInWords(stop, hint)}` };
  const notTaken = whyNotTaken(run, config);
  if (notTaken !== undefined || run.state === 'running') return notTaken;
  const atWork = (await runs.runs()).find(
    // A worker may have set this very run to work since it was read.
    ({ runId, state, graphUrl, format }) =>
      runId !== run.runId && state === 'running' && graphUrl === run.graphUrl && format === run.format,
  );
  return atWork === undefined
    ? undefined
    : {
        reason: 'inLine',
        reasonText: `run ${atWork.runId} is at work first; a tenant has one run at a time`,
      };
}
