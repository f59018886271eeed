import { beforeJson, entryOf, NOT_READ } from '../../assignments/changes/decision.ts';
import type { JsonObject } from '../../assignments/values/json.ts';
import { patchBody } from '../../assignments/changes/request.ts';
import { INPUT_COLUMNS, RESULT_COLUMNS } from '../../assignments/rows/columns.ts';
import { GROUP_AND_FILTER_PAIRS } from '../../assignments/names/namePairs.ts';
import { withCalled, type Called } from '../../assignments/names/calledIds.ts';
import { cellText, type SelectableColumn, type Selector } from '../../assignments/rows/selector.ts';
import type { RecordedRow } from '../../runs/batchRow.ts';
import { rowStatusOf, type RowStatus } from '../../runs/rowState.ts';
import type { Run } from '../../runs/run.ts';
import type { Services } from '../services.ts';
import { sayable } from '../shownPolicies.ts';
import { addressesIn, expectColumns, READ_BY_PLAN } from './selection.ts';

/** A row with what became of it, by the names of the columns that `results` shows. */
export type ResultRow = { readonly [column in SelectableColumn]?: unknown } & { readonly status: RowStatus };

/** @param called what people call groups and filters: their names stand beside their ids in the message */
export function resultRow(recorded: RecordedRow, run: Run, called: Called): ResultRow {
  const { input, state, attempts, detail, before } = recorded;
  const status = rowStatusOf(state, run.state === 'cancelled');
  return {
    row: input.line,
    // So that rows can be selected by them whatever columns the file had.
    ...namesOf(recorded, called),
    ...Object.fromEntries(input.cells),
    status,
    httpStatus: detail.httpStatus,
    errorCode: detail.errorCode,
    errorMessage: detail.errorMessage && withCalled(detail.errorMessage, called),
    attempts,
    throttledMs: detail.throttledMs ?? 0,
    requestId: detail.requestId,
    clientRequestId: detail.clientRequestId,
    finishedAt: status === 'pending' || detail.at === undefined ? null : new Date(detail.at).toISOString(),
    before: before && beforeJson(before),
    after: (status === 'succeeded' || status === 'unsure') && attempts > 0 ? bodyOf(recorded) : undefined,
    assignmentIdAfter: detail.assignmentIdAfter,
  };
}

const namesOf = ({ names, change, input }: RecordedRow, called: Called): Partial<ResultRow> => ({
  policyType: change.address.kind.policyType,
  policyName: nameShown(names?.policy),
  platform: names?.platform,
  ...Object.fromEntries(
    GROUP_AND_FILTER_PAIRS.map(({ id, name }) => [
      name,
      nameShown(called[cellText(input.cells.get(id))?.toLowerCase() ?? '']),
    ]),
  ),
});

/** One that no file can hold stays blank. */
const nameShown = (name: string | undefined): string | undefined => sayable(name) || undefined;

/**
 * The columns of a run's results: those of its file, and the names that its plan has read, so that people know what the ids are.
 * @param hasRead whether a plan has read them
 */
export function resultColumns(run: Run, hasRead: boolean): readonly SelectableColumn[] {
  // JSON input names its columns row by row, so a row may have some that the first ones had not.
  const input = run.columns.length > 0 ? run.columns : INPUT_COLUMNS;
  const names = GROUP_AND_FILTER_PAIRS.flatMap(({ id, name }) => (input.includes(id) ? [name] : []));
  return [
    ...new Set([...input, ...(hasRead ? [...READ_BY_PLAN, ...names] : []), ...RESULT_COLUMNS] as const),
  ];
}

/** What a row wrote, or would have, nothing where it removes: the record holds what was there, and what it wanted follows from the two. */
export function bodyOf({ change, before = NOT_READ }: RecordedRow): JsonObject | undefined {
  return change.desired && patchBody(change, entryOf(before));
}

/** The rows of a run that somebody has selected. */
export interface RowsMeant {
  isMeant(recorded: RecordedRow, row?: ResultRow): boolean;
  asResult(recorded: RecordedRow): ResultRow;
  /** Those of its rows. */
  readonly columns: readonly SelectableColumn[];
  /** What people call the groups and filters of the run, as far as its plan saw it. */
  readonly called: Called;
}

/**
 * Whether a row of a run is among those that `--where` and `--rows` select; without them each is.
 * @throws UserError (exit 2) when the file of `--rows` can't be read, or the run has no such column
 */
export async function rowsMeant(
  where: Selector,
  rowsFile: string | undefined,
  run: Run,
  services: Pick<Services, 'runs' | 'cwd' | 'env' | 'interrupted' | 'events'>,
): Promise<RowsMeant> {
  const called = await services.runs.called(run.runId);
  const columns = resultColumns(run, called !== undefined);
  expectColumns(where, [...new Set([...columns, 'policyType', 'row'] as const)], `Run ${run.runId} has`);
  const isNamed = await addressesIn(rowsFile, run, services);
  const asResult = (recorded: RecordedRow): ResultRow => resultRow(recorded, run, called ?? {});
  return {
    ...{ asResult, columns, called: called ?? {} },
    isMeant: (recorded, row = asResult(recorded)) =>
      where.matches((column) => cellText(row[column])) &&
      (rowsFile === undefined || isNamed(recorded.change)),
  };
}
