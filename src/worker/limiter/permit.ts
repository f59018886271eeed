import type { RowUpdate } from '../../runs/batchRow.ts';
import type { PermitAnswer } from '../../runs/permit.ts';
import type { RowState } from '../../runs/rowState.ts';

/** Permission to write these rows, once, soon. They are marked `sent` already. */
export interface Permit {
  readonly kind: 'granted';
  /** How many requests it is for; several rows may go in one. */
  readonly requests: number;
  readonly places: readonly number[];
  /** Of all rows of the batch, after the marking. */
  readonly states: readonly RowState[];
  readonly token: string;
  readonly chargeEnd: number;
  /** Redis' clock when it was given, ms since the epoch. */
  readonly givenAt: number;
  /** Milliseconds that the permit is still good for, on this process' monotonic clock. */
  validForMs(): number;
}

export type PermitOutcome =
  | Permit
  /** What the caller has read is out of date, or would be when it came. */
  | { readonly kind: 'late' }
  | Extract<PermitAnswer, { kind: 'busy' }>
  /** The run is not at work any more, or the tenant is stopped. */
  | { readonly kind: 'stopped'; readonly state: string };

/** Sends of the row that count, this one included. */
export const attemptsIn = (permit: Permit, place: number): number => permit.states[place]?.attempts ?? 1;

/** The send does not count: the row is as it was before its permit, unsure if it had been sent before. */
export const asBefore = (place: number, attempts: number): RowUpdate =>
  attempts > 1
    ? { place, state: 'unsure', attempts: attempts - 1 }
    : { place, state: 'pending', attempts: 0 };
