import type { Config } from '../../config.ts';
import type { Waiting } from '../../runs/keeping.ts';
import { reasonInWords } from '../../runs/reason.ts';
import { RECORD_FORMAT, SILENT_MS, type Run } from '../../runs/run.ts';
import type { Stop } from '../../runs/runReader.ts';
import type { RunStore } from '../../runs/runStore.ts';
import { scheduleStateAt } from '../../runs/schedule/schedule.ts';
import { heardOf } from '../../runs/workers.ts';
import type { Identity } from '../identity.ts';
import { baseName, clockTime, count, duration } from '../words.ts';

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

type Hint = Identity['hint'];

/**
 * What keeps a run that is not paused and has not ended; undefined when nothing stands in its way, or what does is a reason of its own.
 * Whether the tenant is throttled its limiter tells, see `statusNow`.
 */
export async function whyWaiting(
  run: Run,
  runs: Pick<RunStore, 'runs' | 'stopped' | 'now' | 'lateWaits'>,
  { config, hint }: { readonly config: Pick<Config, 'graphUrl'>; readonly hint: Hint },
  hasWorkers: HasWorkers,
): Promise<Waiting | undefined> {
  if (run.state !== 'queued' && run.state !== 'running') return undefined;
  const stop = await runs.stopped();
  if (stop !== undefined)
    return {
      ...{ reason: 'tenantStopped', since: stop.at },
      reasonText: `the tenant ${stopInWords(stop, hint)}`,
    };
  const notTaken = whyNotTaken(run, config);
  if (notTaken !== undefined) return notTaken;
  if (run.state === 'queued' && run.reason === 'approval')
    return { reason: 'approval', since: run.movedAt, reasonText: run.reasonText ?? '' };
  const now = await runs.now();
  const closed = whyClosed(run, now);
  if (closed !== undefined) return (await hasWorkers(run.runId)) ? closed : alone(closed, hint);
  const isAlive = async (each: Run): Promise<boolean> => !isSilent(each, now) && hasWorkers(each.runId);
  if (run.state === 'running') {
    if (!(await isAlive(run))) return noWorker(run, now, hint);
    const away = graphAway(run, now);
    if (away !== undefined) return away;
    const { lists, leftMs } = await runs.lateWaits(run.runId);
    if (lists > 0) return lateWrites(lists, now + leftMs, leftMs);
    return isStuck(run, now) ? noProgress(run, now, hint) : undefined;
  }
  const others = (await runs.runs()).filter(
    // A worker may have set this very run to work since it was read.
    ({ runId, graphUrl, format }) =>
      runId !== run.runId && graphUrl === run.graphUrl && format === run.format,
  );
  const atWork = others.find(({ state }) => state === 'running') ?? others.find(holdsUp);
  const hasOwn = await hasWorkers(run.runId);
  if (atWork?.state === 'running' && (await isAlive(atWork))) return inLine(atWork, false);
  if (!hasOwn) return noWorker(run, now, hint);
  if (atWork !== undefined) return inLine(atWork, true);
  return isIgnored(run, now) ? ignored(run, now, hint) : undefined;
}

/** What a run's own schedule keeps it for at a moment; undefined when it may be at work then. */
export function whyClosed({ options }: Pick<Run, 'options'>, now: number): Waiting | undefined {
  const state = scheduleStateAt(options, now);
  if (state.kind === 'open') return undefined;
  const { reason, at } = state;
  const reasonText = reasonInWords(reason, at === null ? {} : { at }, options.timeZone);
  return reason === 'deadline' ? { reason, since: at ?? now, reasonText } : { reason, until: at, reasonText };
}

/** It would wait on when its time has come. */
const alone = (closed: Waiting, hint: Hint): Waiting => ({
  ...closed,
  reasonText: `${closed.reasonText}; nobody is there yet to work on it: start \`${hint('worker')}\``,
});

/** Its workers have left it, and nobody else begins before it is known what became of what they had sent. */
const holdsUp = ({ state, reason, sent }: Run): boolean =>
  state === 'queued' && reason === 'noWorker' && sent > 0;

/** Whoever is connected would have taken it by now: a worker that stands still is connected, too. */
const isIgnored = ({ reason, movedAt }: Run, now: number): boolean =>
  reason === 'noWorker' || (reason === null && movedAt !== null && now - movedAt > SILENT_MS);

function ignored(run: Run, now: number, hint: Hint): Waiting {
  const since = workerlessSince(run);
  return {
    ...{ reason: 'noWorker', since },
    reasonText: `no worker${since === null ? '' : ` since ${clockTime(since, now)}`}, though one is connected: it may stand still; end it, and start one with \`${hint('worker')}\``,
  };
}

function inLine(atWork: Run, isLeft: boolean): Waiting {
  const { runId, source, operator, total, counts, options } = atWork;
  const what = `waits for run ${runId} (${baseName(source.name)} of ${operator}, ${total - counts.pending} of ${count(total, 'row')})`;
  return {
    ...{ reason: 'inLine', run: runId, isLeft },
    reasonText: isLeft
      ? `${what}, which was at work first, and nobody works on it any more: it gives way within a minute`
      : `${what}, which is ${options.isUrgent ? 'urgent and goes' : 'at work'} first; a tenant has one run at a time`,
  };
}

function noWorker(run: Run, now: number, hint: Hint): Waiting {
  const since = workerlessSince(run);
  const when = since === null ? 'no worker is at work for it' : `no worker since ${clockTime(since, now)}`;
  return { reason: 'noWorker', since, reasonText: `${when}: start one with \`${hint('worker')}\`` };
}

/** When it was heard of its workers last; or, of one that waits for a first one, when it was queued. */
const workerlessSince = ({ state, reason, seenAt, movedAt }: Run): number | null =>
  state === 'running' || reason === 'noWorker' ? seenAt : movedAt;

/** Out of reach of each of its workers, since the last one lost it. */
function graphAway({ workers }: Run, now: number): Waiting | undefined {
  const away = heardOf(workers, now).map((worker) => worker.graphAway);
  if (away.length === 0 || away.some((each) => each === undefined)) return undefined;
  const [last] = away.filter((each) => each !== undefined).toSorted((a, b) => b.since - a.since);
  return (
    last && {
      ...{ reason: 'graphAway', ...last },
      reasonText: `Graph out of reach since ${clockTime(last.since, now)}: ${last.why} It goes on by itself when Graph is there`,
    }
  );
}

const lateWrites = (lists: number, until: number, leftMs: number): Waiting => ({
  ...{ reason: 'lateWrites', lists, until },
  reasonText: `a write whose reply was lost may still land on ${count(lists, 'policy', 'policies')} of it, for up to ${duration(Math.ceil(leftMs / 1000))}; they are written after that`,
});

function noProgress(run: Run, now: number, hint: Hint): Waiting {
  const since = Math.max(run.workingSince ?? 0, run.lastProgressAt ?? 0);
  return {
    ...{ reason: 'noProgress', since },
    reasonText: `no row has come to its end for ${duration((now - since) / 1000)}; what the worker says tells why, and \`${hint('doctor')}\` whether Graph answers`,
  };
}

/** Why nothing is sent for now, as the limiter stands. */
export const backedOff = (reason: 'throttled' | 'restarted', until: number, now: number): Waiting => ({
  ...{ reason, until },
  reasonText:
    reason === 'throttled'
      ? `throttled until ${clockTime(until, now)}, as Graph has asked for; it goes on by itself`
      : `Redis has restarted or its clock has jumped: nothing is sent until ${clockTime(until, now)}, as nobody knows what still counts; it goes on by itself`,
});

/** Its workers have not been heard of. */
const isSilent = ({ state, workers, seenAt }: Run, now: number): boolean =>
  state === 'running' &&
  heardOf(workers, now).length === 0 &&
  (Object.keys(workers).length > 0 || (seenAt !== null && now - seenAt > SILENT_MS));

/** What happened before it was set to work last says nothing of now. */
const isStuck = ({ lastProgressAt, workingSince }: Run, now: number): boolean =>
  workingSince !== null && now - Math.max(workingSince, lastProgressAt ?? 0) > SILENT_MS;
