/** What `results` and `status` call the state of a row. */
export const ROW_STATUSES = [
  'pending',
  'succeeded',
  'skipped',
  'failed',
  'stale',
  'awaitingApproval',
  'cancelled',
] as const;
export type RowStatus = (typeof ROW_STATUSES)[number];

/**
 * The low half of a row's state byte. `sent` is pending with a write that may have left; the scripts know these numbers
 * by the same names (record.lua).
 */
export const STATE = {
  pending: 0,
  sent: 1,
  succeeded: 2,
  skipped: 3,
  failed: 4,
  stale: 5,
  awaitingApproval: 6,
  cancelled: 7,
} as const;
export type StateName = keyof typeof STATE;

const NAMES = Object.keys(STATE) as StateName[];

export interface RowState {
  readonly state: StateName;
  /** Sends that count, 0 to 15: the high half of the byte. */
  readonly attempts: number;
}

export const stateOfByte = (byte: number): RowState => ({
  state: NAMES[byte & 15] ?? 'pending',
  attempts: byte >> 4,
});

export const byteOfState = ({ state, attempts }: RowState): number =>
  STATE[state] | (Math.min(attempts, 15) << 4);

export const isSettled = (state: StateName): boolean => state !== 'pending' && state !== 'sent';

/** `sent` is the record's own word; users see a row that is not settled as pending. A cancelled run has no pending rows. */
export function statusOf(state: StateName, runIsCancelled: boolean): RowStatus {
  if (state === 'sent') return 'pending';
  if (state === 'pending') return runIsCancelled ? 'cancelled' : 'pending';
  return state;
}
