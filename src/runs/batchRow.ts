import { beforeFrom, type Before, type BeforeJson } from '../assignments/changes/decision.ts';
import type { BatchRow } from '../assignments/changes/planBatch.ts';
import type { WrittenList } from '../assignments/changes/writes.ts';
import type { Change } from '../assignments/rows/change.ts';
import { changeOfKnownRow } from '../assignments/rows/knownRow.ts';
import type { ReadingRules } from '../assignments/rows/rowReader.ts';
import {
  decodeDetails,
  decodeImages,
  decodeInputs,
  decodeListFingerprints,
  decodeLists,
  decodeNames,
  decodeRefusals,
  fingerprintAt,
  type Detail,
} from './batchCodec.ts';
import type { RowNames } from '../assignments/rows/names.ts';
import type { InputRow } from '../assignments/rows/row.ts';
import type { LimiterEvent } from './permit.ts';
import { isSettled, stateOfByte, type RowState, type StateName } from './rowState.ts';
import type { RunState } from './run.ts';

export interface BatchRef {
  readonly runId: string;
  /** From 0, as they lie in the record: those of one policy together, which may not be the order of the file. */
  readonly batch: number;
}

/** A row as it stands in the record. */
export interface RecordedRow extends RowState, BatchRow {
  readonly attempts: number;
  readonly batch: number;
  /** Its place in the batch, from 0. */
  readonly place: number;
  readonly input: InputRow;
  readonly detail: Detail;
  /** The list that its last write was of, if it is the first row of that write. */
  readonly list?: WrittenList | undefined;
  /** Read with the batch that a worker takes up. */
  readonly plannedRefusal?: string | undefined;
  /** Read with the before-images only. */
  readonly names?: RowNames | undefined;
}

/** A row that permit is asked for. Rows that go in one request stand side by side and have its number. */
export interface PermitRow extends RowState {
  readonly place: number;
  readonly request: number;
  readonly before?: BeforeJson;
  /** Of the first row of a whole list; null: what is kept of an earlier write of a list says nothing any more. */
  readonly list?: WrittenList | null;
  /** The list that it is in, as `listNameOf` has it; undefined: nobody else writes it. */
  readonly listName?: string;
  /** What other rows of its run have sent may be applied after its write: it is about something else. */
  readonly isApart?: boolean;
  /** Its own write, sent again while an earlier one may still be applied, would be done twice. */
  readonly isOnce?: boolean;
}

/** One row's new state, as `record` takes it. */
export interface RowUpdate extends RowState {
  readonly place: number;
  /** As the row stood when this was decided; one that stands otherwise by now is left as it is. */
  readonly seen?: RowState;
  readonly detail?: Detail;
  /** It fails as its plan showed, so that somebody has accepted it: the failure budget does not count it. */
  readonly isExpected?: true;
  /** What is known by now of the list that its write was of. */
  readonly list?: WrittenList;
  /** What an earlier try has overwritten. It was read from the record, which may have lost it since. */
  readonly before?: BeforeJson;
}

export interface BatchStates {
  readonly states: readonly RowState[];
  readonly runState: RunState;
  readonly event: LimiterEvent;
}

/** What the record holds of a batch. */
export interface BatchBytes {
  readonly inputs: Buffer;
  readonly states: Buffer;
  readonly details?: Buffer | null | undefined;
  readonly planned?: Buffer | null | undefined;
  readonly plannedLists?: Buffer | null | undefined;
  readonly refusals?: Buffer | null | undefined;
  readonly before?: Buffer | null | undefined;
  readonly lists?: Buffer | null | undefined;
  readonly names?: Buffer | null | undefined;
}

/** The rows of a batch from what the record holds of them. */
export function recordedRows(
  bytes: BatchBytes,
  batch: number,
  runId: string,
  rules: ReadingRules,
): RecordedRow[] {
  const said = decodeDetails(bytes.details);
  const images = decodeImages(bytes.before);
  const plannedLists = decodeListFingerprints(bytes.plannedLists);
  const lists = decodeLists(bytes.lists);
  const names = decodeNames(bytes.names);
  const refusals = decodeRefusals(bytes.refusals);
  return decodeInputs(bytes.inputs).map((input, place) => {
    const before = images.has(place) ? { before: imageIn(images.get(place), input) } : {};
    return new Recorded(
      {
        ...{ batch, place, input, ...stateOfByte(bytes.states[place] ?? 0), detail: said.get(place) ?? {} },
        ...{ planned: fingerprintAt(bytes.planned, place), plannedList: plannedLists[place], ...before },
        list: lists.get(place) ?? undefined,
        plannedRefusal: refusals[place],
        names: names[place],
      },
      runId,
      rules,
    );
  });
}

function imageIn(image: BeforeJson | undefined, { line }: InputRow): Before {
  const before = beforeFrom(image);
  if (before === undefined) throw new Error(`the before-image of line ${line} is no assignment`);
  return before;
}

/** A change is read from the cells of its row when somebody asks for it: who only counts rows does not. */
class Recorded implements RecordedRow {
  readonly batch: number;
  readonly place: number;
  readonly input: InputRow;
  readonly state: StateName;
  readonly attempts: number;
  readonly detail: Detail;
  readonly planned: string | undefined;
  readonly plannedList: string | undefined;
  readonly plannedRefusal: string | undefined;
  readonly before: Before | undefined;
  readonly list: WrittenList | undefined;
  readonly names: RowNames | undefined;
  readonly #runId: string;
  readonly #rules: ReadingRules;
  #change: Change | undefined;

  constructor(row: Omit<RecordedRow, 'change'>, runId: string, rules: ReadingRules) {
    this.batch = row.batch;
    this.place = row.place;
    this.input = row.input;
    this.state = row.state;
    this.attempts = row.attempts;
    this.detail = row.detail;
    this.planned = row.planned;
    this.plannedList = row.plannedList;
    this.plannedRefusal = row.plannedRefusal;
    this.before = row.before;
    this.list = row.list;
    this.names = row.names;
    this.#runId = runId;
    this.#rules = rules;
  }

  get change(): Change {
    return (this.#change ??= changeOfKnownRow(this.input, this.#rules, this.#runId));
  }
}

/** The rows that something is still to be done for. */
export const unsettled = <T extends { state: StateName }>(rows: readonly T[]): T[] =>
  rows.filter(({ state }) => !isSettled(state));
