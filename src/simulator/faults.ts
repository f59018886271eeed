import type { Random } from './random.ts';

/** What a request asks for, or an exchange: `read` when it asks for no write. */
export type Sort = 'read' | 'patch' | 'assign';

/** What a fault can hit, when that is not everything. */
type Of = 'reads' | 'writes' | 'assigns';

/**
 * Everything that can go wrong on purpose. `request` faults hit one request of an envelope, `exchange` faults the HTTP
 * exchange as a whole: one `of` reads hits no envelope with a write in it, one of writes each that has any. When several
 * would strike at once the first in this table does.
 */
export const FAULTS = {
  error500: { hits: 'request', does: '500, nothing applied' },
  error500Applied: { hits: 'request', does: '500 though the write was applied' },
  unavailable503: { hits: 'request', does: '503, nothing applied' },
  lost: { hits: 'request', does: 'applied, but its reply is missing from the envelope' },
  lostUnapplied: { hits: 'request', does: 'not applied, and its reply is missing from the envelope' },
  withoutId: { hits: 'request', does: 'applied, but its reply carries no id' },
  ignored: { hits: 'request', does: '200 with what was there before, nothing applied' },
  lostLate: {
    hits: 'request',
    of: 'writes',
    does: 'its reply is missing from the envelope, and it is applied --late-ms later',
  },
  error500Late: { hits: 'request', of: 'writes', does: '500, and it is applied --late-ms later' },
  timeoutLate: { hits: 'request', of: 'writes', does: '504, and it is applied --late-ms later' },
  conflict409: { hits: 'request', of: 'writes', does: '409, nothing applied' },
  precondition412: { hits: 'request', of: 'writes', does: '412, nothing applied' },
  missing404: {
    hits: 'request',
    of: 'writes',
    does: '404 though lists show the assignment, nothing applied',
  },
  exclusionsDropped: {
    hits: 'request',
    of: 'assigns',
    does: '200, and no exclusion that was kept is in the list any more',
  },
  filtersDropped: {
    hits: 'request',
    of: 'assigns',
    does: '200, and what was kept has no filters any more',
  },
  entriesDropped: {
    hits: 'request',
    of: 'assigns',
    does: '200, and of what was kept every --drop-every th is lost',
  },
  unauthorized: { hits: 'exchange', does: '401 for the whole envelope' },
  throttled: { hits: 'exchange', does: '429 for the whole envelope' },
  html502: { hits: 'exchange', does: '502 with an HTML page, nothing applied' },
  html503: { hits: 'exchange', does: '503 with an HTML page, nothing applied' },
  redirect: { hits: 'exchange', does: '302 to another path, nothing applied' },
  resetBefore: { hits: 'exchange', does: 'connection reset, nothing applied' },
  resetAfter: { hits: 'exchange', does: 'everything applied, then connection reset' },
  cutBody: { hits: 'exchange', does: 'everything applied, connection closed in mid-body' },
  cutJson: { hits: 'exchange', does: 'everything applied, a complete reply with half a JSON text' },
  slowApply: {
    hits: 'exchange',
    of: 'writes',
    does: 'writes arrive at the tenant only --slow-ms later; reads are not slowed',
  },
  slow: { hits: 'exchange', does: 'everything applied, the reply comes --slow-ms later' },
  halfOpen: { hits: 'exchange', does: 'the request is taken and never answered, nothing applied' },
  shuffled: { hits: 'exchange', does: 'replies in another order' },
  resetLate: {
    hits: 'exchange',
    of: 'writes',
    does: 'connection reset, and the writes are applied --late-ms later',
  },
  halfOpenLate: {
    hits: 'exchange',
    of: 'writes',
    does: 'never answered, and the writes are applied --late-ms later',
  },
  proxy403: { hits: 'exchange', of: 'reads', does: "403 with a proxy's HTML page, nothing read" },
  proxy404: { hits: 'exchange', of: 'reads', does: "404 with a proxy's HTML page, nothing read" },
  proxy407: { hits: 'exchange', of: 'reads', does: "407 with a proxy's HTML page, nothing read" },
} as const satisfies Record<string, FaultRule>;

interface FaultRule {
  readonly hits: 'request' | 'exchange';
  readonly of?: Of;
  readonly does: string;
}

export type FaultName = keyof typeof FAULTS;
type FaultsThatHit<H> = { [N in FaultName]: (typeof FAULTS)[N]['hits'] extends H ? N : never }[FaultName];
export type RequestFault = FaultsThatHit<'request'>;
export type ExchangeFault = FaultsThatHit<'exchange'>;

// `Object.keys` forgets the literal types of a table that is written out above.
export const FAULT_NAMES = Object.keys(FAULTS) as [FaultName, ...FaultName[]];
const hitsRequest = (name: FaultName): name is RequestFault => FAULTS[name].hits === 'request';
const REQUEST_FAULTS = FAULT_NAMES.filter(hitsRequest);
const EXCHANGE_FAULTS = FAULT_NAMES.filter((name) => !hitsRequest(name));

/** A fault at a given place, so that a test needs no luck. */
export interface ScriptedFault {
  /** The nth envelope since the script was set, from 1. */
  readonly envelope: number;
  readonly fault: FaultName;
  /** Which request of it, from 0; without it a request fault hits all of them. */
  readonly request?: number | undefined;
}

export interface FaultSettings {
  /** Probability of each fault, 0 to 1. */
  readonly faults: Partial<Record<FaultName, number>>;
  readonly script: readonly ScriptedFault[];
}

/**
 * @param envelope the envelope's number since the script was set; undefined for a request outside of any
 * @param sortOf asked when a fault that does not hit everything would strike
 */
export function exchangeFault(
  settings: FaultSettings,
  random: Random,
  envelope: number | undefined,
  sortOf: () => Sort,
): ExchangeFault | undefined {
  const scripted = settings.script
    .filter((entry) => entry.envelope === envelope)
    .map((entry) => entry.fault)
    .find((name): name is ExchangeFault => !hitsRequest(name) && canHit(name, sortOf));
  return scripted ?? EXCHANGE_FAULTS.find((name) => strikes(settings, random, name) && canHit(name, sortOf));
}

export function requestFault(
  settings: FaultSettings,
  random: Random,
  place: { envelope: number; request: number } | undefined,
  sortOf: () => Sort,
): RequestFault | undefined {
  const scripted = settings.script
    .filter(
      (entry) => entry.envelope === place?.envelope && (entry.request ?? place.request) === place.request,
    )
    .map((entry) => entry.fault)
    .find((name): name is RequestFault => hitsRequest(name) && canHit(name, sortOf));
  return scripted ?? REQUEST_FAULTS.find((name) => strikes(settings, random, name) && canHit(name, sortOf));
}

// A fault of probability 0 draws nothing, so that adding one to the table changes no seeded history.
function strikes({ faults }: FaultSettings, random: Random, name: FaultName): boolean {
  const probability = faults[name] ?? 0;
  return probability > 0 && random() < probability;
}

function canHit(name: FaultName, sortOf: () => Sort): boolean {
  const rule: FaultRule = FAULTS[name];
  if (rule.of === undefined) return true;
  switch (rule.of) {
    case 'reads':
      return sortOf() === 'read';
    case 'writes':
      return sortOf() !== 'read';
    case 'assigns':
      return sortOf() === 'assign';
  }
}
