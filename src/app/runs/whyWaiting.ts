import type { Config } from '../../config.ts';
import type { Waiting } from '../../runs/progress.ts';
import { reasonInWords } from '../../runs/reason.ts';
import { scheduleStateAt } from '../../runs/schedule/schedule.ts';
import { RECORD_FORMAT, SILENT_MS, type Run } from '../../runs/run.ts';
import type { Stop } from '../../runs/runReader.ts';
import type { LateWaits } from '../../runs/landings.ts';
import type { RunStore } from '../../runs/runStore.ts';
import type { Identity } from '../identity.ts';
import { count, duration } from '../words.ts';

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

/** Whether anybody is there to work on a run; see `Producer`. */
export type HasWorkers = (runId: string) => Promise<boolean>;

/** Why a run that is not paused and has not ended does not go on; undefined when nothing stands in its way. */
export async function whyWaiting(
  run: Run,
  runs: Pick<RunStore, 'runs' | 'stopped' | 'now' | 'lateWaits'>,
  { config, hint }: { readonly config: Pick<Config, 'graphUrl'>; readonly hint: Identity['hint'] },
  hasWorkers: HasWorkers,
): Promise<Waiting | undefined> {
  if (run.state !== 'queued' && run.state !== 'running') return undefined;
  const stop = await runs.stopped();
  if (stop !== undefined)
    return {
      reason: 'tenantStopped',
      reasonText: `the tenant ${stopInWords(stop, hint)}`,
      since: stop.at,
    };
  const notTaken = whyNotTaken(run, config);
  if (notTaken !== undefined) return notTaken;
  const now = await runs.now();
  const closed = whyClosed(run, now);
  if (closed !== undefined) return (await hasWorkers(run.runId)) ? closed : alone(closed, hint);
  const isAlive = async (each: Run): Promise<boolean> => !isSilent(each, now) && hasWorkers(each.runId);
  if (run.state === 'running') {
    if (!(await isAlive(run))) return noWorker(hint);
    const late = await runs.lateWaits(run.runId);
    if (late.lists > 0) return lateWrites(late);
    return isStuck(run, now) ? noProgress(run, now) : undefined;
  }
  const atWork = (await runs.runs()).find(
    // A worker may have set this very run to work since it was read.
    ({ runId, state, graphUrl, format }) =>
      runId !== run.runId && state === 'running' && graphUrl === run.graphUrl && format === run.format,
  );
  const hasOwn = await hasWorkers(run.runId);
  if (atWork !== undefined && (await isAlive(atWork)))
    return {
      reason: 'inLine',
      reasonText: `run ${atWork.runId} is ${atWork.options.isUrgent && !run.options.isUrgent ? 'urgent and goes' : 'at work'} first; a tenant has one run at a time`,
    };
  if (!hasOwn) return noWorker(hint);
  return atWork === undefined
    ? undefined
    : {
        reason: 'inLine',
        reasonText: `run ${atWork.runId} was at work first, and nobody works on it any more: it gives way within a minute`,
      };
}

/** What a run's own schedule keeps it for at a moment; undefined when it may be at work then. */
export function whyClosed({ options }: Pick<Run, 'options'>, now: number): Waiting | undefined {
  const state = scheduleStateAt(options, now);
  if (state.kind === 'open') return undefined;
  const { reason, at } = state;
  const reasonText = reasonInWords(reason, at === null ? {} : { at }, options.timeZone);
  return { reason, reasonText, since: now, ...(at !== null && reason !== 'deadline' && { until: at }) };
}

const noWorker = (hint: Identity['hint']): Waiting => ({
  reason: 'noWorker',
  reasonText: `no worker is at work for it: start one with \`${hint('worker')}\``,
});

/** It would wait on when its time has come. */
const alone = (closed: Waiting, hint: Identity['hint']): Waiting => ({
  ...closed,
  reasonText: `${closed.reasonText}; nobody is there yet to work on it: start \`${hint('worker')}\``,
});

const lateWrites = ({ lists, leftMs }: LateWaits): Waiting => ({
  reason: 'lateWrites',
  reasonText: `a write whose reply was lost may still land on ${count(lists, 'policy', 'policies')} of it, for up to ${duration(Math.ceil(leftMs / 1000))}; they are written after that`,
});

const noProgress = ({ lastProgressAt, workingSince }: Run, now: number): Waiting => ({
  reason: 'noProgress',
  reasonText: `no row has come to its end for ${duration((now - (lastProgressAt ?? workingSince ?? now)) / 1000)}; what the worker says tells why, and \`retarget doctor\` whether Graph answers`,
});

/** Its workers have not been heard of. */
const isSilent = ({ state, seenAt }: Run, now: number): boolean =>
  state === 'running' && seenAt !== null && now - seenAt > SILENT_MS;

/** What happened before it was set to work last says nothing of now. */
const isStuck = ({ lastProgressAt, workingSince }: Run, now: number): boolean =>
  workingSince !== null && now - Math.max(workingSince, lastProgressAt ?? 0) > SILENT_MS;
