import type { LogEntry } from '../../runs/runReader.ts';
import type { Run } from '../../runs/run.ts';
import type { Sample } from '../../runs/samples.ts';
import type { Proof } from '../prove/prove.ts';
import type { Twin } from './twin.ts';

/** Rows that failed alike. */
export interface FailedAlike {
  readonly status: string;
  readonly code: string;
  readonly message: string;
  readonly rows: number;
  /** The lines of the first of them. */
  readonly lines: readonly number[];
}

/** A run of the rehearsal, as its record tells it when it was over. */
export interface Leg {
  readonly run: Run;
  /** From its first permit to its end. */
  readonly seconds: number;
  readonly failures: readonly FailedAlike[];
  readonly samples: readonly Sample[];
  readonly log: readonly LogEntry[];
}

/** The worker that was killed. */
export interface Killed {
  /** Rows that had come to their end by then, and rows whose write was on its way. */
  readonly ended: number;
  readonly inFlight: number;
  /** Until the next row came to its end; undefined: none did. */
  readonly untilNextSeconds: number | undefined;
}

/** What a rehearsal came to. */
export interface Rehearsal {
  readonly plan: Pick<Twin, 'header' | 'end' | 'decisions'> & { readonly name: string };
  /** The stand-in: what of the tenant is in it, and how many of its lists did not read as the plan had read them. */
  readonly twin: { readonly policies: number; readonly assignments: number; readonly unlike: number };
  /** How many times faster than the tenant its windows were. */
  readonly speed: number;
  /** Writes that count against the limit, and what they take at the tenant's own speed, in seconds. */
  readonly cost: { readonly requests: number; readonly atLeast: number; readonly about: number };
  readonly rehearsedAt: string;
  readonly run: Leg;
  /** Undefined: the run had ended before there was anything to kill. */
  readonly killed: Killed | undefined;
  /** Writes that were done once more than needed, in the run. */
  readonly writtenAgain: number;
  readonly proof: Proof;
  readonly undo: Leg | undefined;
  /** Of the run, after it was taken back. */
  readonly undoProof: Proof;
  /** Policies that differ from the start, entry by entry, when all was over. */
  readonly different: number;
  readonly isRunProven: boolean;
  readonly isUndoProven: boolean;
}

export const isProven = ({ isRunProven, isUndoProven }: Rehearsal): boolean => isRunProven && isUndoProven;
