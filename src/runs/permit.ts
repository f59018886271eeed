import type { Family } from '../assignments/kinds/family.ts';
import { stateOfByte, type RowState } from './rowState.ts';

/** What the limiter's script needs to know; all times in ms. */
export interface LimiterPolicy {
  /** Whose limits these are; left out: the main family's. */
  readonly family?: Family;
  /** Where its requests are charged as well, as in FamilyFacts. */
  readonly also?: { readonly family: Family; readonly limit: number; readonly limitAll: number };
  readonly limit: number;
  readonly limitAll: number;
  readonly windowMs: number;
  /** Longest time from a permit to its request, and to the reply. */
  readonly permitValidMs: number;
  readonly timeoutMs: number;
  /** The `run_id`s of Redis servers that ended in order and last that of their successor, which counts as no restart; or ''. */
  readonly endedInOrder: string;
  /** Where Redis' clock would stand without the jump that the caller saw, ms since the epoch; 0: it saw none. */
  readonly jumpedFrom: number;
  /** Reads that were answered since the last call, as the end of their charges and how many: they count for one more window. */
  readonly answered?: readonly (readonly [chargeEnd: number, reads: number])[];
}

/**
 * What the limiter did on the way, told to the one caller that brought it about: `cut <before> <after>`, `halved` and
 * `probe` likewise, of the budget; `backoff <ms>`, a 429; `full <ms>`, after a restart or a jump of the clock.
 * Several of one call stand apart by `;`, and none is the empty text. What happened to the limiter that the family charges as well
 * ends with `@` and that one's name.
 */
export type LimiterEvent = string;

interface Answered {
  readonly now: number;
  readonly event: LimiterEvent;
}

/** Why the tenant gets nothing at all: it said so (429), or Redis has restarted or its clock jumped. */
export type BackoffReason = 'throttled' | 'restarted';
/** Why a permit is not given yet: besides, writes are spaced, the budget is used, the first batch goes alone, or the window of the run is about to close. */
export type WaitReason = BackoffReason | 'spacing' | 'budget' | 'first' | 'window';

/** Between a worker's last look at its permit and the request's first byte. */
export const DEPARTURE_MS = 250;

/** Another worker may have a write of the batch on its way, or writes of others may still be applied to its lists. */
export type BusyReason = 'lease' | 'landing';

export type PermitAnswer = Answered & PermitKind;

type PermitKind =
  | {
      readonly kind: 'granted';
      readonly chargeEnd: number;
      /** Requests that permit was given for; several rows may go in one. */
      readonly requests: number;
      readonly places: readonly number[];
      readonly states: readonly RowState[];
    }
  | { readonly kind: 'wait'; readonly waitMs: number; readonly reason: WaitReason }
  | { readonly kind: 'busy'; readonly waitMs: number; readonly why: BusyReason }
  /** Another run was given a permit since what the caller has read. */
  | { readonly kind: 'overtaken' }
  | { readonly kind: 'stopped'; readonly state: string };

/** How the charges of a permit end. */
export interface Settlement {
  readonly token: string;
  readonly chargeEnd: number;
  /** The places of rows whose write may still be applied: its reply was lost, or says nothing. */
  readonly mayLand: readonly number[];
  /** Requests that Graph may have counted: charged for one more window. */
  readonly answered: number;
  /** How long ago Graph's answer came, in ms: they count from then. */
  readonly answeredAgoMs: number;
  /** Those among them that were let through the tenant's limit, whatever became of them then. */
  readonly accepted: number;
  /** Writes that never left: given back. */
  readonly returned: number;
  /** Longest Retry-After in ms; -1: throttled without one; 0: not throttled. */
  readonly backoffMs: number;
  readonly throttled: number;
  /** Every reply was a 403. */
  readonly allForbidden: boolean;
  /** The caller is about to stop the run for what was answered: no other batch shall go yet, if this is the first one. */
  readonly isStopping: boolean;
}

export const NOTHING_SENT: Settlement = {
  token: '',
  chargeEnd: 0,
  mayLand: [],
  answered: 0,
  answeredAgoMs: 0,
  accepted: 0,
  returned: 0,
  backoffMs: 0,
  throttled: 0,
  allForbidden: false,
  isStopping: false,
};

/** What `acquire.lua` answered: its kind, Redis' clock, the event and the rest. */
export function permitAnswerOf(
  kind: string,
  now: number,
  event: string,
  rest: readonly Buffer[],
): PermitAnswer {
  const answered = { now, event };
  switch (kind) {
    case 'granted': {
      const [chargeEnd, states, requests, places] = rest;
      return {
        kind,
        ...answered,
        chargeEnd: Number(chargeEnd),
        requests: Number(requests),
        places: [...(places ?? [])],
        states: [...(states ?? [])].map(stateOfByte),
      };
    }
    case 'busy':
      return { kind, ...answered, waitMs: Number(rest[0]), why: String(rest[1]) as BusyReason };
    case 'overtaken':
      return { kind, ...answered };
    case 'wait':
      return { kind, ...answered, waitMs: Number(rest[0]), reason: String(rest[1]) as WaitReason };
    default:
      return { kind: 'stopped', ...answered, state: String(rest[0]) };
  }
}

/** The limiter as it stands. */
export interface LimiterNow {
  /** Writes that still count against the limit. */
  readonly charged: number;
  /** Writes that the tenant accepted in the last window. */
  readonly accepted: number;
  /** Writes per window that are used, as far as it is learned; at most the configured limit. */
  readonly budget: number;
  /** A 429 of the last day keeps writes evenly spaced: none goes before its time. */
  readonly isSpaced: boolean;
  /** How long the tenant was kept still in all (429, restart) until now: a difference of two is the time that nobody could write in. */
  readonly heldMs: number;
  /** Ms since the epoch. */
  readonly backoffUntil: number | null;
  readonly backoffReason: BackoffReason | null;
}
