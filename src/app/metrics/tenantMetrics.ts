import { MAIN_FAMILY, type Family } from '../../assignments/kinds/family.ts';
import type { RunStatus } from '../../runs/progress.ts';
import { REASONS, type Reason } from '../../runs/reason.ts';
import { RECORD_FORMAT, type Run, type RunCounts, type RunState } from '../../runs/run.ts';
import { healthOf } from '../runs/health.ts';
import { queueLeft } from '../runs/queueLeft.ts';
import { statusOf } from '../runs/status.ts';
import type { Services } from '../services.ts';

/** A run that should go on, and of which no row has come to its end for so long, counts as stalled. */
const STALLED_AFTER_MS = 5 * 60_000;

/** What Redis holds of a tenant, in numbers. Times are seconds. */
export interface TenantMetrics {
  /** Of runs that have not ended. */
  readonly rows: readonly { readonly run: string; readonly counts: RunCounts }[];
  readonly runs: Readonly<Partial<Record<RunState, number>>>;
  /** Runs that go on only when somebody does something, or the sign-in works again. */
  readonly paused: ReadonlyMap<Reason, number>;
  /** Runs that should go on and do not, that have missed their deadline, and that nobody is there to work on. */
  readonly stalled: number;
  readonly overdue: number;
  readonly withoutWorker: number;
  /** How long the run waits that has waited longest for its turn or a worker; 0: none does. */
  readonly oldestWaitingSeconds: number;
  readonly workers: number;
  readonly isStopped: boolean;
  readonly limiters: readonly FamilyLimiter[];
}

export interface FamilyLimiter {
  readonly family: Family;
  /** Writes a window, as set and as learned. */
  readonly limit: number;
  readonly budget: number;
  /** Writes that count against the budget now, as a share of it. */
  readonly usedRatio: number;
  readonly backoffSeconds: number;
}

/** Everything but the rows of ended runs, which nobody waits for. */
export async function tenantMetrics(services: Services): Promise<TenantMetrics> {
  const { runs: record, producer } = services;
  await queueLeft(services);
  const [now, all, stop, connected] = await Promise.all([
    record.now(),
    record.line(),
    record.stopped(),
    producer.connectedWorkers(),
  ]);
  const open = all.filter(
    ({ format, finishedAt, state }) => format === RECORD_FORMAT && finishedAt === null && state !== 'loading',
  );
  const seen = await Promise.all(
    open.map(async (run) => {
      const status = await statusOf(run, services);
      return { run, status, health: healthOf(run, status, { now, stalledAfterMs: STALLED_AFTER_MS }) };
    }),
  );
  const families = [...new Set([MAIN_FAMILY, ...open.flatMap((run) => run.families)])];
  const counted = <K>(keys: readonly K[]): Map<K, number> => {
    const counts = new Map<K, number>();
    for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
    return counts;
  };
  const none = REASONS.map((reason) => [reason, 0] as const);
  const paused = open.flatMap((run) => pausedFor(run) ?? []);
  return {
    rows: open.map(({ runId, counts }) => ({ run: runId, counts })),
    runs: Object.fromEntries(counted(open.map(({ state }) => state))),
    paused: new Map([...none, ...counted(paused)]),
    stalled: seen.filter(({ health }) => health.kind === 'stalled').length,
    overdue: seen.filter(({ health }) => health.kind === 'overdue').length,
    withoutWorker: seen.filter(({ status }) => status.reason === 'noWorker').length,
    oldestWaitingSeconds: Math.max(0, ...seen.map(({ run, status }) => waitedMs(run, status, now) / 1000)),
    workers: connected.size,
    isStopped: stop !== undefined,
    limiters: await Promise.all(families.map((family) => limiterOf(family, now, services))),
  };
}

/** Why a run is paused; one that waits in line for a second person's yes is, too. */
export const pausedFor = ({ state, reason }: Pick<Run, 'state' | 'reason'>): Reason | undefined =>
  reason !== null && (state === 'paused' || (state === 'queued' && reason === 'approval'))
    ? reason
    : undefined;

/** What waits for its own time, or for a yes, waits neither for its turn nor for a worker. */
const waitedMs = ({ state, movedAt, createdAt }: Run, { reason }: RunStatus, now: number): number =>
  state === 'queued' && reason !== 'time' && reason !== 'window' && reason !== 'approval'
    ? now - (movedAt ?? createdAt)
    : 0;

async function limiterOf(
  family: Family,
  now: number,
  { runs, limiterOn }: Pick<Services, 'runs' | 'limiterOn'>,
): Promise<FamilyLimiter> {
  const limiter = limiterOn(runs).of(family);
  const { budget, charged, backoffUntil } = await runs.limiterNow(limiter.policy());
  return {
    ...{ family, limit: limiter.pace.writesPerWindow, budget },
    usedRatio: budget === 0 ? 0 : charged / budget,
    backoffSeconds: Math.max(0, (backoffUntil ?? 0) - now) / 1000,
  };
}
