/** What `results` and `status` call the state of a row. */
export const ROW_STATUSES = [
  'pending',
  'succeeded',
  'skipped',
  'failed',
  'stale',
  'awaitingApproval',
  'unsure',
  'cancelled',
] as const;
export type RowStatus = (typeof ROW_STATUSES)[number];

/** The low half of a row's state byte. The scripts get this table in front of them (lua/scripts.ts). */
export const STATE = {
  /** Nothing was sent for it, or what was sent is known to have done nothing. */
  pending: 0,
  /** The permit was given: the request may be on its way, or its worker has died. */
  sent: 1,
  /** Graph has accepted the write, and the row is to be read back. */
  written: 2,
  /** It was sent, and nobody knows what became of it: the next read comes before anything else. */
  unsure: 3,
  succeeded: 4,
  skipped: 5,
  failed: 6,
  stale: 7,
  awaitingApproval: 8,
  cancelled: 9,
  /** It was sent and is given up; no reply said what became of it, and the last read did not find it: it may still land. */
  leftUnsure: 10,
} as const;
export type StateName = keyof typeof STATE;

/** Something is still to be done for rows up to this number. */
export const UNSETTLED_MAX = STATE.unsure;

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

export const isSettled = (state: StateName): boolean => STATE[state] > UNSETTLED_MAX;

/** A write of the row may have left, and what became of it is still to be seen. */
export const isInDoubt = (state: StateName): boolean => !isSettled(state) && state !== 'pending';

/** Users see a row that is not settled as pending. A cancelled run has no pending rows but those in doubt. */
export function rowStatusOf(state: StateName, runIsCancelled: boolean): RowStatus {
  switch (state) {
    case 'pending':
      return runIsCancelled ? 'cancelled' : 'pending';
    case 'sent':
    case 'written':
    case 'unsure':
      return 'pending';
    case 'leftUnsure':
      return 'unsure';
    default:
      return state;
  }
}
