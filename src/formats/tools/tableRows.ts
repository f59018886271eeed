import type { InputColumn } from '../../assignments/rows/columns.ts';
import type { CellPlaces, Problem } from '../../assignments/rows/row.ts';
import { BESIDE, toolUse, type ToolUse } from '../csvHeader.ts';
import type { FileFacts } from '../fileFacts.ts';
import type { RowRead } from '../read.ts';
import type { StatedAction } from '../../assignments/rows/takenFor.ts';
import type { TableTool, ToolCell, ToolRow } from './tableTool.ts';

/** A record of another tool's table. */
export interface ToolRecord {
  readonly line: number;
  readonly cells: ReadonlyMap<ToolUse, string>;
  /** From 1; 0 where the file has no such column. */
  readonly columnOf: (use: ToolUse) => number;
}

/** Makes rows of ours of a tool's records, with the columns of ours that somebody has put beside the tool's. */
export function tableRows(
  tool: TableTool,
  action: StatedAction | undefined,
  facts: FileFacts,
): (record: ToolRecord, problems: readonly Problem[]) => Iterable<RowRead> {
  const stated = action ?? 'add';
  facts.takeFor(tool.is, tool.saysActions ? undefined : stated);
  const read = tool.reader(stated);
  return (record, problems) => {
    const row: ToolRow = { text: (name) => record.cells.get(toolUse(name)) ?? '' };
    const own = BESIDE.flatMap((column): ToolCell[] => {
      const text = record.cells.get(column);
      return text === undefined ? [] : [[column, text, column]];
    });
    const rowOf = (cells: readonly ToolCell[], more: readonly Problem[]): RowRead =>
      asRow(record, [...cells, ...own], [...problems, ...more], facts);
    // Under shifted cells nothing is to be believed.
    if (problems.length > 0) return [rowOf([], [])];
    const reading = read(row);
    switch (reading.kind) {
      case 'passedOver':
        facts.passOver(reading.because);
        return [];
      case 'rows':
        return reading.rows.map((cells) => rowOf(cells, []));
      case 'faults':
        return [
          rowOf(
            [...reading.cells, ['note', asWritten(row, tool), '']],
            reading.faults.map(({ from, message, remedy }) => ({
              ...{ line: record.line, column: Math.max(1, placeOf(record, from)), name: from },
              ...{ message, remedy },
            })),
          ),
        ];
    }
  };
}

/** All that the tool says, for whoever mends the row where it is written with its problem. */
const asWritten = (row: ToolRow, { has, also }: TableTool): string =>
  [...has, ...also]
    .flatMap((name) => (row.text(name) === '' ? [] : [`${name}: ${row.text(name)}`]))
    .join('; ');

const placeOf = ({ columnOf }: ToolRecord, from: string): number =>
  columnOf(toolUse(from)) || columnOf(from as InputColumn);

function asRow(
  record: ToolRecord,
  written: readonly ToolCell[],
  problems: readonly Problem[],
  facts: FileFacts,
): RowRead {
  const { line } = record;
  const cells = new Map<InputColumn, unknown>();
  const from = new Map<InputColumn, string>();
  for (const [column, value, of] of written) {
    cells.set(column, value);
    from.set(column, of);
    facts.columns.add(column);
  }
  const places: CellPlaces = {
    column: 1,
    placeOf(column) {
      const of = from.get(column);
      const at = of === undefined ? 0 : placeOf(record, of);
      return at === 0 ? undefined : { line, column: at };
    },
  };
  return { kind: 'row', row: { line, cells, places }, problems };
}
