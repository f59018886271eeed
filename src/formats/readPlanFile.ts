import type { z } from 'zod';
import { parsedExactly } from '../assignments/values/exactJson.ts';
import type { InputColumn } from '../assignments/rows/columns.ts';
import type { Fault, Problem } from '../assignments/rows/row.ts';
import { BrokenFile } from './brokenFile.ts';
import { parseRecord, type JsonRecord } from './jsonRecord.ts';
import { JsonScan } from './jsonScan.ts';
import { PLAN_DEPTH_MAX, PLAN_LINE_CHARS_MAX } from './limits.ts';
import { linesOf } from './lines.ts';
import {
  PLAN_FORMAT,
  planEndSchema,
  planHeaderSchema,
  planRowSchema,
  type PlanEnd,
  type PlanHeader,
  type PlanRow,
} from './planFile.ts';
import { Utf8Source } from './utf8Source.ts';

/**
 * One thing that reading a plan tells: the header, the rows as they stand in the file, the end. A problem takes the place of all that
 * would follow. A plan may be acted on only when its end has come.
 */
export type PlanRead =
  | { readonly kind: 'header'; readonly header: PlanHeader }
  | { readonly kind: 'row'; readonly row: PlanRow }
  | { readonly kind: 'end'; readonly end: PlanEnd }
  | { readonly kind: 'problem'; readonly problem: Problem };

const DAMAGED_REMEDY =
  'A plan is taken only as it was written: take an unharmed copy, or make it anew with `retarget plan FILE -o plan.ndjson`.';

/** Reads a plan file in one pass, a line in memory at a time. Only what `bytes` itself throws is thrown. */
export async function* readPlanFile(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<PlanRead, void> {
  const source = new Utf8Source(bytes);
  try {
    yield* readsOf(source);
  } catch (error) {
    if (!(error instanceof BrokenFile)) throw error;
    yield { kind: 'problem', problem: error.problem };
  } finally {
    await source.close();
  }
}

async function* readsOf(source: Utf8Source): AsyncGenerator<PlanRead, void> {
  let header: PlanHeader | undefined;
  let isWhole = false;
  let [rows, writes, lastLine] = [0, 0, 1];
  for await (const record of linesOf(source, { charsMax: PLAN_LINE_CHARS_MAX, remedy: DAMAGED_REMEDY })) {
    lastLine = record.place.line;
    const value = objectIn(record);
    if (header === undefined) {
      header = headerIn(record, value);
      yield { kind: 'header', header };
    } else if (isWhole) {
      throw damaged(record, 'Something follows the last line of the plan.');
    } else if (Object.hasOwn(value, 'kind')) {
      const end = checked(planEndSchema, record, value);
      if (rows !== header.rows || rows !== end.rows || writes !== end.writes)
        throw damaged(record, miscounted(header, end, rows, writes));
      isWhole = true;
      yield { kind: 'end', end: { rows, writes, guard: end.guard } };
    } else {
      const row = rowIn(record, value);
      if (row.rank !== undefined && row.rank >= header.rows) {
        const message = `rank: The plan has only ${header.rows} rows.`;
        throw new BrokenFile(record.problemAt('rank', { message, remedy: DAMAGED_REMEDY }));
      }
      rows += 1;
      if (row.decision === 'write') writes += 1;
      yield { kind: 'row', row };
    }
  }
  if (!isWhole) throw cutShort(lastLine, header, rows);
}

const miscounted = (header: PlanHeader, end: PlanEnd, rows: number, writes: number): string =>
  `The plan has ${rows} rows with ${writes} writes; its first line says ${header.rows} rows, its last line ${end.rows} rows with ${end.writes} writes.`;

function cutShort(line: number, header: PlanHeader | undefined, rows: number): BrokenFile {
  const message =
    header === undefined
      ? 'The plan is empty.'
      : `The plan is cut short: it ends after ${rows} of ${header.rows} rows, without its last line.`;
  return new BrokenFile({ line, column: 1, message, remedy: DAMAGED_REMEDY });
}

function objectIn(record: JsonRecord): Readonly<Record<string, unknown>> {
  const scan = new JsonScan('{', PLAN_DEPTH_MAX);
  scan.length(record.text, 0);
  if (scan.tooDeepAt !== undefined)
    throw damaged(record, `The line nests more than ${PLAN_DEPTH_MAX} levels deep.`);
  const parsed = parseRecord(record, scan, parsedExactly);
  const problem = parsed.kind === 'object' ? parsed.problems[0] : parsed.problem;
  if (problem !== undefined) throw new BrokenFile({ ...problem, remedy: DAMAGED_REMEDY });
  return parsed.kind === 'object' ? parsed.value : {};
}

function headerIn(record: JsonRecord, value: Readonly<Record<string, unknown>>): PlanHeader {
  if (value['kind'] === 'plan' && typeof value['format'] === 'number' && value['format'] !== PLAN_FORMAT) {
    const message = `The plan has format ${value['format']}; this version of retarget reads format ${PLAN_FORMAT}.`;
    const remedy = 'Use the version of retarget that made it, or make the plan anew with this one.';
    throw new BrokenFile(record.problemAt('format', { message, remedy }));
  }
  const { kind: _kind, format: _format, ...header } = checked(planHeaderSchema, record, value);
  return header;
}

function rowIn(record: JsonRecord, value: Readonly<Record<string, unknown>>): PlanRow {
  const { line, rank, input, decision, before, list, after, guard } = checked(planRowSchema, record, value);
  const cells = new Map(Object.entries(input) as [InputColumn, unknown][]); // its names are columns, by the schema
  return { line, rank, cells, decision, before, list, after, guard };
}

function checked<Schema extends z.ZodType>(
  schema: Schema,
  record: JsonRecord,
  value: unknown,
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue?.path.map(String) ?? [];
  const fault: Fault = {
    message: `${path.length > 0 ? `${path.join('.')}: ` : ''}${issue?.message}.`,
    remedy: DAMAGED_REMEDY,
  };
  throw new BrokenFile(
    path[0] === undefined ? { ...record.place, ...fault } : record.problemAt(path[0], fault),
  );
}

const damaged = (record: JsonRecord, message: string): BrokenFile =>
  new BrokenFile({ ...record.place, message, remedy: DAMAGED_REMEDY });
