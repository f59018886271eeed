import type { ColumnMeaning, InputColumn } from '../assignments/rows/columns.ts';
import { quoted } from '../assignments/values/quoted.ts';
import type { Cell, Problem } from '../assignments/rows/row.ts';
import { isBlank, repeatedColumn, unknownColumn } from './cells.ts';
import type { JsonRecord } from './jsonRecord.ts';
import { RECORD_PROBLEMS_MAX } from './limits.ts';
import type { RowRead } from './read.ts';

/** What one object of a file says: its cells, by whatever its members mean there. */
export type RowOf = (
  record: JsonRecord,
  value: Readonly<Record<string, unknown>>,
  problems: readonly Problem[],
) => RowRead;

export const emptyRow = ({ place }: JsonRecord, problem: Problem): RowRead => ({
  kind: 'row',
  row: { ...place, cells: new Map() },
  problems: [problem],
});

/** A record whose members are named like the columns. The columns it has, blank ones too, are added to `columns`. */
export const rowByColumns =
  (columns: Set<InputColumn>, meaningOf: (name: string) => ColumnMeaning): RowOf =>
  (record, value, before) => {
    const cells = new Map<InputColumn, Cell>();
    const problems = [...before];
    const seen = new Set<InputColumn>();
    for (const [key, content] of Object.entries(value)) {
      const meaning = meaningOf(key);
      if (meaning.kind === 'ignored') continue;
      if (meaning.kind === 'unknown') {
        problems.push(record.problemAt(key, unknownColumn(key, meaning.didYouMean)));
        continue;
      }
      const { column } = meaning;
      if (seen.has(column)) {
        problems.push(record.problemAt(key, repeatedColumn(key, column)));
        continue;
      }
      seen.add(column);
      columns.add(column);
      if (isBlank(content)) continue;
      const { cell, problem } = record.cell(key, content);
      cells.set(column, cell);
      if (problem !== undefined) problems.push(problem);
    }
    return { kind: 'row', row: { ...record.place, cells }, problems };
  };

const BATCH_MEMBERS = ['id', 'method', 'url', 'headers', 'body'];

/** A request of a saved batch: its url and body are the cells; what else would be lost is a problem. */
export const rowOfRequest =
  (columns: Set<InputColumn>): RowOf =>
  (record, value, before) => {
    const cells = new Map<InputColumn, Cell>();
    const problems = [...before];
    for (const column of ['url', 'body'] as const) {
      columns.add(column);
      if (!Object.hasOwn(value, column) || isBlank(value[column])) continue;
      const { cell, problem } = record.cell(column, value[column]);
      cells.set(column, cell);
      if (problem !== undefined) problems.push(problem);
    }
    const method = value['method'];
    if (typeof method !== 'string' || method.trim().toUpperCase() !== 'PATCH') {
      const message =
        method === undefined
          ? 'The request has no method.'
          : `The method is ${quoted(textOf(method))}; only PATCH is sent.`;
      problems.push(record.problemAt('method', { message, remedy: METHOD_REMEDY }));
    }
    for (const key of Object.keys(value)) {
      if (BATCH_MEMBERS.includes(key)) continue;
      const message = `A request of a saved batch has no ${quoted(key)} here: it would not be sent.`;
      problems.push(
        record.problemAt(key, { message, remedy: `Remove it; ${BATCH_MEMBERS.join(', ')} are read.` }),
      );
    }
    for (const header of unsentHeaders(value['headers'])) {
      const message = `The header ${quoted(header)} would not be sent.`;
      problems.push(
        record.problemAt('headers', { message, remedy: 'Remove it; only Content-Type may be there.' }),
      );
    }
    return { kind: 'row', row: { ...record.place, cells }, problems };
  };

const METHOD_REMEDY =
  'Write "method": "PATCH" if the assignment is to be changed; remove the request if not.';

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

function unsentHeaders(headers: unknown): string[] {
  if (isBlank(headers)) return [];
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) return [textOf(headers)];
  return Object.keys(headers)
    .filter((name) => name.toLowerCase() !== 'content-type')
    .slice(0, RECORD_PROBLEMS_MAX);
}
