import type { Reason } from '../reason.ts';
import type { Interval } from './interval.ts';
import { openIntervals } from './openIntervals.ts';

/** When a run may be at work. Times are ms since the epoch. */
export interface Schedule {
  readonly startAt: number | null;
  /** As `windowIn` reads them; none: at any time. */
  readonly windows: readonly string[];
  readonly timeZone: string | null;
  readonly deadlineAt: number | null;
}

/** A reason for which a run is not at work that its schedule alone decides. */
export type ScheduleReason = Extract<Reason, 'time' | 'window' | 'deadline'>;

/** Whether a run may be at work, as `lua/schedule.lua` has it. */
export type ScheduleState =
  /** Until when it may; null: for ever. */
  | { readonly kind: 'open'; readonly until: number | null }
  /** When it may again, or of a deadline when that was; null: not within two weeks. */
  | { readonly kind: 'closed'; readonly reason: ScheduleReason; readonly at: number | null };

export function scheduleStateAt(schedule: Schedule, now: number): ScheduleState {
  const { startAt, deadlineAt } = schedule;
  if (deadlineAt !== null && now >= deadlineAt) return { kind: 'closed', reason: 'deadline', at: deadlineAt };
  const [next] = openFrom(schedule, now);
  if (next !== undefined && next[0] <= now)
    return { kind: 'open', until: next[1] === Infinity ? null : next[1] };
  const reason = startAt !== null && now < startAt ? 'time' : 'window';
  return { kind: 'closed', reason, at: next?.[0] ?? null };
}

/** When a run may be at work from a moment on, in the next two weeks: to its deadline, or for ever when nothing ends it. */
export function openFrom({ startAt, windows, timeZone, deadlineAt }: Schedule, now: number): Interval[] {
  const from = Math.max(now, startAt ?? now);
  const end = deadlineAt ?? Infinity;
  const open: readonly Interval[] =
    windows.length === 0 ? [[from, Infinity]] : openIntervals(windows, timeZone ?? 'UTC', from);
  return open
    .map(([begins, ends]): Interval => [Math.max(begins, from), Math.min(ends, end)])
    .filter(([begins, ends]) => begins < ends);
}

/** Since when a run that may be at work now may be so; 0: always. */
export function openedAt({ startAt, windows, timeZone }: Schedule, now: number): number {
  const [window] = windows.length === 0 ? [] : openIntervals(windows, timeZone ?? 'UTC', now);
  return Math.max(startAt ?? 0, window?.[0] ?? 0);
}

/** Nothing is said of when. */
export const isUnscheduled = ({ startAt, windows, deadlineAt }: Schedule): boolean =>
  startAt === null && windows.length === 0 && deadlineAt === null;
