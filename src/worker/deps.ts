import type { Events } from '../events.ts';
import type { Log } from '../log.ts';
import type { ApiVersion } from '../assignments/values/apiVersion.ts';
import type { GraphClient } from '../graph/client/graphClient.ts';
import { RECORD_FORMAT, type Run } from '../runs/run.ts';
import type { BatchRef } from '../runs/batchRow.ts';
import type { RunStore } from '../runs/runStore.ts';
import type { Limiter } from './limiter/limiter.ts';
import type { PlanReads } from './planReads.ts';
import type { SignIn } from './workerSignIn.ts';

/** What a batch is processed with. */
export interface WorkerDeps {
  readonly runs: RunStore;
  /** Of one family; a batch is taken with that of its own. */
  readonly limiter: Limiter;
  /** The root that this worker writes to. Runs of another one are not its business, whatever their tenant is called. */
  readonly graphUrl: string;
  /** The runs that this worker works on; undefined: all of its tenant. */
  readonly only?: ReadonlySet<string> | undefined;
  /** A run keeps the version it was read for, whatever the worker was started with. */
  readonly graphOf: (apiVersion: ApiVersion) => GraphClient;
  readonly signIn: SignIn;
  /** What the plan of the run has read in this process. */
  readonly planReads?: PlanReads | undefined;
  readonly log: Log;
  readonly events: Pick<Events, 'emit'>;
  /** What is stored as a reason goes through this: no secret may be in it. */
  readonly redacted: (text: string) => string;
  /** Wall clock, ms since the epoch: for what is stored and shown. */
  readonly now: () => number;
  readonly random: () => number;
}

/** Jobs of all roots of a tenant's name are in one queue; what is not for this worker stays for another. */
export const isOurs = ({ graphUrl, format }: Run, deps: Pick<WorkerDeps, 'graphUrl'>): boolean =>
  graphUrl === deps.graphUrl && format === RECORD_FORMAT;

export const isMeant = (runId: string, { only }: Pick<WorkerDeps, 'only'>): boolean =>
  only === undefined || only.has(runId);

/** A batch that is taken a step further, its run, and what with. */
export interface BatchAtWork {
  readonly ref: BatchRef;
  readonly run: Run;
  readonly deps: WorkerDeps;
  readonly signal: AbortSignal;
}

/** What the worker does with its job next. */
export type Step =
  /** Every row is settled. */
  | { readonly kind: 'done' }
  /** Rows are left that can be taken further at once. */
  | { readonly kind: 'again' }
  /** Rows are left that have to wait. */
  | { readonly kind: 'later'; readonly waitMs: number }
  /** Other workers are at work on its run, and this one is not meant to be. */
  | { readonly kind: 'notMeant' }
  /** The run is not at work: its rows stay as they are. */
  | { readonly kind: 'stopped' };
