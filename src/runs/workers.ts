/** A worker as it has told of itself in the header of the run that it is at work on. Times are ms since the epoch, by Redis' clock. */
export interface WorkerBeat {
  readonly host: string;
  readonly pid: number;
  /** Since when it is at work on the run. */
  readonly since: number;
  /** When it was heard of last. */
  readonly seenAt: number;
  /** It has died, or stands still, when it is not heard of until then. */
  readonly aliveUntil: number;
  /** Since when Graph is out of its reach, and why; left out: it is not. */
  readonly graphAway?: GraphAway;
}

export interface GraphAway {
  readonly since: number;
  readonly why: string;
}

/** Worker id → its last heartbeat. */
export type WorkerBeats = Readonly<Record<string, WorkerBeat>>;

/** What a worker says of itself with each heartbeat. */
export interface WorkerSelf {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  /** So long without a heartbeat means that it is gone. */
  readonly silentMs: number;
  /** Why Graph is out of its reach; undefined: it is not. */
  readonly graphAway?: string | undefined;
}

/** Those that were heard of lately enough, the longest at work first. */
export const heardOf = (beats: WorkerBeats, now: number): (WorkerBeat & { readonly id: string })[] =>
  Object.entries(beats)
    .map(([id, beat]) => ({ id, ...beat }))
    .filter(({ aliveUntil }) => aliveUntil >= now)
    .toSorted((a, b) => a.since - b.since);
