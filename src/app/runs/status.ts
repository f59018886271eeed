import { allChargedBy, MAIN_FAMILY, type Family } from '../../assignments/kinds/family.ts';
import type { Limiter } from '../../worker/limiter/limiter.ts';
import type { LimiterNow } from '../../runs/permit.ts';
import { statusOfRun, type LimiterStatus, type RunStatus, type Waiting } from '../../runs/progress.ts';
import type { Run } from '../../runs/run.ts';
import type { RunStore } from '../../runs/runStore.ts';
import { SAMPLES_LATELY } from '../../runs/timeLeft.ts';
import type { Services } from '../services.ts';
import { whyWaiting, type HasWorkers } from './whyWaiting.ts';

/** A run as it is shown, with the reason when it waits for something. */
export async function statusOf(run: Run, services: Services): Promise<RunStatus> {
  const { runs, producer, identity } = services;
  const hasWorkers: HasWorkers = (runId) => producer.hasWorkers(runId);
  return statusNow(run, services, await whyWaiting(run, runs, identity, hasWorkers));
}

/** The same, when it is known what it waits for. */
export async function statusNow(
  run: Run,
  { runs, limiterOn }: Pick<Services, 'runs' | 'limiterOn'>,
  why: Waiting | undefined,
): Promise<RunStatus> {
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
  return statusOfRun(
    run,
    shownLimiter(state, limiter.of(first)),
    going,
    now,
    why,
    new Map(shown.length > 1 ? shown : []),
  );
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
