import { Gauge, Registry } from 'prom-client';
import { inTime } from '../../app/metrics/readiness.ts';
import { tenantMetrics, type TenantMetrics } from '../../app/metrics/tenantMetrics.ts';
import type { Services } from '../../app/services.ts';
import { RUN_STATES } from '../../runs/run.ts';
import { ROW_STATUSES } from '../../runs/rowState.ts';
import type { Metrics } from './metrics.ts';
import { processMetrics } from './processMetrics.ts';

/** Several scrapers, or an eager one, cost no more than one. */
const KEPT_MS = 1_000;

/** States that a run can be in before it has ended. */
const OPEN_STATES = RUN_STATES.filter((state) => state !== 'loading' && state !== 'completed');

/**
 * What Redis holds of a tenant, read when somebody asks. What workers count by themselves is not in it, so that nothing counts twice. When
 * Redis gives no answer, that is told, and nothing that is no longer known.
 */
export function serverMetrics(services: Services): Metrics {
  const registry = new Registry();
  processMetrics(registry);
  const gauge = <Label extends string = never>(
    name: string,
    help: string,
    labelNames: readonly Label[] = [],
  ): Gauge<Label> => new Gauge({ name, help, labelNames, registers: [registry] });
  const isUp = gauge(
    'retarget_redis_up',
    'Whether Redis answers; without it nothing else of retarget is told',
  );
  const rows = gauge('retarget_rows', 'Rows of runs that have not ended, by what became of them', [
    ...(['run', 'state'] as const),
  ]);
  const runs = gauge('retarget_runs', 'Runs that have not ended, by their state', ['state']);
  const paused = gauge('retarget_run_paused', 'Runs that are paused or wait for a yes, by the reason', [
    'reason',
  ]);
  const stalled = gauge(
    'retarget_runs_stalled',
    'Runs that should go on, and of which no row has come to its end for five minutes',
  );
  const overdue = gauge('retarget_runs_overdue', 'Runs that have not ended at their deadline');
  const withoutWorker = gauge('retarget_runs_without_worker', 'Runs that nobody is there to work on');
  const waiting = gauge(
    'retarget_oldest_waiting_seconds',
    'How long the run has waited that waits longest for its turn or a worker; those that wait for their time do not count',
    ['tenant'],
  );
  const workers = gauge('retarget_workers', 'Workers that are connected', ['tenant']);
  const stopped = gauge('retarget_tenant_stopped', 'Whether somebody has stopped the whole tenant', [
    'tenant',
  ]);
  const perFamily = ['tenant', 'family'] as const;
  const used = gauge(
    'retarget_budget_used_ratio',
    'Writes that count against the budget of a throttle family now, as a share of it',
    perFamily,
  );
  const budget = gauge(
    'retarget_budget_writes',
    'Writes a window that the tenant was learned to take in a throttle family',
    perFamily,
  );
  const limit = gauge(
    'retarget_limit_writes',
    'Writes a window as they are set for a throttle family',
    perFamily,
  );
  const backoff = gauge(
    'retarget_backoff_seconds',
    'How long no write leaves in a throttle family, as Graph has asked for',
    perFamily,
  );
  const { tenant } = services.identity;
  const fill = (found: TenantMetrics): void => {
    for (const { run, counts } of found.rows)
      for (const state of ROW_STATUSES) rows.set({ run, state }, counts[state]);
    for (const state of OPEN_STATES) runs.set({ state }, found.runs[state] ?? 0);
    for (const [reason, count] of found.paused) paused.set({ reason }, count);
    stalled.set(found.stalled);
    overdue.set(found.overdue);
    withoutWorker.set(found.withoutWorker);
    waiting.set({ tenant }, found.oldestWaitingSeconds);
    workers.set({ tenant }, found.workers);
    stopped.set({ tenant }, Number(found.isStopped));
    for (const { family, ...limiter } of found.limiters) {
      used.set({ tenant, family }, limiter.usedRatio);
      budget.set({ tenant, family }, limiter.budget);
      limit.set({ tenant, family }, limiter.limit);
      backoff.set({ tenant, family }, limiter.backoffSeconds);
    }
  };
  const withLabels = [rows, runs, paused, waiting, workers, stopped, used, budget, limit, backoff];
  let [filledAt, filling]: [number, Promise<void> | undefined] = [-Infinity, undefined];
  const refill = async (): Promise<void> => {
    const found = await inTime(() => tenantMetrics(services)).catch((error: unknown) => {
      services.log.debug('metrics', { err: error });
      return undefined;
    });
    // Series of runs that have ended, and of what is not known any more, go.
    for (const each of withLabels) each.reset();
    for (const each of [stalled, overdue, withoutWorker]) each.remove();
    isUp.set(Number(found !== undefined));
    if (found !== undefined) fill(found);
    filledAt = performance.now();
  };
  return {
    registry,
    async refresh() {
      if (performance.now() - filledAt < KEPT_MS) return;
      filling ??= refill().finally(() => {
        filling = undefined;
      });
      await filling;
    },
  };
}
