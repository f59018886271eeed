import type { InputColumn } from '../../src/assignments/rows/columns.ts';
import type { Detail } from '../../src/runs/batchCodec.ts';
import type { InputRow } from '../../src/assignments/rows/row.ts';
import {
  DEFAULT_OPTIONS,
  headerFields,
  rulesOf,
  runFromHeader,
  type Run,
  type RunIdentity,
} from '../../src/runs/run.ts';
import { changeOfKnownRow } from '../../src/assignments/rows/knownRow.ts';
import type { PermitRow, RecordedRow, RowUpdate } from '../../src/runs/batchRow.ts';
import type { RowState, StateName } from '../../src/runs/rowState.ts';

export const identityOf = (change: Partial<RunIdentity> = {}): RunIdentity => ({
  runId: 'r1',
  tenant: 't',
  graphUrl: 'http://127.0.0.1:1',
  apiVersion: 'beta',
  appId: 'app',
  operator: 'ann@host',
  arguments: ['apply', 'f.csv'],
  fileName: 'f.csv',
  blind: false,
  keepDays: 30,
  options: DEFAULT_OPTIONS,
  ...change,
});

/** A run as the record would show it. */
export function runOf(
  identity: Partial<RunIdentity> = {},
  fields: Record<string, string | number> = {},
): Run {
  const whole = identityOf(identity);
  const header = { ...headerFields(whole, 0), state: 'running', ...fields };
  const run = runFromHeader(
    whole.runId,
    Object.fromEntries(Object.entries(header).map(([name, value]) => [name, String(value)])),
  );
  if (run === undefined) throw new Error('that is no header of a run');
  return run;
}

/** A row that wants this group for an assignment of a configuration. */
export const groupRow = (
  policyId: string,
  assignmentId: string,
  groupId: string,
  more: Partial<Record<InputColumn, unknown>> = {},
): InputRow => ({
  line: 2,
  cells: new Map<InputColumn, unknown>([
    ['policyType', 'deviceConfiguration'],
    ['policyId', policyId],
    ['assignmentId', assignmentId],
    ['targetType', 'group'],
    ['groupId', groupId],
    // The keys are column names by the parameter's type.
    ...(Object.entries(more) as [InputColumn, unknown][]),
  ]),
});

/** Rows that nothing was done for yet. */
export const pendingRows = (...places: number[]): RowUpdate[] =>
  places.map((place) => ({ place, state: 'pending', attempts: 0 }));

/** The same rows as leave is asked for them, each in a request of its own. */
export const eachAlone = (rows: readonly (RowState & { readonly place: number })[]): PermitRow[] =>
  rows.map(({ place, state, attempts }, request) => ({ place, state, attempts, request }));

export const recordedRow = (
  state: StateName,
  attempts: number,
  detail: Detail = {},
  { input = groupRow('c1', 'a1', 'g-new'), place = 0, run = runOf() } = {},
): RecordedRow => ({
  ...{ batch: 0, place, state, attempts, input, detail },
  change: changeOfKnownRow(input, rulesOf(run)),
});
