import { beforeInWords, NOTHING } from '../../assignments/changes/beforeInWords.ts';
import { targetInWords, turnOfIntent } from '../../assignments/changes/changeKind.ts';
import { entryOf, type Before } from '../../assignments/changes/decision.ts';
import type { Called } from '../../assignments/names/calledIds.ts';
import type { SelectableColumn, Selector } from '../../assignments/rows/selector.ts';
import type { JsonObject } from '../../assignments/values/json.ts';
import { targetIn } from '../../assignments/targets/currentTarget.ts';
import type { RecordedRow } from '../../runs/batchRow.ts';
import type { RowStatus } from '../../runs/rowState.ts';
import type { Run } from '../../runs/run.ts';
import type { Services } from '../services.ts';
import { bodyOf, rowsMeant, type ResultRow } from './resultRow.ts';

/** Which rows of a run are wanted. */
export interface ResultsWanted {
  readonly where: Selector;
  /** A file of rows. */
  readonly rows: string | undefined;
  /** Undefined: whatever became of them. */
  readonly only: ReadonlySet<RowStatus> | undefined;
}

/** What became of a row, for a person; whole ids. */
export interface ShownResult {
  readonly line: number;
  readonly status: RowStatus;
  /** Its name, or its id where no plan has read that. */
  readonly policy: string;
  /** '' where nobody has seen it. */
  readonly before: string;
  readonly wanted: string;
  /** Why it was not written, or not as wanted; '' where there is nothing to say. */
  readonly code: string;
  readonly message: string;
}

/** Rows of a run in the order of its file, as cells or as words: to be read once. */
export interface Results {
  readonly columns: readonly SelectableColumn[];
  /** What people call groups and filters. */
  readonly called: Called;
  rows(): AsyncGenerator<ResultRow>;
  shown(): AsyncGenerator<ShownResult>;
}

/**
 * What became of the rows of a run.
 * @throws UserError (exit 2) when the file of `rows` can't be read, or the run has no such column
 */
export async function resultsOf(
  run: Run,
  { where, rows, only }: ResultsWanted,
  services: Services,
): Promise<Results> {
  const { runs, interrupted } = services;
  const { isMeant, asResult, columns, called } = await rowsMeant(where, rows, run, services);
  async function* taken(): AsyncGenerator<{ readonly recorded: RecordedRow; readonly row: ResultRow }> {
    for await (const recorded of runs.rows(run, 'before')) {
      interrupted.throwIfAborted();
      const row = asResult(recorded);
      if ((only?.has(row.status) ?? true) && isMeant(recorded, row)) yield { recorded, row };
    }
  }
  return {
    ...{ columns, called },
    async *rows() {
      for await (const { row } of taken()) yield row;
    },
    async *shown() {
      for await (const { recorded, row } of taken()) yield shownResult(recorded, row.status);
    },
  };
}

function intentIn(body: JsonObject, before: Before | undefined): string {
  const turn = turnOfIntent(before && entryOf(before), body);
  return turn === undefined ? '' : `, intent ${turn.to}`;
}

function shownResult(recorded: RecordedRow, status: RowStatus): ShownResult {
  const { input, change, names, before, detail } = recorded;
  const body = bodyOf(recorded);
  return {
    ...{ line: input.line, status, policy: names?.policy ?? change.address.policyId },
    before: before === undefined ? '' : beforeInWords(before),
    wanted: body === undefined ? NOTHING : targetInWords(targetIn(body)) + intentIn(body, before),
    ...{ code: detail.errorCode ?? '', message: detail.errorMessage ?? '' },
  };
}
