import type { RunStatus } from '../../runs/progress.ts';
import { hasEnded, HOUR_MS, type Run } from '../../runs/run.ts';
import { timeInZone } from '../../runs/schedule/localTime.ts';
import { openedAt } from '../../runs/schedule/schedule.ts';
import { isCalledOff, isRollbackOf } from './rollbacks.ts';

/** So long without a row that comes to its end is too long, where nobody says otherwise. */
export const STALLED_AFTER_MS = 5 * 60_000;

/** What a run that has ended means for whoever watches over the tenant is told for so long. */
export const ENDED_TOLD_MS = 24 * HOUR_MS;

/** How a run is, for whoever is to be woken; times are ms since the epoch. */
export type Health =
  | { readonly kind: 'fine' }
  /** Rows did not come through, as far as anybody knows. */
  | { readonly kind: 'failedRows'; readonly rows: number }
  /** It goes on only when somebody does something. */
  | { readonly kind: 'stopped'; readonly why: string }
  /** Its deadline has passed before its end, or its time to be taken back and it is not. */
  | { readonly kind: 'overdue'; readonly since: number; readonly why: string }
  /** It should go on, and for too long no row has come to its end. */
  | { readonly kind: 'stalled'; readonly since: number; readonly why: string };

export interface HealthTerms {
  readonly now: number;
  /** So long without a row that comes to its end is too long. */
  readonly stalledAfterMs: number;
  /** The run that takes it back, as far as the record has one. */
  readonly takenBackBy?: Run | undefined;
}

/** A worker that is there makes the run that takes another one back within seconds. */
const REVERT_WITHIN_MS = 60_000;

/** How a run is, of which the record knows this, and of which that is seen. */
export function healthOf(run: Run, status: RunStatus, terms: HealthTerms): Health {
  const { deadlineAt } = run.options;
  const stands = standsTooLong(run, status, terms);
  if (stands !== undefined) return stands;
  if (run.finishedAt === null && status.reason === 'deadline' && deadlineAt !== null)
    return { kind: 'overdue', since: deadlineAt, why: status.reasonText ?? run.state };
  switch (run.state) {
    case 'aborted':
    case 'paused':
      return { kind: 'stopped', why: status.reasonText ?? run.state };
    case 'loading':
      return { kind: 'fine' };
    case 'completed':
    case 'cancelled':
      return stalledAt(run, status, terms) ?? failures(run);
    case 'queued':
    case 'running':
      if (status.reason === 'tenantStopped' || status.reason === 'approval')
        return { kind: 'stopped', why: status.reasonText ?? '' };
      return stalledAt(run, status, terms) ?? failures(run);
  }
}

/** What was to be for a time is so for longer. A run that takes it back and is not over yet is looked at by itself. */
function standsTooLong(
  { options: { revertAt, timeZone }, revertedAt }: Run,
  { revert }: RunStatus,
  { now, stalledAfterMs, takenBackBy }: HealthTerms,
): Health | undefined {
  if (revertAt === null || now - revertAt <= Math.min(stalledAfterMs, REVERT_WITHIN_MS)) return undefined;
  const overdue = (why: string): Health => ({ kind: 'overdue', since: revertAt, why });
  if (revertedAt === null)
    return overdue(
      `it was to be taken back ${timeInZone(revertAt, timeZone)}: ${revert?.trouble ?? 'no worker has done it'}`,
    );
  if (takenBackBy === undefined) return undefined;
  const { runId, state, reason } = takenBackBy;
  if (isStopped(takenBackBy)) return overdue(`run ${runId}, which takes it back, was stopped`);
  return state === 'queued' && reason === 'approval'
    ? overdue(`run ${runId}, which takes it back, waits for somebody's yes`)
    : undefined;
}

const isStopped = (run: Run | undefined): boolean => run?.state === 'cancelled' || run?.state === 'aborted';

function failures({ counts: { failed, stale, awaitingApproval, unsure } }: Run): Health {
  const rows = failed + stale + awaitingApproval + unsure;
  return rows === 0 ? { kind: 'fine' } : { kind: 'failedRows', rows };
}

function stalledAt(
  run: Run,
  { waitsFor, reason, reasonText }: RunStatus,
  { now, stalledAfterMs }: HealthTerms,
): Health | undefined {
  // Its turn comes after that of another run, which is looked at by itself, or in its own time.
  const isInLine = waitsFor !== null && 'run' in waitsFor;
  if (hasEnded(run) || isInLine || reason === 'time' || reason === 'window') return undefined;
  const since = Math.max(quietSince(run), openedAt(run.options, now));
  if (now - since <= stalledAfterMs) return undefined;
  const why = reason === null ? null : reasonText;
  return { kind: 'stalled', since, why: why ?? (run.sent > 0 ? IN_DOUBT : NOT_ENDED) };
}

const IN_DOUBT = 'nobody has looked yet what became of writes that were sent';
const NOT_ENDED = 'no row has come to its end';

/** When something was last heard of it: a row that came to its end, or that it was queued, set to work or stopped. */
function quietSince({
  state,
  reason,
  createdAt,
  movedAt,
  workingSince,
  lastProgressAt,
  seenAt,
}: Run): number {
  // That its workers have left it was found out long after they did.
  if (state === 'queued' && reason === 'noWorker') return Math.max(lastProgressAt ?? 0, seenAt ?? createdAt);
  return Math.max(createdAt, movedAt ?? 0, workingSince ?? 0, lastProgressAt ?? 0);
}

/** Whether anybody is to be told of it: it is open, or has ended lately and nobody has taken it back since. */
export function isWatched(run: Run, all: readonly Run[], now: number): boolean {
  if (run.finishedAt === null) return true;
  const { revertAt } = run.options;
  if (revertAt !== null && revertAt <= now && (run.revertedAt === null || !isOver(takesBack(run, all))))
    return true;
  const isTakenBack = all.some((each) => isRollbackOf(each, run) && !isCalledOff(each));
  return now - run.finishedAt <= ENDED_TOLD_MS && !isTakenBack;
}

/** What it was to take back is taken back, or nobody knows of it any more. */
const isOver = (run: Run | undefined): boolean => run === undefined || run.state === 'completed';

/** The run that takes another one back at its time. */
export const takesBack = ({ revertedBy }: Run, all: readonly Run[]): Run | undefined =>
  revertedBy === null ? undefined : all.find(({ runId }) => runId === revertedBy);
