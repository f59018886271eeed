import { openFrom, type Schedule } from './schedule.ts';

/** Whether what is to be written fits into the time that a run has. */
export interface Fit {
  readonly writes: number;
  /** How long they take, about, in seconds. */
  readonly seconds: number;
  /** When the first of them may go: ISO UTC; null: not within two weeks. */
  readonly opensAt: string | null;
  /** Writes that the time holds until it closes first; null: it does not close. */
  readonly holds: number | null;
  /** Windows that it takes after the first one; null: it does not come to its end before its deadline, or within two weeks. */
  readonly moreWindows: number | null;
  /** Writes that are left at the deadline then, or after two weeks. */
  readonly left: number;
}

/** What is to be written, and how fast the limit lets that go. */
export interface Need {
  readonly writes: number;
  readonly seconds: number;
  readonly writesPerSecond: number;
}

/** @param now ms since the epoch */
export function fitOf({ writes, seconds, writesPerSecond }: Need, schedule: Schedule, now: number): Fit {
  const open = openFrom(schedule, now);
  const [first] = open;
  let leftMs = seconds * 1000;
  const through = open.findIndex(([from, until]) => (leftMs -= until - from) <= 0);
  const holdsMs = first === undefined ? 0 : first[1] - first[0];
  return {
    ...{ writes, seconds },
    opensAt: first === undefined ? null : new Date(first[0]).toISOString(),
    holds: holdsMs === Infinity ? null : Math.floor((holdsMs / 1000) * writesPerSecond),
    moreWindows: through < 0 ? null : through,
    left: through < 0 ? Math.ceil(writes * Math.min(1, leftMs / Math.max(1, seconds * 1000))) : 0,
  };
}
