import type { Limiter } from '../../worker/limiter/limiter.ts';
import type { LimiterNow } from '../../runs/permit.ts';
import { statusOfRun, type LimiterStatus, type RunStatus, type Waiting } from '../../runs/progress.ts';
import type { Run } from '../../runs/run.ts';
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
  const [state, samples, now] = await Promise.all([
    runs.limiterNow(limiter.policy()),
    runs.samples(run.runId, SAMPLES_LATELY),
    runs.now(),
  ]);
  return statusOfRun(run, shownLimiter(state, limiter), { ...state, windowMs, samples }, now, why);
}

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
