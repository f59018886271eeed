import type { ReasonFacts } from './reason.ts';
import type { RowStatus } from './rowState.ts';
import type { RunState } from './run.ts';

/** What channels are told of. */
export const RUN_EVENTS = [
  /** It was set to work for the first time. */
  'begun',
  /** It goes on when somebody says yes: the canary is written, or it is too old. */
  'waitsForYes',
  'paused',
  /** Its workers are gone, or no row has come to its end for long. */
  'stalled',
  /** Its window closed, and rows are left. */
  'windowClosed',
  /** More rows have failed than the share that somebody wants to know of. */
  'failures',
  'ended',
  /** Its time had come: a run that takes it back is made, or there was nothing to take back. */
  'takenBack',
  /** Its time has come, and it could not be taken back yet. */
  'notTakenBack',
  /** Somebody has stopped the whole tenant; of no run, to the channels of those that stand still by it. */
  'tenantStopped',
  /** Somebody tries a channel; of no run. */
  'test',
] as const;
export type RunEventType = (typeof RUN_EVENTS)[number];

/** How it stood with a run when something happened to it, as the script kept it that caused the event. */
export interface EventData {
  readonly state?: RunState;
  readonly reason?: string;
  readonly facts?: ReasonFacts;
  /** Whose clock its times are told by; left out: that of the machine. */
  readonly timeZone?: string;
  /** What a person said, without secrets. */
  readonly words?: string;
  readonly file?: string;
  readonly operator?: string;
  readonly total?: number;
  /** Rows of each status; those of which there is none are left out. */
  readonly rows?: Readonly<Partial<Record<RowStatus, number>>>;
  /** `stalled`: when a row came to its end last. */
  readonly since?: number;
  /** `failures`: rows that failed, of those written, and the share in percent that they are more than. */
  readonly failed?: number;
  readonly written?: number;
  readonly share?: number;
  /** `ended`: rows that were left out of the file, and when the run began. */
  readonly leftOut?: number;
  readonly startedAt?: number;
  /** `takenBack`: the run that does it, left out when there was nothing to do; its rows, and what it leaves: somebody has changed it since, or no write of it is on record. */
  readonly by?: string;
  readonly taken?: number;
  readonly left?: number;
  /** `tenantStopped`: the runs that stand still. */
  readonly runs?: readonly string[];
  /** `notTakenBack`: when it was to be. */
  readonly revertAt?: number;
}

/** Something that channels are told of. Times are ms since the epoch, by Redis' clock. */
export interface RunEvent {
  /** Who is told twice can tell by it. */
  readonly id: string;
  readonly at: number;
  /** Left out: it is about no run. */
  readonly run?: string;
  readonly type: RunEventType;
  /** Names of channels. */
  readonly channels: readonly string[];
  readonly data: EventData;
}

/** How telling a channel went last. Times are ms since the epoch. */
export interface ChannelRecord {
  readonly toldAt: number | null;
  /** Since when it takes nothing, and why; null: the last try went well. */
  readonly failingSince: number | null;
  readonly why: string | null;
}
