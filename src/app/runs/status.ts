import { allChargedBy, chargedBy, MAIN_FAMILY, type Family } from '../../assignments/kinds/family.ts';
import type { Limiter } from '../../worker/limiter/limiter.ts';
import type { LimiterNow } from '../../runs/permit.ts';
import type { Waiting } from '../../runs/keeping.ts';
import { statusOfRun, type ChannelStatus, type LimiterStatus, type RunStatus } from '../../runs/progress.ts';
import type { Run } from '../../runs/run.ts';
import type { RunStore } from '../../runs/runStore.ts';
import { SAMPLES_LATELY } from '../../runs/timeLeft.ts';
import type { Services } from '../services.ts';
import { heardOf, type WorkerBeat } from '../../runs/workers.ts';
import { channelStatus } from '../notify/channelStatus.ts';
import { backedOff, whyWaiting, type HasWorkers } from './whyWaiting.ts';

/** A run as it is shown, with the reason when it waits for something. */
export async function statusOf(run: Run, services: Services): Promise<RunStatus> {
  const channels = await channelStatus(run.options.notify, services);
  return statusNow(run, services, { ...(await surroundingsOf(run, services)), channels });
}

/** What is to be known of a run that its record does not tell. */
export interface RunSurroundings {
  readonly why: Waiting | undefined;
  readonly workers: readonly WorkerBeat[];
  /** Who is told of it; left out: it is not asked. */
  readonly channels?: readonly ChannelStatus[];
}

/** Workers that were killed are no more connected, whenever they were heard of last. */
export async function surroundingsOf(
  run: Run,
  {
    runs,
    producer,
    identity,
  }: Pick<Services, 'producer' | 'identity'> & {
    readonly runs: Pick<RunStore, 'runs' | 'stopped' | 'now' | 'lateWaits'>;
  },
  hasWorkers: HasWorkers = (runId) => producer.hasWorkers(runId),
): Promise<RunSurroundings> {
  const why = await whyWaiting(run, runs, identity, hasWorkers);
  const heard = run.state === 'running' ? heardOf(run.workers, await runs.now()) : [];
  if (heard.length === 0) return { why, workers: [] };
  const connected = await producer.connectedWorkers();
  return { why, workers: heard.filter(({ id }) => connected.has(id)) };
}

/** The same, when that is known. */
export const statusNow = async (
  run: Run,
  services: Pick<Services, 'runs' | 'limiterOn'>,
  surroundings: RunSurroundings,
): Promise<RunStatus> => (await statusAndWhy(run, services, surroundings)).status;

/** With what keeps it, for which a limiter that sends nothing is no news: only of a run that stands still because of it. */
export async function statusAndWhy(
  run: Run,
  { runs, limiterOn }: Pick<Services, 'runs' | 'limiterOn'>,
  { why, workers, channels = [] }: RunSurroundings,
): Promise<{ readonly status: RunStatus; readonly why: Waiting | undefined }> {
  const limiter = limiterOn(runs);
  const { windowMs } = limiter.pace;
  const charged = allChargedBy(run.families);
  const [states, samples, now] = await Promise.all([
    Promise.all(charged.map(async (family) => [family, await limiterState(family, runs, limiter)] as const)),
    runs.samples(run.runId, SAMPLES_LATELY),
    runs.now(),
  ]);
  const limiters = new Map(states);
  const [first = MAIN_FAMILY] = run.families;
  const state = limiters.get(first) ?? (await limiterState(first, runs, limiter));
  // What keeps one of several families still says nothing of the run.
  const going =
    limiters.size > 1
      ? { ...state, heldMs: 0, windowMs, samples, limiters }
      : { ...state, windowMs, samples };
  const shown = run.families.map(
    (family) => [family, shownLimiter(limiters.get(family) ?? state, limiter.of(family))] as const,
  );
  const isKnown = why !== undefined && why.reason !== 'noProgress';
  const kept = isKnown ? why : (throttledNow(run, limiters, now) ?? why);
  const status = statusOfRun(run, shownLimiter(state, limiter.of(first)), going, now, {
    why: kept,
    ...{ workers, channels },
    limiters: new Map(shown.length > 1 ? shown : []),
  });
  return { status, why: why && kept };
}

/** Undefined while rows are left of a family that may go on. */
function throttledNow(
  { state, byFamily }: Run,
  limiters: ReadonlyMap<Family, LimiterNow>,
  now: number,
): Waiting | undefined {
  if (state !== 'running') return undefined;
  const backoffs = byFamily
    .filter(({ left }) => left > 0)
    .map(({ family }) =>
      chargedBy(family)
        .map((each) => ({
          until: limiters.get(each)?.backoffUntil ?? 0,
          reason: limiters.get(each)?.backoffReason,
        }))
        .reduce((a, b) => (b.until > a.until ? b : a)),
    );
  const [first] = backoffs.toSorted((a, b) => a.until - b.until);
  return first === undefined || first.until <= now
    ? undefined
    : backedOff(first.reason ?? 'throttled', first.until, now);
}

const limiterState = (family: Family, runs: RunReads, limiter: Limiter): Promise<LimiterNow> =>
  runs.limiterNow(limiter.of(family).policy());

type RunReads = Pick<RunStore, 'limiterNow'>;

/** The same of a run by its id; undefined when it is gone. */
export async function statusOfId(runId: string, services: Services): Promise<RunStatus | undefined> {
  const run = await services.runs.run(runId);
  return run && statusOf(run, services);
}

function shownLimiter(
  { charged, accepted, budget, backoffUntil, backoffReason }: LimiterNow,
  limiter: Limiter,
): LimiterStatus {
  return {
    limit: limiter.pace.writesPerWindow,
    budget,
    charged,
    used: budget === 0 ? 0 : Math.round((accepted / budget) * 100) / 100,
    backoffUntil: backoffUntil === null ? null : new Date(backoffUntil).toISOString(),
    backoffReason,
  };
}
