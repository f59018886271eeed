import {
  decodeDetails,
  decodeImages,
  decodeInputs,
  decodeListFingerprints,
  fingerprintAt,
  type BeforeImage,
  type Detail,
  type InputRow,
} from './batchCodec.ts';
import type { LedgerEvent } from './leave.ts';
import { isSettled, stateOfByte, type RowState, type StateName } from './rowState.ts';
import type { RunState } from './run.ts';

export interface BatchRef {
  readonly runId: string;
  /** From 0, as they lie in the record: those of one policy together, which may not be the order of the file. */
  readonly batch: number;
}

/** A row as it stands in the record. */
export interface RecordedRow extends RowState {
  /** Its place in the batch, from 0. */
  readonly place: number;
  readonly input: InputRow;
  readonly detail: Detail;
  /** What the plan saw, as `fingerprintOf` makes it; undefined: there is no plan. */
  readonly planned?: string;
  /** The same of its policy's whole list. */
  readonly plannedList?: string;
  /** What was there before the last write of it that may have left; undefined: none left, or nobody looked. */
  readonly before?: BeforeImage;
}

/** A row that leave is asked for. Rows that go in one request stand side by side and have its number. */
export interface LeaveRow extends RowState {
  readonly place: number;
  readonly request: number;
  readonly before?: BeforeImage;
}

/** One row's new state, as `record` takes it. */
export interface RowRecord extends RowState {
  readonly place: number;
  /** As the row stood when this was decided; one that stands otherwise by now is left as it is. */
  readonly seen?: RowState;
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
  more: {
    readonly planned?: Buffer | null | undefined;
    readonly plannedLists?: Buffer | null | undefined;
    readonly before?: Buffer | null | undefined;
  } = {},
): RecordedRow[] {
  const said = decodeDetails(details);
  const images = decodeImages(more.before);
  const lists = decodeListFingerprints(more.plannedLists);
  return decodeInputs(inputs).map((input, place) => ({
    place,
    input,
    ...stateOfByte(states[place] ?? 0),
    detail: said.get(place) ?? {},
    ...spoken('planned', fingerprintAt(more.planned, place)),
    ...spoken('plannedList', lists[place]),
    ...spoken('before', images.get(place)),
  }));
}

const spoken = <K extends string, V>(name: K, value: V | undefined): { [name in K]?: V } =>
  (value === undefined ? {} : { [name]: value }) as { [name in K]?: V };

/** The rows that something is still to be done for. */
export const unsettled = <T extends { state: StateName }>(rows: readonly T[]): T[] =>
  rows.filter(({ state }) => !isSettled(state));
