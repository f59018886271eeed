import { decodeDetails, decodeInputs, type Detail, type InputRow } from './batchCodec.ts';
import type { LedgerEvent } from './leave.ts';
import { isSettled, stateOfByte, type RowState, type StateName } from './rowState.ts';
import type { RunState } from './run.ts';

export interface BatchRef {
  readonly runId: string;
  /** From 0, in the order of the input. */
  readonly batch: number;
}

/** A row as it stands in the record. */
export interface RecordedRow extends RowState {
  /** Its place in the batch, from 0. */
  readonly place: number;
  readonly input: InputRow;
  readonly detail: Detail;
}

/** One row's new state, as `record` takes it. */
export interface RowRecord extends RowState {
  readonly place: number;
  readonly detail?: Detail;
}

export interface BatchStates {
  readonly states: readonly RowState[];
  readonly runState: RunState;
  readonly event: LedgerEvent;
}

/** The rows of a batch from what the record holds of them. */
export function recordedRows(
  inputs: Buffer,
  states: Buffer,
  details: Buffer | null | undefined,
): RecordedRow[] {
  const said = decodeDetails(details);
  return decodeInputs(inputs).map((input, place) => ({
    place,
    input,
    ...stateOfByte(states[place] ?? 0),
    detail: said.get(place) ?? {},
  }));
}

/** The rows that something is still to be done for. */
export const unsettled = <T extends { state: StateName }>(rows: readonly T[]): T[] =>
  rows.filter(({ state }) => !isSettled(state));
