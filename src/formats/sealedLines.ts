import type { z } from 'zod';
import type { Fault } from '../assignments/rows/row.ts';
import { parsedExactly } from '../assignments/values/exactJson.ts';
import { BrokenFile } from './brokenFile.ts';
import { parseRecord, type JsonRecord } from './jsonRecord.ts';
import { JsonScan } from './jsonScan.ts';
import { PLAN_DEPTH_MAX } from './limits.ts';

/** What a line of a sealed file holds, numbers value for value. @throws BrokenFile where it is no object that can be read */
export function objectIn(record: JsonRecord, remedy: string): Readonly<Record<string, unknown>> {
  const scan = new JsonScan('{', PLAN_DEPTH_MAX);
  scan.length(record.text, 0);
  if (scan.tooDeepAt !== undefined)
    throw damaged(record, `The line nests more than ${PLAN_DEPTH_MAX} levels deep.`, remedy);
  const parsed = parseRecord(record, scan, parsedExactly);
  const problem = parsed.kind === 'object' ? parsed.problems[0] : parsed.problem;
  if (problem !== undefined) throw new BrokenFile({ ...problem, remedy });
  return parsed.kind === 'object' ? parsed.value : {};
}

/** The same as its schema has it. @throws BrokenFile at the member that is wrong */
export function checked<Schema extends z.ZodType>(
  schema: Schema,
  record: JsonRecord,
  value: unknown,
  remedy: string,
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue?.path.map(String) ?? [];
  const fault: Fault = {
    message: `${path.length > 0 ? `${path.join('.')}: ` : ''}${issue?.message}.`,
    remedy,
  };
  throw new BrokenFile(
    path[0] === undefined ? { ...record.place, ...fault } : record.problemAt(path[0], fault),
  );
}

export const damaged = (record: JsonRecord, message: string, remedy: string): BrokenFile =>
  new BrokenFile({ ...record.place, message, remedy });
