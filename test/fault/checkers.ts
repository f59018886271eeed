import type { SimulatorStats } from '../../src/simulator/stats.ts';
import type { Plan } from './plan.ts';
import type { Desired } from './desires.ts';

/** One line of `results --format json`, as far as it is looked at. */
export interface ResultLine {
  readonly row: number;
  readonly groupId: string;
  readonly status: string;
  readonly attempts: number;
  readonly httpStatus: number | null;
  readonly errorCode: string | null;
  readonly policyId: string;
  readonly assignmentId: string;
}

/** What a rollback came to, after all that was on its way had landed. */
export interface RolledBack {
  /** Of the run and its rollback together. */
  readonly stats: SimulatorStats;
  /** The lines of its own run; none when it found nothing to put back. */
  readonly results: readonly ResultLine[];
  readonly after: ReadonlyMap<string, readonly Readonly<Record<string, unknown>>[]>;
}

export interface StatusLine {
  readonly state: string;
  readonly reasonText: string | null;
  readonly total: number;
  readonly [counter: string]: unknown;
}

/** What is known of a round when it is over: the commands' word on one side, the simulator's on the other. */
export interface Evidence {
  readonly plan: Pick<Plan, 'writeLimit' | 'weather' | 'faults' | 'rekey' | 'landsLate'>;
  readonly desires: readonly Desired[];
  readonly results: readonly ResultLine[];
  readonly status: StatusLine;
  readonly stats: SimulatorStats;
  /** The targets of each list before and after, by its path. */
  readonly before: ReadonlyMap<string, readonly Readonly<Record<string, unknown>>[]>;
  readonly after: ReadonlyMap<string, readonly Readonly<Record<string, unknown>>[]>;
  /** When `cancel` had answered, ms since the epoch, and until when what was in flight may arrive. */
  readonly cancelled: { readonly at: number; readonly lastArrivalAt: number } | undefined;
  /** Times in ms until a killed worker's job or a killed producer's run was in other hands. */
  readonly takenUpAfterMs: readonly number[];
  /** undefined: the run was not rolled back. */
  readonly rolledBack: RolledBack | undefined;
  /** How processes ended that should have ended well. */
  readonly endings: readonly { readonly what: string; readonly exitCode: number | null }[];
  /** All that commands and workers said. */
  readonly said: readonly string[];
}

/** A killed worker's job, or a killed producer's run, is in other hands after this at the latest. */
export const TAKEN_UP_MAX_MS = 20_000;

const FINAL = new Set(['succeeded', 'skipped', 'failed', 'stale', 'unsure', 'cancelled']);
/** What a row says whose new assignment is there, and its old one as well. */
const HALF_DONE = 'OldNotRemoved';
/** Faults that use up a row's sends: some rows may fail of them, as the design says. */
const FAILING_CODES = new Set(['GaveUp', 'ReplyLost']);

type Checker = (evidence: Evidence) => string[];

/** Every invariant with its name; each answers what breaks it, a line each. */
export const CHECKERS: Readonly<Record<string, Checker>> = {
  'the run came to its end': ({ status, cancelled }) => {
    const wanted = cancelled === undefined ? 'completed' : 'cancelled';
    return status.state === wanted ? [] : [`it is ${status.state}: ${status.reasonText}`];
  },

  'every row has one final outcome, in input order': ({ results, desires }) => {
    const got = results.map(({ row }) => row);
    const wanted = desires.map(({ line }) => line);
    const order = got.join() === wanted.join() ? [] : [`lines ${got.join()} instead of ${wanted.join()}`];
    return [...order, ...results.filter(({ status }) => !FINAL.has(status)).map(worded)];
  },

  'succeeded and skipped rows are held by the tenant, all others are not': (evidence) =>
    evidence.results.flatMap((line, i) => {
      const desired = evidence.desires[i];
      if (desired === undefined) return [`${worded(line)} is of no row of the file`];
      const held = holds(evidence.after, desired);
      const isHalfDone = line.errorCode === HALF_DONE;
      const isDone = isHalfDone || line.status === 'succeeded' || line.status === 'skipped';
      // A cancel leaves rows alone that nobody had looked at yet, those that were so before too.
      const isLeftAsItWas = desired.kind === 'alreadySo' && line.status === 'cancelled';
      // What lands after the last read is known to nobody before it is rolled back.
      const isInDoubt = evidence.plan.landsLate && line.attempts > 0 && !isDone;
      if (desired.kind === 'duplicate' || isLeftAsItWas || isInDoubt || held === isDone) return [];
      return [`${worded(line)}, and the tenant ${held ? 'holds' : 'does not hold'} its target`];
    }),

  'each row ends as it should': ({ results, desires, plan, cancelled }) =>
    results.flatMap((line, i) => {
      const kind = desires[i]?.kind;
      const hasFaults = plan.weather === 'faulty' || plan.landsLate;
      const isFailedByFaults = hasFaults && FAILING_CODES.has(line.errorCode ?? '');
      const isHalfDone = line.errorCode === HALF_DONE && (hasFaults || cancelled !== undefined);
      const allowed = [
        ...(kind === 'change' ? ['succeeded', 'skipped'] : []),
        ...(kind === 'alreadySo' || kind === 'duplicate' ? ['skipped'] : []),
        ...(kind === 'forbidden' ? ['failed'] : []),
        ...(isFailedByFaults ? ['unsure'] : []),
        ...(isHalfDone ? ['failed'] : []),
        ...(cancelled === undefined || kind === 'duplicate' ? [] : ['cancelled']),
        // Of what a cancel found on its way and the last read did not find nobody knows what becomes.
        ...(cancelled === undefined || line.attempts === 0 ? [] : ['unsure']),
      ];
      const is403 = kind !== 'forbidden' || line.status !== 'failed' || line.httpStatus === 403;
      return allowed.includes(line.status) && (is403 || isFailedByFaults)
        ? []
        : [`${worded(line)}: ${line.httpStatus} ${line.errorCode}, a row that is ${kind}`];
    }),

  'nothing is written that was settled, nor twice at all': ({ stats, desires }) => {
    const written = Object.entries(stats.writesPerAssignment).filter(([path]) => path.startsWith('/'));
    const twice = written.filter(([, times]) => times > 1).map(([path, times]) => `${path} ${times} times`);
    const mayBeWritten = new Set(changesIn(desires).map(({ path }) => path));
    const stray = written.filter(([path]) => !mayBeWritten.has(path)).map(([path]) => `${path} at all`);
    return [...twice, ...stray, ...stats.writtenAgain.map((path) => `${path} after its 200`)];
  },

  'what is posted and deleted is so once': ({ stats, desires }) => {
    const changes = changesIn(desires);
    return Object.entries(stats.writesPerAssignment).flatMap(([key, times]) => {
      const [method, path = ''] = key.split(' ');
      if (method === 'DELETE')
        return times === 1 && changes.some((desired) => desired.path === path)
          ? []
          : [`${key} ${times} times`];
      if (method !== 'POST') return [];
      const of = changes.filter(({ listPath }) => path.startsWith(`${listPath}/`)).length;
      const posts = Object.keys(stats.writesPerAssignment).filter((other) =>
        other.startsWith(`POST ${path.slice(0, path.lastIndexOf('/'))}/`),
      ).length;
      return times === 1 && posts <= of ? [] : [`${key} ${times} times, one of ${posts} for ${of} rows`];
    });
  },

  'no policy is ever without both its old and its new assignment': ({ stats, before, rolledBack }) =>
    Object.entries((rolledBack?.stats ?? stats).fewestAssignments).flatMap(([listPath, fewest]) => {
      const had = before.get(listPath)?.length ?? 0;
      return fewest >= had ? [] : [`${listPath} had ${fewest} for a moment, and ${had} before`];
    }),

  'what no row is about stays as it was': ({ before, after, desires, results, plan }) =>
    [...before].flatMap(([listPath, targets]) => {
      const left = (after.get(listPath) ?? []).map((target) => JSON.stringify(target));
      const changes = desires.filter(
        (desired) => desired.listPath === listPath && desired.kind === 'change',
      ).length;
      const kept = targets.filter((target) => left.includes(JSON.stringify(target))).length;
      const halfDone = results.filter(
        ({ errorCode }, i) => errorCode === HALF_DONE && desires[i]?.listPath === listPath,
      ).length;
      // What was to go of those may have gone since.
      const most = targets.length + halfDone;
      const least = plan.landsLate ? targets.length : most;
      if (left.length < least || left.length > most)
        return [`${listPath} has ${left.length} of ${targets.length}`];
      return kept >= targets.length - changes ? [] : [`${listPath} kept ${kept} of ${targets.length}`];
    }),

  'after a rollback nothing is left that its results do not name': ({ desires, before, rolledBack }) => {
    if (rolledBack === undefined) return [];
    const open = rolledBack.results.filter(({ status }) => status !== 'succeeded' && status !== 'skipped');
    const named = new Set(open.map(({ policyId, assignmentId }) => `${policyId} ${assignmentId}`));
    // What was posted has another id than its row says.
    const policies = new Set(open.map(({ policyId }) => policyId));
    return desires
      .filter((desired) => holds(rolledBack.after, desired) && !holds(before, desired))
      .filter(({ path, isPosted }) => (isPosted ? !policies.has(policyOf(path)) : !named.has(placeOf(path))))
      .map(({ line, path, kind }) => `${path} (line ${line}, ${kind}) is as the run wrote it`);
  },

  'nothing is sent before a backoff has ended': ({ stats }) =>
    stats.requestsDuringBackoff === 0 ? [] : [`${stats.requestsDuringBackoff} requests`],

  'the window is never exceeded': ({ stats, plan }) => [
    ...(stats.writesInWindowMax.arrived <= plan.writeLimit
      ? []
      : [`${stats.writesInWindowMax.arrived} writes in a window of ${plan.writeLimit}`]),
    ...(plan.weather === 'throttled' || stats.throttled === 0 ? [] : [`${stats.throttled} were throttled`]),
  ],

  'the counters are the sum of the outcomes': ({ results, status }) => {
    const wrong = [...FINAL, 'pending', 'awaitingApproval'].flatMap((name) => {
      const count = results.filter((line) => line.status === name).length;
      return status[name] === count ? [] : [`${name}: ${String(status[name])}, and ${count} rows`];
    });
    return status.total === results.length ? wrong : [...wrong, `total: ${status.total}`];
  },

  'after a cancel only what was in flight arrives': ({ cancelled, stats }) => {
    const late = stats.writeArrivals.filter((at) => at > (cancelled?.lastArrivalAt ?? Number.MAX_VALUE));
    return late.length === 0 ? [] : [`${late.length} writes came after it`];
  },

  'no attempt is taken for another, no redirect is followed': ({ stats }) => [
    ...(stats.clientRequestIdsRepeated === 0 ? [] : [`${stats.clientRequestIdsRepeated} ids came twice`]),
    ...(stats.redirectsFollowed === 0 ? [] : [`${stats.redirectsFollowed} redirects were followed`]),
  ],

  'what a killed process left is taken up in time': ({ takenUpAfterMs }) =>
    takenUpAfterMs.filter((ms) => ms > TAKEN_UP_MAX_MS).map((ms) => `after ${Math.round(ms)} ms`),

  'every process ends as it should': ({ endings }) =>
    endings.filter(({ exitCode }) => exitCode !== 0).map(({ what, exitCode }) => `${what}: ${exitCode}`),

  'nobody meets a bug': ({ said }) =>
    said.flatMap((text) =>
      text.split('\n').filter((line) => /^\s+at \S|by a bug|Unhandled|this is a bug/i.test(line)),
    ),
};

/** What is wrong with a round, each with the invariant that it breaks. */
export const violations = (evidence: Evidence): string[] =>
  Object.entries(CHECKERS).flatMap(([name, checker]) =>
    checker(evidence).map((found) => `NOT "${name}": ${found}`),
  );

export interface Tally {
  readonly rows: number;
  readonly settled: number;
  /** Rows without a final outcome, or that say they are done and are not. */
  readonly lost: number;
  readonly writtenAgain: number;
  /** Sent rows that no reply settled: the tenant was looked at. */
  readonly settledByRead: number;
}

export function tallyOf({ results, desires, after, stats }: Evidence): Tally {
  const isDone = ({ status }: ResultLine): boolean => status === 'succeeded' || status === 'skipped';
  const isLost = (line: ResultLine, i: number): boolean => {
    const desired = desires[i];
    if (desired === undefined || !FINAL.has(line.status)) return true;
    // A duplicate is skipped for the sake of the row before it, whatever becomes of that one.
    return desired.kind !== 'duplicate' && isDone(line) && !holds(after, desired);
  };
  return {
    rows: desires.length,
    settled: results.filter(({ status }) => FINAL.has(status)).length,
    lost: results.filter(isLost).length + Math.max(0, desires.length - results.length),
    writtenAgain: Object.values(stats.writesPerAssignment).reduce((sum, times) => sum + times - 1, 0),
    settledByRead: results.filter(
      ({ status, attempts, httpStatus }) => status === 'succeeded' && attempts > 0 && httpStatus === null,
    ).length,
  };
}

const holds = (after: Evidence['after'], { listPath, groupId }: Desired): boolean =>
  (after.get(listPath) ?? []).some((target) => target['groupId'] === groupId);

/** Policy and assignment of a path, as results name them. */
function placeOf(path: string): string {
  const segments = path.split('/').map(decodeURIComponent);
  return `${segments[3]} ${segments.at(-1)}`;
}

const policyOf = (path: string): string => decodeURIComponent(path.split('/')[3] ?? '');

const changesIn = (desires: readonly Desired[]): readonly Desired[] =>
  desires.filter(({ kind }) => kind === 'change');

const worded = ({ row, status, attempts }: ResultLine): string =>
  `line ${row} is ${status} after ${attempts} sends`;
