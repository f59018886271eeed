import type { ColumnMeaning, InputColumn } from '../assignments/rows/columns.ts';
import { quoted } from '../assignments/values/quoted.ts';
import type { Fault, Problem } from '../assignments/rows/row.ts';
import { BrokenFile } from './brokenFile.ts';
import { isBlank, repeatedColumn, unknownColumn } from './cells.ts';
import { JsonRow, type JsonRecord } from './jsonRecord.ts';
import { RECORD_PROBLEMS_MAX } from './limits.ts';
import type { FileFacts, ReadingOptions } from './fileFacts.ts';
import {
  isAssignment,
  isPolicy,
  rowsOfAssignment,
  rowsOfPolicy,
  type Around,
} from './tools/graphPolicies.ts';
import { refusedObject } from './tools/refusedObjects.ts';
import type { RowRead } from './read.ts';

/** What one object of a file says: the cells of a row, by whatever its members mean there; a policy has a row for each assignment. */
export type RowsOf = (
  record: JsonRecord,
  value: Readonly<Record<string, unknown>>,
  problems: readonly Problem[],
) => readonly RowRead[];

export const emptyRow = (record: JsonRecord, problem: Problem): RowRead =>
  new JsonRow(record, [problem]).read();

/** Names of lists in other tools' files; under them anything else is a mistyped column. */
const LISTS = ['value', 'responses', 'Records', 'assignments'];

/**
 * A record whose members are named like the columns, or an object of Graph's. The columns it has, blank ones too, are told.
 * @param outer what stands around it says of its policy
 */
export const rowsByColumns =
  (
    facts: FileFacts,
    meaningOf: (name: string) => ColumnMeaning,
    action: ReadingOptions['action'],
    outer: Around = {},
  ): RowsOf =>
  (record, value, before) => {
    const row = new JsonRow(record, before);
    const seen = new Set<InputColumn>();
    const names = Object.keys(value).filter((name) => !LISTS.includes(name) || Array.isArray(value[name]));
    if (names.some((name) => meaningOf(name).kind === 'unknown')) {
      const ofGraph = rowsOfGraph(record, value, outer, { facts, action });
      if (ofGraph !== undefined && before.length === 0) return ofGraph;
      const refused = refusedObject(names, outer.isList);
      if (refused !== undefined) throw new BrokenFile({ ...record.place, ...refused });
    }
    for (const [key, content] of Object.entries(value)) {
      const meaning = meaningOf(key);
      if (meaning.kind === 'ignored') continue;
      if (meaning.kind === 'unknown') {
        row.problems.push(record.problemAt(key, unknownColumn(key, meaning)));
        continue;
      }
      const { column } = meaning;
      if (seen.has(column)) {
        row.problems.push(record.problemAt(key, repeatedColumn(key, column)));
        continue;
      }
      seen.add(column);
      facts.columns.add(column);
      if (isBlank(content)) continue;
      row.set(column, key, content);
    }
    return [row.read()];
  };

function rowsOfGraph(
  record: JsonRecord,
  value: Readonly<Record<string, unknown>>,
  outer: Around,
  reading: { readonly facts: FileFacts; readonly action: ReadingOptions['action'] },
): readonly RowRead[] | undefined {
  if (isPolicy(value)) return rowsOfPolicy(record, value, outer, reading);
  return isAssignment(value) && outer.policyId !== undefined
    ? rowsOfAssignment(record, value, outer, reading)
    : undefined;
}

const BATCH_MEMBERS = ['id', 'method', 'url', 'headers', 'body'];

/** A request of a saved batch: its url and body are the cells; what else would be lost is a problem. */
export const rowsOfRequest =
  ({ columns }: FileFacts): RowsOf =>
  (record, value, before) => {
    const row = new JsonRow(record, before);
    for (const column of ['url', 'body'] as const) {
      columns.add(column);
      if (!Object.hasOwn(value, column) || isBlank(value[column])) continue;
      row.set(column, column, value[column]);
    }
    const method = value['method'];
    if (typeof method !== 'string' || method.trim().toUpperCase() !== 'PATCH') {
      const message =
        method === undefined
          ? 'The request has no method.'
          : `The method is ${quoted(textOf(method))}; only PATCH is sent.`;
      const isAssign = /\/assign$/i.test(typeof value['url'] === 'string' ? value['url'] : '');
      row.problems.push(
        record.problemAt('method', { message, remedy: isAssign ? ASSIGN_REMEDY : METHOD_REMEDY }),
      );
    }
    for (const key of Object.keys(value)) {
      if (BATCH_MEMBERS.includes(key)) continue;
      if (key === 'dependsOn') {
        row.problems.push(record.problemAt(key, DEPENDS_ON));
        continue;
      }
      const message = `A request of a saved batch has no ${quoted(key)} here: it would not be sent.`;
      row.problems.push(
        record.problemAt(key, { message, remedy: `Remove it; ${BATCH_MEMBERS.join(', ')} are read.` }),
      );
    }
    for (const header of unsentHeaders(value['headers'])) {
      const message = `The header ${quoted(header)} would not be sent.`;
      row.problems.push(
        record.problemAt('headers', { message, remedy: 'Remove it; only Content-Type may be there.' }),
      );
    }
    return [row.read()];
  };

/** Rows go in batches of their own, so who depends on whom would be lost. */
const DEPENDS_ON: Fault = {
  message: 'dependsOn is not kept: rows are sent in other batches than here, each as soon as it may be.',
  remedy:
    'Remove it where the order does not matter (within a policy what reduces the scope goes first); otherwise split the file and run the parts one after the other.',
};

const ASSIGN_REMEDY =
  'Write a row an assignment instead, with action (set, add, remove, clear) and --strategy assign; `retarget export` writes the rows that there are.';

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
