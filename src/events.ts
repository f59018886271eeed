import { EventEmitter } from 'node:events';
import type { WriteOutcome } from './assignments/changes/outcome.ts';
import type { Family } from './assignments/kinds/family.ts';
import type { Problem } from './assignments/rows/row.ts';
import type { StatedAction, TakenFor } from './assignments/rows/takenFor.ts';
import type { SentRequest } from './graph/client/sentRequest.ts';
import type { BackoffReason } from './runs/permit.ts';
import type { Waiting } from './runs/keeping.ts';
import type { RunStatus } from './runs/progress.ts';
import type { Reason } from './runs/reason.ts';
import type { Run } from './runs/run.ts';
import type { Stop } from './runs/runReader.ts';

/** Problems of a file: the first of them, and how many there are in all. */
export interface FileProblems {
  readonly name: string;
  readonly problems: readonly Problem[];
  readonly problemTotal: number;
}

/**
 * What use cases and workers tell while they are at it, besides their answers: the log, the progress on a terminal and whatever else
 * shows something are fed by it. Nobody has to listen. Whoever shows it words it, unless it has a text already. Texts are as Graph
 * or the settings gave them: they may hold what steers a terminal.
 */
interface EventMap {
  /** The settings, with what is to be told of them. Once a command. */
  readonly settings: [settings: { readonly remarks: readonly string[]; readonly isVerbose: boolean }];
  /** What a person has to do to sign in, as the device code. */
  readonly signInPrompt: [text: string];
  /** Problems that keep the rows of a file, or of their policies, out. */
  readonly problems: [found: FileProblems];
  /** A file of another tool, and how it is read. */
  readonly takenFor: [name: string, as: TakenFor];
  /** Rows that say only what is there, as those of another tenant's export, and what is done with them. */
  readonly statedRows: [rows: number, action: StatedAction];
  /** Rows that ask for nothing were passed over, as those of an export that are of policies which nobody is assigned to. */
  readonly nothingAsked: [rows: number];
  /** `--skip-invalid` has left out rows of so many policies. */
  readonly leftOut: [rows: number, policies: number];
  /** A name was found only when letter case and Unicode form do not count. Once a name. */
  readonly foldedName: [written: string, found: string];
  /** A plan file was sealed elsewhere: it is planned anew, and must come to the same. */
  readonly foreignPlan: [name: string];
  /** A snapshot was sealed elsewhere: its checksum holds, and nobody can tell whether somebody has edited it. */
  readonly foreignSnapshot: [name: string];
  /** Of the rows that need a write so many were chosen. */
  readonly sample: [rows: number, of: number];
  /** How far the reads of a plan are: at their begin, twice a second, and at their end, whatever it is. */
  readonly planProgress: [progress: PlanProgress];
  /** Graph does not answer for now: what is waited for. */
  readonly graphAway: [text: string];
  /** A write may still be applied to so many policies' lists: that is waited for. */
  readonly lateWrites: [policies: number, waitMs: number];
  /** `@last`, or some last letters, stand for this run. */
  readonly runNamed: [name: string, runId: string, fileName: string];
  /** What was staged is forgotten, as a signal came. */
  readonly discarded: [];
  /** From here on the run stands, whatever becomes of the command. */
  readonly published: [runId: string];
  /** A run that is followed, a few times a second. */
  readonly progress: [sighting: Sighting];
  /** A worker of this process has stopped a run, or has let it go on. */
  readonly runState: [change: RunStateChange];
  /** The limiter has learned, or waits; once among all workers of the tenant. */
  readonly limiter: [change: LimiterChange];
  /** Graph is out of reach of a worker, or is there again. */
  readonly graphReach: [reach: GraphReach];
  /** A try to connect to Graph has failed. */
  readonly notReached: [why: string];
  /** Each write that a worker of this process has sent, as Graph answered it or did not. */
  readonly written: [family: Family, outcome: WriteOutcome];
  /** Each request to Graph, as it was answered or lost. */
  readonly request: [request: SentRequest];
}

/** A run as it was seen at one moment. */
export interface Sighting {
  readonly run: Run;
  readonly status: RunStatus;
  /** Why it waits; undefined: nothing stands in its way. */
  readonly why: Waiting | undefined;
  /** The stop of the whole tenant, while there is one. */
  readonly stop: Stop | undefined;
  /** It has ended, or whoever follows it needs no more, or a signal came. */
  readonly isLast: boolean;
}

export interface RunStateChange {
  readonly runId: string;
  readonly state: 'paused' | 'aborted' | 'queued';
  /** Null for one that goes on. */
  readonly reason: Reason | null;
  readonly reasonText: string;
}

/** What the limiter of one family tells. Budgets are writes a window. */
export type LimiterChange = { readonly family: Family } & LimiterChangeKind;

type LimiterChangeKind =
  /** `cut`: to what the tenant took; `halved`: nobody knows what it takes; `probe`: more is tried. */
  | { readonly kind: 'cut' | 'halved' | 'probe'; readonly from: number; readonly to: number }
  /** `full`: after a restart of Redis or a jump of its clock; `backoff`: after a 429. */
  | { readonly kind: 'full' | 'backoff'; readonly waitMs: number };

export type GraphReach =
  | { readonly isReached: true }
  | { readonly isReached: false; readonly message: string; readonly remedy: string };

export interface PlanProgress {
  readonly read: number;
  readonly of: number;
  /** What the reads wait for; null: nothing. */
  readonly backoff: { readonly reason: BackoffReason | null; readonly untilMs: number } | null;
  readonly isLast: boolean;
}

/** A request to Graph as `cli` words it, which knows nothing of `graph`. */
export type TracedRequest = SentRequest;

export type Events = EventEmitter<EventMap>;

export const createEvents = (): Events => new EventEmitter<EventMap>();
