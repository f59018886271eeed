import { forgetBefore } from './limit.ts';
import type { SimulatorSettings } from './settings.ts';
import type { LimitScope } from './throttle.ts';
import { CONFIGURATION } from './throttleFamilies.ts';

/** What the simulator saw, told from its side. */
export interface SimulatorStats {
  /** `$batch` calls that arrived, and calls outside of any. */
  envelopes: number;
  singles: number;
  /** How those calls were answered: by HTTP status, or `none` when no complete reply went out. */
  exchanges: Record<string, number>;
  /** Requests to Graph by method, those in envelopes and single ones. */
  requests: Record<string, number>;
  /** Their replies by status; `lost` are those left out of an envelope on purpose. */
  replies: Record<string, number>;
  /** Writes that asked, writes the limits let through, writes answered with 200. */
  writesArrived: number;
  writesAdmitted: number;
  writesDone: number;
  /** Writes applied after their reply had been lost, reset or timed out. They are none of those done. */
  writesLandedLate: number;
  /** Requests that a limit refused. */
  throttled: number;
  /** Replies with 200 for each assignment, by its first path. Undelivered ones count too. */
  writesPerAssignment: Record<string, number>;
  /** The same for each policy whose list was replaced, by the path of its `assign`. */
  assignsPerPolicy: Record<string, number>;
  /** The fewest assignments that a policy had after a DELETE of one, by the path of its list. */
  fewestAssignments: Record<string, number>;
  /** Assignments, and lists by `assign`, written with 200 after a 200 for them had been delivered: work done twice. */
  writtenAgain: string[];
  /** Requests that arrived before a Retry-After given to their app had ended. */
  requestsDuringBackoff: number;
  /** The most writes of one app and one family of policies in any stretch of `windowMs`. */
  writesInWindowMax: { arrived: number; admitted: number };
  faults: Record<string, number>;
  userAgents: string[];
  /** `client-request-id`s seen on more than one request: they should tell attempts apart. */
  clientRequestIdsRepeated: number;
  /** Calls that followed an injected redirect. */
  redirectsFollowed: number;
  /** When writes arrived, in milliseconds since 1970; the last WRITE_ARRIVALS_MAX of them. */
  writeArrivals: number[];
}

const WRITE_ARRIVALS_MAX = 100_000;
const USER_AGENTS_MAX = 100;
/** Ids remembered before the oldest as many are forgotten. */
const CLIENT_REQUEST_IDS_MAX = 100_000;

/** What a 200 has changed: an assignment by its first path, or a policy's list by the path of its `assign`. */
export interface Written {
  readonly what: 'assignment' | 'list';
  readonly key: string;
  /** After a DELETE: the list, and what it has then. */
  readonly left?: { readonly list: string; readonly assignments: number };
}

export interface Account {
  exchangeArrived(kind: 'envelope' | 'single', headers: { userAgent?: string | undefined }): void;
  exchangeEnded(status: number | 'none'): void;
  /**
   * @param clientRequestId the request's own; undefined when it has none
   * @param sentMs when its sender could last have known of a backoff; `atMs` by default
   */
  requestArrived(request: {
    app: string;
    family?: string;
    method: string;
    isWrite: boolean;
    clientRequestId: string | undefined;
    atMs: number;
    sentMs?: number;
  }): void;
  writeAdmitted(app: string, atMs: number, family?: string): void;
  throttled(): void;
  replied(status: number | 'lost'): void;
  wrote(written: Written): void;
  delivered(key: string): void;
  landedLate(written: Written): void;
  /**
   * A Retry-After went out: requests under `scope` should stay away until `untilMs`.
   * @param family undefined: those of every family
   */
  backoffGiven(app: string, scope: LimitScope, nowMs: number, untilMs: number, family?: string): void;
  fault(name: string): void;
  redirectFollowed(): void;
  stats(): SimulatorStats;
  reset(): void;
}

interface Backoff {
  readonly fromMs: number;
  untilMs: number;
}

/** Backoffs given closer together than this count as one, which keeps the list short when replies with 429 pour out. */
const HOLDS_APART_MS = 10;

interface AppAccount {
  arrived: WindowCount;
  admitted: WindowCount;
  /** Those that last, each ending later than the one before. */
  backoffs: Record<LimitScope, Backoff[]>;
}

export function openAccount(settings: () => SimulatorSettings): Account {
  let seen = nothingSeen();
  let perAssignment = new Map<string, number>();
  let perPolicy = new Map<string, number>();
  let fewest = new Map<string, number>();
  let deliveredKeys = new Set<string>();
  let again = new Set<string>();
  let userAgents = new Set<string>();
  let clientRequestIds = new Set<string>();
  let olderClientRequestIds = new Set<string>();
  let apps = new Map<string, AppAccount>();

  /** What an app does in a family; without one, what is of all of them. */
  const appOf = (app: string, family = ''): AppAccount => {
    const key = JSON.stringify([app, family]);
    const known = apps.get(key);
    if (known !== undefined) return known;
    const fresh: AppAccount = {
      arrived: windowCount(),
      admitted: windowCount(),
      backoffs: { writes: [], requests: [] },
    };
    apps.set(key, fresh);
    return fresh;
  };
  const keepFewest = ({ left }: Written): void => {
    if (left !== undefined)
      fewest.set(left.list, Math.min(left.assignments, fewest.get(left.list) ?? left.assignments));
  };
  const isWithin = (backoffs: readonly Backoff[], atMs: number): boolean =>
    backoffs.some(({ fromMs, untilMs }) => atMs > fromMs + settings().backoffGraceMs && atMs < untilMs);

  return {
    exchangeArrived(kind, { userAgent }) {
      if (kind === 'envelope') seen.envelopes += 1;
      else seen.singles += 1;
      if (userAgent !== undefined && userAgents.size < USER_AGENTS_MAX) userAgents.add(userAgent);
    },
    exchangeEnded: (status) => countUp(seen.exchanges, status),
    requestArrived({ app, family = CONFIGURATION, method, isWrite, clientRequestId, atMs, sentMs = atMs }) {
      countUp(seen.requests, method);
      if (clientRequestId !== undefined) {
        if (clientRequestIds.has(clientRequestId) || olderClientRequestIds.has(clientRequestId)) {
          seen.clientRequestIdsRepeated += 1;
        }
        clientRequestIds.add(clientRequestId);
        if (clientRequestIds.size >= CLIENT_REQUEST_IDS_MAX) {
          olderClientRequestIds = clientRequestIds;
          clientRequestIds = new Set();
        }
      }
      const { arrived, backoffs } = appOf(app, family);
      const ofBoth = [backoffs, appOf(app).backoffs];
      if (
        ofBoth.some((each) => isWithin(each.requests, sentMs) || (isWrite && isWithin(each.writes, sentMs)))
      )
        seen.requestsDuringBackoff += 1;
      if (!isWrite) return;
      seen.writesArrived += 1;
      seen.writeArrivals.push(performance.timeOrigin + atMs);
      // Twice the size, then cut: a shift for every write would copy the list each time.
      if (seen.writeArrivals.length >= 2 * WRITE_ARRIVALS_MAX) {
        seen.writeArrivals = seen.writeArrivals.slice(-WRITE_ARRIVALS_MAX);
      }
      arrived.add(atMs, settings().windowMs);
    },
    writeAdmitted(app, atMs, family = CONFIGURATION) {
      seen.writesAdmitted += 1;
      appOf(app, family).admitted.add(atMs, settings().windowMs);
    },
    throttled: () => (seen.throttled += 1),
    replied: (status) => countUp(seen.replies, status),
    wrote(written) {
      const { what, key } = written;
      keepFewest(written);
      seen.writesDone += 1;
      const counts = what === 'assignment' ? perAssignment : perPolicy;
      counts.set(key, (counts.get(key) ?? 0) + 1);
      if (deliveredKeys.has(key)) again.add(key);
    },
    landedLate(written) {
      seen.writesLandedLate += 1;
      keepFewest(written);
    },
    delivered: (key) => deliveredKeys.add(key),
    backoffGiven(app, scope, nowMs, untilMs, family) {
      const { backoffs } = appOf(app, family);
      const lasting = backoffs[scope].filter((backoff) => backoff.untilMs > nowMs);
      const last = lasting.at(-1);
      if (last === undefined || untilMs > last.untilMs) {
        if (last !== undefined && nowMs - last.fromMs < HOLDS_APART_MS) last.untilMs = untilMs;
        else lasting.push({ fromMs: nowMs, untilMs });
      }
      backoffs[scope] = lasting;
    },
    fault: (name) => countUp(seen.faults, name),
    redirectFollowed: () => (seen.redirectsFollowed += 1),
    stats() {
      const counts = [...apps.values()];
      return {
        ...structuredClone({ ...seen, writeArrivals: seen.writeArrivals.slice(-WRITE_ARRIVALS_MAX) }),
        writesPerAssignment: Object.fromEntries(perAssignment),
        assignsPerPolicy: Object.fromEntries(perPolicy),
        fewestAssignments: Object.fromEntries(fewest),
        writtenAgain: [...again],
        writesInWindowMax: {
          arrived: Math.max(0, ...counts.map(({ arrived }) => arrived.max())),
          admitted: Math.max(0, ...counts.map(({ admitted }) => admitted.max())),
        },
        userAgents: [...userAgents],
      };
    },
    reset() {
      seen = nothingSeen();
      perAssignment = new Map();
      perPolicy = new Map();
      fewest = new Map();
      deliveredKeys = new Set();
      again = new Set();
      userAgents = new Set();
      clientRequestIds = new Set();
      olderClientRequestIds = new Set();
      apps = new Map();
    },
  };
}

type PlainCounts = Omit<
  SimulatorStats,
  | 'writesPerAssignment'
  | 'assignsPerPolicy'
  | 'fewestAssignments'
  | 'writtenAgain'
  | 'writesInWindowMax'
  | 'userAgents'
>;

const nothingSeen = (): PlainCounts => ({
  envelopes: 0,
  singles: 0,
  exchanges: {},
  requests: {},
  replies: {},
  writesArrived: 0,
  writesAdmitted: 0,
  writesDone: 0,
  writesLandedLate: 0,
  throttled: 0,
  requestsDuringBackoff: 0,
  faults: {},
  clientRequestIdsRepeated: 0,
  redirectsFollowed: 0,
  writeArrivals: [],
});

interface WindowCount {
  add(atMs: number, windowMs: number): void;
  max(): number;
}

/** The most events in any stretch of a window's length that ends with an event. */
function windowCount(): WindowCount {
  const queue: { times: number[]; head: number } = { times: [], head: 0 };
  let most = 0;
  return {
    add(atMs, windowMs) {
      queue.times.push(atMs);
      forgetBefore(queue, atMs - windowMs);
      most = Math.max(most, queue.times.length - queue.head);
    },
    max: () => most,
  };
}

function countUp(counts: Record<string, number>, name: string | number): void {
  counts[name] = (counts[name] ?? 0) + 1;
}
