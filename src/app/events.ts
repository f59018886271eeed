import { EventEmitter } from 'node:events';
import type { Config } from '../config.ts';
import type { Problem } from '../assignments/rows/row.ts';
import type { SentRequest } from '../graph/client/sentRequest.ts';

/** Problems of a file: the first of them, and how many there are in all. */
export interface FileProblems {
  readonly name: string;
  readonly problems: readonly Problem[];
  readonly problemTotal: number;
}

/**
 * What use cases tell while they are at it, besides their answer. Whoever shows it words it; nobody has to listen. Texts are
 * as Graph or the settings gave them: they may hold what steers a terminal.
 */
interface EventMap {
  /** The settings, with what is to be told of them. Once a command. */
  readonly settings: [settings: Pick<Config, 'remarks' | 'isVerbose'>];
  /** What a person has to do to sign in, as the device code. */
  readonly signInPrompt: [text: string];
  /** Problems that keep the rows of a file, or of their policies, out. */
  readonly problems: [found: FileProblems];
  /** `--skip-invalid` has left out rows of so many policies. */
  readonly leftOut: [rows: number, policies: number];
  /** A name was found only when letter case and Unicode form do not count. Once a name. */
  readonly foldedName: [written: string, found: string];
  /** A plan file was sealed elsewhere: it is planned anew, and must come to the same. */
  readonly foreignPlan: [name: string];
  /** Of the rows that need a write so many were chosen. */
  readonly sample: [rows: number, of: number];
  /** How far the reads of a plan are: at their begin, twice a second, and at their end, whatever it is. */
  readonly planProgress: [progress: PlanProgress];
  /** Graph does not answer for now: what is waited for. */
  readonly graphAway: [text: string];
  /** A write may still be applied to so many policies' lists: that is waited for. */
  readonly lateWrites: [policies: number, waitMs: number];
  /** `@last` stands for this run. */
  readonly lastRun: [runId: string, fileName: string];
  /** What was staged is forgotten, as a signal came. */
  readonly discarded: [];
  /** From here on the run stands, whatever becomes of the command. */
  readonly published: [runId: string];
  /** A try to connect to Graph has failed. */
  readonly notReached: [why: string];
  /** Each request to Graph, as it was answered or lost. */
  readonly request: [request: SentRequest];
}

export interface PlanProgress {
  readonly read: number;
  readonly of: number;
  /** What the reads wait for; null: nothing. */
  readonly backoff: { readonly reason: string; readonly untilMs: number } | null;
  readonly isLast: boolean;
}

/** A request to Graph as it is traced. */
export type TracedRequest = SentRequest;

export type Events = EventEmitter<EventMap>;

export const createEvents = (): Events => new EventEmitter<EventMap>();
