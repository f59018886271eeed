import { stateOfByte, type RowState } from './rowState.ts';

/** What the ledger's script needs to know; all times in ms. */
export interface LedgerPolicy {
  readonly limit: number;
  readonly limitAll: number;
  readonly windowMs: number;
  readonly timeoutMs: number;
  readonly leaveMin: number;
  /** Where Redis' clock would stand without the jump that the caller saw, ms since the epoch; 0: it saw none. */
  readonly jumpedFrom: number;
}

export type LeaveAnswer =
  | {
      readonly kind: 'granted';
      readonly now: number;
      readonly chargeEnd: number;
      readonly places: readonly number[];
      readonly states: readonly RowState[];
    }
  | { readonly kind: 'wait'; readonly now: number; readonly waitMs: number; readonly reason: string }
  | { readonly kind: 'busy'; readonly now: number; readonly waitMs: number }
  | { readonly kind: 'stopped'; readonly now: number; readonly state: string };

/** How the charges of a leave end. */
export interface Settlement {
  readonly token: string;
  readonly chargeEnd: number;
  /** Writes that Graph may have counted: charged for one more window. */
  readonly answered: number;
  /** Writes that never left: given back. */
  readonly returned: number;
  /** Longest Retry-After in ms; -1: throttled without one; 0: not throttled. */
  readonly holdMs: number;
  readonly throttled: number;
}

export const NOTHING_SENT: Settlement = {
  token: '',
  chargeEnd: 0,
  answered: 0,
  returned: 0,
  holdMs: 0,
  throttled: 0,
};

/** What `leave.lua` answered: its kind, Redis' clock and the rest. */
export function leaveAnswerOf(kind: string, now: number, rest: readonly Buffer[]): LeaveAnswer {
  switch (kind) {
    case 'granted': {
      const [chargeEnd, states, ...places] = rest;
      return {
        kind,
        now,
        chargeEnd: Number(chargeEnd),
        places: places.map(Number),
        states: [...(states ?? [])].map(stateOfByte),
      };
    }
    case 'busy':
      return { kind, now, waitMs: Number(rest[0]) };
    case 'wait':
      return { kind, now, waitMs: Number(rest[0]), reason: String(rest[1]) };
    default:
      return { kind: 'stopped', now, state: String(rest[0]) };
  }
}
