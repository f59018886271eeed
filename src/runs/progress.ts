import type { Family } from '../assignments/kinds/family.ts';
import type { BackoffReason } from './permit.ts';
import {
  isForetold,
  keptSince,
  waitsFor,
  type Waiting,
  type WaitingReason,
  type WaitsFor,
} from './keeping.ts';
import type { Run } from './run.ts';
import { PASSING_REASONS } from './reason.ts';
import { endOfWork } from './schedule/endOfWork.ts';
import { fitOf, type Fit } from './schedule/fit.ts';
import { isUnscheduled, openFrom } from './schedule/schedule.ts';
import { familyMsLeft, latelyOf, msLeft, needOf, type Going } from './timeLeft.ts';
import type { WorkerBeat } from './workers.ts';

/** When a run may be at work, for programs: times are ISO UTC. */
export interface ScheduleStatus {
  readonly startAt: string | null;
  readonly windows: readonly string[];
  readonly timeZone: string | null;
  readonly deadlineAt: string | null;
  /** When it may be at work next: now, if it may. Null: not within two weeks. */
  readonly opensAt: string | null;
  /** Until when it may then; null: nothing closes it. */
  readonly closesAt: string | null;
  /** Whether the rows that are left fit; null: it has ended, or there are none. */
  readonly fit: Fit | null;
}

/** When a run is taken back, for programs: times are ISO UTC. */
export interface RevertStatus {
  readonly at: string;
  /** Whose clock it is told by; null: UTC. */
  readonly timeZone: string | null;
  /** The time has come, and it is not taken back. */
  readonly isDue: boolean;
  /** When it was seen to; null: it was not yet. */
  readonly doneAt: string | null;
  /** The run that takes it back; null: there was nothing to take back, or the time has not come. */
  readonly run: string | null;
  /** Why it could not be taken back when that was tried last. */
  readonly trouble: string | null;
}

/** What `status --json` shows of a run. Times are ISO UTC; what is not there is null. */
export interface RunStatus {
  readonly runId: string;
  readonly state: Run['state'];
  /** Why it does not go on, as a code and for people; null: nothing is in its way. */
  readonly reason: Run['reason'] | WaitingReason;
  readonly reasonText: string | null;
  /** Since when it does not, where that is known. */
  readonly reasonSince: string | null;
  readonly waitsFor: WaitsFor | null;
  /** Who is at work on it. */
  readonly workers: readonly WorkerStatus[];
  readonly tenant: string;
  readonly graphUrl: string;
  readonly source: { readonly name: string; readonly sha256: string };
  /** Of the plan that was accepted; null: the run was made without one. */
  readonly planFingerprint: string | null;
  readonly operator: string;
  /** Whether a second person has to say yes, who made it as far as a sign-in has proved that, and who said yes last; null: it is not demanded of it. */
  readonly approval: ApprovalStatus | null;
  /** Why it was made, as given with `--reason`. */
  readonly purpose: string | null;
  readonly total: number;
  readonly pending: number;
  readonly succeeded: number;
  readonly skipped: number;
  readonly failed: number;
  readonly stale: number;
  readonly awaitingApproval: number;
  /** Sent, and nobody knows what became of it: may be in the tenant, or still land. */
  readonly unsure: number;
  readonly cancelled: number;
  /** Rows among `pending` whose write may have left: the next read settles them. */
  readonly inDoubt: number;
  /** Rows among `skipped` that the plan wanted written, and that were found so with no write on record. */
  readonly unrecorded: number;
  /** How often a row was told to wait (429). */
  readonly throttled: number;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  /** When a row came to its end last. */
  readonly lastProgressAt: string | null;
  /** Rows settled per second: of a run at work in its last minutes at work, without pauses, stops and backoffs; of any other in all its time. */
  readonly ratePerSecond: number | null;
  /**
   * About how long it still takes, a backoff that lasts and the time between its windows included. Null: it is not at work, it stalls, it
   * does not come to its end before its deadline or within two weeks, or nothing can be foretold of it.
   */
  readonly etaSeconds: number | null;
  /** The moment that this comes to. */
  readonly doneAbout: string | null;
  /** When it may be at work; null: at any time. */
  readonly schedule: ScheduleStatus | null;
  /** When it is taken back; null: nothing takes it back by itself. */
  readonly revert: RevertStatus | null;
  /** The failure budget, as in RunOptions. */
  readonly maxFailures: string;
  /** Null: as the workers are set. */
  readonly writesPerWindow: number | null;
  /** Of the family that takes longest. */
  readonly limiter: LimiterStatus;
  /** How far it is in each throttle family; empty when all rows are of one. */
  readonly families: readonly FamilyStatus[];
  /** Who is told of it, and how that goes. */
  readonly channels: readonly ChannelStatus[];
}

/** Times are ISO UTC. */
export interface ApprovalStatus {
  readonly madeBy: string | null;
  /** Null: nobody yet. While `reason` is `approval` that yes does not count: it was to something else. */
  readonly by: string | null;
  readonly at: string | null;
  readonly why: string | null;
}

/** A channel that a run names. Times are ISO UTC. */
export interface ChannelStatus {
  readonly channel: string;
  /** What is not told yet, of whatever run. */
  readonly waiting: number;
  readonly toldAt: string | null;
  /** Since when it takes nothing, and why; null: the last try went well, or there was none. */
  readonly failingSince: string | null;
  readonly why: string | null;
}

export interface WorkerStatus {
  readonly host: string;
  readonly pid: number;
  /** Since when it is at work on the run, and when it was heard of last. */
  readonly since: string;
  readonly seenAt: string;
  /** Since when Graph is out of its reach; null: it is not. */
  readonly graphAwaySince: string | null;
}

export interface FamilyStatus {
  readonly family: Family;
  readonly total: number;
  readonly pending: number;
  /** As of the run. */
  readonly etaSeconds: number | null;
  readonly limiter: LimiterStatus;
}

export interface LimiterStatus {
  /** Writes per window: as configured, and as used now. */
  readonly limit: number;
  readonly budget: number;
  /** Writes that still count. */
  readonly charged: number;
  /** Writes accepted in the last window, as a share of the budget. */
  readonly used: number;
  readonly backoffUntil: string | null;
  readonly backoffReason: BackoffReason | null;
}

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

/** The time that a run was at work. */
const workedMs = ({ workedMs: before, workingSince }: Run, now: number): number =>
  before + (workingSince === null ? 0 : Math.max(0, now - workingSince));

const rounded = (value: number): number => Math.round(value * 100) / 100;

const rateOf = (rows: number, ms: number): number | null => (ms > 0 ? rounded((rows * 1000) / ms) : null);

/** What is known of a run besides its own record. */
export interface SeenOfRun {
  /** What keeps it: nothing is foretold then, unless its end is known. */
  readonly why?: Waiting | undefined;
  /** Who is at work on it. */
  readonly workers?: readonly WorkerBeat[];
  /** The limiters of its families, when there are several. */
  readonly limiters?: ReadonlyMap<Family, LimiterStatus>;
  readonly channels?: readonly ChannelStatus[];
}

export function statusOfRun(
  run: Run,
  limiter: LimiterStatus,
  going: Going,
  now: number,
  { why, workers = [], limiters = new Map<Family, LimiterStatus>(), channels = [] }: SeenOfRun = {},
): RunStatus {
  const elapsedMs = workedMs(run, Math.min(now, (why && keptSince(why)) ?? now));
  const isAtWork = run.state === 'running';
  const lately = latelyOf(run, going, elapsedMs);
  const settled = run.total - run.counts.pending - run.counts.cancelled;
  const ratePerSecond = isAtWork ? rateOf(lately.ended, lately.ms) : rateOf(settled, elapsedMs);
  const isGoing = isAtWork && (why === undefined || isForetold(why));
  const workLeftMs = isGoing ? msLeft(run, going, elapsedMs, now) : undefined;
  const untilDone = (workMs: number | undefined): number | undefined => {
    const end = workMs === undefined ? undefined : endOfWork(workMs, run.options, now);
    return end === undefined ? undefined : end - now;
  };
  const leftMs = untilDone(workLeftMs);
  const families = run.byFamily.flatMap(({ family, total, left, sent }): FamilyStatus[] => {
    const own = limiters.get(family);
    const pending = run.state === 'cancelled' ? sent : left;
    const workMs = workLeftMs === undefined ? undefined : familyMsLeft(family, run, going, elapsedMs, now);
    const ms = untilDone(workMs);
    const etaSeconds = ms === undefined ? null : Math.ceil(ms / 1000);
    return own === undefined ? [] : [{ family, total, pending, etaSeconds, limiter: own }];
  });
  const slowest = families.toSorted(
    (a, b) => (b.etaSeconds ?? 0) - (a.etaSeconds ?? 0) || b.pending - a.pending,
  )[0];
  return {
    runId: run.runId,
    state: run.state,
    ...keptBy(run, why),
    workers: workers.map(workerStatus),
    tenant: run.tenant,
    graphUrl: run.graphUrl,
    source: run.source,
    planFingerprint: run.planFingerprint,
    operator: run.operator,
    approval: approvalStatus(run),
    purpose: run.options.purpose,
    total: run.total,
    ...run.counts,
    inDoubt: run.sent,
    unrecorded: run.unrecorded,
    throttled: run.throttled,
    createdAt: new Date(run.createdAt).toISOString(),
    startedAt: iso(run.startedAt),
    finishedAt: iso(run.finishedAt),
    lastProgressAt: iso(run.lastProgressAt),
    ratePerSecond,
    etaSeconds: leftMs === undefined ? null : Math.ceil(leftMs / 1000),
    doneAbout: leftMs === undefined ? null : iso(now + Math.round(leftMs)),
    schedule: scheduleStatus(run, going, now),
    revert: revertStatus(run, now),
    maxFailures: run.options.maxFailures,
    writesPerWindow: run.options.writesPerWindow,
    limiter: slowest?.limiter ?? limiter,
    families,
    channels,
  };
}

const approvalStatus = ({ needsApproval, submitter, approval }: Run): ApprovalStatus | null =>
  needsApproval
    ? {
        madeBy: submitter.name || null,
        ...{ by: approval?.name ?? null, at: iso(approval?.at ?? null), why: approval?.reason ?? null },
      }
    : null;

function scheduleStatus(run: Run, going: Going, now: number): ScheduleStatus | null {
  const { startAt, windows, timeZone, deadlineAt } = run.options;
  if (isUnscheduled(run.options)) return null;
  const [next] = openFrom(run.options, now);
  const isLeft = run.finishedAt === null && run.counts.pending > 0;
  return {
    ...{ startAt: iso(startAt), windows, timeZone, deadlineAt: iso(deadlineAt) },
    opensAt: next === undefined ? null : iso(next[0]),
    closesAt: next === undefined || next[1] === Infinity ? null : iso(next[1]),
    fit: isLeft ? fitOf(needOf(run, going), run.options, now) : null,
  };
}

function revertStatus(
  { options, revertedAt, revertedBy, revertTrouble }: Run,
  now: number,
): RevertStatus | null {
  const { revertAt, timeZone } = options;
  if (revertAt === null) return null;
  return {
    ...{ at: new Date(revertAt).toISOString(), timeZone, doneAt: iso(revertedAt), run: revertedBy },
    ...{ isDue: revertedAt === null && now >= revertAt, trouble: revertTrouble },
  };
}

/** That its workers have left it, or what a run in line waited for an hour ago, says nothing of now: `whyWaiting` knows. */
const isPassing = ({ state, reason }: Run): boolean =>
  reason === 'noWorker' || (state === 'queued' && PASSING_REASONS.some((each) => each === reason));

/** Why it does not go on: its own reason, but for one that passes by itself. */
function keptBy(
  run: Run,
  why: Waiting | undefined,
): Pick<RunStatus, 'reason' | 'reasonText' | 'reasonSince' | 'waitsFor'> {
  const own = isPassing(run) ? null : run.reason;
  if (own !== null || why === undefined)
    return {
      ...{ reason: own, reasonText: own === null ? null : run.reasonText },
      ...{ reasonSince: own === null ? null : iso(run.movedAt), waitsFor: null },
    };
  const { reason, reasonText } = why;
  return { reason, reasonText, reasonSince: iso(keptSince(why)), waitsFor: waitsFor(why) };
}

const workerStatus = ({ host, pid, since, seenAt, graphAway }: WorkerBeat): WorkerStatus => ({
  ...{ host, pid, since: new Date(since).toISOString(), seenAt: new Date(seenAt).toISOString() },
  graphAwaySince: iso(graphAway?.since ?? null),
});
