import type { PermitRow, RowUpdate } from '../../runs/batchRow.ts';
import type { PermitAnswer } from '../../runs/permit.ts';
import { byteOfState, type RowState } from '../../runs/rowState.ts';

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
  /** The rows that it was asked for, as they stood before. */
  readonly asked: readonly PermitRow[];
  /** Nobody else can have had rows of the batch since it was given. */
  isLeased(): boolean;
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

/**
 * Those of these rows of a permit that Redis has not taken, as it came back older and knows nothing of the permit: they still stand as they were
 * asked with. So they are told anew, with what they have overwritten.
 * @param now how the rows of the batch stand
 */
export function untaken(
  permit: Permit,
  rows: readonly RowUpdate[],
  now: readonly RowState[],
): readonly RowUpdate[] {
  if (!permit.isLeased()) return [];
  const asked = new Map(permit.asked.map((row) => [row.place, row]));
  return rows.flatMap((row): RowUpdate[] => {
    const [seen, stands] = [asked.get(row.place), now[row.place]];
    if (seen === undefined || stands === undefined) return [];
    if (!isSame(seen, stands) || isSame(row, stands)) return [];
    const { before, list } = seen;
    return [{ ...row, seen, ...(before !== undefined && { before }), ...(list && !row.list && { list }) }];
  });
}

const isSame = (one: RowState, other: RowState): boolean => byteOfState(one) === byteOfState(other);
