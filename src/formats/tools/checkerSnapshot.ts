import type { InputColumn } from '../../assignments/rows/columns.ts';
import type { CellPlaces, Fault, Problem } from '../../assignments/rows/row.ts';
import type { FileFacts } from '../fileFacts.ts';
import type { JsonRecord } from '../jsonRecord.ts';
import type { RowsOf } from '../jsonRow.ts';
import type { RowRead } from '../read.ts';
import { recordReader } from './intuneAssignmentChecker.ts';
import type { StatedAction } from '../../assignments/rows/takenFor.ts';
import type { ToolCell, ToolRow } from './tableTool.ts';

const SCHEMA = 'IntuneAssignmentChecker.AssignmentSnapshot';

/** Whether "Records" are of a snapshot that is known, by the members before them. */
export const isSnapshot = (before: ReadonlyMap<string, unknown>): boolean =>
  before.get('SchemaName') === SCHEMA && before.get('SchemaVersion') === 1;

export const OTHER_SNAPSHOT: Fault = {
  message: 'The file has "Records", and is no snapshot of IntuneAssignmentChecker of version 1.',
  remedy:
    'Write the assignments as they are with `retarget export -o present.csv`, change that file, and plan it.',
};

/** Source: IntuneAssignmentChecker, Private/New-IACAssignmentRecord.ps1: a record has the names of the list of effective assignments. */
export function rowsOfSnapshot(facts: FileFacts, action: StatedAction | undefined): RowsOf {
  const stated = action ?? 'add';
  facts.takeFor('a snapshot of IntuneAssignmentChecker', stated);
  const read = recordReader(stated);
  return (record, value, before) => {
    const row: ToolRow = {
      text(name) {
        const text = value[name];
        return typeof text === 'string' ? text.trim() : '';
      },
    };
    const reading = read(row);
    switch (reading.kind) {
      case 'passedOver':
        facts.passOver(reading.because);
        return [];
      case 'rows':
        return reading.rows.map((cells) => asRow(record, cells, before, facts));
      case 'faults': {
        const problems = reading.faults.map(({ from, ...fault }) => record.problemAt(from, fault));
        return [asRow(record, reading.cells, [...before, ...problems], facts)];
      }
    }
  };
}

function asRow(
  record: JsonRecord,
  written: readonly ToolCell[],
  problems: readonly Problem[],
  facts: FileFacts,
): RowRead {
  const cells = new Map<InputColumn, unknown>();
  const from = new Map<InputColumn, string>();
  for (const [column, value, of] of written) {
    cells.set(column, value);
    from.set(column, of);
    facts.columns.add(column);
  }
  const { line, column } = record.place;
  const places: CellPlaces = {
    column,
    placeOf(of) {
      const key = from.get(of);
      return key === undefined ? undefined : record.placeOf(key);
    },
  };
  return { kind: 'row', row: { line, cells, places }, problems };
}
