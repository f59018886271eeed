import { INPUT_COLUMNS, type InputColumn } from '../../assignments/rows/columns.ts';
import type { Selector } from '../../assignments/rows/selector.ts';
import type { RowStatus } from '../../runs/rowState.ts';
import type { Run } from '../../runs/run.ts';
import type { Services } from '../services.ts';
import { rowsMeant, type ResultRow } from './resultRow.ts';

/** Which rows of a run are wanted. */
export interface ResultsWanted {
  readonly where: Selector;
  /** A file of rows. */
  readonly rows: string | undefined;
  /** Undefined: whatever became of them. */
  readonly only: ReadonlySet<RowStatus> | undefined;
}

/**
 * The rows of a run in the order of its file, each with what became of it.
 * @throws UserError (exit 2) when the file of `rows` can't be read, or the run has no such column
 */
export async function resultsOf(
  run: Run,
  { where, rows, only }: ResultsWanted,
  services: Services,
): Promise<AsyncGenerator<ResultRow>> {
  const { runs, interrupted } = services;
  const { isMeant, asResult } = await rowsMeant(where, rows, run, services);
  async function* taken(): AsyncGenerator<ResultRow> {
    for await (const recorded of runs.rows(run, 'before')) {
      interrupted.throwIfAborted();
      const row = asResult(recorded);
      if ((only?.has(row.status) ?? true) && isMeant(recorded, row)) yield row;
    }
  }
  return taken();
}

/** JSON input names its columns row by row, so a row may have some that the first ones had not. */
export const inputColumns = (run: Run): readonly InputColumn[] =>
  run.columns.length > 0 ? run.columns : [...INPUT_COLUMNS];
