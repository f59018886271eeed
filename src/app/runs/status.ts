import type { Limiter } from '../../worker/limiter/limiter.ts';
import { statusOfRun, type LimiterStatus, type RunStatus } from '../../runs/progress.ts';
import type { Run } from '../../runs/run.ts';
import type { RunStore } from '../../runs/runStore.ts';
import type { Services } from '../services.ts';
import { whyWaiting, type HasWorkers } from './whyWaiting.ts';

/** A run as it is shown, with the reason when it waits for something. */
export async function statusOf(run: Run, services: Services): Promise<RunStatus> {
  const { runs, producer, identity, limiterOn } = services;
  const hasWorkers: HasWorkers = (runId) => producer.hasWorkers(runId);
  const why = await whyWaiting(run, runs, identity, hasWorkers);
  return statusOfRun(run, await limiterStatus(runs, limiterOn(runs)), await runs.now(), why);
}

/** The same of a run by its id; undefined when it is gone. */
export async function statusOfId(runId: string, services: Services): Promise<RunStatus | undefined> {
  const run = await services.runs.run(runId);
  return run && statusOf(run, services);
}

export async function limiterStatus(runs: RunStore, limiter: Limiter): Promise<LimiterStatus> {
  const { charged, accepted, budget, backoffUntil, backoffReason } = await runs.limiterNow(limiter.policy());
  return {
    limit: limiter.pace.writesPerWindow,
    budget,
    charged,
    used: budget === 0 ? 0 : Math.round((accepted / budget) * 100) / 100,
    backoffUntil: backoffUntil === null ? null : new Date(backoffUntil).toISOString(),
    backoffReason,
  };
}
