import type { InputColumn } from '../assignments/rows/columns.ts';
import { STRATEGIES, type Strategy } from '../assignments/kinds/kind.ts';
import { API_VERSIONS, type ApiVersion } from '../assignments/values/apiVersion.ts';

/** The version of the record's format. A worker leaves runs of another format alone. */
export const RECORD_FORMAT = '2';

export const RUN_STATES = [
  'loading',
  'queued',
  'running',
  'paused',
  'completed',
  'cancelled',
  'aborted',
] as const;
export type RunState = (typeof RUN_STATES)[number];

/** How a run writes: each assignment by itself, or each policy's whole list. */

/** How a run goes about its work. */
export interface RunOptions {
  readonly strategy: Strategy;
  /** Every row that was written is read back. */
  readonly verify: boolean;
  /** The wishes are before-images: target types that nobody documents are put back as they were. */
  readonly restores: boolean;
  /** The run or the plan file that this one takes back. */
  readonly rollbackOf: string | null;
  /** The failure budget, as `maxFailuresFrom` reads it: `5%`, `20` or `off`. */
  readonly maxFailures: string;
  /** A run that has waited longer, counted from its plan or its last `resume`, waits for another `resume`. */
  readonly maxAgeMs: number;
  /** When the tenant was looked at for the plan, ms since the epoch; null: there is no plan. */
  readonly plannedAt: number | null;
  /** How many rows may be sent before somebody says yes; null: no such gate. */
  readonly gate: number | null;
  /** Writes per window instead of the workers' own setting. */
  readonly writesPerWindow: number | null;
  /** Why the run is made, as given with `--reason`. */
  readonly reason: string | null;
  /** What a tenant with Multi Admin Approval is told of each write. */
  readonly justification: string | null;
}

export const HOUR_MS = 3_600_000;

export const DEFAULT_OPTIONS: RunOptions = {
  strategy: 'patch',
  verify: false,
  restores: false,
  rollbackOf: null,
  maxFailures: '5%',
  maxAgeMs: 24 * HOUR_MS,
  plannedAt: null,
  gate: null,
  writesPerWindow: null,
  reason: null,
  justification: null,
};

/** What a run is of and for; fixed when it is published. */
export interface RunIdentity {
  readonly runId: string;
  readonly tenant: string;
  readonly graphUrl: string;
  readonly apiVersion: ApiVersion;
  readonly appId: string;
  readonly operator: string;
  /** The command line, without secrets. */
  readonly arguments: readonly string[];
  readonly fileName: string;
  readonly blind: boolean;
  readonly keepDays: number;
  readonly options: RunOptions;
}

/** An accepted plan, as recorded. Times are ms since the epoch. */
export interface Run extends RunIdentity {
  readonly format: string;
  readonly source: { readonly name: string; readonly sha256: string };
  /** Rows that `--skip-invalid` left out of the file. */
  readonly leftOut: number;
  readonly columns: readonly InputColumn[];
  readonly state: RunState;
  readonly stateReason: string | null;
  readonly total: number;
  readonly batches: number;
  /** The rows lie in another order than in the file: whole policies to a batch. */
  readonly isRegrouped: boolean;
  /** A policy has more rows than a batch can hold: whole lists can't be written. */
  readonly partsPolicies: boolean;
  /** Rows whose write may have left and that are not settled. */
  readonly sent: number;
  readonly counts: RunCounts;
  /** 429s so far: how often a row was told to wait. */
  readonly throttled: number;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
}

export interface RunCounts {
  readonly pending: number;
  readonly succeeded: number;
  readonly skipped: number;
  readonly failed: number;
  readonly stale: number;
  readonly awaitingApproval: number;
  readonly cancelled: number;
}

/** States of a run that will not go on by themselves or by `resume`. */
export const hasEnded = (run: Run): boolean => run.finishedAt !== null;

export const headerFields = (run: RunIdentity, createdAt: number): Record<string, string | number> => ({
  format: RECORD_FORMAT,
  state: 'loading',
  stateReason: '',
  tenant: run.tenant,
  graphUrl: run.graphUrl,
  apiVersion: run.apiVersion,
  appId: run.appId,
  operator: run.operator,
  arguments: JSON.stringify(run.arguments),
  fileName: run.fileName,
  blind: run.blind ? '1' : '0',
  keepDays: run.keepDays,
  createdAt,
  strategy: run.options.strategy,
  verify: run.options.verify ? '1' : '0',
  restores: run.options.restores ? '1' : '0',
  maxFailures: run.options.maxFailures,
  maxAgeMs: run.options.maxAgeMs,
  freshAt: run.options.plannedAt ?? createdAt,
  rollbackOf: run.options.rollbackOf ?? '',
  plannedAt: run.options.plannedAt ?? '',
  gate: run.options.gate ?? '',
  writesPerWindow: run.options.writesPerWindow ?? '',
  reason: run.options.reason ?? '',
  justification: run.options.justification ?? '',
});

/** A run from its header hash, or undefined when there is none. */
export function runFromHeader(runId: string, header: Readonly<Record<string, string>>): Run | undefined {
  const state = RUN_STATES.find((name) => name === header['state']);
  if (state === undefined) return undefined;
  const text = (field: string): string => header[field] ?? '';
  const number = (field: string): number => Number(header[field] ?? 0);
  const time = (field: string): number | null => (header[field] ? Number(header[field]) : null);
  const sent = number('sent');
  const left = number('left');
  const stopped = state === 'cancelled' || state === 'aborted';
  return {
    runId,
    format: text('format'),
    tenant: text('tenant'),
    graphUrl: text('graphUrl'),
    apiVersion: API_VERSIONS.find((version) => version === text('apiVersion')) ?? 'beta',
    appId: text('appId'),
    operator: text('operator'),
    arguments: JSON.parse(header['arguments'] ?? '[]') as string[],
    fileName: text('fileName'),
    source: { name: text('fileName'), sha256: text('fileSha256') },
    leftOut: number('leftOut'),
    blind: text('blind') === '1',
    keepDays: number('keepDays'),
    columns: JSON.parse(header['columns'] ?? '[]') as InputColumn[],
    options: {
      strategy: STRATEGIES.find((strategy) => strategy === text('strategy')) ?? 'patch',
      verify: text('verify') === '1',
      restores: text('restores') === '1',
      rollbackOf: text('rollbackOf') || null,
      maxFailures: text('maxFailures') || DEFAULT_OPTIONS.maxFailures,
      maxAgeMs: number('maxAgeMs') || DEFAULT_OPTIONS.maxAgeMs,
      plannedAt: time('plannedAt'),
      gate: time('gate'),
      writesPerWindow: time('writesPerWindow'),
      reason: text('reason') || null,
      justification: text('justification') || null,
    },
    isRegrouped: text('isRegrouped') === '1',
    partsPolicies: text('partsPolicies') === '1',
    state,
    stateReason: text('stateReason') || null,
    total: number('total'),
    batches: number('batches'),
    sent,
    counts: {
      // The pending rows of a cancelled run are not touched one by one; they count as cancelled from then on.
      pending: state === 'cancelled' ? sent : left,
      cancelled: number('cancelled') + (state === 'cancelled' ? left - sent : 0),
      succeeded: number('succeeded'),
      skipped: number('skipped'),
      failed: number('failed'),
      stale: number('stale'),
      awaitingApproval: number('awaitingApproval'),
    },
    throttled: number('throttled'),
    createdAt: number('createdAt'),
    startedAt: time('startedAt'),
    finishedAt: stopped && sent > 0 ? null : time('finishedAt'),
  };
}
