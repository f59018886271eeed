import { API_VERSIONS } from '../assignments/values/apiVersion.ts';
import { z } from 'zod';
import type { ChangeLimits } from '../assignments/guard/maxChanges.ts';
import { MAIN_FAMILY, type Family } from '../assignments/kinds/family.ts';
import type { ReadingRules } from '../assignments/rows/rowReader.ts';
import { STRATEGIES } from '../assignments/kinds/kind.ts';
import type { InputColumn } from '../assignments/rows/columns.ts';
import {
  flag,
  jsonOf,
  number,
  numberOr,
  numberOrNull,
  oneOfField,
  oneOfFieldOrNull,
  text,
  textOr,
  textOrNull,
} from './fields.ts';
import { countsByFamily, type FamilyCounts } from './byFamily.ts';
import type { Interval } from './schedule/interval.ts';
import { openIntervals } from './schedule/openIntervals.ts';
import type { WorkerBeats } from './workers.ts';
import { UNKNOWN_SUBMITTER, type Approval, type Submitter } from './approval.ts';
import { reasonInWords, REASONS, SIGN_IN_REASONS, type ReasonFacts } from './reason.ts';

/** The version of the record's format. A worker leaves runs of another format alone. */
export const RECORD_FORMAT = '4';

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

export const HOUR_MS = 3_600_000;

/** A run at work whose workers have not been heard of for so long has none; each tells itself for how long it may be silent, and this holds where none has told. */
export const SILENT_MS = 60_000;

/** A record that is to be taken back at a time lives until it is, and for so long then. */
export const REVERTED_DAYS = 30;

/** What somebody said yes to with a plan. */
export interface Approved {
  /** A digest of the decisions of all rows, as they lie in the record. */
  readonly decisions: string;
  /** How often each kind was found. */
  readonly findings: Readonly<Record<string, number>>;
  /** Null: those of a saved plan, which does not say them. */
  readonly limits: ChangeLimits | null;
}

/** What a run is of and for; fixed when it is published. */
const IDENTITY = z.object({
  tenant: text,
  graphUrl: text,
  apiVersion: oneOfField(API_VERSIONS, 'beta'),
  appId: text,
  operator: text,
  /** The command line, without secrets. */
  arguments: jsonOf<readonly string[]>([]),
  fileName: text,
  blind: flag,
  keepDays: number,
});

/** How a run goes about its work. */
const OPTIONS = z.object({
  strategy: oneOfField(STRATEGIES, 'patch'),
  /** Every row that was written is read back. */
  verify: flag,
  /** What is desired are before-images: target types that nobody documents are put back as they were. */
  restores: flag,
  /** The run or the plan file that this one takes back. */
  revertOf: textOrNull,
  /** `revertOf` is a recorded run, and what it wrote is put back where nobody has changed it since. */
  isPlainUndo: flag,
  /** The failure budget, as `failures.lua` reads it: `5%`, `20` or `off`. */
  maxFailures: textOr('5%'),
  /** A run that has waited longer, counted from its plan or its last `resume`, waits for another `resume`. */
  maxAgeMs: numberOr(24 * HOUR_MS),
  /** When the tenant was looked at for the plan, ms since the epoch; null: there is no plan. */
  plannedAt: numberOrNull,
  /** How many rows may be sent before somebody says yes; null: all of them. */
  canary: numberOrNull,
  /** At most so many writes per window of this run, whatever the tenant takes; null: as many as it takes. */
  writesPerWindow: numberOrNull,
  /** It begins at this time, ms since the epoch; null: as soon as somebody works on it. */
  startAt: numberOrNull,
  /** It is at work within these only, as `windowIn` reads them; none: at any time. */
  windows: jsonOf<readonly string[]>([]),
  /** Whose clock times without an offset are of, an IANA name; null: no times were given. */
  timeZone: textOrNull,
  /** It pauses at this time if it has not ended, ms since the epoch. */
  deadlineAt: numberOrNull,
  /** What it has written is taken back at this time, ms since the epoch; null: nothing takes it back by itself. */
  revertAt: numberOrNull,
  /** It goes before all others, and the run at work gives way to it. */
  isUrgent: flag,
  /** The channels that are told of it, by name: where they lead stands in each worker's own settings. */
  notify: jsonOf<readonly string[]>([]),
  /** Of which share of failed rows they are told, in percent; null: of none. */
  notifyFailures: numberOrNull,
  /** Why the run is made, as given with `--reason`. */
  purpose: textOrNull,
  /** What a tenant with Multi Admin Approval is told of each write. */
  justification: textOrNull,
});

/** How far a run is, and what it was made of. Times are ms since the epoch. */
const PROGRESS = z.object({
  format: text,
  state: oneOfField(RUN_STATES, 'loading'),
  /** Why it is not at work; null: nothing keeps it. */
  reason: oneOfFieldOrNull(REASONS),
  /** The same for people: what came with the reason, or is made of the facts that a script left. */
  reasonText: text,
  reasonFacts: jsonOf<ReasonFacts>({}),
  /** How often the state has changed: two pauses for one reason differ in it. */
  moves: number,
  fileSha256: text,
  /** SHA-256 of the plan that it was published with; null: it had none. */
  planFingerprint: textOrNull,
  /** Who made it, as far as a sign-in has proved it. */
  submitter: jsonOf<Submitter>(UNKNOWN_SUBMITTER),
  /** A second person has to say yes before anything is written. */
  needsApproval: flag,
  /** The last yes. Whether it counts `approval.lua` decides: of this plan, on these terms, by somebody else. */
  approval: jsonOf<Approval | null>(null),
  columns: jsonOf<readonly InputColumn[]>([]),
  /** Rows that `--skip-invalid` left out of the file. */
  leftOut: number,
  total: number,
  batches: number,
  /** The throttle families of its rows, in the order in which they come first; a batch is of one. Of several, counts stand beside, see `byFamily.ts`. */
  families: jsonOf<readonly Family[]>([MAIN_FAMILY]),
  /** The rows lie in another order than in the file: whole policies to a batch. */
  isRegrouped: flag,
  /** When its windows are open in the next INTERVALS_AHEAD_DAYS, in order; none left means closed. Of a run with windows only. */
  openIntervals: jsonOf<readonly Interval[]>([]),
  /** What was approved, for a plan that is made anew; null: there was no plan that read the tenant, or it is a rollback. */
  approved: jsonOf<Approved | null>(null),
  /** Rows that are not settled. */
  left: number,
  /** Rows whose write may have left and that are not settled. */
  sent: number,
  succeeded: number,
  skipped: number,
  failed: number,
  stale: number,
  awaitingApproval: number,
  /** Rows that ended as `leftUnsure`. */
  unsure: number,
  cancelled: number,
  /** Of `skipped`: rows that the plan wanted written and that were found so, though the record knows of no write. */
  unrecorded: number,
  /** 429s so far: how often a row was told to wait. */
  throttled: number,
  createdAt: number,
  startedAt: numberOrNull,
  finishedAt: numberOrNull,
  /** When a worker was last heard of, by Redis' clock. */
  seenAt: numberOrNull,
  /** Who is at work on it, as each told itself. */
  workers: jsonOf<WorkerBeats>({}),
  /** When its state changed last, by Redis' clock. */
  movedAt: numberOrNull,
  /** When a row came to its end last, by Redis' clock. */
  lastProgressAt: numberOrNull,
  /** Rows that have come to their end, and writes that the tenant accepted: a retry takes nothing back of either. */
  ended: number,
  written: number,
  /** When it was taken back at its time, or it was found that there was nothing to take back; null: it was not. */
  revertedAt: numberOrNull,
  /** The run that takes it back; null: there is none. */
  revertedBy: textOrNull,
  /** Why it could not be taken back when that was tried last. */
  revertTrouble: textOrNull,
  /** The time at work: what is over, and since when it is at work now; null: it is not. */
  workedMs: number,
  workingSince: numberOrNull,
});

/** What only the scripts read, but for where it begins. */
const BOOKS = z.object({
  /** The age of the run counts from here, ms since the epoch. */
  freshAt: numberOrNull,
  /** New rows that have had a permit since the canary began. */
  canaryUsed: number,
  /** Which worker plans it anew, and until when it said so. */
  planningBy: text,
  planningUntil: number,
  /** Permits for writes that it was given; the tenant's hash has those of all runs. */
  permits: number,
  /** A batch has been answered: others may go beside it. */
  answered: flag,
  firstBatch: text,
  firstPermitAt: numberOrNull,
  /** The counters as they stood when somebody last looked at the run. */
  failedSeen: number,
  unsureSeen: number,
  succeededSeen: number,
  /** The code with which the last rows have failed, and how many of them in a row. */
  rowCode: text,
  rowCount: number,
  /** Events that it has told through channels, and of which of those that come once. */
  announced: number,
  failuresTold: flag,
  stuckTold: numberOrNull,
});

/** The header of a run, a hash in Redis: the one place that knows its fields, in both languages. */
const HEADER = z.object({ ...IDENTITY.shape, ...OPTIONS.shape, ...PROGRESS.shape, ...BOOKS.shape });

export type Header = Readonly<z.output<typeof HEADER>>;
export type RunOptions = Readonly<z.output<typeof OPTIONS>>;

export interface RunIdentity extends Readonly<z.output<typeof IDENTITY>> {
  readonly runId: string;
  readonly options: RunOptions;
}

export interface RunCounts {
  readonly pending: number;
  readonly succeeded: number;
  readonly skipped: number;
  readonly failed: number;
  readonly stale: number;
  readonly awaitingApproval: number;
  /** Their writes may be in the tenant, or still land. */
  readonly unsure: number;
  readonly cancelled: number;
}

type Shown = Readonly<
  Omit<z.output<typeof PROGRESS>, 'left' | 'fileSha256' | 'reasonText' | 'reasonFacts' | keyof RunCounts>
>;

/** An accepted plan, as recorded. */
export interface Run extends RunIdentity, Shown {
  readonly reasonText: string | null;
  readonly source: { readonly name: string; readonly sha256: string };
  readonly counts: RunCounts;
  /** How far it is in each of its families: one at least. */
  readonly byFamily: readonly FamilyCounts[];
}

export const DEFAULT_OPTIONS: RunOptions = {
  strategy: 'patch',
  verify: false,
  restores: false,
  revertOf: null,
  isPlainUndo: false,
  maxFailures: '5%',
  maxAgeMs: 24 * HOUR_MS,
  plannedAt: null,
  canary: null,
  writesPerWindow: null,
  startAt: null,
  windows: [],
  timeZone: null,
  deadlineAt: null,
  revertAt: null,
  isUrgent: false,
  notify: [],
  notifyFailures: null,
  purpose: null,
  justification: null,
};

/** Every field that a header can have. */
export const HEADER_FIELDS = Object.keys(HEADER.shape) as (keyof Header)[];

// The keys are the fields.
const BLANK = Object.fromEntries(HEADER_FIELDS.map((field) => [field, ''])) as Record<keyof Header, string>;

/** Fields as they stand in the hash; those that are not given stay as they are there. */
export const encodeHeader = (fields: Partial<Header>): Record<string, string> =>
  // What is not given is not in it either.
  z.encode(HEADER.partial(), fields) as Record<string, string>;
/** How the rows of a run are read, also when it has another strategy by now. */
export const rulesOf = ({ graphUrl, apiVersion, blind, options }: Run): ReadingRules => ({
  root: graphUrl,
  apiVersion,
  blind,
  restores: options.restores,
});

/** States of a run that will not go on by themselves or by `resume`. */
export const hasEnded = (run: Run): boolean => run.finishedAt !== null;

/** It is in line and can't be set to work yet, or not before it is known what became of what it had sent. */
export const isAtRest = ({ state, reason }: Pick<Run, 'state' | 'reason'>): boolean =>
  state === 'queued' && reason !== null;

/** True for a run that goes on by itself when the sign-in works; any other paused run waits for `resume`. */
export const awaitsSignIn = ({ state, reason }: Pick<Run, 'state' | 'reason'>): boolean =>
  state === 'paused' && SIGN_IN_REASONS.some((each) => each === reason);

/** True for those among them that a read which works tells nothing of. */
export const awaitsPermission = ({ state, reason }: Pick<Run, 'state' | 'reason'>): boolean =>
  state === 'paused' && reason === 'permission';

/** When its windows are open from now on, as its header keeps it. @param now ms since the epoch */
export const intervalsOf = (
  { windows, timeZone }: Pick<RunOptions, 'windows' | 'timeZone'>,
  now: number,
): readonly Interval[] => (windows.length === 0 ? [] : openIntervals(windows, timeZone ?? 'UTC', now));

/** The header of a run that is being read in. */
export const headerFields = (
  { options, ...identity }: RunIdentity,
  createdAt: number,
): Record<string, string> =>
  encodeHeader({
    ...identity,
    ...options,
    ...{ format: RECORD_FORMAT, state: 'loading', createdAt, freshAt: options.plannedAt ?? createdAt },
    openIntervals: intervalsOf(options, createdAt),
  });

/** A run from its header hash, or undefined when there is none. */
export function runFromHeader(runId: string, hash: Readonly<Record<string, string>>): Run | undefined {
  if (!RUN_STATES.some((state) => state === hash['state'])) return undefined;
  const whole = { ...BLANK, ...believed(hash) };
  const identity = z.decode(IDENTITY, whole);
  const { left, succeeded, skipped, failed, stale, awaitingApproval, unsure, cancelled, ...more } = z.decode(
    PROGRESS,
    whole,
  );
  const { fileSha256, reasonText, reasonFacts, ...progress } = more;
  const { state, reason, sent, finishedAt } = progress;
  const options = z.decode(OPTIONS, whole);
  const isCancelled = state === 'cancelled';
  return {
    runId,
    ...identity,
    ...progress,
    reasonText: reasonText || (reason && reasonInWords(reason, reasonFacts, options.timeZone)) || null,
    options,
    source: { name: identity.fileName, sha256: fileSha256 },
    byFamily: countsByFamily(progress.families, hash),
    counts: {
      // The pending rows of a cancelled run are not touched one by one; they count as cancelled from then on.
      pending: isCancelled ? sent : left,
      cancelled: cancelled + (isCancelled ? left - sent : 0),
      ...{ succeeded, skipped, failed, stale, awaitingApproval, unsure },
    },
    // A run that was stopped has not ended while writes are in doubt.
    finishedAt: (isCancelled || state === 'aborted') && sent > 0 ? null : finishedAt,
  };
}

/** Of a run of another format no more is believed than what it takes to name it and to count its rows. */
const believed = (hash: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  hash['format'] === RECORD_FORMAT
    ? hash
    : Object.fromEntries(Object.entries(hash).filter(([field]) => ALIKE_IN_ALL_FORMATS.has(field)));

const ALIKE_IN_ALL_FORMATS: ReadonlySet<string> = new Set<keyof Header>([
  ...(['format', 'state', 'tenant', 'graphUrl', 'operator', 'fileName', 'fileSha256'] as const),
  ...(['total', 'left', 'sent', 'succeeded', 'skipped', 'failed', 'stale', 'cancelled'] as const),
  ...(['createdAt', 'startedAt', 'finishedAt'] as const),
]);
