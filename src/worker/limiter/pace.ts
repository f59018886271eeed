import { familyFacts, MAIN_FAMILY, type Family } from '../../assignments/kinds/family.ts';
import { SILENT_MS } from '../../runs/run.ts';

/** Writes per window of each family, as set. */
export interface WriteLimits {
  /** Of every family that is not named; undefined: what is known of each. */
  readonly every?: number | undefined;
  readonly families: { readonly [family in Family]?: number };
}

const limitOf = (family: Family, { every, families }: WriteLimits): number =>
  families[family] ?? every ?? familyFacts(family).writesPerWindow;

/** Requests of any kind, in the same window: ten times the writes. Source: as above. */
export const REQUESTS_PER_WRITE = 10;

/** Requests of any kind that are always allowed: a user who keeps the writes low must not lose them to their own reads. */
const REQUESTS_PER_WINDOW_MIN = 200;

export const WINDOW_MS = 20_000;

/** The shortest silence of a worker that counts as its end: a process may stand still for a while and be well. */
const SILENT_MIN_MS = 10_000;

/** The longest single wait for a Graph that gives no answer, in windows: 1 min of Intune's 20 s. */
export const OUTAGE_WAIT_WINDOWS_MAX = 3;

/** Tries of a read that Graph answers with 500, which mostly stays so. */
export const READS_OF_500_MAX = 3;

/** How a worker paces itself in one family. All times follow the window, so that a short window in a test behaves as 20 s do. */
export interface Pace {
  /** Of all families. */
  readonly limits: WriteLimits;
  readonly writesPerWindow: number;
  readonly requestsPerWindow: number;
  readonly windowMs: number;
  /** A permit that is older may not be used any more: a worker that stood still for a while sends nothing on it. */
  readonly permitValidMs: number;
  /** A call to Graph that takes longer is cut; until then what was sent is charged. */
  readonly requestTimeoutMs: number;
  /** A read that is older is taken again before anything is written. */
  readonly snapshotAgeMaxMs: number;
  /** What a plan has read is written upon while it is so young, and read again when it is older. */
  readonly planReadAgeMaxMs: number;
  /** A read that is taken again is asked for this long before it is needed. */
  readonly readAheadMs: number;
  /** The wait after Graph could not be reached at all. */
  readonly unreachedWaitMs: number;
  /** A command's reads wait this long in all for a Graph that gives no answer, from its first failure on. */
  readonly outageMaxMs: number;
  /** A person is told of a Graph that has been silent for as long. */
  readonly silenceTellMs: number;
  /** A worker that was not heard of for as long counts as gone. */
  readonly silentMs: number;
  /** Between two tries whether a sign-in that did not work does so again. */
  readonly signInRetryMs: number;
}

/** The same pace in another family. */
export const paceFor = (family: Family, pace: Pace): Pace => ({
  ...pace,
  ...perWindow(limitOf(family, pace.limits)),
});

const perWindow = (writesPerWindow: number) => ({
  writesPerWindow,
  requestsPerWindow: Math.max(REQUESTS_PER_WINDOW_MIN, REQUESTS_PER_WRITE * writesPerWindow),
});

/** Every family takes so many. */
export const alike = (every: number): WriteLimits => ({ every, families: {} });

/** That of the main family. 5 s, 60 s, 15 s, 3 s, 1 s, 5 s, 5 min, 5 s, 60 s and 60 s for Intune's window of 20 s. */
export const paceOf = (limits: number | WriteLimits, windowMs: number): Pace =>
  paceIn(MAIN_FAMILY, typeof limits === 'number' ? alike(limits) : limits, windowMs);

const paceIn = (family: Family, limits: WriteLimits, windowMs: number): Pace => ({
  limits,
  ...perWindow(limitOf(family, limits)),
  windowMs,
  permitValidMs: Math.max(500, windowMs / 4),
  requestTimeoutMs: Math.max(3_000, 3 * windowMs),
  snapshotAgeMaxMs: Math.max(500, (3 * windowMs) / 4),
  planReadAgeMaxMs: Math.max(500, (3 * windowMs) / 20),
  readAheadMs: windowMs / 20,
  unreachedWaitMs: Math.max(250, windowMs / 4),
  outageMaxMs: Math.max(4_000, 15 * windowMs),
  silenceTellMs: Math.max(500, windowMs / 4),
  silentMs: Math.min(SILENT_MS, Math.max(SILENT_MIN_MS, 3 * windowMs)),
  signInRetryMs: Math.max(500, 3 * windowMs),
});

/** The longest time from a permit to the reply: it is used at the last moment, and its request is cut. 65 s for Intune's window. */
export const permitToReplyMsOf = ({ permitValidMs, requestTimeoutMs }: Pace): number =>
  permitValidMs + requestTimeoutMs;

/** How long a write in doubt may take to land: as long as its charge counts. 85 s for Intune's window. */
export const landingMsOf = (pace: Pace): number => permitToReplyMsOf(pace) + pace.windowMs;

/** How much rarer the tries become, at most, for a sign-in that seems to work and is refused again. */
export const SIGN_IN_RETRY_GROWTH_MAX = 16;

/** How long a worker sleeps before it asks again, so that a pause, a cancel or a new budget is seen soon. */
export const LEAVE_WAIT_SLICE_MS = 2_000;

/** Batches of a family at work at a time in one worker process: enough to hide the latency of reads behind the spacing of writes. */
export const CONCURRENCY = 4;

/** Batches in the queue after a top-up; a quarter of an hour's work at Intune's pace. */
export const QUEUE_DEPTH = 200;
/** The same of each family of a run with many of them. */
export const FAMILY_QUEUE_DEPTH_MIN = 20;
/** A finished batch that leaves fewer than this many waiting calls for a top-up. */
export const QUEUE_LOW_MARK = 50;
/** Finished batches of one worker between two looks at how many wait: even eight workers see a low queue in time. */
export const JOBS_PER_DEPTH_CHECK = 5;
/** The regular top-up of a queue that is low, which also finds runs whose producer died and batches whose job was lost. */
export const TOP_UP_MS = 15_000;

/** How often a worker that is there for some runs only looks whether it is their turn. */
export const TURN_CHECK_MS = 250;

/** The wait for what nobody can do anything about now: a stopped run's writes in doubt, without a sign-in to look. */
export const STOPPED_RUN_WAIT_MS = 60_000;

/** A batch whose family has all of its places in a worker comes back when one is free, and for other workers after so long. */
export const GIVEN_BACK_MS = 5_000;

/** Waits up to this are slept within the job; longer ones give its place to another batch. */
export const WAIT_INSIDE_MAX_MS = 3_000;

/** Between two tries while Redis refuses what a batch needs, as when its memory is full. */
export const REDIS_REFUSED_WAIT_MS = 5_000;

/** A dead worker's job is taken up again after both: 15 s. Source: BullMQ's stalled jobs, measured. */
export const LOCK_MS = 10_000;
export const STALLED_CHECK_MS = 5_000;
/** Never fail a job for having stalled: the record knows what is left of it. */
export const STALLED_COUNT_MAX = 1_000_000;
