import { FAULT_NAMES, type FaultName } from '../../src/simulator/faults.ts';
import { seededRandom, type Random } from '../../src/simulator/random.ts';

/** What is done to a run whose Redis is a server of its own, reached through a proxy. */
export const SERVER_INCIDENTS = [
  'workerKilledInRead',
  'redisKilled',
  'sameBatchTwice',
  'workerKilledBeforeSend',
  'redisAway',
  'cancelled',
  'workerKilledInFlight',
  'redisFull',
  'workerTerminated',
  'workerKilledAfterApply',
  'redisReadOnly',
  'producerKilledStaging',
  'workerKilledAfterRecord',
  'redisAwayAtShutdown',
  'pausedAndResumed',
  'workerStalled',
  'redisMisconfigured',
  'redisDiskFull',
  'producerKilledPublishing',
  'redisAwayAtStart',
  'workerKilledAnyTime',
  'olderRecord',
  'redisHalfOpen',
] as const;
/** What is done to three workers that share an embedded Redis; they start at once on a server that is not there. */
export const EMBEDDED_INCIDENTS = ['embeddedKilled', 'embeddedAllKilled', 'embeddedWorkerKilled'] as const;

/**
 * What leaves the record not knowing what the tenant holds: the run is rolled back afterwards, and what is left then must be named.
 * Such a deed is the only one of its round, as a `cancel` that Redis loses, or that meets writes which land later, is told apart
 * from a wrong end by nobody.
 */
export const DOUBT_INCIDENTS = [
  'writesLandLate',
  'givenUpBeforeLanding',
  'cancelledBeforeLanding',
  'redisLosesLastSecond',
] as const;
/** Of these, those that have writes land late: until the end nobody can know of them. */
const LANDS_LATE: ReadonlySet<IncidentName> = new Set<IncidentName>(
  DOUBT_INCIDENTS.filter((name) => name.includes('Land')),
);

/** After these the record may not know of writes: only the plan of the run tells then what was there before. */
const FORGETS: ReadonlySet<IncidentName> = new Set<IncidentName>(['redisLosesLastSecond', 'olderRecord']);

export const INCIDENT_NAMES = [...SERVER_INCIDENTS, ...EMBEDDED_INCIDENTS, ...DOUBT_INCIDENTS];
export type IncidentName = (typeof INCIDENT_NAMES)[number];

/** How Graph behaves while it happens. */
export type Weather = 'calm' | 'faulty' | 'throttled';

/** One round, whole. The same seed gives the same plan for ever; only the machine's own timing is not in it. */
export interface Plan {
  readonly seed: number;
  readonly redis: 'server' | 'embedded';
  readonly incidents: readonly IncidentName[];
  readonly weather: Weather;
  readonly faults: Partial<Record<FaultName, number>>;
  readonly retryAfter: 'seconds' | 'decimal' | 'date';
  readonly otherAppShare: number;
  readonly configurations: number;
  readonly compliancePolicies: number;
  readonly assignmentsPerPolicy: number;
  /** Policies of each kind whose assignments come by POST and go by DELETE. */
  readonly posted: number;
  readonly writeLimit: number;
  readonly windowMs: number;
  readonly window: 'sliding' | 'fixed';
  readonly latencyMs: number;
  readonly rekey: boolean;
  readonly workers: number;
  /** Whether writes land when nobody waits for them any more. */
  readonly landsLate: boolean;
  /** Whether the run is one of a plan, which is kept: what was there before is known then though Redis forgets. */
  readonly isPlanned: boolean;
  /** Whether the run is rolled back in the end. */
  readonly rollsBack: boolean;
  /** Where in the run the first deed strikes, as a share of its rows. */
  readonly moment: number;
}

/**
 * A worker that dies with a 429 in its hands takes the backoff with it, and a Redis that is away hears of none: then nobody can
 * keep it. So these deeds meet no throttling, and whoever does can be held to every hold.
 */
const LOSES_REPLIES: ReadonlySet<IncidentName> = new Set<IncidentName>([
  ...INCIDENT_NAMES.filter((name) => /Killed|redis|Stalled|older|Land/.test(name)),
]);

const POSTED = 3;

/** Two workers on one batch meet only if neither waits long for leave. */
const WIDE_LIMIT = 400;

const isInDoubtAfter = (name: IncidentName | undefined): boolean =>
  DOUBT_INCIDENTS.some((incident) => incident === name);

/**
 * @param only the deeds of the round, instead of those that the seed picks
 * @param rollsBack whether the run is rolled back also when no deed asks for it
 */
export function planOf(seed: number, only: readonly IncidentName[] = [], rollsBack = false): Plan {
  const random = seededRandom(seed);
  const between = (least: number, most: number): number => least + Math.floor(random() * (most - least + 1));
  // In turn and not by chance: so many rounds in a row have seen every deed.
  const first =
    INCIDENT_NAMES[(((seed - 1) % INCIDENT_NAMES.length) + INCIDENT_NAMES.length) % INCIDENT_NAMES.length];
  const isServerDeed = (name: IncidentName | undefined): boolean =>
    SERVER_INCIDENTS.some((incident) => incident === name) || isInDoubtAfter(name);
  const isServer = isServerDeed(only[0] ?? first);
  const second = isServer && random() < 0.25 ? pick(SERVER_INCIDENTS, random) : undefined;
  const picked = isInDoubtAfter(first) ? [first] : [first, second];
  const chosen = only.length > 0 ? only : picked.filter((incident) => incident !== undefined);
  const incidents = [...new Set(chosen)];
  const putsBack = rollsBack || incidents.some(isInDoubtAfter);
  const weathers: Weather[] = incidents.some((incident) => LOSES_REPLIES.has(incident))
    ? ['calm', 'calm', 'faulty']
    : ['calm', 'faulty', 'throttled'];
  const weather = pick(weathers, random);
  return {
    seed,
    redis: isServer ? 'server' : 'embedded',
    incidents,
    weather,
    faults: weather === 'faulty' ? someFaults(random) : weather === 'throttled' ? { throttled: 0.05 } : {},
    retryAfter: pick(['seconds', 'decimal', 'date'], random),
    otherAppShare: weather === 'throttled' ? 0.3 : 0,
    configurations: 10,
    compliancePolicies: between(3, 6),
    assignmentsPerPolicy: between(5, 8),
    // Without a plan a record that forgets a POST can't tell it from what was there before, and is right to refuse the rest.
    posted: incidents.some((incident) => FORGETS.has(incident)) && !putsBack ? 0 : POSTED,
    writeLimit: incidents.includes('sameBatchTwice') ? WIDE_LIMIT : between(20, 40),
    windowMs: between(7, 10) * 100,
    window: pick(['sliding', 'fixed'], random),
    latencyMs: between(0, 6) * 10,
    // The results of a rollback name an assignment by the id that it has, and the rows by the one that it had.
    rekey: random() < 0.25 && !putsBack,
    workers: isServer ? between(1, 2) : 3,
    landsLate: incidents.some((incident) => LANDS_LATE.has(incident)),
    isPlanned: putsBack && incidents.some((incident) => FORGETS.has(incident)),
    rollsBack: putsBack,
    moment: 0.05 + random() * 0.4,
  };
}

/**
 * Throttling is a weather, and writes that arrive late are a deed's: past the time-out nobody could tell them from lost ones.
 * A 200 for nothing is found out by --verify only; nothing here is written by `assign`; and what a tenant or a proxy refuses
 * in passing is a deed's too, as it would fail rows that are to succeed.
 */
const NO_WEATHER: ReadonlySet<FaultName> = new Set<FaultName>([
  ...([
    'throttled',
    'slowApply',
    'ignored',
    'lostLate',
    'error500Late',
    'timeoutLate',
    'resetLate',
    'halfOpenLate',
  ] as const),
  ...(['exclusionsDropped', 'filtersDropped', 'entriesDropped'] as const),
  ...(['conflict409', 'precondition412', 'missing404', 'proxy403', 'proxy404', 'proxy407'] as const),
]);

/** Three faults at a time, 5 to 20 % each: all at once would leave nothing but faults. */
function someFaults(random: Random): Partial<Record<FaultName, number>> {
  const known = FAULT_NAMES.filter((name) => !NO_WEATHER.has(name));
  const share = (): number => Math.round(5 + random() * 15) / 100;
  return Object.fromEntries(Array.from({ length: 3 }, () => [pick(known, random), share()] as const));
}

/** One of a list that is not empty. */
export function pick<T>(list: readonly T[], random: Random): T {
  const found = list[Math.floor(random() * list.length)];
  if (found === undefined) throw new Error('there is nothing to pick from');
  return found;
}
